"""The JSON view of turns, affect and scorecards: one shape for the terminal and for the web.

What a trainee may not see yet never enters a view: while a conversation is open the needs are left out, and in an
assessment the feelings too. Stage directions, hidden facts, discarded lines and the ids of triggers are in no view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired

from typing_extensions import TypedDict

from simcustomer.domain.affect import Affect, Effect
from simcustomer.domain.conversation import Turn
from simcustomer.domain.cues import Cue
from simcustomer.domain.rubric import Scorecard

View = dict[str, Any]
"""A scorecard as plain values; its shape is that of ``domain.rubric.Scorecard``."""


class AffectView(TypedDict):
    """The customer's feelings, 0-100 each, and the band of the tension (calm to furious)."""

    tension: float
    trust: float
    patience: float
    anger: float
    anxiety: float
    confusion: float
    band: str


class CueView(TypedDict):
    """One behaviour of a reply, its strength, and the words that show it."""

    kind: str
    strength: str
    quote: str


class EffectView(TypedDict):
    """What one cue did to tension, in signed points."""

    cue: str
    quote: str
    delta: float


class TurnView(TypedDict):
    """One reply and its answer. What may not be seen yet is null; needs are there only after the end."""

    index: int
    trainee: str
    customer: str
    cues: list[CueView] | None
    effects: list[EffectView] | None
    affect: AffectView | None
    change: float | None
    outcome: str | None
    spoken_by: str
    needs_met: NotRequired[list[str]]


DECIMALS = 3
"""Digits after the point: enough that the rounded effects of a turn still add up to the change in tension."""


def affect_view(affect: Affect) -> AffectView:
    """The customer's feelings, rounded, and the band of the tension."""
    return {
        "tension": round(affect.tension, DECIMALS),
        "trust": round(affect.trust, DECIMALS),
        "patience": round(affect.patience, DECIMALS),
        "anger": round(affect.anger, DECIMALS),
        "anxiety": round(affect.anxiety, DECIMALS),
        "confusion": round(affect.confusion, DECIMALS),
        "band": affect.band.value,
    }


def turn_view(turn: Turn, before: Affect, *, open: bool, withheld: bool = False) -> TurnView:  # noqa: A002
    """One turn: what was said, what the reply did, how the customer feels after it.

    ``before`` is the affect that the reply met; ``change`` is the step in tension. With ``open`` (the conversation
    has not ended) the needs are left out. With ``withheld`` (an assessment that is open) ``cues``, ``effects``,
    ``affect`` and ``change`` are None: not shown yet is not the same as none.
    """
    view: TurnView = {
        "index": turn.index,
        "trainee": turn.trainee,
        "customer": turn.customer,
        "cues": None if withheld else [cue_view(cue) for cue in turn.appraisal.cues],
        "effects": None if withheld else [effect_view(effect) for effect in turn.effects],
        "affect": None if withheld else affect_view(turn.affect),
        "change": None if withheld else round(turn.affect.tension - before.tension, DECIMALS),
        "outcome": turn.outcome.value if turn.outcome else None,
        "spoken_by": turn.spoken_by,
    }
    if not open:
        view["needs_met"] = list(turn.affect.needs_met)
    return view


def turns_view(turns: Sequence[Turn], start: Affect, *, open: bool, withheld: bool = False) -> list[TurnView]:  # noqa: A002
    """All turns in order, each against the affect before it; ``start`` is the affect at the opening."""
    before = [start, *(turn.affect for turn in turns)]
    return [turn_view(turn, before[i], open=open, withheld=withheld) for i, turn in enumerate(turns)]


def cue_view(cue: Cue) -> CueView:
    """One behaviour with its strength and the words that show it."""
    return {"kind": cue.kind.value, "strength": cue.strength.value, "quote": cue.quote}


def effect_view(effect: Effect) -> EffectView:
    """What one cue did to tension, in signed points."""
    return {"cue": effect.cue, "quote": effect.quote, "delta": round(effect.delta, DECIMALS)}


def scorecard_view(scorecard: Scorecard) -> View:
    """A scorecard as plain JSON values; a level or score that could not be measured is None."""
    return scorecard.model_dump(mode="json") | {"flagged": list(scorecard.flagged)}
