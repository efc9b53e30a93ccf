"""What every response carries and what no request may do: headers, same-site writes, bounded bodies."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 256 * 1024
"""Largest request body. A 20,000-character reply, percent-encoded from four-byte characters, still arrives and gets
its own error; nothing legitimate is larger."""
TOO_LARGE = f"the request is larger than {MAX_BODY_BYTES // 1024} KiB: shorten it"

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guarded:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what must not pass, and put the headers on everything else."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                # What people write stays out of shared and on-disk caches; the event stream says its own.
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = _refusal(Request(scope))
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, _Bounded(receive).receive, send_with_headers)


class _Bounded:
    """Counts the body as it comes in: a length header can be missing."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen = 0

    async def receive(self) -> Message:
        """The next part of the body. Raises ``HTTPException`` (413) beyond the limit."""
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > MAX_BODY_BYTES:
            raise HTTPException(413, TOO_LARGE)
        return message


def _refusal(request: Request) -> Response | None:
    if request.method not in SAFE_METHODS and not is_same_site(request.headers):
        return _refused(403, "forbidden", "this request came from another site")
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return _refused(413, "too_large", TOO_LARGE)
    return None


def is_same_site(headers: Headers) -> bool:
    """True unless a browser says that another site makes this request.

    Browsers send ``Sec-Fetch-Site`` or at least ``Origin`` with every POST; a program sends neither and holds no
    cookie that another site could ride on.
    """
    fetch_site = headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _refused(status: int, code: str, message: str) -> Response:
    # `type` and `param` are what clients of the OpenAI protocol look for; the pages' own scripts read the rest.
    about = {"type": "invalid_request_error", "param": None, "code": code, "message": message}
    return JSONResponse({"error": {**about, "retryable": False}}, status)
