"""A conversation: its turns, how it ends, and the stage direction under which the customer answers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from simcustomer.domain.affect import Affect, Effect, Reaction, first_affect
from simcustomer.domain.cues import UNSETTLING, Appraisal, Cue, CueKind, Frozen, Strength
from simcustomer.domain.persona import Band, Fact, Persona

MAX_REPLY_CHARS = 4000
"""Longest trainee reply that is taken, in characters: about two pages of chat, far above any real reply."""

RESOLVED_BELOW = 40.0
"""Tension under which a customer whose required needs are met lets it rest: calm or wary."""
LETS_REST = 0.3
"""Share (by weight) of the required needs that a calm customer lets rest: one of four or five. Without it, in 2 of 20
conversations on a language model a customer in the calm band held on for ten turns and then walked out."""


class Outcome(StrEnum):
    """How a conversation ended."""

    RESOLVED = "resolved"
    SUPERVISOR = "supervisor"
    LEFT = "left"
    BOUNDARY = "boundary"
    ABANDONED = "abandoned"
    TURN_LIMIT = "turn_limit"


class Mode(StrEnum):
    """Practice shows meter and hints; assessment shows neither and is judged three times."""

    PRACTICE = "practice"
    ASSESSMENT = "assessment"


class Utterance(Frozen):
    """What one party said. ``interrupts``: a trainee sent it before the customer's last message was there."""

    role: Literal["customer", "trainee"]
    text: str
    interrupts: bool = False


class Turn(Frozen):
    """One trainee reply and the customer's answer to it. ``index`` counts from 1."""

    index: int
    trainee: str
    customer: str
    appraisal: Appraisal
    effects: tuple[Effect, ...]
    affect: Affect
    outcome: Outcome | None = None
    spoken_by: str = ""
    discarded: tuple[str, ...] = ()


class Conversation(Frozen):
    """One trainee with one persona, from the opening to the outcome."""

    persona: Persona
    difficulty: int
    opening: str
    turns: tuple[Turn, ...] = ()
    abandoned: bool = False

    @property
    def start(self) -> Affect:
        """How the customer felt at the opening."""
        return first_affect(self.persona, self.difficulty)

    @property
    def affect(self) -> Affect:
        """How the customer feels now."""
        return self.turns[-1].affect if self.turns else self.start

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it is open."""
        if self.turns and self.turns[-1].outcome:
            return self.turns[-1].outcome
        return Outcome.ABANDONED if self.abandoned else None

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """All that was said, the opening first. Trainee reply n is at 2n-1, the answer to it at 2n."""
        said = [Utterance(role="customer", text=self.opening)]
        for turn in self.turns:
            early = CueKind.INTERRUPTS in turn.appraisal.kinds()
            said.append(Utterance(role="trainee", text=turn.trainee, interrupts=early))
            said.append(Utterance(role="customer", text=turn.customer))
        return tuple(said)

    def cut_after(self, index: int) -> Conversation:
        """The conversation as it stood after turn ``index`` (0: the opening only)."""
        return self.model_copy(update={"turns": self.turns[:index], "abandoned": False})


class Direction(Frozen):
    """The stage direction: all that the customer's player learns about how to answer."""

    band: Band
    trend: Literal["rising", "steady", "falling"]
    lead: str
    affect: Affect
    wants: str | None
    just_met: tuple[str, ...] = ()
    reacts_to: Effect | None = None
    cues: tuple[Cue, ...] = ()
    may_tell: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    outcome: Outcome | None = None


TOP = 100.0
"""The end of the scale of tension."""

DEAD_BAND = 2.0
"""Change in tension (points) that nobody would notice: less than one clear cue does to a customer with little trust."""


def effect_on(before: float, after: float) -> Literal["calms", "escalates", "neutral"]:
    """What a reply did to tension; neutral while the change stays inside the dead band."""
    change = after - before
    return "escalates" if change > DEAD_BAND else "calms" if change < -DEAD_BAND else "neutral"


_TRENDS: dict[str, Literal["rising", "steady", "falling"]] = {
    "escalates": "rising",
    "neutral": "steady",
    "calms": "falling",
}


