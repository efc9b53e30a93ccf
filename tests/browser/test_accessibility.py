"""Every page against axe-core, in light, dark and on a phone; reflow at 320 pixels; the keyboard."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from simcustomer import errors
from tests.browser.conftest import AT_ONCE, DESKTOP, PHONE, Open, Watched, end, say, start
from tests.fakes import FakeAppraiser
from tests.web.conftest import Scoring

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light"},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
}


async def violations(page: Page) -> list[str]:
    """What axe finds on the page as it stands, one line for each node."""
    await page.evaluate(AXE)
    found = await page.evaluate(
        "rules => axe.run(document, { runOnly: rules, resultTypes: ['violations'] })", RULES
    )
    return [
        f"{v['id']}: {node['target']} {node.get('failureSummary', '')}"
        for v in found["violations"]
        for node in v["nodes"]
    ]


async def every_page(page: Page, appraiser: FakeAppraiser, scoring: Scoring) -> AsyncIterator[str]:
    """Go through all pages and their states; after each its name."""
    yield "choose"
    await page.goto("/conversations")
    yield "no conversations"
    await page.goto("/nothing")
    yield "error"
    await page.goto("/brief?persona=missing-kettle&difficulty=4")
    yield "brief"
    await start(page, mode="assessment")
    await say(page, "Three weeks.", turn=1)
    yield "assessment"
    await start(page)
    yield "conversation at its start"
    await say(page, "First try.", turn=1)
    if await page.locator(".strip > summary").is_visible():
        await page.locator(".strip > summary").click()
        yield "case file on a phone"
        await page.locator(".strip > summary").click()
    else:
        await page.locator(".rail details summary").click()
    await page.get_by_label("Coach hints").check()
    await expect(page.locator("#hint-text")).to_have_text("Name the problem.")
    yield "hint"
    appraiser.errors.append(errors.ModelUnavailable("The model is asleep"))
    await page.locator("#draft").fill("Second.")
    await page.locator("#draft").press("Enter")
    await expect(page.locator(".failed")).to_be_visible()
    yield "failed reply"
    await page.get_by_role("button", name="Retry from here").click()
    await expect(page.locator("#retrying")).to_be_visible()
    yield "retry"
    await page.locator("#draft").fill("")
    await say(page, "Second try.", turn=1)
    yield "two versions"
    await page.get_by_role("link", name="Previous version").click()
    await page.get_by_role("link", name="Back to the newest").wait_for()
    yield "earlier version"
    await page.get_by_role("link", name="Back to the newest").click()
    await page.get_by_role("button", name="End and score").click()
    yield "asks before it ends"
    scoring.off = True
    await page.locator("#sure [data-do=finish]").click()
    await expect(page.get_by_text("Reading your conversation")).to_be_visible()
    yield "pending scorecard"
    assert scoring.practice
    await scoring.practice.store.set_scorecard_waiting(*scoring.asked[-1], "the judge does not answer")
    await page.reload()
    yield "waiting scorecard"
    scoring.off = False
    await page.get_by_role("button", name="Try again now").click()
    await expect(page.locator("#criteria")).to_be_visible()
    yield "scorecard"
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    yield "scorecard, all open"
    await page.goto("/conversations")
    yield "conversations"


@pytest.mark.parametrize("look", LOOKS)
async def test_axe_finds_nothing(
    address: str,
    open_page: Open,
    appraiser: FakeAppraiser,
    scoring: Scoring,
    watched: Watched,
    look: str,
) -> None:
    """On no page, in no state of it, does axe find a violation of WCAG A and AA or of best practice."""
    watched.expected = ("503", "404")
    page = await open_page(address, reduced_motion="reduce", **LOOKS[look])
    found = {name: v async for name in every_page(page, appraiser, scoring) if (v := await violations(page))}
    assert not found


async def test_nothing_scrolls_sideways(
    address: str, open_page: Open, appraiser: FakeAppraiser, scoring: Scoring, watched: Watched
) -> None:
    """At 320 pixels every page fits its width."""
    watched.expected = ("503", "404")
    page = await open_page(address, viewport={"width": 320, "height": 640})
    # The measure is of the page as it is read: with its own fonts, which may come after the page.
    width = "async () => { await document.fonts.ready; return document.documentElement.scrollWidth }"
    wide = {
        name: w
        async for name in every_page(page, appraiser, scoring)
        if (w := await page.evaluate(width)) > 320
    }
    assert not wide


@pytest.mark.parametrize("wide", [320, 390])
async def test_longer_words_fit_too(address: str, open_page: Open, wide: int) -> None:
    """The bar and the lists fit a phone in Spanish, whose words are longer."""
    page = await open_page(address, viewport={"width": wide, "height": 640}, locale="es-ES")
    for path in ("/", "/conversations", "/brief?persona=missing-kettle"):
        await page.goto(path)
        assert await page.locator("html").get_attribute("lang") == "es"
        assert await page.evaluate("document.documentElement.scrollWidth") <= wide, path


async def test_a_spanish_conversation_fits_a_small_phone(product: str, open_page: Open) -> None:
    """With a frightened customer, in Spanish, at 320 pixels: conversation and scorecard fit, and nobody is called angry."""
    page = await open_page(product, viewport={"width": 320, "height": 640}, locale="es-ES", **AT_ONCE)
    await page.goto("/brief?persona=fraud-victim&language=es")
    await page.get_by_role("button", name="Empezar la conversación").click()
    await page.locator("#draft:not([required])").wait_for()
    await say(page, "Tendrá que esperar, es la política del banco.", turn=1)
    width = "document.documentElement.scrollWidth"
    assert await page.evaluate(width) <= 320
    await expect(page.locator("#m2 .emo")).to_have_text(re.compile("Miedo|Pánico"))
    await page.get_by_role("button", name="Terminar y evaluar").click()
    await page.locator("#sure [data-do=finish]").click()
    await page.locator("#criteria").wait_for()
    await expect(page.locator(".tip")).to_contain_text("La próxima vez:")
    await expect(page.locator(".crit").first).to_contain_text("Escucha activa")
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert await page.evaluate(width) <= 320
    assert not await violations(page)


async def test_the_keyboard_reaches_everything(address: str, open_page: Open) -> None:
    """From the first page to the first reply no mouse is needed, and the way to the content can be skipped."""
    page = await open_page(address)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.locator("button[name=persona]").first.focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Start the conversation").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#draft")).to_be_focused()
    await page.keyboard.type("Three weeks.")
    await page.keyboard.press("Enter")
    await expect(page.locator("#m2")).to_be_visible()
    await expect(page.locator("#draft")).to_be_focused()


async def test_the_scorecard_begins_at_its_headline(address: str, open_page: Open) -> None:
    """Opening the scorecard after the end moves the focus to its headline, so that it is read first."""
    page = await open_page(address)
    await start(page)
    await say(page, "Three weeks.", turn=1)
    await end(page)
    await expect(page.get_by_role("heading", level=1)).to_be_focused()


async def test_the_scorecard_prints(address: str, open_page: Open) -> None:
    """On paper the bar and the buttons are gone and nothing is folded away."""
    page = await open_page(address)
    await start(page)
    await say(page, "Three weeks.", turn=1)
    await end(page)
    await page.get_by_role("button", name="Print or PDF").wait_for()
    await page.emulate_media(media="print")
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    await expect(page.locator(".topbar")).to_be_hidden()
    await expect(page.locator(".crit .items").last).to_be_visible()
    await expect(page.get_by_role("button", name="Retry from turn 1").first).to_be_hidden()
