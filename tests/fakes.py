"""Fake players and a small library: they enter where the real ones do, and do exactly what a test tells them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from simcustomer.cast.parts import Cast, Spoken
from simcustomer.domain.conversation import Conversation, Direction, Utterance
from simcustomer.domain.cues import Appraisal, Cue, CueKind
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import (
    AnchoredLevel,
    Answer,
    Evidence,
    Feedback,
    ItemAnswer,
    Judgement,
    Praise,
    Rubric,
    Scorecard,
)
from simcustomer.library import Library, gate_file, persona_hash
from simcustomer.llm.ledger import ModelCall, note

from .people import a_persona, persona_fields

RUBRIC = {
    "id": "small",
    "title": "A small rubric",
    "criteria": [
        {
            "id": name,
            "name": name,
            "asks": "Did it go well?",
            "cutoffs": [0.2, 0.4, 0.6, 0.8],
            "items": [
                {"id": f"{name}_good", "ask": "Was it good?", "points": 2},
                {"id": f"{name}_bad", "ask": "Was it bad?", "points": -1},
            ],
            "anchors": dict.fromkeys(("harmful", "weak", "adequate", "good", "exemplary"), "As it says."),
            "next_step": "Do it again.",
        }
        for name in ("empathy", "clarity")
    ],
    "gates": [
        {"id": "no_harm", "item": "empathy_bad", "caps": ["overall"], "at": 2, "why": "Harm was done."}
    ],
}


def a_library(folder: Path, **persona_changes: object) -> Library:
    """A library of one persona that counts as tested, one rubric and one prompt, written into ``folder``.

    With ``status="draft"`` the persona is a draft, whose gate passed.
    """
    persona_changes = {"status": "tested"} | persona_changes
    (folder / "personas" / "gates").mkdir(parents=True)
    (folder / "prompts" / "rubrics").mkdir(parents=True)
    persona = yaml.safe_dump(persona_fields(**persona_changes))
    (folder / "personas" / "missing-kettle.en.yaml").write_text(persona, encoding="utf-8")
    tested = a_persona(**persona_changes)
    stamp = {"persona_hash": persona_hash(tested), "passed": True}
    gate_file(folder / "personas", tested).write_text(json.dumps(stamp), encoding="utf-8")
    (folder / "prompts" / "rubrics" / "small.yaml").write_text(yaml.safe_dump(RUBRIC), encoding="utf-8")
    (folder / "prompts" / "judge.j2").write_text("Judge this.", encoding="utf-8")
    return Library(folder / "personas", folder / "prompts", rubric_name="small")


@dataclass
class Gate:
    """Holds a player up until the test opens it; ``reached`` says that the player stands there."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def pass_through(self) -> None:
        """Wait until it is open."""
        self.reached.set()
        await self.open.wait()


@dataclass
class FakeAppraiser:
    """Sees a farewell in replies that begin with "Goodbye", else that the issue was named."""

    name: str = "fake-appraiser"
    gate: Gate | None = None
    errors: list[Exception] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        self.heard.append(reply)
        note(ModelCall("appraise", self.name, ok=not self.errors, seconds=0.5, input_tokens=10))
        if self.gate:
            await self.gate.pass_through()
        if self.errors:
            raise self.errors.pop(0)
        kind = CueKind.ENDS_CONVERSATION if reply.startswith("Goodbye") else CueKind.NAMES_THE_ISSUE
        return Appraisal(cues=(Cue(kind=kind, quote=reply),))


@dataclass
class FakeCustomer:
    """Says how many turns there were."""

    name: str = "fake-customer"

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:
        note(ModelCall("customer", self.name, ok=True, seconds=0.5, output_tokens=7, cost_usd=0.002))
        return Spoken(f"Answer {len(conversation.turns) + 1}.", by=self.name, discarded=("too long",))

    async def answer_survey(self, conversation: Conversation, csat: int) -> Spoken:
        return Spoken(f"I give it a {csat}.", by=self.name)


@dataclass
class FakeJudge:
    """Finds the good item of every criterion met, quoting the first reply, and the bad one not."""

    name: str = "fake-judge"
    gate: Gate | None = None
    errors: list[Exception] = field(default_factory=list)
    rubrics: list[Rubric] = field(default_factory=list)

    async def judge(self, rubric: Rubric, utterances: Sequence[Utterance], language: Language) -> Judgement:
        self.rubrics.append(rubric)
        note(ModelCall("judge", self.name, ok=not self.errors, seconds=2.0))
        if self.gate:
            await self.gate.pass_through()
        if self.errors:
            raise self.errors.pop(0)
        said = next((i, u.text) for i, u in enumerate(utterances) if u.role == "trainee")
        proof = (Evidence(message=said[0], quote=said[1]),)
        answers = []
        for item in rubric.items():
            met = item.endswith("_good")
            answers.append(
                ItemAnswer(
                    item=item, answer=Answer.MET if met else Answer.NOT_MET, evidence=proof if met else ()
                )
            )
        levels = tuple(AnchoredLevel(criterion=c.id, level=4, reason="Good.") for c in rubric.criteria)
        return Judgement(answers=tuple(answers), anchored=levels)

    async def judge_again(
        self,
        rubric: Rubric,
        utterances: Sequence[Utterance],
        language: Language,
        first: Judgement,
        items: Sequence[str],
    ) -> Judgement:
        raise AssertionError("every quote of this judge holds")


@dataclass
class FakeCoach:
    """Has one hint and one piece of advice."""

    name: str = "fake-coach"

    async def hint(self, conversation: Conversation) -> str:
        return "Name the problem."

    async def feedback(
        self,
        persona: Persona | None,
        language: Language,
        utterances: Sequence[Utterance],
        rubric: Rubric,
        scorecard: Scorecard,
    ) -> tuple[tuple[Feedback, ...], tuple[Praise, ...]]:
        said = utterances[1].text
        return (
            (Feedback(message=1, said=said, better="Better.", why="It is clearer."),),
            (Praise(message=1, quote=said, why="Clear."),),
        )


def a_cast(appraiser: FakeAppraiser | None = None, judge: FakeJudge | None = None) -> Cast:
    """A cast of fakes."""
    return Cast(appraiser or FakeAppraiser(), FakeCustomer(), judge or FakeJudge(), FakeCoach())
