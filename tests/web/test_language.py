"""The interface in another language: nothing is left out, and every text can be filled in."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from simcustomer import errors
from simcustomer.domain.persona import Band
from simcustomer.library import Library
from simcustomer.practice import Practice
from simcustomer.settings import Settings, content_dir
from simcustomer.web.app import create_app
from simcustomer.web.language import LANGUAGES, LOCALE_DIR, date_and_time, decimal, texts
from tests.fakes import FakeAppraiser, FakeJudge, a_cast, a_library
from tests.people import persona_fields
from tests.web.conftest import Scoring

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


@asynccontextmanager
async def visiting(
    settings: Settings, appraiser: FakeAppraiser, judge: FakeJudge, language: str = "en"
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in ``language`` in front of an app with these settings, which scores at once."""

    def begin(practice: Practice) -> Scoring:
        return Scoring(practice)

    app = create_app(settings, cast=a_cast(appraiser, judge), scoring=begin)
    async with app.router.lifespan_context(app):
        transport, cookies = httpx.ASGITransport(app), {"language": language}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", cookies=cookies) as client:
            yield client


async def test_a_spanish_scorecard_reads_the_rubric_in_spanish(
    settings: Settings, appraiser: FakeAppraiser, judge: FakeJudge
) -> None:
    """The judge is asked the rubric as it was written; the trainee reads it, and why something is open, in Spanish."""
    product = Library(content_dir("personas"), content_dir("prompts"))
    rubric = content_dir("prompts") / "rubrics" / "deescalation.yaml"
    settings = settings.model_copy(update={"rubric": str(rubric)})

    async with visiting(settings, appraiser, judge, "es") as client:
        start = {"persona": "missing-kettle", "language": "en"}
        path = (await client.post("/conversations", data=start)).headers["location"]
        await client.post(f"{path}/turns", data={"text": "Three weeks.", "client_turn_id": "one"})
        page = html.unescape(
            (await client.get((await client.post(f"{path}/finish")).headers["location"])).text
        )
    assert judge.rubrics[0].criteria == product.rubric().criteria
    for own, shown in zip(product.rubric().criteria, product.rubric().read_in("es").criteria, strict=True):
        assert shown.asks in page
        assert own.asks not in page
        assert all(item.ask in page for item in shown.items)


async def test_an_error_is_told_in_the_language_of_the_page(
    client: httpx.AsyncClient, appraiser: FakeAppraiser
) -> None:
    """What went wrong is said in Spanish; the cause, which only the provider words, stands beside it as English."""
    await client.post("/preferences", data={"language": "es"})
    missing = await client.get("/c/nope")
    assert "En esta dirección no hay nada." in missing.text
    assert "no conversation" not in missing.text
    path = (await client.post("/conversations", data={"persona": "missing-kettle"})).headers["location"]
    appraiser.errors.append(errors.ModelUnavailable("The model is asleep"))
    failed = await client.post(f"{path}/turns", data={"text": "Three weeks.", "client_turn_id": "one"})
    assert "El modelo de lenguaje no responde." in failed.text
    assert '<span class="cause" lang="en">The model is asleep</span>' in failed.text


async def test_a_frightened_customer_is_not_called_angry(
    settings: Settings, appraiser: FakeAppraiser, judge: FakeJudge, tmp_path: Path
) -> None:
    """Somebody whose foremost feeling is anxiety is uneasy to panicked on the page; in JSON the bands keep their names."""
    felt = persona_fields()["temperament"] | {"anxiety": 90, "weights": {"anger": 0.2, "anxiety": 1.0}}
    library = a_library(tmp_path / "frightened", temperament=felt)
    settings = settings.model_copy(update={"personas_dir": library.personas_dir})

    async with visiting(settings, appraiser, judge) as client:
        assert "Panicked" in (await client.get("/")).text
        path = (await client.post("/conversations", data={"persona": "missing-kettle"})).headers["location"]
        await client.post(f"{path}/turns", data={"text": "Three weeks.", "client_turn_id": "one"})
        page = await client.get(path)
        told = (await client.get(f"/api/v1{path.replace('/c/', '/conversations/')}")).json()
        result = await client.get((await client.post(f"{path}/finish")).headers["location"])
    for text in (page.text, result.text):
        assert "Panicked" in text
        assert "from 0, calm, to 100, panicked" in text
        assert not re.search("Angry|Furious|furious|Frustrated", text)
    assert told["affect"]["band"] in set(Band)
