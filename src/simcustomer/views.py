"""The JSON view of turns, affect and scorecards: one shape for the terminal and for the web.

What a trainee may not see yet never enters a view: while a conversation is open the needs are left out, and in an
assessment the feelings too. Stage directions, hidden facts, discarded lines and the ids of triggers are in no view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simcustomer.domain.affect import Affect, Effect
from simcustomer.domain.conversation import Turn
from simcustomer.domain.cues import Cue
from simcustomer.domain.rubric import Scorecard

View = dict[str, Any]

DECIMALS = 3
"""Digits after the point: enough that the rounded effects of a turn still add up to the change in tension."""


def affect_view(affect: Affect) -> View:
    """The customer's feelings, 0-100 each, and the band of the tension."""
    feelings = ("tension", "trust", "patience", "anger", "anxiety", "confusion")
    return {name: round(float(getattr(affect, name)), DECIMALS) for name in feelings} | {
        "band": affect.band.value
    }


def turn_view(turn: Turn, before: Affect, *, open: bool, withheld: bool = False) -> View:  # noqa: A002
    """One turn: what was said, what the reply did, how the customer feels after it.

    ``before`` is the affect that the reply met; ``change`` is the step in tension. With ``open`` (the conversation
    has not ended) the needs are left out. With ``withheld`` (an assessment that is open) ``cues``, ``effects``,
    ``affect`` and ``change`` are None: not shown yet is not the same as none.
    """
    view: View = {
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


def turns_view(turns: Sequence[Turn], start: Affect, *, open: bool, withheld: bool = False) -> list[View]:  # noqa: A002
    """All turns in order, each against the affect before it; ``start`` is the affect at the opening."""
    before = [start, *(turn.affect for turn in turns)]
    return [turn_view(turn, before[i], open=open, withheld=withheld) for i, turn in enumerate(turns)]


def cue_view(cue: Cue) -> View:
    """One behaviour with its strength and the words that show it."""
    return {"kind": cue.kind.value, "strength": cue.strength.value, "quote": cue.quote}


def effect_view(effect: Effect) -> View:
    """What one cue did to tension, in signed points."""
    return {"cue": effect.cue, "quote": effect.quote, "delta": round(effect.delta, DECIMALS)}


def scorecard_view(scorecard: Scorecard) -> View:
    """A scorecard as plain JSON values; a level or score that could not be measured is None."""
    return scorecard.model_dump(mode="json") | {"flagged": list(scorecard.flagged)}
