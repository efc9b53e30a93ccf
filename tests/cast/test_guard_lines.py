"""The guard on lines written for it: good ones that stand near its rules are kept, bad ones are discarded by their rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from simcustomer.cast.guard import check_line, faults_of
from simcustomer.domain.affect import next_affect
from simcustomer.domain.conversation import Conversation, Direction, Outcome, direction_for
from simcustomer.domain.cues import Appraisal
from simcustomer.domain.persona import Band, Language, Persona
from simcustomer.library import Library
from simcustomer.settings import content_dir

LINES = Path(__file__).parent / "lines"
LANGUAGES: tuple[Language, ...] = ("en", "es")
LIBRARY = Library(content_dir("personas"), content_dir("prompts"))
ENDS = {"open": None, "left": Outcome.LEFT, "resolved": Outcome.RESOLVED}
FEWEST = 60
"""Lines of each sort in each language."""


def good_lines() -> Iterator[tuple[Language, str, str, str]]:
    for language in LANGUAGES:
        scenes = yaml.safe_load((LINES / f"good.{language}.yaml").read_text(encoding="utf-8"))
        for scene, personas in scenes.items():
            for persona, lines in personas.items():
                yield from ((language, scene, persona, line) for line in lines)


def bad_lines() -> Iterator[tuple[Language, str, str]]:
    for language in LANGUAGES:
        rules = yaml.safe_load((LINES / f"bad.{language}.yaml").read_text(encoding="utf-8"))
        for rule, lines in rules.items():
            yield from ((language, rule, line) for line in lines)


GOOD, BAD = list(good_lines()), list(bad_lines())


def a_scene(persona: Persona, outcome: Outcome | None) -> tuple[Conversation, Direction]:
    """The opening of a persona, and the direction of somebody furious who may tell everything."""
    conversation = Conversation(persona=persona, difficulty=3, opening=persona.openings[-1])
    reaction = next_affect(conversation.affect, Appraisal(), persona, 3)
    direction = direction_for(conversation, Appraisal(), reaction)
    told = tuple(fact.id for fact in persona.facts)
    changes = {"band": Band.FURIOUS, "may_tell": told, "outcome": outcome}
    return conversation, direction.model_copy(update=changes)


def test_there_are_enough_lines() -> None:
    """Sixty good and sixty bad lines in each language."""
    for language in LANGUAGES:
        assert sum(line[0] == language for line in GOOD) >= FEWEST
        assert sum(line[0] == language for line in BAD) >= FEWEST


@pytest.mark.parametrize(("language", "scene", "persona", "line"), GOOD, ids=[line[-1][:50] for line in GOOD])
def test_a_good_line_is_kept(language: Language, scene: str, persona: str, line: str) -> None:
    """A customer who is sarcastic, threatens to leave or refuses to help is still a customer."""
    conversation, direction = a_scene(LIBRARY.persona(persona, language), ENDS[scene])
    assert check_line(line, conversation, direction, language, reply="Hm.") is None


@pytest.mark.parametrize(("language", "rule", "line"), BAD, ids=[line[-1][:50] for line in BAD])
def test_a_bad_line_is_discarded(language: Language, rule: str, line: str) -> None:
    """Each bad line breaks its own rule, whatever else it breaks."""
    outcome = Outcome.LEFT if rule == "stays" else None
    conversation, direction = a_scene(LIBRARY.persona("lost-parcel", language), outcome)
    assert rule in faults_of(line, conversation, direction, language, reply="Hm.")
