"""A line in several messages: what pages and API hold, and what they take as the number that was heard."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from simcustomer.settings import Settings
from tests.fakes import a_library
from tests.people import IN_THREE
from tests.web.conftest import BURSTS, PATIENT, begin
from tests.web.test_pages import start, words


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The library's one customer writes in bursts."""
    library = a_library(tmp_path / "content", **PATIENT, **BURSTS)
    return Settings(
        database_url=f"sqlite+aiosqlite:///{tmp_path}/test.db",
        personas_dir=library.personas_dir,
        prompts_dir=library.prompts_dir,
        rubric="small",
    )


async def test_the_api_says_how_the_last_line_is_sent(client: httpx.AsyncClient) -> None:
    """The line stays one text; beside it stand its messages with the pause before each, the first at once."""
    talk = await begin(client)
    opened = await talk.get()
    assert opened["opening"] == " ".join(part["text"] for part in opened["last_messages"]) == IN_THREE
    first, *others = [part["pause_s"] for part in opened["last_messages"]]
    assert (first, len(others)) == (0, 2)
    assert min(others) > 0
    await talk.say("I see.", "c1")
    assert (await talk.get())["last_messages"] == [{"text": "Answer 1.", "pause_s": 0}]


@pytest.mark.parametrize(("heard", "interrupted"), [(1, True), (2, True), (3, False), (None, False)])
async def test_a_reply_before_the_last_message_has_the_cue(
    client: httpx.AsyncClient, heard: int | None, interrupted: bool
) -> None:
    """The cue stands among the others with its quote and its effect; who heard all, or says nothing of it, has none."""
    talk = await begin(client)
    sent = {"text": "I see. Where to?", "client_turn_id": "c1", "heard": heard}
    turn = (await client.post(f"{talk.path}/turns", json=sent)).json()
    assert [cue["quote"] for cue in turn["cues"] if cue["kind"] == "interrupts"] == ["I see."] * interrupted
    assert (
        any(effect["cue"] == "interrupts" and effect["delta"] > 0 for effect in turn["effects"])
        is interrupted
    )


@pytest.mark.parametrize("heard", [0, -1, 4, "all", 1.5, True])
async def test_a_number_that_cannot_be_is_refused(client: httpx.AsyncClient, heard: object) -> None:
    """Neither API nor form takes a number of messages that no customer sends; nothing is kept."""
    talk = await begin(client)
    sent = {"text": "I see.", "client_turn_id": "c1", "heard": heard}
    assert (await client.post(f"{talk.path}/turns", json=sent)).status_code == 422
    assert (await client.post(f"/c/{talk.id}/turns", data=sent)).status_code == 422
    assert (await talk.get())["turns"] == []


async def test_without_scripts_a_line_is_there_at_once(client: httpx.AsyncClient) -> None:
    """The page holds every message; a form that says nothing of what was heard interrupts nobody."""
    path = await start(client)
    page = await client.get(path)
    assert page.text.count("data-pause=") == 2
    assert "twice since then." in words(page)
    assert "where it is now?" in words(page)
    for turn_id, heard in (("c1", ""), ("c2", "1")):
        sent = {"text": "I see.", "client_turn_id": turn_id, "heard": heard}
        assert (await client.post(f"{path}/turns", data=sent)).status_code == 303
    assert "Sent before" not in words(await client.get(path))


async def test_a_form_may_say_what_was_heard(client: httpx.AsyncClient) -> None:
    """Conversation and scorecard show which reply came before the customer had finished, and what that did."""
    path = await start(client)
    await client.post(
        f"{path}/turns", data={"text": "I see. Where to?", "client_turn_id": "c1", "heard": "2"}
    )
    assert "Sent before Ada had finished writing" in words(await client.get(path))
    card = words(await client.get((await client.post(f"{path}/finish")).headers["location"]))
    assert "Sent before Ada had finished writing" in card
    assert "answered before they had finished I see." in card


async def test_an_assessment_says_nothing_of_it_before_the_end(client: httpx.AsyncClient) -> None:
    """While feelings are withheld, so is the mark of an interruption."""
    path = await start(client, mode="assessment")
    await client.post(f"{path}/turns", data={"text": "I see.", "client_turn_id": "c1", "heard": "1"})
    assert "Sent before" not in words(await client.get(path))
    await client.post(f"{path}/finish")
    assert "Sent before Ada had finished writing" in words(await client.get(path))
