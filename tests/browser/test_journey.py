"""A trainee in a browser: from the choice of a customer to the scorecard, and what happens on the way."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from simcustomer import errors
from tests.browser.conftest import AT_ONCE, DESKTOP, PHONE, Open, Watched, end, say, start
from tests.fakes import FakeAppraiser, Gate


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_from_choice_to_scorecard(product: str, open_page: Open, viewport: dict[str, int]) -> None:
    """On the real product a trainee chooses, writes, sees the feeling move, ends it and reads a scorecard with proof."""
    page = await open_page(product, viewport=viewport, **AT_ONCE)
    await expect(page.get_by_text("Built-in practice engine, no language model")).to_be_visible()
    await start(page, "lost-parcel")
    meter = page.locator(".rail .word" if viewport == DESKTOP else ".strip .chip").first
    await expect(meter).to_contain_text("Angry")
    await say(page, "You need to calm down. It says delivered, so it is not our fault.", turn=1)
    await expect(meter).to_contain_text("Furious")
    await expect(page.locator("#m2")).to_contain_text("Up ")
    await say(
        page,
        "You are right, and I am sorry: you sat in all Tuesday and nothing came. I am opening the trace with the courier now "
        "and will message you by noon tomorrow.",
        turn=2,
    )
    await expect(page.locator("#m4")).to_contain_text("Down ")
    await end(page)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.locator(".outs")).to_contain_text("Ended before it was settled")
    proof = page.locator(".crit[open] .ev a").first
    target = await proof.get_attribute("href")
    await proof.click()
    await expect(page.locator(f"{target} mark").first).to_be_in_viewport()


async def test_by_forms_alone(product: str, open_page: Open) -> None:
    """Without scripts the same journey works from beginning to end."""
    page = await open_page(product, java_script_enabled=False)
    await page.locator("button[name=persona][value=lost-parcel]").click()
    await page.get_by_role("button", name="Start the conversation").click()
    await page.locator("#draft").fill(
        "I am sorry that nothing came. I am opening the trace now and will message you by noon tomorrow."
    )
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#m2")).to_contain_text("Down ")
    await page.get_by_role("button", name="Give me a hint").click()
    await expect(page.locator("#hint-text")).not_to_contain_text("nudge")
    await page.get_by_role("button", name="End and score").click()
    await page.wait_for_url("**/scorecard*")
    await page.locator("#criteria").wait_for()  # the page asks again by itself, without scripts too


async def test_a_second_tab_follows(address: str, open_page: Open) -> None:
    """A reply sent in one tab appears in another that has the conversation open, and so does the end."""
    first = await open_page(address)
    await start(first)
    second = await first.context.new_page()
    await second.goto(first.url)
    await say(first, "Three weeks is too long.", turn=1)
    await expect(second.locator("#m1")).to_contain_text("Three weeks is too long.")
    await expect(second.locator("#m2")).to_contain_text("Answer 1.")
    await end(first)
    await expect(second.get_by_role("link", name="See the scorecard")).to_be_visible()


async def test_a_reload_in_mid_answer_finds_the_answer(
    address: str, open_page: Open, appraiser: FakeAppraiser
) -> None:
    """A page that is loaded again while the customer writes shows what was sent, and then the answer."""
    page = await open_page(address)
    await start(page)
    appraiser.gate = Gate()
    await page.locator("#draft").fill("Are you there?")
    await page.locator("#draft").press("Enter")
    await appraiser.gate.reached.wait()
    await page.reload()
    await expect(page.locator("[data-pending]")).to_contain_text("Are you there?")
    await expect(page.locator("#draft")).to_have_value("")
    appraiser.gate.open.set()
    await expect(page.locator("#m2")).to_contain_text("Answer 1.")
    await expect(page.locator(".m.y")).to_have_count(1)


async def test_the_reply_stands_there_at_once(
    address: str, open_page: Open, appraiser: FakeAppraiser
) -> None:
    """What was sent is on the page before the answer is, one bubble of it, and Enter sends nothing more meanwhile."""
    page = await open_page(address)
    await start(page)
    appraiser.gate = Gate()
    await page.locator("#draft").fill("Are you there?")
    await page.locator("#draft").press("Enter")
    await expect(page.locator(".m.y")).to_have_text(re.compile("Are you there\\?"))
    await expect(page.locator("#status")).to_have_text("Ada is writing")
    await page.locator("#draft").fill("And another thing.")
    await page.locator("#draft").press("Enter")
    await expect(page.locator(".m.y")).to_have_count(1)
    appraiser.gate.open.set()
    await expect(page.locator("#m2")).to_be_visible()
    await expect(page.locator("#draft")).to_have_value("And another thing.")
    await expect(page.locator("#announce")).to_have_text("Answer 1.")
    assert appraiser.heard == ["Are you there?"]


async def test_a_failed_reply_can_be_sent_again(
    address: str, open_page: Open, appraiser: FakeAppraiser, watched: Watched
) -> None:
    """When no answer comes the text stays, with the reason; trying again sends the same reply."""
    watched.expected = ("503",)
    page = await open_page(address)
    await start(page)
    appraiser.errors.append(errors.ModelUnavailable("The model is asleep"))
    await page.locator("#draft").fill("Three weeks is too long.")
    await page.locator("#draft").press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Not sent. The language model does not answer.")
    await expect(page.locator(".failed .cause")).to_have_text("The model is asleep")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("#m2")).to_contain_text("Answer 1.")
    await expect(page.locator(".m.y")).to_have_count(1)


async def test_a_failed_reply_can_be_changed(
    address: str, open_page: Open, appraiser: FakeAppraiser, watched: Watched
) -> None:
    """A reply that was not sent comes back into the box to be changed; a reload does not lose it either."""
    watched.expected = ("503",)
    page = await open_page(address)
    await start(page)
    appraiser.errors.append(errors.ModelUnavailable("The model is asleep"))
    await page.locator("#draft").fill("Three weeks.")
    await page.locator("#draft").press("Enter")
    await page.get_by_role("button", name="Edit").click()
    await expect(page.locator("#draft")).to_have_value("Three weeks.")
    await page.reload()
    await expect(page.locator("#draft")).to_have_value("Three weeks.")


async def test_a_lost_connection_loses_no_text(address: str, open_page: Open, watched: Watched) -> None:
    """Without a connection the reply is not sent, says so, and goes out when the connection is back."""
    watched.expected = ("ERR_INTERNET_DISCONNECTED",)
    page = await open_page(address)
    await start(page)
    await page.context.set_offline(True)
    await page.locator("#draft").fill("Three weeks.")
    await page.locator("#draft").press("Enter")
    await expect(page.locator(".failed")).to_contain_text("The server cannot be reached.")
    await page.context.set_offline(False)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("#m2")).to_contain_text("Answer 1.")


async def test_a_draft_survives_a_reload(address: str, open_page: Open) -> None:
    """What was typed and not sent is there again after a reload, in this conversation only."""
    page = await open_page(address)
    await start(page)
    await page.locator("#draft").fill("Half a sent")
    await page.reload()
    await expect(page.locator("#draft")).to_have_value("Half a sent")
    await start(page)
    await expect(page.locator("#draft")).to_have_value("")


async def test_keys_of_the_composer(address: str, open_page: Open, appraiser: FakeAppraiser) -> None:
    """Shift+Enter adds a line, Enter that ends an input method's word sends nothing, Enter sends; focus stays."""
    page = await open_page(address)
    await start(page)
    draft = page.locator("#draft")
    await draft.press_sequentially("one")
    await draft.press("Shift+Enter")
    await draft.press_sequentially("two")
    await expect(draft).to_have_value("one\ntwo")
    for init in ({"isComposing": True}, {"keyCode": 229}):
        await draft.dispatch_event("keydown", {"key": "Enter", "bubbles": True, **init})
    await expect(draft).to_have_value("one\ntwo")
    await draft.press("Enter")
    await expect(page.locator("#m2")).to_be_visible()
    await expect(draft).to_be_focused()
    assert appraiser.heard == ["one\ntwo"]


