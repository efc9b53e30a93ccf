"""The pages of evaluation runs in Chromium: axe, width, print, and the report that stands alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from simcustomer.evals.figures import Report, Titled
from simcustomer.evals.kept import record_of
from simcustomer.evals.page import page_of
from simcustomer.evals.report import report_of
from simcustomer.evals.results import Run, Spent
from simcustomer.store.store import Store
from simcustomer.web.runs import report_styles
from tests.browser.conftest import Open
from tests.browser.test_accessibility import LOOKS, violations
from tests.evals.runs import a_run, played_run

TABLE = Titled(
    title="Agreement with people", note="A note.", columns=("criterion", "kappa"), rows=(("empathy", 0.4),)
)
OPEN_ALL = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
WIDTH = "document.documentElement.scrollWidth"


def a_full_run() -> Run:
    """The played run beside the same on another customer, with costs, a failed sample and a failed judge."""
    played = played_run()
    spent = {"customer": Spent(requests=7, input_tokens=9000, output_tokens=400, cost_usd=0.01, seconds=12.0)}
    other = [
        result.model_copy(
            update={
                "sample": result.sample.model_copy(update={"customer": "provider/some-model"}),
                "spent": spent,
            }
        )
        for result in played.results
    ]
    other[0] = other[0].model_copy(
        update={"failure": "ModelUnavailable: the provider answered 503 four times"}
    )
    judged = other[1].judged[0].model_copy(update={"scorecard": None, "failure": "the judge did not answer"})
    other[1] = other[1].model_copy(update={"judged": (judged,)})
    results = [*played.results, *other]
    return a_run(results, suite=played.suite, personas=list(played.personas.values()), run_id="played")


@cache
def a_report() -> Report:
    """Its report, worked out once."""
    return report_of(a_full_run(), calibration=[TABLE], robustness=[TABLE])


async def every_page(page: Page) -> AsyncIterator[str]:
    """The pages, and the report with everything unfolded; after each its name."""
    for path in ("/runs", "/runs/played", "/runs/played/samples/1", "/runs/played/samples/17"):
        await page.goto(path)
        yield path
    await page.goto("/runs/played")
    await page.evaluate(OPEN_ALL)
    yield "report, all open"


@pytest.fixture
async def kept(app: FastAPI) -> FastAPI:
    """The app with one run in its store."""
    store: Store = app.state.desk.practice.store
    await store.keep_run(record_of(a_full_run(), a_report()))
    return app


@pytest.mark.parametrize("look", LOOKS)
async def test_axe_finds_nothing(kept: FastAPI, address: str, open_page: Open, look: str) -> None:
    """On no page of a run does axe find a violation of WCAG A and AA or of best practice."""
    page = await open_page(address, **LOOKS[look])
    found = {name: v async for name in every_page(page) if (v := await violations(page))}
    assert not found


@pytest.mark.parametrize("language", ["en-GB", "es-ES"])
async def test_nothing_scrolls_sideways(kept: FastAPI, address: str, open_page: Open, language: str) -> None:
    """At 320 pixels every page fits its width: wide tables scroll within themselves."""
    page = await open_page(address, viewport={"width": 320, "height": 640}, locale=language)
    wide = {name: w async for name in every_page(page) if (w := await page.evaluate(WIDTH)) > 320}
    assert not wide


async def test_from_the_list_to_what_was_said(kept: FastAPI, address: str, open_page: Open) -> None:
    """A trainer follows the links from the bar to the list, the report and a sample."""
    page = await open_page(address)
    await page.get_by_role("link", name="Evaluation", exact=True).click()
    await page.get_by_role("link", name="A small run").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("A small run")
    await page.get_by_role("link", name="Sample 2", exact=True).click()
    await expect(page.get_by_role("heading", name="What was said")).to_be_visible()
    await expect(page.locator(".said > li").first).to_be_visible()


@pytest.mark.parametrize("look", ["light", "phone-dark"])
async def test_the_page_that_stands_alone(tmp_path: Path, browser: Browser, look: str) -> None:
    """Opened as a file, without scripts and without a network, it passes axe and fits a phone, folded and unfolded."""
    target = tmp_path / "report.html"
    target.write_text(page_of(a_report(), report_styles()), encoding="utf-8")
    page = await browser.new_page(**LOOKS[look])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(target.as_uri())
    for unfold in (None, OPEN_ALL):
        if unfold:
            await page.evaluate(unfold)
        assert not await violations(page)
        assert await page.evaluate(WIDTH) <= LOOKS[look]["viewport"]["width"]
    assert asked == [target.as_uri()]


async def test_the_report_prints(kept: FastAPI, address: str, open_page: Open) -> None:
    """On paper the bar is gone, nothing is folded away, and tables show all their columns."""
    page = await open_page(address)
    await page.goto("/runs/played")
    await page.emulate_media(media="print")
    await expect(page.locator(".topbar")).to_be_hidden()
    await expect(page.locator(".contents")).to_be_hidden()
    folded: Any = page.locator("#curves details.data table").first
    assert await folded.evaluate("table => table.getBoundingClientRect().height > 0")


async def test_the_charts_show_what_the_table_says(kept: FastAPI, address: str, open_page: Open) -> None:
    """Each dot of the ladder stands at its mean: as far along its chart as the number beside it says."""
    page = await open_page(address)
    await page.goto("/runs/played")
    rows = await page.locator("#ladder table").first.locator("tbody tr").all()
    assert len(rows) == 4
    for row in rows:
        box = await row.locator("svg").bounding_box()
        dot = await row.locator("circle").bounding_box()
        assert box
        assert dot
        shown = float(await row.locator("b").inner_text())
        drawn = 100 * (dot["x"] + dot["width"] / 2 - box["x"]) / box["width"]
        assert drawn == pytest.approx(shown, abs=1.0)
