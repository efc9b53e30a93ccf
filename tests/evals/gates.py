"""A persona, a ladder and players under which every check of the gate can be made to fail by itself.

The replies name the cues that they show, so that the arithmetic alone decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from simcustomer.cast.parts import Cast, Spoken
from simcustomer.domain.conversation import Conversation, Direction, Utterance
from simcustomer.domain.cues import Appraisal, Cue, CueKind, Touch
from simcustomer.domain.persona import Language, Persona
from simcustomer.evals.suite import Ladder
from tests.fakes import FakeCoach, FakeJudge

HEARD = "acknowledges_feeling names_the_issue sincere_apology"
STEP = "concrete_next_step time_commitment"
SCRIPTS: dict[str, list[list[str]]] = {
    "expert": [
        [HEARD, "ownership open_question", STEP, "plain_explanation offers_choice", "checks_understanding"],
        [HEARD, "ownership", STEP, "plain_explanation checks_understanding offers_choice"],
    ],
    "competent": [
        ["names_the_issue", "sincere_apology", "plain_explanation"],
        ["names_the_issue", "ownership"],
    ],
    "solution_only": [["concrete_next_step", "plain_explanation"], ["concrete_next_step"]],
    "hollow_empathy": [["hollow_empathy"] * 3, ["hollow_empathy"] * 2],
    "dismissive": [["dismisses_or_minimises"] * 4, ["policy_wall"] * 4],
    "hostile": [["sarcasm_or_hostility", "blames"], ["blames", "ends_conversation"]],
    "keyword_stuffer": [["cold_script", "hollow_empathy"], ["cold_script"] * 2],
    "injector": [["talks_to_the_simulator"] * 5, ["talks_to_the_simulator cold_script"] * 4],
}
LADDER = Ladder.model_validate(SCRIPTS)


def a_ladder(**scripts: list[list[str]]) -> Ladder:
    """The ladder with some skills' scripts changed."""
    return Ladder.model_validate(SCRIPTS | scripts)


@dataclass
class CueAppraiser:
    """Sees the cues that a reply names, each word its own quote, and triggers that they mention.

    Fails from the ``fails_at``-th reply on.
    """

    name: str = "cue-appraiser"
    reads_as: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    fails_at: int = 0
    heard: int = 0

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        self.heard += 1
        if self.error and self.heard >= self.fails_at:
            raise self.error
        words = reply.split()
        touched = [
            Touch(id=trigger.id, quote=phrase)
            for trigger in (persona.triggers if persona else ())
            for phrase in trigger.mentions
            if phrase in words
        ]
        cues = (Cue(kind=CueKind(self.reads_as.get(word, word)), quote=word) for word in words)
        return Appraisal(cues=tuple(cues), touched=tuple(touched))


@dataclass
class NumberedCustomer:
    """Says a line of its own for each turn, or always ``line``."""

    name: str = "numbered-customer"
    line: str = ""

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:
        return Spoken(self.line or f"Answer {len(conversation.turns) + 1}, and where is it?", by=self.name)

    async def answer_survey(self, conversation: Conversation, csat: int) -> Spoken:
        raise AssertionError("a gate asks for no survey")


def gate_cast(appraiser: CueAppraiser | None = None, customer: NumberedCustomer | None = None) -> Cast:
    """The players of a gate."""
    return Cast(appraiser or CueAppraiser(), customer or NumberedCustomer(), FakeJudge(), FakeCoach())