async def test_a_retry_keeps_the_first_version(address: str, open_page: Open) -> None:
    """Retry from here opens a second version; one can go back and forth between the two."""
    page = await open_page(address)
    await start(page)
    await say(page, "First try.", turn=1)
    await page.get_by_role("button", name="Retry from here").click()
    await expect(page.get_by_text("Your first version is kept.")).to_be_visible()
    await say(page, "Second try.", turn=1)
    await expect(page.get_by_text("2 of 2")).to_be_visible()
    await page.get_by_role("link", name="Previous version").click()
    await expect(page.locator("#m1")).to_contain_text("First try.")
    await page.get_by_role("link", name="Next version").click()
    await expect(page.locator("#m1")).to_contain_text("Second try.")


async def test_the_scorecard_leads_back_into_the_conversation(address: str, open_page: Open) -> None:
    """Retry from the scorecard opens the conversation again at that turn."""
    page = await open_page(address)
    await start(page)
    await say(page, "First try.", turn=1)
    await end(page)
    await page.get_by_role("button", name="Retry from turn 1").first.click()
    await say(page, "Second try.", turn=1)
    await end(page)
    await expect(page.get_by_text("version 2 of 2")).to_be_visible()


async def test_hints_can_be_switched_on(address: str, open_page: Open) -> None:
    """The switch brings a hint, and stays as it was set in the next conversation."""
    page = await open_page(address)
    await start(page)
    await expect(page.locator("#hint")).to_be_hidden()
    await page.get_by_label("Coach hints").check()
    await expect(page.locator("#hint-text")).to_have_text("Name the problem.")
    await page.get_by_role("button", name="Another hint").click()
    await expect(page.locator("#hint-text")).to_have_text("The coach has nothing to add at this point.")
    await start(page)
    await expect(page.get_by_label("Coach hints")).to_be_checked()
    await expect(page.locator("#hint-text")).to_have_text("Name the problem.")


