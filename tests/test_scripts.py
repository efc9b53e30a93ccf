"""Whole conversations on the built-in players: scripts written blind, by authors who did not know the lexicon."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from simcustomer.cast.casting import cast_from
from simcustomer.domain.conversation import Conversation, Outcome
from simcustomer.domain.persona import Band, Language
from simcustomer.library import Library
from simcustomer.practice import answer, open_conversation
from simcustomer.settings import Settings

SCRIPTS = sorted((Path(__file__).parent.parent / "evals" / "scripts").glob("*.yaml"))
NAMES = [path.stem for path in SCRIPTS]
REPLIES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in SCRIPTS}
CALM = (Band.CALM,)
LIBRARY = Library(Settings().personas_dir, Settings().prompts_dir)
"""Shared, because it reads its files once."""


async def played(path: Path, script: str, difficulty: int = 3) -> Conversation:
    """The conversation to which a script of replies leads."""
    persona_id, language = path.stem.split(".")
    spoken: Language = "es" if language == "es" else "en"
    conversation = open_conversation(LIBRARY.persona(persona_id, spoken), difficulty)
    cast = cast_from(Settings())
    for reply in REPLIES[path.stem][script]:
        if conversation.outcome:
            break
        turn = await answer(conversation, reply, cast)
        conversation = conversation.model_copy(update={"turns": (*conversation.turns, turn)})
    return conversation


def test_there_are_scripts_for_every_persona() -> None:
    """Each persona has its scripts in its own language."""
    assert {f"{p.id}.{p.language}" for p in LIBRARY.personas()} == set(NAMES)


@pytest.mark.parametrize("path", SCRIPTS, ids=NAMES)
async def test_a_good_script_resolves_it(path: Path) -> None:
    """Who hears, owns, explains, and says what happens by when, is let go in peace."""
    assert (await played(path, "good")).outcome is Outcome.RESOLVED


@pytest.mark.parametrize("path", SCRIPTS, ids=NAMES)
async def test_a_dismissive_script_loses_the_customer(path: Path) -> None:
    """Who brushes the customer off is left, or asked for a supervisor."""
    conversation = await played(path, "dismissive")
    assert conversation.outcome in (Outcome.LEFT, Outcome.SUPERVISOR)
    assert conversation.affect.tension > conversation.start.tension


@pytest.mark.parametrize("path", SCRIPTS, ids=NAMES)
@pytest.mark.parametrize("script", ["good", "dismissive"])
async def test_a_harder_customer_ends_more_tense_under_the_same_script(path: Path, script: str) -> None:
    """Turn by turn the same replies leave the customer at difficulty 5 at least as tense as at difficulty 1."""
    easy, hard = await played(path, script, 1), await played(path, script, 5)
    shared = min(len(easy.turns), len(hard.turns))
    assert hard.turns[shared - 1].affect.tension >= easy.turns[shared - 1].affect.tension
    if script == "good":
        assert hard.turns[shared - 1].affect.tension > easy.turns[shared - 1].affect.tension


@pytest.mark.parametrize("path", SCRIPTS, ids=NAMES)
@pytest.mark.parametrize("difficulty", [1, 3, 5])
async def test_keywords_never_calm_anybody(path: Path, difficulty: int) -> None:
    """Ten lines of pure keywords never reach the calm band, not even with the most patient customer."""
    conversation = await played(path, "keywords", difficulty)
    assert all(turn.affect.band not in CALM for turn in conversation.turns)
    assert conversation.outcome is not Outcome.RESOLVED
