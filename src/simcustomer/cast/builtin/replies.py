"""The trainee's messages as a coach reads them afterwards: what each did, and what was still needed when it came."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from simcustomer.domain.affect import (
    DEFAULT_DIFFICULTY,
    SETTLES,
    STRENGTH_FACTOR,
    TOUCH_POINTS,
    UNSETTLES,
    Affect,
    Effect,
    first_affect,
    next_affect,
)
from simcustomer.domain.bursts import interruption
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import NEUTRAL, SETTLING, UNSETTLING, Appraisal, CueKind
from simcustomer.domain.persona import Need, Persona


@dataclass(frozen=True)
class Reply:
    """One trainee message: what it did, and what the customer was waiting for when it came.

    ``before`` is how the customer felt when it came, for a known persona.
    """

    message: int
    text: str
    appraisal: Appraisal
    effects: tuple[Effect, ...]
    open_needs: tuple[Need, ...]
    landed: frozenset[CueKind]
    before: Affect | None = None

    @property
    def harm(self) -> float:
        """Points of harm: about what it would add to the tension of somebody halfway up."""
        return sum(effect.delta for effect in self.effects if effect.delta > 0)

    @property
    def relief(self) -> float:
        """Points of relief, in the same measure."""
        return -sum(effect.delta for effect in self.effects if effect.delta < 0)

    @property
    def worst(self) -> Effect | None:
        """What added most."""
        return max((e for e in self.effects if e.delta > 0), key=lambda e: e.delta, default=None)

    @property
    def worst_kind(self) -> CueKind | None:
        """The same as a cue kind; None when nothing hurt, or only a sore point of this persona."""
        return worst_kind(self.effects)

    @property
    def only_names(self) -> bool:
        """Does it name the matter and do nothing else with it? A bare statement of the case is no achievement."""
        return self.appraisal.kinds() & SETTLING == {CueKind.NAMES_THE_ISSUE}

    @property
    def only_holds(self) -> bool:
        """Does it do nothing but ask for a moment, or the like?"""
        kinds = self.appraisal.kinds()
        return bool(kinds) and kinds <= NEUTRAL


def replayed(
    persona: Persona | None, utterances: Sequence[Utterance], appraisals: dict[int, Appraisal]
) -> Iterator[Reply]:
    """The trainee's messages with what each did, and, for a known persona, what was still needed when it came."""
    affect = first_affect(persona, DEFAULT_DIFFICULTY) if persona else None
    landed: frozenset[CueKind] = frozenset()
    for i, in_words in appraisals.items():
        text = utterances[i].text
        seen = in_words.with_cue(interruption(text)) if utterances[i].interrupts else in_words
        if persona and affect:
            needs = tuple(need for need in persona.needs if need.id not in affect.needs_met)
            reaction = next_affect(affect, seen, persona, DEFAULT_DIFFICULTY)
            effects = usual_effects(seen, {effect.cue for effect in reaction.effects})
            effects += _touched_effects(seen, persona)
            yield Reply(i, text, seen, effects, needs, affect.landed, affect)
            affect = reaction.affect
        else:
            yield Reply(i, text, seen, usual_effects(seen), (), landed)
            landed |= seen.kinds() & SETTLING


def usual_effects(appraisal: Appraisal, felt: Container[str] | None = None) -> tuple[Effect, ...]:
    """What each cue would do by itself to somebody equally angry, anxious and confused.

    Not what it did to tension: at the top nothing can raise that any more, and the reply was no better for it.
    ``felt`` leaves out the cues that this customer took no notice of.
    """
    effects = []
    for cue in appraisal.cues:
        sign, table = (1, UNSETTLES) if cue.kind in UNSETTLES else (-1, SETTLES)
        if cue.kind in table and (felt is None or cue.kind in felt):
            points = sum(table[cue.kind]) / 3 * STRENGTH_FACTOR[cue.strength]
            effects.append(Effect(cue=cue.kind, quote=cue.quote, delta=sign * points))
    return tuple(effects)


def _touched_effects(appraisal: Appraisal, persona: Persona) -> tuple[Effect, ...]:
    sore = {trigger.id for trigger in persona.triggers if trigger.effect == "upsets"}
    touches = (touch for touch in appraisal.touched if touch.id in sore)
    return tuple(Effect(cue="sore_point", quote=touch.quote, delta=TOUCH_POINTS) for touch in touches)


def worst_kind(effects: Sequence[Effect]) -> CueKind | None:
    """The kind of cue that hurt most, if any did."""
    hurt = [effect for effect in effects if effect.delta > 0 and effect.cue in UNSETTLING]
    return CueKind(max(hurt, key=lambda effect: effect.delta).cue) if hurt else None
