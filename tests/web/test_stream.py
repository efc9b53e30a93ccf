"""The event stream, over a real server: what is told, in which order, and to whom again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import fastapi.routing
import httpx
import pytest
from fastapi import FastAPI

from simcustomer import errors
from tests.fakes import FakeAppraiser, Gate
from tests.web.conftest import Talk, begin, serving

PATIENCE_S = 20.0
"""Longest wait for an event, in seconds: only a failing test waits that long."""


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server: a stream inside the process would be read only when it is over."""
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
        yield client


class Reader:
    """Reads one stream event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()
        self.comments: list[str] = []

    async def next(self) -> tuple[str, dict[str, Any], str | None]:
        """The next named event: name, data, id."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                name, _, value = line.partition(":")
                if not line and "event" in fields:
                    return fields["event"], json.loads(fields["data"]), fields.get("id")
                if line.startswith(":"):
                    self.comments.append(value.strip())
                elif line:
                    fields[name] = value.strip()
        raise AssertionError(f"the stream ended; last fields {fields}")

    async def names(self, count: int) -> list[str]:
        """The names of the next events."""
        return [(await self.next())[0] for _ in range(count)]

    async def ended(self) -> bool:
        """True when the server closes the stream."""
        async with asyncio.timeout(PATIENCE_S):
            return not [line async for line in self._lines if line.startswith("event")]


