"""Chromium in front of the app: pages whose console and content security policy are watched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page

from simcustomer.settings import Settings
from simcustomer.web.app import create_app
from tests.web.conftest import app, appraiser, judge, scoring, serving, settings

__all__ = ["app", "appraiser", "judge", "scoring", "settings"]

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

AT_ONCE = {"reduced_motion": "reduce"}
"""For tests that are not about bursts, with customers who write in them: a line is there as soon as it is said."""

Open = Callable[..., Awaitable[Page]]
"""Opens a page with the options of a Playwright context."""

SCRIPTED = "#draft:not([required])"
"""The box for the reply once the page's scripts have taken it over."""


@dataclass
class Watched:
    """What went wrong on the pages of a test. ``expected`` names what may appear in the console."""

    problems: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def watch(self, page: Page) -> None:
        """Note script errors and console errors; a breach of the content security policy is one of the latter."""
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on(
            "console", lambda m: self.problems.append(f"console: {m.text}") if m.type == "error" else None
        )

    def left(self) -> list[str]:
        """The problems that were not expected."""
        return [p for p in self.problems if not any(expected in p for expected in self.expected)]


@pytest.fixture
def watched() -> Watched:
    """What went wrong; a test that provokes an error says which one it expects."""
    return Watched()


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    """The app with fake players on a server of its own."""
    async with serving(app) as url:
        yield url


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[str]:
    """The whole product on a server of its own: its own content, built-in players, durable background work."""
    app = create_app(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/product.db"))
    async with app.router.lifespan_context(app), serving(app) as url:
        yield url


@pytest.fixture
async def open_page(browser: Browser, watched: Watched) -> AsyncIterator[Open]:
    """Open pages in contexts of their own; in the end nothing may have gone wrong on any of them."""
    contexts = []

    async def open_page(url: str, **options: Any) -> Page:
        context = await browser.new_context(base_url=url, **({"viewport": DESKTOP} | options))
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = await context.new_page()
        watched.watch(page)
        await page.goto("/")
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert not watched.left()


async def start(page: Page, persona: str = "missing-kettle", mode: str = "practice") -> None:
    """From the first page to the conversation, until its scripts run: they take over the check for an empty reply."""
    await page.goto("/")
    await page.locator(f"label:has(input[value={mode}])").click()
    await page.locator(f"button[name=persona][value={persona}]").click()
    await page.get_by_role("button", name="Start the conversation").click()
    await page.locator(SCRIPTED).wait_for()


async def say(page: Page, text: str, *, turn: int) -> None:
    """Write a reply, send it with Enter, and wait until its answer is there."""
    await page.locator(SCRIPTED).fill(text)
    await page.locator(SCRIPTED).press("Enter")
    await page.locator(f"#m{turn * 2}").wait_for()
    await page.locator("#composer:not([data-busy])").wait_for()


async def end(page: Page) -> None:
    """End the conversation, and wait for the scorecard."""
    await page.get_by_role("button", name="End and score").click()
    await page.locator("#sure [data-do=finish]").click()
    await page.locator("#criteria").wait_for()
