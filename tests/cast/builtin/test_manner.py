"""A better wording sounds like the trainee: their greeting, their form of address, their short or full forms."""

from __future__ import annotations

import pytest

from simcustomer.cast.builtin.manner import Manner, address_of, after_greeting, greeting


@pytest.mark.parametrize(
    ("texts", "line", "said"),
    [
        (["I'm on it."], "I am sorry, and you will not pay.", "I'm sorry, and you won't pay."),
        (["I am on it."], "I'm sorry, and you won't pay.", "I am sorry, and you will not pay."),
        (["On it."], "I'm sorry, I am.", "I'm sorry, I am."),
        (["It's late."], "Do not worry, it is what I am.", "Don't worry, it is what I am."),
    ],
)
def test_english_forms_follow_the_trainee(texts: list[str], line: str, said: str) -> None:
    """Who writes short forms gets them, who writes full ones gets those, and a form at the end of a clause stays."""
    assert Manner.of(texts, "en", "you").said(line) == said


@pytest.mark.parametrize(
    ("texts", "usual", "address"),
    [
        (["Te entiendo, dime más."], "usted", "tú"),
        (["Le pido disculpas a usted."], "tú", "usted"),
        (["Vale."], "tú", "tú"),
        (["Vale."], "usted", "usted"),
    ],
)
def test_the_trainees_form_of_address_wins(texts: list[str], usual: str, address: str) -> None:
    """What the trainee writes decides; the customer's own form where they have not shown any."""
    manner = Manner.of(texts, "es", usual)
    assert manner.address == address
    assert manner.said("{Tienes|Tiene} razón.") == ("Tienes razón." if address == "tú" else "Tiene razón.")


def test_a_sentence_in_the_other_form_does_not_fit() -> None:
    """An authored sentence in usted is not put into the mouth of somebody who says tú."""
    manner = Manner.of(["Te escribo yo."], "es", "usted")
    assert not manner.fits("Le mando otra a usted.")
    assert manner.fits("Otra sale hoy.")
    assert manner.fits("Te mando otra.")
    assert Manner.of(["Le mando."], "en", "you").fits("Te mando otra.")


def test_both_forms_alike_is_neither() -> None:
    """A text that uses both decides nothing."""
    assert address_of("Te digo, usted sabe") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hi Craig, it is late.", "Hi Craig,"),
        ("Good afternoon Mr. Brandt, it is late.", "Good afternoon Mr. Brandt,"),
        ("Hola, Renzo, te saludo.", "Hola, Renzo,"),
        ("Buenas tardes don Rolando. Es tarde.", "Buenas tardes don Rolando."),
        ("Hi there!", ""),
        ("It is late.", ""),
        ("Hide it. Now.", ""),
    ],
)
def test_a_greeting_is_found_at_the_beginning(text: str, found: str) -> None:
    """With the name that goes with it; a greeting alone is no beginning of anything."""
    assert greeting(text) == found


def test_after_a_comma_it_goes_on_small() -> None:
    """But for "I" and for shouts."""
    assert after_greeting("Hi Craig,", "Third cut.") == "Hi Craig, third cut."
    assert after_greeting("Hi Craig,", "I'm here.") == "Hi Craig, I'm here."
    assert after_greeting("Hola.", "Es tarde.") == "Hola. Es tarde."
