"""The customer's reaction to what a reply did: to the thing it named, the time it gave, the sore spot it touched.

A line that takes something for granted (an explanation, a choice, a promise) is only said when the reply plainly did
that. When nothing fits, nothing is said: the rest of the answer stands without it.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from simcustomer.cast.builtin.answering import Answering
from simcustomer.cast.builtin.lines import CustomerLines, notices
from simcustomer.cast.builtin.named import name_in, sum_in
from simcustomer.cast.builtin.repertoire import Repertoire, holding
from simcustomer.domain.cues import SETTLING, UNSETTLING, CueKind, Strength
from simcustomer.domain.persona import Need
from simcustomer.domain.text import fold

PLATEAU_POINTS = 0.5
"""Points of tension under which a kind word has moved nothing: the customer is at the floor under words."""
PLATEAU_TIMES = 3
"""From this many times on, the same sort of kind word is noticed as such."""
BLANK_WORDS = 3
"""A message of at most so many words that did nothing is no answer ("ok.", "I see")."""
HOLDING_WORDS = 25
"""A longer message that happens to say "hold on" does more than ask to wait."""
BIG_STEP = 3.0
"""Points of tension from which what a message did matters more to the customer than what it asked."""

_SAFETY = frozenset({CueKind.PROTECTIVE_ACTION, CueKind.KEY_REASSURANCE})
_KIND_WORDS = frozenset({CueKind.ACKNOWLEDGES_FEELING, CueKind.SINCERE_APOLOGY, CueKind.NAMES_THE_ISSUE})


@dataclass(frozen=True)
class Reacting:
    """The reaction to one reply."""

    lines: Repertoire
    answering: Answering

    @property
    def bank(self) -> CustomerLines:
        """The generic lines."""
        return self.lines.bank

    def reaction(self) -> str:
        """The reaction, or "" when nothing that was done calls for one."""
        if self._is_repeated():
            return self.lines.pick(self.bank.same_message, slot="same")
        if special := self._touched() or self._small_answer():
            return special
        kinds = self.lines.done
        if kinds and kinds[0] in UNSETTLING:
            return self._upset(kinds[0])
        if self.lines.rising:
            return ""
        if self._has_worn_off():
            return self.lines.pick(self.bank.plateau, slot="plateau")
        return self._eased()

    def waits(self, reaction: str) -> bool:
        """Is this the agreement to wait, which stands alone?"""
        return bool(reaction) and reaction in set(self.lines.worded(self._waiting()))

    def _waiting(self) -> tuple[str, ...]:
        return (*self.lines.own(CueKind.HOLDING_STATEMENT), *self.lines.tone(self.bank.waiting))

    def _is_repeated(self) -> bool:
        return any(fold(turn.trainee) == fold(self.lines.reply) for turn in self.lines.conversation.turns)

    def _touched(self) -> str:
        """The reaction to a sore or soft spot, unless it goes against the trend; to a soft one the first time only."""
        against = {"rising": "calms", "falling": "upsets"}.get(self.lines.direction.trend)
        before = self.lines.conversation.affect.touched
        spots = [
            trigger
            for trigger in self.lines.persona.triggers
            if trigger.id in self.lines.direction.touched
            and trigger.effect != against
            and (trigger.effect == "upsets" or trigger.id not in before)
        ]
        if not spots:
            return ""
        named = self._taken_up(UNSETTLING, [self.lines.reply]) if spots[0].effect == "upsets" else ()
        return self.lines.pick(*named, *(trigger.says for trigger in spots), slot="touched")

    @cached_property
    def is_sore(self) -> bool:
        """Has the reply touched a sore point, which the reaction answers?"""
        sore = {trigger.id for trigger in self.lines.persona.triggers if trigger.effect == "upsets"}
        return self.lines.rising and bool(sore & set(self.lines.direction.touched))

    def _small_answer(self) -> str:
        """The answer to a message that asks to wait, or that says nothing, if it did little else."""
        direction = self.lines.direction
        effect = direction.reacts_to
        if self.lines.rising or direction.just_met or (effect and abs(effect.delta) >= BIG_STEP):
            return ""
        words = len(self.lines.reply.split())
        if words <= HOLDING_WORDS and notices(self.lines.reply, self.bank.notices.holding):
            return self.lines.pick(
                self.lines.own(CueKind.HOLDING_STATEMENT),
                self.lines.tone(self.bank.waiting),
                slot="waiting",
            )
        if effect is None and words <= BLANK_WORDS and "?" not in self.lines.reply:
            return self.lines.pick(self.bank.blank, slot="blank")
        return ""

    # --- what unsettled --------------------------------------------------------------------------------------------

    def _upset(self, kind: CueKind) -> str:
        effect = self.lines.direction.reacts_to
        said = [effect.quote, *holding([effect.quote], self.lines.reply)] if effect else []
        if kind is CueKind.DISMISSES_OR_MINIMISES and self._is_told_to_calm_down():
            kind = CueKind.TELLS_TO_CALM_DOWN
        if kind is CueKind.CONTRADICTS_ITSELF and (when := self._time_broken()):
            return self.lines.pick_with(when, self.bank.promise_broken, slot="broken")
        return self.lines.pick(
            *self._taken_up({kind}, said),
            self.lines.own(kind),
            self.bank.upset_by.get(kind, ()),
            slot="upset",
        )

    def _is_told_to_calm_down(self) -> bool:
        """Is it plainly an order to calm down? People answer that, also where it makes light of their trouble."""
        told = CueKind.TELLS_TO_CALM_DOWN
        return any(
            cue.kind is told and cue.strength is not Strength.WEAK for cue in self.lines.direction.cues
        )

    def _time_broken(self) -> str:
        """The time that was promised and that this reply may have taken back."""
        before = self.lines.conversation.affect.landed
        return self.lines.time_before if CueKind.TIME_COMMITMENT in before else ""

    # --- what settled ----------------------------------------------------------------------------------------------

    def _has_worn_off(self) -> bool:
        """Is it one more kind word, with nothing beside it, that moves nothing any more?"""
        effect, direction = self.lines.direction.reacts_to, self.lines.direction
        if direction.just_met or not self.lines.done or not set(self.lines.done) <= _KIND_WORDS:
            return False
        times = max(direction.affect.seen.get(kind, 0) for kind in self.lines.done)
        stuck = effect is not None and abs(effect.delta) < PLATEAU_POINTS and times > 1
        return self.lines.direction.wants is not None and (stuck or times >= PLATEAU_TIMES)

    def _eased(self) -> str:
        """The reaction to what settled and was plainly done: to a thing that was named, else to the kind of help."""
        kinds = [kind for kind in self._by_weight() if self._may_be_taken_up(kind)]
        if CueKind.RESPECTFUL_BOUNDARY in kinds:
            kinds = [CueKind.RESPECTFUL_BOUNDARY]
        named = (self._taken_up_now(kind) for kind in kinds if kind is not CueKind.OFFERS_CHOICE)
        return next((line for line in (*named, *map(self._to_kind, kinds)) if line), "")

    def _to_kind(self, kind: CueKind) -> str:
        if line := self._named(kind):
            return line
        relieved = [
            line for need in self._just_met() if _meets(need, kind) for line in self.bank.relieved[need.kind]
        ]
        eased = self.lines.tone(self.bank.eased_by[kind])
        return self.lines.pick(self.lines.own(kind), relieved, eased, slot="eased")

    def _may_be_taken_up(self, kind: CueKind) -> bool:
        if kind is CueKind.OFFERS_CHOICE:
            return self.answering.is_choice
        if kind is CueKind.OPEN_QUESTION:
            return bool(self.answering.story) and not self.answering.known
        if kind is CueKind.CHECKS_UNDERSTANDING:
            return bool(self.answering.last) and not self.answering.consent
        return self.lines.does(kind)

    def _taken_up_now(self, kind: CueKind) -> str:
        return self.lines.pick(*self._taken_up({kind}, self.lines.doing(kind)), slot="taken up")

    def _taken_up(self, kinds: Set[CueKind], said: Sequence[str]) -> list[tuple[str, ...]]:
        """The persona's lines for a thing that these sentences name with such a cue, the most fully named first."""
        found = [
            (sum(any(notices(s, [name]) for s in said) for name in one.names), one.says)
            for one in self.lines.persona.voice.takes_up
            if kinds & set(one.cues)
        ]
        return [says for n, says in sorted(found, key=lambda pair: -pair[0]) if n]

    def _by_weight(self) -> list[CueKind]:
        """What settled: what met a need first, in the persona's order; then safety, a time given, and by effect."""
        needs = sorted(self._just_met(), key=self.lines.persona.needs.index)

        def weight(kind: CueKind) -> tuple[int, int]:
            met = next((i for i, need in enumerate(needs) if _meets(need, kind)), len(needs))
            timed = kind is CueKind.TIME_COMMITMENT and bool(self.lines.time_given)
            return met, 0 if kind in _SAFETY else 1 if timed else 2

        return sorted((kind for kind in self.lines.done if kind in SETTLING), key=weight)

    def _named(self, kind: CueKind) -> str:
        """A line that says back what the reply named: the time it gave, a sum, the trainee's name."""
        language = self.lines.persona.language
        match kind:
            case CueKind.TIME_COMMITMENT:
                return self._with(self.lines.time_given, "when")
            case CueKind.OWNERSHIP:
                return self._with(name_in(self.lines.reply, language), "name")
            case CueKind.KEY_REASSURANCE | CueKind.CONCRETE_NEXT_STEP:
                return self._with(sum_in("\n".join(self.lines.doing(kind)), language), "sum")
        return ""

    def _with(self, words: str, slot: str) -> str:
        return self.lines.pick_with(words, self.lines.tone(self.bank.named[slot]), slot=f"named {slot}")

    def _just_met(self) -> list[Need]:
        return [self.lines.persona.need(need) for need in self.lines.direction.just_met]


def _meets(need: Need, kind: CueKind) -> bool:
    return any(kind in group for group in need.met_by)