@asynccontextmanager
async def listening(talk: Talk, query: str = "", **headers: str) -> AsyncIterator[Reader]:
    """A reader of a conversation's events, once the server has begun to answer."""
    async with talk.client.stream("GET", f"{talk.path}/events{query}", headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        yield Reader(response)


async def test_a_turn_is_told_step_by_step(talk: Talk) -> None:
    """A reply, the new feeling, the whole line and the end of the answer come as named JSON events, in this order."""
    async with listening(talk) as reader:
        await talk.say("Three weeks is too long.", "one")
        name, data, _ = await reader.next()
        assert (name, data) == ("reply", {"client_turn_id": "one", "text": "Three weeks is too long."})
        name, data, _ = await reader.next()
        assert name == "affect"
        assert data["band"] in ("frustrated", "angry")
        name, data, event_id = await reader.next()
        assert (name, data["customer"], event_id) == ("message", "Answer 1.", "1.1")
        assert "needs_met" not in data
        assert (await reader.next())[0] == "done"
        assert reader.response.headers["x-accel-buffering"] == "no"
        assert reader.response.headers["content-type"].startswith("text/event-stream")


async def test_every_listener_is_told(talk: Talk) -> None:
    """A second tab hears the same."""
    async with listening(talk) as first, listening(talk) as second:
        await talk.say("Three weeks is too long.", "one")
        assert await first.names(4) == await second.names(4) == ["reply", "affect", "message", "done"]


async def test_a_failure_is_told_and_may_be_retried(talk: Talk, appraiser: FakeAppraiser) -> None:
    """When no answer comes the listeners learn why and whether sending again may help."""
    appraiser.errors.append(errors.ModelUnavailable("the model does not answer"))
    async with listening(talk) as reader:
        await talk.say("Three weeks.", "one")
        assert (await reader.next())[0] == "reply"
        name, data, _ = await reader.next()
        assert (name, data["code"], data["retryable"]) == ("error", "model_unavailable", True)
        assert (await reader.next())[0] == "done"


async def test_the_end_closes_the_stream(talk: Talk) -> None:
    """When the conversation ends the listeners are told the outcome and the stream closes."""
    async with listening(talk) as reader:
        await talk.say("Goodbye, I am hanging up.", "one")
        assert await reader.names(3) == ["reply", "affect", "message"]
        name, data, _ = await reader.next()
        assert (name, data) == ("ended", {"outcome": "abandoned"})
        assert (await reader.next())[0] == "done"
        assert await reader.ended()


async def test_finishing_by_hand_is_told(talk: Talk) -> None:
    """A tab that did not finish the conversation itself learns that it is over."""
    async with listening(talk) as reader:
        await talk.say("Three weeks.", "one")
        await reader.names(4)
        await talk.finish()
        assert await reader.names(2) == ["ended", "done"]


@pytest.mark.parametrize(("query", "headers"), [("?after=1.1", {}), ("", {"Last-Event-ID": "1.1"})])
async def test_what_was_missed_is_told_again(talk: Talk, query: str, headers: dict[str, str]) -> None:
    """A reader that comes back with what it knows is told the turns it missed, and only those."""
    for number in (1, 2, 3):
        await talk.say(f"Reply {number} about the kettle.", str(number))
    async with listening(talk, query, **headers) as reader:
        told = [await reader.next() for _ in range(3)]
    assert [(name, event_id) for name, _, event_id in told] == [
        ("message", "1.2"),
        ("message", "1.3"),
        ("done", None),
    ]


async def test_a_reload_in_mid_answer_sees_the_reply_in_flight(talk: Talk, appraiser: FakeAppraiser) -> None:
    """A reader that connects while the customer writes is told what was sent, then the answer."""
    appraiser.gate = Gate()
    request = asyncio.create_task(talk.say("Are you there?", "one"))
    await appraiser.gate.reached.wait()
    async with listening(talk, "?after=1.0") as reader:
        name, data, _ = await reader.next()
        assert (name, data["text"]) == ("reply", "Are you there?")
        appraiser.gate.open.set()
        assert await reader.names(3) == ["affect", "message", "done"]
    assert (await request).status_code == 200


async def test_another_branch_is_told_as_something_to_look_at(talk: Talk) -> None:
    """A reader that knows an older branch is told that there is a new one."""
    await talk.say("First.", "one")
    await talk.client.post(f"{talk.path}/branches", json={"from_turn": 1})
    async with listening(talk, "?after=1.1") as reader:
        assert await reader.next() == ("done", {"branch": 2}, "2.0")


async def test_an_ended_conversation_has_nothing_more_to_tell(talk: Talk) -> None:
    """A reader that knows everything of an ended conversation gets 204 and comes back no more; another is told."""
    await talk.say("Goodbye, I am hanging up.", "one")
    response = await talk.client.get(f"{talk.path}/events", headers={"Last-Event-ID": "1.1"})
    assert response.status_code == 204
    async with listening(talk, "?after=1.0") as reader:
        assert await reader.names(3) == ["message", "ended", "done"]
        assert await reader.ended()


async def test_an_assessment_tells_no_feelings(client: httpx.AsyncClient) -> None:
    """In an assessment the stream holds no affect, and the message comes without cues and effects."""
    talk = await begin(client, mode="assessment")
    async with listening(talk) as reader:
        await talk.say("Three weeks.", "one")
        assert await reader.names(1) == ["reply"]
        name, data, _ = await reader.next()
        assert (name, data["affect"], data["cues"], data["effects"]) == ("message", None, None, None)


async def test_a_hint_is_told(talk: Talk) -> None:
    """A hint asked for in one tab is seen in the other."""
    async with listening(talk) as reader:
        await talk.client.post(f"{talk.path}/hints")
        assert await reader.next() == ("hint", {"hint": "Name the problem."}, None)


@pytest.mark.parametrize("cursor", ["1", "a.b", "1.1.1", "-1.2"])
async def test_a_cursor_that_is_none(talk: Talk, cursor: str) -> None:
    """A cursor of another shape is refused and breaks nothing."""
    assert (await talk.client.get(f"{talk.path}/events", params={"after": cursor})).status_code == 422
    response = await talk.client.get(f"{talk.path}/events", headers={"Last-Event-ID": cursor})
    assert response.status_code == 422


async def test_a_quiet_stream_is_kept_alive(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing happens a comment goes out at every interval, so that no proxy cuts the stream."""
    assert fastapi.routing._PING_INTERVAL == 15.0
    monkeypatch.setattr(fastapi.routing, "_PING_INTERVAL", 0.05)
    async with listening(talk) as reader, asyncio.timeout(PATIENCE_S):
        async for line in reader._lines:
            if line == ": ping":
                break


async def test_a_server_that_stops_lets_its_listeners_go(talk: Talk, app: FastAPI) -> None:
    """When the server stops, open streams end at once, and a new one does too."""
    async with listening(talk) as reader:
        app.state.desk.live.hang_up()
        assert await reader.ended()
    async with listening(talk) as reader:
        assert await reader.ended()
