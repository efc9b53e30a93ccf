"""Quotes are checked against what was really written."""

from __future__ import annotations

import pytest

from simcustomer.domain.cues import Appraisal, Touch
from simcustomer.domain.text import contains_quote, fold, mentions
from tests.people import cue


@pytest.mark.parametrize(
    ("text", "quote", "stands"),
    [
        ("I’m sorry — really.", "I'm sorry - really", True),
        ("I am\n  sorry", "I am sorry", True),
        ("pay nothing", "pay\u200b nothing", True),
        ("No pagará nada", "no pagara nada", False),
        ("I am sorry", "", False),
        ("I am sorry", "   ", False),
        ("I am sorry", "I am very sorry", False),
    ],
)
def test_a_quote_stands_when_only_typography_differs(text: str, quote: str, stands: bool) -> None:
    """Case, white space, invisible characters and curly quotes do not matter; letters, accents and words do."""
    assert contains_quote(text, quote) is stands


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("We gifted it.", "gift*", True),
        ("We gifted it.", "gift", False),
        ("GIFT!", "gift", True),
        ("a.b", "a?b", False),
        ("no tendrá que pagar", "tendrá que pag*", True),
        ("no tendra que pagar", "tendrá que pagar", True),
        ("una caña", "una cana", False),
    ],
)
def test_a_phrase_is_found_at_word_boundaries(text: str, phrase: str, found: bool) -> None:
    """A phrase matches whole words; a trailing star matches any ending; nothing in it is a pattern."""
    assert mentions(text, phrase) is found


def test_folding_twice_is_folding_once() -> None:
    """Folded text stays as it is."""
    assert fold(fold("“Ángel”  —\tİstanbul")) == fold("“Ángel”  —\tİstanbul")


def test_a_cue_without_its_quote_in_the_reply_is_dropped() -> None:
    """An appraisal keeps only what the reply really says."""
    kept, invented = cue("ownership", quote="this is on us"), cue("ownership", quote="I will pay")
    seen = Appraisal(cues=(kept, invented), touched=(Touch(id="gift", quote="nobody said"),))
    assert seen.only_quoted_from("Look, THIS is on us.") == Appraisal(cues=(kept,))