async def test_ending_asks_first(address: str, open_page: Open) -> None:
    """End and score asks for confirmation, and can be called off."""
    page = await open_page(address)
    await start(page)
    await page.get_by_role("button", name="End and score").click()
    await expect(page.get_by_role("dialog")).to_contain_text("End the conversation?")
    await page.get_by_role("button", name="Go on writing").click()
    await say(page, "Three weeks.", turn=1)
    await expect(page.locator("#draft")).to_be_visible()


async def test_an_end_by_itself_leads_to_the_scorecard(address: str, open_page: Open) -> None:
    """When the conversation ends by an outcome the box goes, and the page leads to the scorecard."""
    page = await open_page(address)
    await start(page)
    await page.locator("#draft").fill("Goodbye, I am hanging up.")
    await page.locator("#draft").press("Enter")
    await page.get_by_role("link", name="See the scorecard").click()
    await expect(page.locator("#criteria")).to_be_visible()


async def test_an_assessment_shows_no_feelings_until_the_end(address: str, open_page: Open) -> None:
    """In an assessment the page has neither meter nor hints; the scorecard shows the curve."""
    page = await open_page(address)
    await start(page, mode="assessment")
    await say(page, "Three weeks.", turn=1)
    await expect(page.locator(".mood, .emo, .delta, #hint, .switch")).to_have_count(0)
    await end(page)
    await expect(page.get_by_role("heading", name="How Ada felt, turn by turn")).to_be_visible()


async def test_a_scorecard_that_waits_arrives_by_itself(address: str, open_page: Open, scoring) -> None:
    """The page of a pending scorecard shows it when it is there, without a reload by hand."""
    page = await open_page(address)
    await start(page)
    await say(page, "Three weeks.", turn=1)
    scoring.off = True
    await page.get_by_role("button", name="End and score").click()
    await page.locator("#sure [data-do=finish]").click()
    await expect(page.get_by_text("Reading your conversation")).to_be_visible()
    await scoring.practice.score(*scoring.asked[-1])
    await expect(page.locator("#criteria")).to_be_visible()


async def test_the_theme_is_kept_without_a_flash(address: str, open_page: Open) -> None:
    """The theme button changes the page at once, and the next page comes from the server in that theme."""
    page = await open_page(address, color_scheme="light")
    await page.get_by_role("button", name="Switch to dark theme").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.locator("body")).to_have_css("background-color", "rgb(15, 21, 20)")
    response = await page.goto("/conversations")
    assert response
    assert 'data-theme="dark"' in await response.text()
    await page.get_by_role("button", name="Switch to light theme").click()
    await expect(page.locator("body")).to_have_css("background-color", "rgb(245, 242, 236)")


async def test_hostile_text_stays_text(address: str, open_page: Open) -> None:
    """Mark-up and right-to-left text that is sent is shown as it was written, and disturbs nothing beside it."""
    page = await open_page(address)
    await start(page)
    text = "<img src=x onerror=alert(1)> {{ 7*7 }} \u202eevil"
    await say(page, text, turn=1)
    await expect(page.locator("#m1 .text")).to_have_text(text)
    await expect(page.locator("#m1 .text")).to_have_css("unicode-bidi", re.compile("plaintext|isolate"))
    assert await page.locator("img").count() == 0


async def test_reading_back_is_not_disturbed(address: str, open_page: Open, appraiser: FakeAppraiser) -> None:
    """Who has scrolled up stays there when an answer comes, and is told that there is a new message."""
    page = await open_page(address, viewport={"width": 900, "height": 520})
    await start(page)
    for turn in range(1, 6):
        await say(page, f"Reply {turn} about the kettle that never came.", turn=turn)
    appraiser.gate = Gate()
    await page.locator("#draft").fill("One more.")
    await page.locator("#draft").press("Enter")
    await appraiser.gate.reached.wait()
    await page.locator(".scroller").hover()
    await page.mouse.wheel(0, -2000)
    await expect(page.locator("#m0")).to_be_in_viewport()
    appraiser.gate.open.set()
    await expect(page.get_by_role("button", name="New message")).to_be_visible()
    await expect(page.locator("#m0")).to_be_in_viewport()
    await page.get_by_role("button", name="New message").click()
    await expect(page.locator("#m12")).to_be_in_viewport()
