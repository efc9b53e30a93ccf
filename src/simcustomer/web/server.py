"""Run the app with uvicorn: an error at the start is the caller's, and open event streams do not hold up the end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from simcustomer.errors import ConfigError

REQUESTS_END_S = 5
"""Seconds that requests may take to end after Ctrl+C; a reply that is being answered is then dropped, and sent again."""


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises what goes wrong while the app starts, a ``SimCustomerError`` as a rule."""
    asyncio.run(_serve(app, host, port))


async def _serve(app: FastAPI, host: str, port: int) -> None:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        lifespan="off",  # entered here: uvicorn would log what goes wrong in it, and exit by itself
        timeout_graceful_shutdown=REQUESTS_END_S,
    )
    with _listening(host, port) as listener:
        async with app.router.lifespan_context(app):
            await _Server(config, app).serve(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """A socket on that address. Raises ``ConfigError``: uvicorn would log a port in use and exit by itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another --port"
        ) from error


class _Server(uvicorn.Server):
    """Uvicorn waits for open connections when it is told to stop; an event stream never ends by itself."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the event streams, then stop."""
        self._app.state.desk.live.hang_up()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals, and give them back afterwards without raising them again: the app has yet to stop."""
        before = {sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)
