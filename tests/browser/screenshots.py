"""Take the README's pictures: the real product with its built-in players, driven as a trainee would.

    python -m tests.browser.screenshots

writes docs/images/conversation.png and docs/images/scorecard.png.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from simcustomer.settings import Settings
from simcustomer.web.app import create_app
from tests.browser.conftest import DESKTOP, end, say, start
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.web.conftest import serving

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PERSONA = "lost-parcel"
SEED = 1
"""The opening line is drawn by lot: the same one in every picture."""
SCALE = 2
"""Pixels for each CSS pixel: sharp on today's screens."""
TALL = {"width": 1280, "height": 1010}

REPLIES = (
    "Hi Gemma, I'm sorry about the delay. Could you give me your order number, please?",
    "You're right, it's here: LP-40817, the balance bike, marked delivered on Tuesday at 14:12 while you were at "
    "home. Nobody should be told to look again for two days. I'm sorry, that is our failure, not yours.",
    "This is mine to sort out now, not yours. I am opening the trace with the courier myself, and I'll message you "
    "with the result by 17:00 tomorrow. You don't have to chase anyone.",
    "You won't lose that money. I can send the bike again by express today so it arrives tomorrow, at no cost to "
    "you, or refund the £129. Which would you rather have?",
    "Then the bike leaves today by express and is with you tomorrow before noon, well before Alfie's Saturday. I am "
    "truly sorry that we let you down and then doubted your word.",
)
PICTURED_AFTER = 3
"""Replies after which the conversation is pictured, with the next one being typed."""


async def main() -> None:
    """Take both pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(database_url=f"sqlite+aiosqlite:///{folder}/pictures.db"))
        async with app.router.lifespan_context(app), serving(app) as url, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
            page = await browser.new_page(
                base_url=url,
                viewport=DESKTOP,
                device_scale_factor=SCALE,
                color_scheme="light",
                locale="en-GB",
                reduced_motion="reduce",  # a line at once: the pictured trainee waits for every message
            )
            await picture_conversation(page)
            await picture_scorecard(page)
            await browser.close()


async def picture_conversation(page: Page) -> None:
    """In the middle: the customer has calmed a little, a hint is shown, a reply is being typed."""
    random.seed(SEED)
    await start(page, PERSONA)
    for turn, reply in enumerate(REPLIES[:PICTURED_AFTER], start=1):
        await say(page, reply, turn=turn)
    await page.get_by_label("Coach hints").check()
    await page.locator("#hint:not([data-empty])").wait_for()
    await page.locator("#draft").press_sequentially(REPLIES[PICTURED_AFTER].partition(", at no cost")[0])
    await save(page, "conversation")


async def picture_scorecard(page: Page) -> None:
    """The end of the same conversation, scored."""
    await page.locator("#draft").fill("")
    for turn, reply in enumerate(REPLIES[PICTURED_AFTER:], start=PICTURED_AFTER + 1):
        await page.locator("#draft").fill(reply)
        await page.locator("#draft").press("Enter")
        await page.locator(f"#m{turn * 2}").wait_for()
        await page.locator("#composer:not([data-busy]), .over").first.wait_for()
    if await page.locator(".over").count():
        await page.get_by_role("link", name="See the scorecard").click()
        await page.locator("#criteria").wait_for()
    else:
        await end(page)
    await page.set_viewport_size(TALL)
    await save(page, "scorecard")


async def save(page: Page, name: str) -> None:
    """One picture, with nothing moving on it."""
    path = IMAGES / f"{name}.png"
    await page.screenshot(path=path, animations="disabled", caret="hide")
    print(path.relative_to(IMAGES.parents[1]))


if __name__ == "__main__":
    asyncio.run(main())
