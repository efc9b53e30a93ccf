"""The interface in another language: nothing is left out, and every text can be filled in."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from simcustomer.web.language import LANGUAGES, LOCALE_DIR, date_and_time, decimal, texts

TRANSLATED = sorted(set(LANGUAGES) - {"en"})


def catalogue(path: Path) -> Catalog:
    """A catalogue file, read."""
    with path.open("rb") as file:
        return read_po(file)


def texts_in_the_code() -> set[str]:
    """Every text that is marked for translation in code and templates."""
    with (LOCALE_DIR / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(str(LOCALE_DIR.parent), methods, options)
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


def key(message: Message) -> str:
    """The singular of a message's text."""
    return message.id if isinstance(message.id, str) else message.id[0]


def test_the_template_is_up_to_date() -> None:
    """messages.pot holds exactly the texts of the code; locale/babel.cfg says how to make it again."""
    assert {key(m) for m in catalogue(LOCALE_DIR / "messages.pot") if m.id} == texts_in_the_code()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str) -> None:
    """A catalogue has a translation of every text, with the same places to fill in, and none that is not used."""
    done = {key(m): m for m in catalogue(LOCALE_DIR / language / "LC_MESSAGES" / "messages.po") if m.id}
    assert set(done) == texts_in_the_code()
    for message in done.values():
        strings = [message.string] if isinstance(message.string, str) else message.string
        assert all(strings), key(message)
        assert not message.fuzzy, key(message)
        for string in strings:
            assert set(re.findall(r"%\(\w+\)s", string)) == set(re.findall(r"%\(\w+\)s", key(message)))


def test_numbers_and_plurals_follow_the_language() -> None:
    """Spanish writes a decimal comma and its own plurals."""
    assert (decimal(3.5, "en"), decimal(3.5, "es"), decimal(4.0, "es")) == ("3.5", "3,5", "4")
    spanish = texts("es")
    assert spanish.ngettext("%(num)s turn", "%(num)s turns", 1) == "%(num)s turno"
    assert spanish.ngettext("%(num)s turn", "%(num)s turns", 2) == "%(num)s turnos"


def test_dates_follow_the_language() -> None:
    """A month has its name in the language."""
    from datetime import UTC, datetime

    moment = datetime(2026, 8, 5, 12, 0, tzinfo=UTC)
    assert "Aug" in date_and_time(moment, "en")
    assert "ago" in date_and_time(moment, "es")


async def test_a_spanish_page(client: httpx.AsyncClient) -> None:
    """With the choice kept in the cookie the pages are in Spanish, and the customer keeps their own language."""
    await client.post("/preferences", data={"language": "es"})
    page = (await client.get("/?language=en")).text
    assert '<html lang="es"' in page
    assert "¿Quién te está esperando?" in page
    assert "Enfado" in page
    assert '<li class="card person" lang="en">' in page
