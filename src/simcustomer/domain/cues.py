"""What a trainee reply did: cues, each with the words that show it.

Words do not decide, use does: the same word can settle or unsettle. Which cue a passage carries is observed by an
appraiser (a model or the built-in lexicon); what a cue does to the customer is decided in ``affect.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from simcustomer.domain.text import contains_quote


class Frozen(BaseModel):
    """A value: never changed after it was made, and no field beyond those declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CueKind(StrEnum):
    """One observable behaviour in a trainee reply."""

    # settling
    ACKNOWLEDGES_FEELING = "acknowledges_feeling"
    NAMES_THE_ISSUE = "names_the_issue"
    SINCERE_APOLOGY = "sincere_apology"
    OPEN_QUESTION = "open_question"
    PLAIN_EXPLANATION = "plain_explanation"
    OWNERSHIP = "ownership"
    CONCRETE_NEXT_STEP = "concrete_next_step"
    TIME_COMMITMENT = "time_commitment"
    OFFERS_CHOICE = "offers_choice"
    KEY_REASSURANCE = "key_reassurance"
    PROTECTIVE_ACTION = "protective_action"
    CHECKS_UNDERSTANDING = "checks_understanding"
    RESPECTFUL_BOUNDARY = "respectful_boundary"
    WARM_HANDOVER = "warm_handover"
    # unsettling
    BLAMES = "blames"
    DISMISSES_OR_MINIMISES = "dismisses_or_minimises"
    TELLS_TO_CALM_DOWN = "tells_to_calm_down"
    REFUSAL_WITHOUT_ALTERNATIVE = "refusal_without_alternative"
    POLICY_WALL = "policy_wall"
    JARGON = "jargon"
    PASSES_THE_BUCK = "passes_the_buck"
    PREMATURE_SOLUTION = "premature_solution"
    ASKS_TO_REPEAT = "asks_to_repeat"
    HOLLOW_EMPATHY = "hollow_empathy"
    COLD_SCRIPT = "cold_script"
    FALSE_CHEER = "false_cheer"
    SARCASM_OR_HOSTILITY = "sarcasm_or_hostility"
    OVERPROMISE = "overpromise"
    CONTRADICTS_ITSELF = "contradicts_itself"
    IGNORES_QUESTION = "ignores_question"
    THREATENS_TO_END = "threatens_to_end"
    INTERRUPTS = "interrupts"
    TALKS_TO_THE_SIMULATOR = "talks_to_the_simulator"
    # neither
    INFORMATION_REQUEST = "information_request"
    HOLDING_STATEMENT = "holding_statement"
    SMALL_TALK = "small_talk"
    ENDS_CONVERSATION = "ends_conversation"


SETTLING = frozenset(list(CueKind)[: list(CueKind).index(CueKind.BLAMES)])
NEUTRAL = frozenset(
    {CueKind.INFORMATION_REQUEST, CueKind.HOLDING_STATEMENT, CueKind.SMALL_TALK, CueKind.ENDS_CONVERSATION}
)
UNSETTLING = frozenset(CueKind) - SETTLING - NEUTRAL
OBSERVED_BY_CODE = frozenset({CueKind.INTERRUPTS})
"""Kinds that no appraiser reports, because they do not stand in the words of a reply but in when it was sent."""


class Strength(StrEnum):
    """How plainly the behaviour shows."""

    WEAK = "weak"
    CLEAR = "clear"
    STRONG = "strong"


class Cue(Frozen):
    """One behaviour, with the exact words of the reply that show it."""

    kind: CueKind
    strength: Strength = Strength.CLEAR
    quote: str = Field(min_length=1)


class Touch(Frozen):
    """The reply touched something of this persona: a fact, a trigger or a need's own mention, by its id."""

    id: str
    quote: str = Field(min_length=1)


class Appraisal(Frozen):
    """All that was observed in one reply."""

    cues: tuple[Cue, ...] = ()
    touched: tuple[Touch, ...] = ()

    def kinds(self) -> frozenset[CueKind]:
        """The kinds of all cues, each once."""
        return frozenset(cue.kind for cue in self.cues)

    def with_cue(self, cue: Cue) -> Appraisal:
        """The same with one more cue."""
        return self.model_copy(update={"cues": (*self.cues, cue)})

    def only_quoted_from(self, reply: str) -> Appraisal:
        """The same without any cue or touch whose quote does not stand in ``reply``."""
        return Appraisal(
            cues=_quoted(self.cues, reply),
            touched=tuple(touch for touch in self.touched if contains_quote(reply, touch.quote)),
        )


def _quoted(cues: Iterable[Cue], reply: str) -> tuple[Cue, ...]:
    return tuple(cue for cue in cues if contains_quote(reply, cue.quote))
