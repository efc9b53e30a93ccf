"""What haste and dictation do to a reply is undone before it is read."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcustomer.cast.builtin.legible import Legible, gap, legible_for
from simcustomer.cast.builtin.reading import Reading
from simcustomer.cast.builtin.trained import Block, Linear
from simcustomer.domain.persona import Language
from simcustomer.domain.text import contains_quote

KNOWN = ("the", "your", "card", "is", "blocked", "now", "nobody", "can", "take", "money", "from", "form")


def legible(*marks: str) -> Legible:
    """Knows ``KNOWN``, and puts a mark before each of these words."""
    none, places = Block({}, (), (), 1), {f"| {word}": place for place, word in enumerate(marks)}
    seen = Block(places, [1.0] * len(marks), [10_000] * len(marks), 1)
    return Legible(KNOWN, Linear(("mark",), (-5.0,), none, none, seen))


def read(text: str, *marks: str) -> str:
    return legible(*marks).reading(Reading.of(text)).text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("your crad is blcoked now", "your card is blocked now"),
        ("your carrd is bloked now", "your card is blocked now"),
        ("nobdoy can takethe money", "nobody can take the money"),
    ],
)
def test_a_single_slip_is_read_as_the_word_that_is_meant(typed: str, meant: str) -> None:
    """Letters swapped, doubled or dropped, and two words typed as one."""
    assert read(typed) == meant


@pytest.mark.parametrize(
    "careful",
    [
        "the carde is blocked now",
        "carde is carde and the card is blocked",
        "the money from Carde and from Nowe is blocked",
        "take the karde and the nowt from the form",
    ],
)
def test_rare_words_are_no_haste(careful: str) -> None:
    """One of them, one twice, names, and what the customer has written: careful replies hold them too."""
    reading = legible().reading(Reading.of(careful), heard=["Karde? Nowt!"])
    assert reading.text == careful.lower()


def test_figures_are_not_torn_apart() -> None:
    """Their points and commas are no gaps between words."""
    text = "your money is now 12.5 from the card nobody can take 1,200 from your card"
    reading = legible("5", "200", "nobody").reading(Reading.of(text))
    assert [reading.quote(clause) for clause in reading.clauses] == [
        "your money is now 12.5 from the card",
        "nobody can take 1,200 from your card",
    ]


def test_a_split_word_keeps_the_places_of_its_letters() -> None:
    """A clause that opens with its second half is quoted whole."""
    reading = legible("now").reading(Reading.of("the crad isnow the form is from the card and the money"))
    assert reading.text == "the card is, now the form is from the card and the money"
    assert reading.quote(reading.clauses[1]) == "now the form is from the card"


def test_short_words_and_codes_are_left_alone() -> None:
    """They are too near to each other, or no words at all."""
    assert read("teh frm A1B2C3 crd") == "teh frm a1b2c3 crd"


def test_of_two_words_that_may_be_meant_the_more_frequent_is_taken() -> None:
    """``form`` and ``from`` are both one slip away."""
    assert read("xform nobdoy") == "form nobody"
    assert read("frorm nobdoy") == "from nobody"


def test_words_without_marks_are_cut_where_marks_belong() -> None:
    """A clause at first, a sentence when it has become long."""
    text = "your card is blocked now nobody can take money from your card now"
    assert read(text, "nobody") == "your card is blocked now, nobody can take money from your card now"
    assert read(f"the money is from the form {text}", "nobody").count(".") == 1


def test_a_text_with_marks_keeps_its_own() -> None:
    """Whoever writes marks means them."""
    text = "your card is blocked. now nobody can take money from your card, now."
    assert read(text, "nobody", "now") == text


def test_quotes_come_from_what_was_typed() -> None:
    """A repaired character knows its place."""
    reading = legible("nobody").reading(
        Reading.of("Yuor crad is blcoked nobdoy can take the money from the form")
    )
    assert reading.text == "your card is blocked, nobody can take the money from the form"
    assert [reading.quote(clause) for clause in reading.clauses] == [
        "Yuor crad is blcoked",
        "nobdoy can take the money from the form",
    ]


WORDS = st.sampled_from(
    [
        "hvae",
        "andthe",
        "12.5",
        "your",
        "card",
        "blcoked",
        "nobdoy",
        "can",
        "take",
        "it,",
        "now.",
        "dinero",
        "mañana",
        "estamañana",
        "Ñ",
        "🙂",
        "Mr",
        "x'y",
    ]
)


@given(st.lists(WORDS, max_size=40))
@pytest.mark.parametrize("language", get_args(Language))
def test_any_text_can_be_repaired(language: Language, words: list[str]) -> None:
    """Every character of the repaired text has a place, in order, and what is quoted stands in the text between blanks or marks."""
    text = " ".join(words)
    reading = legible_for(language).reading(Reading.of(text))
    assert len(reading.at) == len(reading.text)
    assert list(reading.at) == sorted(reading.at)
    for clause in (*reading.sentences, *reading.clauses):
        quote = reading.quote(clause)
        assert contains_quote(text, quote) or not quote
        halves = "estamañana", "andthe"
        assert any(half in quote for half in halves) or set(quote.split()) <= {
            w.strip(".,") for w in words
        } | set(words)


def test_a_gap_at_the_edge_has_its_names() -> None:
    """Where there is no word before or behind, the edge stands."""
    assert "^ now |" in gap(["now", "nobody"], 0)
    assert "| nobody $" in gap(["now", "nobody"], 0)
