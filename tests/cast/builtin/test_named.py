"""What a reply names: a time to come, a sum for the customer, a name; nothing else of it is ever said back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcustomer.cast.builtin.named import MOST_WORDS, name_in, sum_in, time_in
from simcustomer.domain.persona import Language


@pytest.mark.parametrize(
    ("text", "language", "when"),
    [
        ("I'll message you by noon tomorrow with what they found.", "en", "by noon tomorrow"),
        ("I'll ring you myself at half past four with word from the crew.", "en", "at half past four"),
        ("I'll write here at 11:00 with where it stands.", "en", "at 11:00"),
        ("You will have it within 24 hours.", "en", "within 24 hours"),
        ("They work in ten minutes.", "en", "in ten minutes"),
        ("I'll call you by Friday.", "en", "by Friday"),
        ("Tomorrow you'll hear from me.", "en", "tomorrow"),
        ("The tracking was set to delivered on Tuesday at 14:12.", "en", ""),
        ("Since 7:50 nobody can sign in.", "en", ""),
        ("When do you need it by?", "en", ""),
        ("At 340 people it is a lot, in one way.", "en", ""),
        ("Le escribo a las ocho con lo que me reporten.", "es", "a las ocho"),
        ("La llamo el jueves antes del mediodía.", "es", "el jueves antes del mediodía"),
        ("Mañana a las seis de la tarde te escribo yo.", "es", "mañana a las seis de la tarde"),
        ("Lo tiene en diez minutos.", "es", "en diez minutos"),
        ("El generador llega en menos de tres horas.", "es", "en menos de tres horas"),
        ("Ayer a las 11:42 saltó el aviso.", "es", ""),
        ("Por la mañana no había nadie.", "es", ""),
        ("¿Le llamo a las ocho?", "es", ""),
    ],
)
def test_a_time_to_come_is_found_and_one_that_has_passed_is_not(
    text: str, language: Language, when: str
) -> None:
    """Only statements promise; questions and what happened do not."""
    assert time_in(text, language) == when


@pytest.mark.parametrize(
    ("text", "language", "amount"),
    [
        ("I'll refund you the full £129 today.", "en", "£129"),
        ("You get $1,947.50 back by six.", "en", "$1,947.50"),
        ("Your bill of $1,284.60 is due.", "en", ""),
        ("Te devolvemos los 164,90 € en dos días.", "es", "164,90 €"),
        ("Le hacemos un descuento de 310.000 pesos.", "es", "310.000 pesos"),
        ("Usted debe 1.486.000 pesos.", "es", ""),
    ],
)
def test_a_sum_counts_when_the_customer_gets_it(text: str, language: Language, amount: str) -> None:
    """A sum that is owed or was taken is no news to the customer."""
    assert sum_in(text, language) == amount


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("Hello Gemma, I'm Tom. I've read your chats.", "en", "Tom"),
        ("My name is Priya Shah and I've been through it.", "en", "Priya"),
        ("I'm Sorry To Hear That.", "en", ""),
        ("I'm sorry.", "en", ""),
        ("Don Rolando, le habla Ignacio.", "es", "Ignacio"),
        ("Lupita, soy Daniel, de Banco Mezquital.", "es", "Daniel"),
        ("Soy consciente de ello.", "es", ""),
    ],
)
def test_a_name_is_one_capitalised_word_in_its_place(text: str, language: Language, name: str) -> None:
    """The trainee's own first name is taken up, and no other word."""
    assert name_in(text, language) == name


@given(st.text(max_size=200))
def test_nothing_but_a_few_words_of_a_closed_kind_is_ever_taken(text: str) -> None:
    """Whatever a reply holds, what the customer could say back is short and on one line."""
    for language in ("en", "es"):
        found = [time_in(text, language), sum_in(text, language), name_in(text, language)]
        assert all(len(words.split()) <= MOST_WORDS and "\n" not in words for words in found)
