"""Starting and stopping: what goes wrong at the start is told, and open streams do not hold up the end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from simcustomer.errors import SimCustomerError
from simcustomer.settings import Settings
from simcustomer.web.app import create_app
from simcustomer.web.server import _Server, serve
from tests.fakes import a_cast, a_library


def test_an_error_at_the_start_is_raised(tmp_path: Path) -> None:
    """A database that cannot be used is an error of ours, for the terminal to tell in a line."""
    library = a_library(tmp_path / "content")
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{tmp_path}/nowhere/x.db",
        personas_dir=library.personas_dir,
        prompts_dir=library.prompts_dir,
        rubric="small",
    )
    with pytest.raises(SimCustomerError):
        serve(create_app(settings, cast=a_cast()), "127.0.0.1", 0)


def test_a_broken_persona_is_told_before_the_start(tmp_path: Path) -> None:
    """A persona file that is wrong stops the app from being built, with file, line and field."""
    library = a_library(tmp_path / "content")
    (library.personas_dir / "broken.yaml").write_text("id: 7\n", encoding="utf-8")
    settings = Settings(personas_dir=library.personas_dir, prompts_dir=library.prompts_dir)
    with pytest.raises(SimCustomerError, match=r"broken\.yaml:1: id:"):
        create_app(settings, cast=a_cast())


async def test_a_signal_ends_the_streams(app: FastAPI) -> None:
    """At Ctrl+C listeners are let go and the server stops; the signal is not raised again, and given back after."""
    server = _Server(uvicorn.Config(app), app)
    before = signal.getsignal(signal.SIGINT)
    with app.state.desk.live.listening("any") as queue:
        with server.capture_signals():
            signal.raise_signal(signal.SIGINT)
        assert queue.get_nowait() is None
    assert server.should_exit
    assert signal.getsignal(signal.SIGINT) is before
