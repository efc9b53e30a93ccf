"""Figures and names are read alike however they are written, in both languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcustomer.cast.stated import all_ways, figures, names, number, sentences
from simcustomer.domain.persona import Language


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "by 6 pm", "18:00 h"),
        ("en", "by six this evening", "6 pm"),
        ("en", "at half past four", "16:30"),
        ("en", "a quarter to four", "3:45 pm"),
        ("en", "$1,947.50", "1947.5 dollars"),
        ("en", "within twenty-four hours", "24 hours"),
        ("en", "thirty one hours", "31 hours"),
        ("es", "a las ocho", "20:00 h"),
        ("es", "a las siete y media", "19:30"),
        ("es", "$380.000", "380000 pesos"),
        ("es", "treinta y una horas", "31 horas"),
        ("es", "164,90 €", "164.9 euros"),
        ("es", "el sábado", "sabado"),
    ],
)
def test_one_figure_in_two_ways_is_one(language: Language, one: str, other: str) -> None:
    """Clocks, sums and number words meet."""
    assert all_ways(figures(one, language)) & all_ways(figures(other, language))


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "by 6 pm", "by 7 pm"),
        ("en", "$15", "$150"),
        ("es", "el martes", "el jueves"),
        ("en", "4:30", "4:15"),
    ],
)
def test_two_figures_are_two(language: Language, one: str, other: str) -> None:
    """Nothing else meets."""
    assert not all_ways(figures(one, language)) & all_ways(figures(other, language))


def test_a_number_word_counts_beside_a_unit_only() -> None:
    """Two things are no figure, two hours are; loosely every number word is one."""
    assert figures("Two things, one moment.", "en") == ()
    assert [figure.text for figure in figures("Two things in two hours.", "en")] == ["two"]
    assert [figure.text for figure in figures("dos cosas", "es", loosely=True)] == ["dos"]


def test_sorts_tell_sums_from_times() -> None:
    """A sum, a share, a time of day, a day and a bare number."""
    found = figures("$40 or 10 % by 6 pm on Friday, order 4711", "en")
    assert {figure.sort: figure.text for figure in found} == {
        "money": "$40",
        "share": "10 %",
        "clock": "6 pm",
        "day": "friday",
        "number": "4711",
    }


def test_names_are_capitals_inside_a_sentence() -> None:
    """Neither the first word of a sentence, nor a shout, nor a form of address is a name."""
    assert names("Craig, the crew is on Mill Road with Noor's card. NOT Monday.") == {"mill", "road", "noor"}
    assert names("Le saluda Milagros, don Rolando. ¿Usted qué dice?") == {"milagros", "rolando"}


@given(st.decimals(min_value=0, max_value=10**7, places=2, allow_nan=False))
def test_a_sum_is_the_same_with_points_or_commas(value: object) -> None:
    """English and Spanish marks for thousands and decimals give the same number."""
    english = f"{value:,}"
    spanish = english.translate(str.maketrans(",.", ".,"))
    assert number(english) == number(spanish)
    assert float(number(english)) == float(str(value))


@given(st.integers(0, 23), st.integers(0, 59))
def test_every_minute_is_one_time_on_both_clocks(hour: int, minute: int) -> None:
    """24-hour time and the same time with am or pm."""
    half = "am" if hour < 12 else "pm"
    twelve = figures(f"{hour % 12 or 12}:{minute:02} {half}", "en")
    assert all_ways(twelve) & all_ways(figures(f"{hour}:{minute:02}", "en"))


@given(st.text(max_size=200), st.sampled_from(["en", "es"]))
def test_any_text_can_be_read(text: str, language: Language) -> None:
    """Nothing that a trainee writes breaks the reading, and sentences lose nothing but white space."""
    figures(text, language, loosely=True)
    names(text)
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
