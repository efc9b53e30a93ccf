"""How long is waited before a request is made again."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from simcustomer.llm.retry import LONGEST_WAIT_S, is_worth_waiting, retry_after_s, wait_s


def test_waits_grow_and_stay_bounded() -> None:
    """Each wait is at least twice the bare wait before it, with jitter on top, up to the longest."""
    assert 1.0 <= wait_s(1, None) <= 1.5
    assert 4.0 <= wait_s(3, None) <= 6.0
    assert LONGEST_WAIT_S <= wait_s(20, None) <= LONGEST_WAIT_S * 1.5


def test_jitter_spreads_the_waits() -> None:
    """Many that fail at once do not come back at once."""
    assert len({wait_s(1, None) for _ in range(20)}) > 1


def test_the_providers_wish_is_never_undercut() -> None:
    """Who is asked to wait seven seconds does not come back after one."""
    assert wait_s(1, 7.0) == 7.0


@pytest.mark.parametrize(
    ("wish_s", "worth"), [(None, True), (0.0, True), (LONGEST_WAIT_S, True), (3600.0, False)]
)
def test_an_hour_is_not_waited_for(wish_s: float | None, worth: bool) -> None:
    """A wish beyond the longest wait ends the call instead: a person is waiting."""
    assert is_worth_waiting(wish_s) is worth


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_in_both_its_forms(value: str, seconds: float | None) -> None:
    """Seconds or a date; nonsense is no wish, and a date that has passed means now."""
    assert retry_after_s({"Retry-After": value}) == seconds


def test_retry_after_as_a_date_counts_from_now() -> None:
    """A date twenty seconds ahead is a wish of about twenty seconds, under any spelling of the header."""
    wish = retry_after_s({"retry-AFTER": formatdate(time.time() + 20, usegmt=True)})
    assert wish is not None
    assert 15.0 < wish <= 20.0


def test_no_header_is_no_wish() -> None:
    """A response without the header asks for nothing."""
    assert retry_after_s({"Content-Type": "text/plain"}) is None
