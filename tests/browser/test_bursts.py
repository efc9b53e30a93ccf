"""A customer who writes in bursts, in a browser whose clock the test winds: no message comes before its pause is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Page, expect

from simcustomer.cast.parts import Spoken
from simcustomer.domain.conversation import Conversation, Direction
from simcustomer.practice import Practice
from simcustomer.settings import Settings
from simcustomer.web.app import create_app
from tests.browser.conftest import AT_ONCE, SCRIPTED, Open, end, start
from tests.fakes import FakeAppraiser, FakeCustomer, FakeJudge, a_cast
from tests.web.conftest import Scoring
from tests.web.test_bursts import settings

__all__ = ["settings"]

ANSWER = "I have waited for that kettle for three weeks now. What are you going to do about it today, then?"


@dataclass
class BurstingCustomer(FakeCustomer):
    """Answers with a line of two messages."""

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:
        return Spoken(ANSWER, by=self.name)


@pytest.fixture
async def app(
    settings: Settings, appraiser: FakeAppraiser, judge: FakeJudge, scoring: Scoring
) -> AsyncIterator[FastAPI]:
    """The app with a customer who sends opening and answers in bursts."""

    def begin(practice: Practice) -> Scoring:
        scoring.practice = practice
        return scoring

    cast = replace(a_cast(appraiser, judge), customer=BurstingCustomer())
    app = create_app(settings, cast=cast, scoring=begin)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def page(address: str, open_page: Open) -> Page:
    """A conversation that has just begun, with the clock standing still."""
    page = await open_page(address)
    await page.clock.install(time=0)
    await page.clock.pause_at(1000)
    await start(page)
    return page


async def there(page: Page, line: str, messages: int) -> None:
    """So many messages of a line are there, no more; while some are missing the customer is writing."""
    await expect(page.locator(f"{line} .bub:visible")).to_have_count(messages)
    missing = await page.locator(f"{line} .bub").count() - messages
    await expect(page.locator(".writing:visible")).to_have_count(1 if missing else 0)
    await expect(page.locator("#status")).to_have_text("Ada is writing" if missing else "")


async def wind(page: Page, line: str) -> None:
    """Let the pause before the next message of a line go by, and not a millisecond more."""
    pause_s = await page.locator(f"{line} .bub[hidden]").first.get_attribute("data-pause")
    await page.clock.run_for(round(float(pause_s or 0) * 1000))


async def send(page: Page, text: str) -> None:
    """Write a reply and send it, whatever is still to come."""
    await page.locator(SCRIPTED).fill(text)
    await page.locator(SCRIPTED).press("Enter")


async def cues(page: Page) -> list[list[str]]:
    """The kinds of cues of each turn, as the server has kept them."""
    conversation_id = page.url.partition("/c/")[2].partition("#")[0]
    body: dict[str, Any] = await (await page.request.get(f"/api/v1/conversations/{conversation_id}")).json()
    return [[cue["kind"] for cue in turn["cues"]] for turn in body["turns"]]


async def test_an_opening_comes_message_after_message(page: Page) -> None:
    """One message, then the next after its pause, each announced; what is typed meanwhile stays in the box."""
    await there(page, "#m0", 1)
    await page.locator(SCRIPTED).fill("Half a sent")
    await wind(page, "#m0")
    await there(page, "#m0", 2)
    await expect(page.locator("#announce")).to_have_text("I have called you about it twice since then.")
    await wind(page, "#m0")
    await there(page, "#m0", 3)
    await expect(page.locator(SCRIPTED)).to_have_value("Half a sent")
    await expect(page.locator(SCRIPTED)).to_be_focused()


async def test_who_answers_before_the_end_has_interrupted(page: Page) -> None:
    """The rest is there at once, the reply has the cue, and conversation and scorecard show it."""
    await there(page, "#m0", 1)
    await send(page, "What is your order number?")
    await expect(page.locator("#m0 .bub:visible")).to_have_count(3)
    await expect(page.locator("#m1")).to_contain_text("Sent before Ada had finished writing")
    assert await cues(page) == [["names_the_issue", "interrupts"]]
    await page.clock.resume()
    await end(page)
    await expect(page.locator("main")).to_contain_text("answered before they had finished")


async def test_who_waits_has_not(page: Page) -> None:
    """After the last message no reply interrupts; answers come in messages too, and each can be heard out or not."""
    await wind(page, "#m0")
    await wind(page, "#m0")
    await there(page, "#m0", 3)
    await send(page, "Three weeks is too long.")
    await there(page, "#m2", 1)
    await expect(page.locator("#announce")).to_have_text("I have waited for that kettle for three weeks now.")
    await wind(page, "#m2")
    await there(page, "#m2", 2)
    await send(page, "I am sending a new one.")
    await there(page, "#m4", 1)
    await send(page, "Today.")
    await there(page, "#m6", 1)
    assert [("interrupts" in kinds) for kinds in await cues(page)] == [False, False, True]
    await expect(page.locator(".early")).to_have_count(1)


async def test_a_line_goes_on_coming_while_the_page_is_drawn_anew(page: Page) -> None:
    """A hint redraws the page in mid-burst: what had not come yet does not show, and comes when it is due."""
    await there(page, "#m0", 1)
    await page.get_by_label("Coach hints").check()
    await expect(page.locator("#hint-text")).to_have_text("Name the problem.")
    await there(page, "#m0", 1)
    await wind(page, "#m0")
    await there(page, "#m0", 2)


async def test_a_page_that_is_loaded_again_shows_all(page: Page) -> None:
    """After a reload in mid-burst the whole line is there, and a reply to it interrupts nobody."""
    await there(page, "#m0", 1)
    await page.reload()
    await page.locator(SCRIPTED).wait_for()
    await there(page, "#m0", 3)
    await send(page, "Three weeks is too long.")
    await there(page, "#m2", 1)
    assert await cues(page) == [["names_the_issue"]]


@pytest.mark.parametrize(
    "options", [AT_ONCE, {"java_script_enabled": False}], ids=["less motion", "no script"]
)
async def test_all_at_once_for_whom_it_must_be(
    address: str, open_page: Open, options: dict[str, Any]
) -> None:
    """With less motion wished for, or without scripts, a line is there whole."""
    page = await open_page(address, **options)
    await page.locator("button[name=persona]").click()
    await page.get_by_role("button", name="Start the conversation").click()
    await expect(page.locator("#m0 .bub:visible")).to_have_count(3)
    await expect(page.locator(".writing:visible")).to_have_count(0)
