"""Trainees meet tested personas; drafts are for whoever asks to see them, and are marked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from simcustomer.library import gate_file
from simcustomer.settings import Settings
from simcustomer.web.app import create_app
from tests.fakes import a_cast
from tests.people import a_persona
from tests.web.conftest import Scoring

BRIEF = {"persona": "missing-kettle", "language": "en"}


@pytest.fixture
def untested(settings: Settings) -> Settings:
    """The only persona is a draft: its gate result is gone."""
    gate_file(settings.personas_dir, a_persona()).unlink()
    return settings


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A program that talks to an app with these settings."""
    app = create_app(settings, cast=a_cast(), scoring=Scoring)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


async def test_a_draft_is_not_listed_and_cannot_be_begun(untested: Settings) -> None:
    """Neither the pages nor the API show it or start a conversation with it; the error says what it lacks."""
    async with client_of(untested) as client:
        assert (await client.get("/api/v1/personas")).json() == []
        assert "Ada Quill" not in (await client.get("/")).text
        assert (await client.get("/brief", params=BRIEF)).status_code == 404
        assert (await client.post("/conversations", data=BRIEF)).status_code == 404
        refused = await client.post("/api/v1/conversations", json=BRIEF)
        assert refused.status_code == 404
        assert "is a draft (not tested yet" in refused.text
        assert "Ada Quill" not in (await client.get("/conversations")).text


async def test_drafts_are_shown_on_request_and_marked(untested: Settings) -> None:
    """With SIMCUSTOMER_SHOW_DRAFTS a trainer can try what is not tested yet."""
    async with client_of(untested.model_copy(update={"show_drafts": True})) as client:
        assert [persona["draft"] for persona in (await client.get("/api/v1/personas")).json()] == [True]
        assert ">Draft</span>" in (await client.get("/")).text
        assert ">Draft</span>" in (await client.get("/brief", params=BRIEF)).text
        assert (await client.post("/api/v1/conversations", json=BRIEF)).status_code == 201


async def test_a_tested_persona_is_no_draft(settings: Settings) -> None:
    """It is listed without the mark."""
    async with client_of(settings) as client:
        assert [persona["draft"] for persona in (await client.get("/api/v1/personas")).json()] == [False]
        page = (await client.get("/")).text
        assert "Ada Quill" in page
        assert ">Draft</span>" not in page


async def test_a_conversation_goes_on_when_its_persona_becomes_a_draft(settings: Settings) -> None:
    """What was begun with a tested persona keeps it as it was."""
    async with client_of(settings) as client:
        begun = (await client.post("/api/v1/conversations", json=BRIEF)).json()["id"]
    gate_file(settings.personas_dir, a_persona()).unlink()
    async with client_of(settings) as client:
        said = {"text": "I see.", "client_turn_id": "1"}
        assert (await client.post(f"/api/v1/conversations/{begun}/turns", json=said)).status_code == 200


def test_the_setting_is_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off unless asked for."""
    assert Settings().show_drafts is False
    monkeypatch.setenv("SIMCUSTOMER_SHOW_DRAFTS", "true")
    assert Settings().show_drafts is True
