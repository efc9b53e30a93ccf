"""What replies do to a customer: by the engine, and as if observed cues were simply added up."""

from __future__ import annotations

from typing import NamedTuple

from simcustomer.cast.parts import Appraiser
from simcustomer.domain.affect import SETTLES, STRENGTH_FACTOR, UNSETTLES, next_affect
from simcustomer.domain.conversation import RESOLVED_BELOW, Conversation, Outcome, Turn, outcome_after
from simcustomer.domain.cues import Appraisal, CueKind
from simcustomer.domain.persona import Persona
from simcustomer.evals.failures.content import Expected, Situation

FULL = 100.0
"""The top of the scale of tension."""


class Ending(NamedTuple):
    """Where the replies led, in words, and what of it was not to be."""

    what: str
    faults: tuple[str, ...]


async def felt(
    appraiser: Appraiser, conversation: Conversation, situation: Situation
) -> tuple[Ending, Ending]:
    """Where the replies lead without the engine's rules, and with them. Raises ``ModelError``.

    The replies after the one that ends the conversation are not read. Between them the customer asks what their first
    need asks, whatever was said.
    """
    persona, start = conversation.persona, conversation.affect.tension
    plain = start
    plain_outcome: Outcome | None = None
    for i, reply in enumerate(situation.replies):
        observed = await appraiser.appraise(persona, persona.language, conversation.utterances, reply)
        appraisal = observed.only_quoted_from(reply)
        if plain_outcome is None:
            plain = min(FULL, max(0.0, plain + added_up(appraisal, persona)))
            plain_outcome = _plain_outcome(plain, appraisal)
        asks = persona.needs[0].asks
        conversation = _answered(conversation, reply, appraisal, asks[i % len(asks)])
        if conversation.outcome:
            break
    expected = situation.expects or Expected()
    return (
        _ending(start, plain, plain_outcome, expected),
        _ending(start, conversation.affect.tension, conversation.outcome, expected),
    )


def added_up(appraisal: Appraisal, persona: Persona) -> float:
    """Change in tension, points, when every cue counts in full, each time: no bound, no floor, no trust, no harm first."""
    weights = persona.temperament.weights
    w = (weights.anger, weights.anxiety, weights.confusion)
    total = 0.0
    for cue in appraisal.cues:
        sign, table = (-1.0, SETTLES) if cue.kind in SETTLES else (1.0, UNSETTLES)
        points = table.get(cue.kind, (0.0, 0.0, 0.0))
        worth = sum(wi * p for wi, p in zip(w, points, strict=True)) / sum(w)
        total += sign * STRENGTH_FACTOR[cue.strength] * worth
    return total


def _plain_outcome(tension: float, appraisal: Appraisal) -> Outcome | None:
    """How it ends where nobody's patience is counted and needs do not matter."""
    kinds = appraisal.kinds()
    if tension < RESOLVED_BELOW:
        return Outcome.RESOLVED
    if CueKind.ENDS_CONVERSATION in kinds:
        return Outcome.ABANDONED
    return Outcome.SUPERVISOR if CueKind.WARM_HANDOVER in kinds else None


def _answered(conversation: Conversation, reply: str, appraisal: Appraisal, answer: str) -> Conversation:
    reaction = next_affect(conversation.affect, appraisal, conversation.persona, conversation.difficulty)
    turn = Turn(
        index=len(conversation.turns) + 1,
        trainee=reply,
        customer=answer,
        appraisal=appraisal,
        effects=reaction.effects,
        affect=reaction.affect,
        outcome=outcome_after(conversation, appraisal, reaction.affect),
    )
    return conversation.model_copy(update={"turns": (*conversation.turns, turn)})


def _ending(start: float, tension: float, outcome: Outcome | None, expected: Expected) -> Ending:
    faults = []
    if expected.outcome and outcome not in expected.outcome:
        faults.append(f"is {_named(outcome)}, not {' or '.join(expected.outcome)}")
    if not expected.outcome and outcome:
        faults.append(f"ended: {outcome}")
    if expected.tension_at_least is not None and tension < expected.tension_at_least:
        faults.append(f"tension {tension:.0f}, not {expected.tension_at_least:.0f} or more")
    if expected.falls_at_most is not None and start - tension > expected.falls_at_most:
        faults.append(f"tension fell by {start - tension:.0f}, not {expected.falls_at_most:.0f} at most")
    return Ending(f"tension {start:.0f} to {tension:.0f}, {_named(outcome)}", tuple(faults))


def _named(outcome: Outcome | None) -> str:
    return outcome.value if outcome else "open"
