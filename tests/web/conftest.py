"""The web app on a store of its own, with fake players; a client inside the process, and a real server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from simcustomer.errors import SimCustomerError
from simcustomer.practice import Practice
from simcustomer.settings import Settings
from simcustomer.web.app import create_app
from tests.fakes import FakeAppraiser, FakeJudge, a_cast, a_library
from tests.people import IN_THREE, persona_fields

PATIENT = {"temperament": persona_fields()["temperament"] | {"patience": 100}, "limits": {"max_turns": 16}}
BURSTS = {
    "voice": persona_fields()["voice"] | {"bursts": {"most": 3, "pause_s": 20}},
    "openings": [IN_THREE],
}
"""A customer who sends the opening in three messages, with pauses that no test outlives."""
SECRETS = (
    "The kettle is a gift",
    "present for my mother",
    "Ada has called twice",
    "courier",
    "bakery",
    "not pay again",
)
"""What stands in the persona and must not reach a trainee while the conversation is open."""


@dataclass
class Scoring:
    """Background work that is done at once, or not at all while ``off``."""

    practice: Practice | None = None
    off: bool = False
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def enqueue(self, conversation_id: str, branch: int) -> None:
        """Score now; a judge that fails leaves its reason, and there is no other try."""
        assert self.practice is not None
        self.asked.append((conversation_id, branch))
        if self.off:
            return
        try:
            await self.practice.score(conversation_id, branch)
        except SimCustomerError as error:
            await self.practice.store.set_scorecard_waiting(conversation_id, branch, str(error))

    async def retry(self, conversation_id: str, branch: int) -> None:
        """Ask again and score."""
        assert self.practice is not None
        await self.practice.store.ask_again(conversation_id, branch)
        await self.enqueue(conversation_id, branch)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One persona, a small rubric, an empty database."""
    library = a_library(tmp_path / "content", **PATIENT)
    return Settings(
        database_url=f"sqlite+aiosqlite:///{tmp_path}/test.db",
        personas_dir=library.personas_dir,
        prompts_dir=library.prompts_dir,
        rubric="small",
    )


@pytest.fixture
def appraiser() -> FakeAppraiser:
    """The appraiser; give it a gate or errors."""
    return FakeAppraiser()


@pytest.fixture
def judge() -> FakeJudge:
    """The judge; give it errors."""
    return FakeJudge()


@pytest.fixture
def scoring() -> Scoring:
    """The background work; switch it off to have scorecards wait."""
    return Scoring()


@pytest.fixture
async def app(
    settings: Settings, appraiser: FakeAppraiser, judge: FakeJudge, scoring: Scoring
) -> AsyncIterator[FastAPI]:
    """The app, started."""

    def begin(practice: Practice) -> Scoring:
        scoring.practice = practice
        return scoring

    app = create_app(settings, cast=a_cast(appraiser, judge), scoring=begin)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A program that talks to the app, inside the process."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@dataclass
class Talk:
    """A conversation over the API, in few words."""

    client: httpx.AsyncClient
    id: str
    path: str

    async def say(self, text: str, turn_id: str) -> httpx.Response:
        """Send a reply."""
        return await self.client.post(f"{self.path}/turns", json={"text": text, "client_turn_id": turn_id})

    async def finish(self) -> httpx.Response:
        """End it."""
        return await self.client.post(f"{self.path}/finish")

    async def get(self, rest: str = "") -> dict[str, Any]:
        """The conversation, or a part of it, as JSON."""
        return (await self.client.get(f"{self.path}{rest}")).json()


async def begin(client: httpx.AsyncClient, **fields: object) -> Talk:
    """A conversation that has just begun."""
    response = await client.post("/api/v1/conversations", json={"persona": "missing-kettle", **fields})
    assert response.status_code == 201, response.text
    conversation_id = response.json()["id"]
    return Talk(client, conversation_id, f"/api/v1/conversations/{conversation_id}")


@pytest.fixture
async def talk(client: httpx.AsyncClient) -> Talk:
    """A practice conversation that has just begun."""
    return await begin(client)


class Server(uvicorn.Server):
    """A server that says when it listens, and leaves the signals of the test run alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """A started app on a port of its own; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        server = Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await server.listening.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
