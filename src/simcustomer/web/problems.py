"""Errors on the wire: one table from error class to HTTP status, one body, one page."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from simcustomer import errors
from simcustomer.web.security import HEADERS
from simcustomer.web.templating import render

log = logging.getLogger(__name__)

STATUS: Mapping[type[Exception], int] = {
    errors.InvalidReply: 422,
    errors.NotFound: 404,
    errors.ConversationOver: 409,
    errors.TurnConflict: 409,
    errors.Forbidden: 403,
    errors.BudgetExceeded: 402,
    errors.ModelUnavailable: 503,
    errors.ModelRefused: 502,
    errors.ModelOutputInvalid: 502,
    errors.ModelError: 502,
    errors.StoreUnavailable: 503,
    errors.ConfigError: 500,
    errors.SimCustomerError: 500,
}
RETRY_AFTER_S = 5
"""What a client is told to wait when the provider named no time, in seconds: a rate limit or a restart is seldom over sooner."""
RETRYABLE = (errors.ModelError, errors.StoreUnavailable, errors.TurnConflict)
"""Errors after which the same reply may be sent again as it is."""


def status_of(error: Exception) -> int:
    """The HTTP status of an error of ours: that of its nearest class in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def code_of(error: Exception) -> str:
    """The error's class name in snake case: ``conversation_over``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


def body_of(error: errors.SimCustomerError) -> dict[str, object]:
    """What a client is told about an error, also in the event stream."""
    return {"code": code_of(error), "message": str(error), "retryable": isinstance(error, RETRYABLE)}


def headers_of(error: Exception) -> dict[str, str]:
    """``Retry-After`` in whole seconds where something could not be reached that may be back soon."""
    if status_of(error) != 503:
        return {}
    wish = error.retry_after_s if isinstance(error, errors.ModelUnavailable) else None
    return {"Retry-After": str(max(1, math.ceil(wish or RETRY_AFTER_S)))}


def install(app: FastAPI) -> None:
    """Answer every error in the shape of the part it happened in: JSON under /api, a page elsewhere."""
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        errors.SimCustomerError: _ours,
        RequestValidationError: _invalid,
        HTTPException: _http,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.SimCustomerError)
    status = status_of(error)
    if status >= 500:
        # What others cause (a model, a database) is told in a line; our own mistakes with the way to them.
        log.error(
            "%s %s: %s", request.method, request.url.path, error, exc_info=error if status == 500 else None
        )
    return _answer(request, status, body_of(error), headers_of(error))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [f"{_place(e['loc'])}: {e['msg']}" for e in error.errors()]
    body = {"code": "invalid_request", "message": "; ".join(problems), "retryable": False}
    return _answer(request, 422, body)


def _place(location: Sequence[Any]) -> str:
    """The field, or where in the body the JSON broke."""
    inner = [str(part) for part in location[1:]]
    if not inner or isinstance(location[1], int):
        return " ".join([str(location[0]), *(f"at character {part}" for part in inner)])
    return ".".join(inner)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (204, 304):
        return Response(status_code=error.status_code, headers=error.headers)
    code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "refused")
    message = "there is nothing at this address" if error.status_code == 404 else error.detail
    body = {"code": code, "message": message, "retryable": False}
    return _answer(request, error.status_code, body, error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    body = {
        "code": "internal",
        "message": "something went wrong here; nothing that was kept is lost",
        "retryable": True,
    }
    response = _answer(request, 500, body)
    response.headers.update(HEADERS)  # this handler runs outside the middleware that puts them on
    return response


def _answer(
    request: Request, status: int, body: dict[str, object], headers: Mapping[str, str] | None = None
) -> Response:
    if is_api(request):
        return JSONResponse({"error": body}, status, headers=headers)
    return render(
        request,
        "error.html",
        {"status": status, "code": body["code"], "message": body["message"]},
        status=status,
        headers=headers,
    )


def is_api(request: Request) -> bool:
    """True where a program asks and not a browser."""
    return request.url.path.startswith(("/api/", "/healthz", "/readyz", "/openapi.json"))
