"""The whole product on a language model, in a browser, with a provider that has its bad moments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from simcustomer.settings import Settings
from simcustomer.web.app import create_app
from tests.browser.conftest import AT_ONCE, SCRIPTED, Open, Watched, end, say, start
from tests.fake_provider import FakeProvider
from tests.web.conftest import serving

MODEL = "hosted_vllm/fake"
ATTEMPTS = 2


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider on a port of its own."""
    with FakeProvider() as running:
        yield running


@pytest.fixture
async def product(provider: FakeProvider, tmp_path: Path) -> AsyncIterator[str]:
    """The product with every part on the model."""
    settings = Settings(
        model=MODEL,
        api_base=provider.api_base,
        model_attempts=ATTEMPTS,
        database_url=f"sqlite+aiosqlite:///{tmp_path}/product.db",
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app), serving(app) as url:
        yield url


async def test_from_choice_to_scorecard_with_faults_on_the_way(
    product: str, provider: FakeProvider, open_page: Open, watched: Watched
) -> None:
    """A rate limit, a broken answer, a line out of character and a wrong quote pass unseen; an outage can be sent again."""
    watched.expected = ("503",)
    provider.will("rate_limited", purpose="appraise", times=1, retry_after="0")
    provider.will("truncated", purpose="appraise", times=1)
    provider.will("breaks_guard", purpose="customer", times=1)
    provider.will("misquotes", purpose="judge", times=1)
    page = await open_page(product, **AT_ONCE)
    await expect(page.get_by_text(MODEL).first).to_be_visible()
    await start(page, "lost-parcel")
    await say(page, "I am sorry. You were at home all day and the parcel did not come.", turn=1)
    await expect(page.locator("#m2")).not_to_contain_text("How can I help")

    provider.will("server_error", purpose="customer", times=ATTEMPTS)
    await page.locator(SCRIPTED).fill("I will open a trace now and write to you by six.")
    await page.locator(SCRIPTED).press("Enter")
    await page.get_by_role("button", name="Try again").click()
    await page.locator("#m4").wait_for()

    await end(page)
    await expect(page.locator(".crit[open] .ev a").first).to_be_visible()
    await expect(page.get_by_text(MODEL).first).to_be_visible()


async def test_a_judge_that_is_down_is_said_and_the_scorecard_comes_later(
    product: str, provider: FakeProvider, open_page: Open
) -> None:
    """The conversation is kept, the page says why it waits, and asking again brings the scorecard."""
    provider.will("server_error", purpose="judge", times=ATTEMPTS)
    page = await open_page(product, **AT_ONCE)
    await start(page, "lost-parcel")
    await say(page, "I am sorry. You were at home all day and the parcel did not come.", turn=1)
    await page.get_by_role("button", name="End and score").click()
    await page.locator("#sure [data-do=finish]").click()
    await expect(page.get_by_text("next try at")).to_be_visible()
    await page.get_by_role("button", name="Try again now").click()
    await page.locator("#criteria").wait_for()