def direction_for(conversation: Conversation, appraisal: Appraisal, reaction: Reaction) -> Direction:
    """The stage direction for the answer to a reply that was appraised and felt."""
    before, after = conversation.affect, reaction.affect
    known_before = {fact.id for fact in unlocked_facts(conversation.persona, _appraisals(conversation))}
    known_now = unlocked_facts(conversation.persona, [*_appraisals(conversation), appraisal])
    strongest = max(reaction.effects, key=lambda effect: abs(effect.delta), default=None)
    return Direction(
        band=after.band,
        trend=_trend(before, after, appraisal),
        lead=after.lead,
        affect=after,
        wants=next(
            (
                need.id
                for need in conversation.persona.needs
                if need.required and need.id not in after.needs_met
            ),
            None,
        ),
        just_met=tuple(need for need in after.needs_met if need not in before.needs_met),
        reacts_to=strongest,
        cues=appraisal.cues,
        may_tell=tuple(fact.id for fact in known_now if fact.id not in known_before),
        touched=tuple(touch.id for touch in appraisal.touched),
        outcome=outcome_after(conversation, appraisal, after),
    )


def _trend(before: Affect, after: Affect, appraisal: Appraisal) -> Literal["rising", "steady", "falling"]:
    """Which way it went. At the top of the scale harm has no room left to show, and still is no standstill."""
    if after.tension >= TOP and appraisal.kinds() & UNSETTLING:
        return "rising"
    return _TRENDS[effect_on(before.tension, after.tension)]


def outcome_after(conversation: Conversation, appraisal: Appraisal, after: Affect) -> Outcome | None:
    """How the conversation ends with this reply, or None when it goes on.

    ``after`` is the affect after the reply; ``conversation`` does not hold the reply yet.
    """
    persona, before = conversation.persona, conversation.affect
    if _settled(persona, after):
        return Outcome.RESOLVED
    plain = {cue.kind for cue in appraisal.cues if cue.strength is not Strength.WEAK}
    if CueKind.ENDS_CONVERSATION in plain:
        warned = CueKind.RESPECTFUL_BOUNDARY in before.landed
        return Outcome.BOUNDARY if persona.limits.abusive and warned else Outcome.ABANDONED
    if CueKind.WARM_HANDOVER in after.landed - before.landed:
        return Outcome.SUPERVISOR
    if after.patience <= 0:
        return Outcome(persona.limits.out_of_patience)
    if len(conversation.turns) + 1 >= persona.limits.max_turns:
        return Outcome.TURN_LIMIT
    return None


def _settled(persona: Persona, after: Affect) -> bool:
    """All required needs met and no longer upset; or calm, with little of them left open."""
    required = [need for need in persona.needs if need.required]
    unmet = sum(need.weight for need in required if need.id not in after.needs_met)
    if not unmet:
        return after.tension < RESOLVED_BELOW
    calm = after.band is Band.CALM and bool(after.needs_met)
    return calm and unmet <= LETS_REST * sum(need.weight for need in required)


def unlocked_facts(persona: Persona, appraisals: Sequence[Appraisal]) -> tuple[Fact, ...]:
    """The facts the customer may tell after these replies, in the persona's order.

    A mention unlocks every fact that it touches; a cue unlocks one further fact each turn, so that one open question
    does not bring out everything at once (people do not front-load, arXiv 2603.11245).
    """
    known = {fact.id for fact in persona.facts if fact.unlock is None}
    for appraisal in appraisals:
        known |= {touch.id for touch in appraisal.touched} & {fact.id for fact in persona.facts}
        kinds = appraisal.kinds()
        by_cue = (
            f.id for f in persona.facts if f.id not in known and f.unlock and kinds & set(f.unlock.cues)
        )
        known |= {next(by_cue, "")}
    return tuple(fact for fact in persona.facts if fact.id in known)


def simulated_csat(conversation: Conversation) -> int:
    """The customer's answer to the one survey question, 1 (very dissatisfied) to 5 (very satisfied), from state alone.

    Tension sets the base, trust shifts it by at most one, and the outcome bounds it: who left is not satisfied, and
    whose problem was solved is at least neutral.
    """
    affect = conversation.affect
    score = 5.0 - affect.tension / 20.0 + (affect.trust - 50.0) / 50.0
    low, high = _CSAT_BOUNDS[conversation.outcome or Outcome.ABANDONED]
    return max(low, min(high, round(score)))


_CSAT_BOUNDS: dict[Outcome, tuple[int, int]] = {
    Outcome.RESOLVED: (3, 5),
    Outcome.SUPERVISOR: (1, 4),
    Outcome.LEFT: (1, 2),
    Outcome.BOUNDARY: (1, 3),
    Outcome.ABANDONED: (1, 3),
    Outcome.TURN_LIMIT: (1, 3),
}


def _appraisals(conversation: Conversation) -> list[Appraisal]:
    return [turn.appraisal for turn in conversation.turns]
