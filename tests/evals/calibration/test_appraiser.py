"""Agreement of an appraiser with people: effects by the customer's arithmetic, with or without a persona."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pytest

from simcustomer.cast.builtin.appraiser import BuiltInAppraiser
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Appraisal, Cue, CueKind
from simcustomer.domain.persona import Language, Persona
from simcustomer.errors import ConfigError, ModelUnavailable
from simcustomer.evals.calibration.appraiser import (
    Appraised,
    appraise_all,
    appraiser_figures,
    appraiser_report,
    reference_persona,
)
from simcustomer.evals.calibration.rated import Effect, Labelled, RatedReply
from tests.people import a_persona

KINDS = {"good": CueKind.OWNERSHIP, "bad": CueKind.BLAMES}


@dataclass
class WordAppraiser:
    """Sees ownership in "good", blame in "bad", nothing else; "down" fails. Keeps what it was told."""

    name: str = "words"
    personas: list[Persona | None] = field(default_factory=list)
    histories: list[int] = field(default_factory=list)

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        self.personas.append(persona)
        self.histories.append(len(history))
        if reply == "down":
            raise ModelUnavailable("the provider is down")
        kind = KINDS.get(reply)
        return Appraisal(cues=(Cue(kind=kind, quote=reply),) if kind else ())


def a_reply(
    reply: str, effect: Effect, persona: str | None = None, *, history: Sequence[str] = ()
) -> RatedReply:
    said = tuple(Utterance(role="trainee", text=text) for text in history)
    return RatedReply(
        id=f"{reply}-{effect}", group=f"{reply}-{effect}", language="en", persona=persona, history=said,
        reply=reply, effect=effect,
    )  # fmt: skip


def known(persona_id: str, language: Literal["en", "es"]) -> Persona:
    return a_persona(id=persona_id, language=language)


async def test_cues_become_effects_through_the_arithmetic_of_feelings() -> None:
    """Ownership calms, blame escalates, nothing is neutral: for a persona and for a reply without one."""
    for persona in ("missing-kettle", None):
        rated = [a_reply(text, "neutral", persona) for text in ("good", "bad", "so")]
        found = await appraise_all(WordAppraiser(), rated, known)
        assert [one.effect for one in found] == ["calms", "escalates", "neutral"]


async def test_without_a_persona_the_appraiser_is_told_of_none() -> None:
    """The reference customer feels; nobody is told of it. With a persona the appraiser knows it."""
    appraiser = WordAppraiser()
    await appraise_all(
        appraiser, [a_reply("good", "calms"), a_reply("good", "calms", "missing-kettle")], known
    )
    assert [persona and persona.id for persona in appraiser.personas] == [None, "missing-kettle"]


async def test_earlier_trainee_messages_are_felt_first() -> None:
    """The same words again move less: what was said before the reply is part of how it lands."""
    appraiser = WordAppraiser()
    fresh, worn = a_reply("good", "calms"), a_reply("good", "calms", history=["good"] * 6)
    found = await appraise_all(appraiser, [fresh, worn], known)
    assert [one.effect for one in found] == ["calms", "neutral"]
    assert appraiser.histories == [0, 0, 1, 2, 3, 4, 5, 6]


async def test_a_failure_is_counted_and_has_no_effect() -> None:
    """The others are scored, and the failure says why."""
    rated = [a_reply(text, "calms") for text in ("good", "bad", "down", "so")]
    found = await appraise_all(WordAppraiser(), rated, known)
    report = appraiser_report("words", Labelled(replies=tuple(rated), names=("x",)), found)
    assert [(f.id, f.reason) for f in report.failures] == [("down-calms", "the provider is down")]
    assert report.figures.replies == 3
    with pytest.raises(ConfigError, match="the provider is down"):
        appraiser_report("words", Labelled(replies=(rated[2],), names=("x",)), found[2:3])


def test_figures_of_a_case_worked_by_hand() -> None:
    """Four with a direction: two right, one missed, one the wrong way; two without: one right.

    F1: calms 2*1/(2+2), neutral 2*1/(2+2), escalates 2*1/(2+2); the commonest class of three at a third has .5 / 3.
    """
    seen: list[tuple[Effect, Effect]] = [
        ("calms", "calms"), ("calms", "neutral"), ("escalates", "escalates"), ("escalates", "calms"),
        ("neutral", "neutral"), ("neutral", "escalates"),
    ]  # fmt: skip
    found = appraiser_figures(
        [Appraised(a_reply(str(i), people), effect) for i, (people, effect) in enumerate(seen)]
    )
    assert found.macro_f1.value == pytest.approx(0.5)
    assert found.majority_floor == pytest.approx(0.5 / 3)
    assert (found.accuracy.value, found.direction.value, found.wrong_way.value) == (0.5, 0.5, 0.25)
    assert (found.direction.n, found.accuracy.n) == (4, 6)
    assert found.confusion == ((1, 1, 0), (0, 1, 1), (1, 0, 1))
    assert found.labelled == {"calms": 2, "neutral": 2, "escalates": 2}


async def test_the_built_in_appraiser_needs_no_persona() -> None:
    """In both languages it reads a reply to nobody in particular."""
    rated = [
        a_reply("Calm down, this is your own fault.", "escalates"),
        a_reply("Cálmese, la culpa es suya.", "escalates").model_copy(update={"language": "es"}),
    ]
    found = await appraise_all(BuiltInAppraiser(), rated, known)
    assert [one.effect for one in found] == ["escalates", "escalates"]


def test_the_reference_customer_is_whole_in_both_languages() -> None:
    """A valid persona, tense enough to be calmed and not so tense that harm has no room."""
    for language in ("en", "es"):
        temperament = reference_persona(language).temperament  # type: ignore[arg-type]
        assert 40 < temperament.anger < 80
        assert temperament.forgiveness == pytest.approx(temperament.reactivity)
