"""What one customer may say at one point of a conversation: authored lines not used yet, facts not told yet.

The same point of the same conversation always yields the same line. What the persona's author wrote comes first; the
generic lines of the language fill the gaps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from simcustomer.cast.builtin.lines import CustomerLines, Heat, addressed, lines_of
from simcustomer.domain.conversation import Conversation, Direction, unlocked_facts
from simcustomer.domain.cues import CueKind
from simcustomer.domain.persona import Band, Fact, Persona
from simcustomer.domain.text import fold, mentions

_COOL = (Band.CALM, Band.WARY)


@dataclass(frozen=True)
class Repertoire:
    """The lines that are left for the answer to ``reply``. A line is "" when a pool has none left."""

    conversation: Conversation
    reply: str
    direction: Direction

    @property
    def persona(self) -> Persona:
        """Who speaks."""
        return self.conversation.persona

    @cached_property
    def bank(self) -> CustomerLines:
        """The generic lines of the persona's language."""
        return lines_of(self.persona.language).customer

    @property
    def hot(self) -> bool:
        """Is the customer frustrated or worse?"""
        return self.direction.band not in _COOL

    def tone(self, heat: Heat) -> tuple[str, ...]:
        """The lines for how hot the customer is now."""
        return heat.hot if self.hot else heat.cool

    def own(self, kind: CueKind) -> tuple[str, ...]:
        """The persona's own reactions to a kind of cue."""
        return self.persona.voice.reactions.get(kind, ())

    # --- picking ---------------------------------------------------------------------------------------------------

    def pick(self, *pools: Iterable[str], slot: str) -> str:
        """A line of the first pool that still has one that may be said. ``slot`` names the purpose."""
        for i, pool in enumerate(pools):
            if left := [line for line in self.worded(pool) if self._may_say(line)]:
                return chosen(left, self.conversation, self.reply, f"{slot}{i}")
        return ""

    def worded(self, pool: Iterable[str]) -> Iterator[str]:
        """The lines in the persona's form of address."""
        return (addressed(line, self.persona.voice.address) for line in pool)

    def coin(self, slot: str) -> bool:
        """Heads or tails, always the same at the same point."""
        return number(self.conversation, self.reply, slot) % 2 == 0

    def _may_say(self, line: str) -> bool:
        if len(line.split()) > self.persona.limits.max_words or fold(line) in self._said:
            return False
        return not any(mentions(line, word) for word in self._unspeakable)

    @cached_property
    def _said(self) -> str:
        return fold(" ".join(u.text for u in self.conversation.utterances if u.role == "customer"))

    @cached_property
    def _unspeakable(self) -> tuple[str, ...]:
        """Words that this person never uses, and words that would give a locked fact away."""
        known = {fact.id for fact in self._unlocked}
        locked = [word for fact in self.persona.facts if fact.id not in known for word in fact.keywords]
        return (*self.persona.limits.sensitive, *locked)

    # --- facts -----------------------------------------------------------------------------------------------------

    def just_unlocked(self) -> str:
        """A fact that this very reply brought out."""
        facts = [fact for fact in self._unlocked if fact.id in self.direction.may_tell]
        return self.pick(*(fact.says for fact in facts), slot="fact")

    def asked_for(self, questions: str) -> Sequence[Fact]:
        """The facts that may be told and that these questions ask for."""
        return [
            fact
            for fact in self._unlocked
            if fact.unlock and any(mentions(questions, phrase) for phrase in fact.unlock.mentions)
        ]

    def untold(self, facts: Sequence[Fact] | None = None) -> str:
        """A fact (of ``facts``, else of all) that may be told and has not been, in any of its wordings."""
        facts = self._unlocked if facts is None else facts
        fresh = [fact for fact in facts if not any(fold(line) in self._said for line in fact.says)]
        return self.pick(*(fact.says for fact in fresh), slot="untold")

    @cached_property
    def _unlocked(self) -> tuple[Fact, ...]:
        earlier = unlocked_facts(self.persona, [turn.appraisal for turn in self.conversation.turns])
        known = {fact.id for fact in earlier} | set(self.direction.may_tell)
        return tuple(fact for fact in self.persona.facts if fact.id in known)


def chosen(options: Sequence[str], conversation: Conversation, reply: str, slot: str) -> str:
    """One of the options, always the same one at the same point of the same conversation."""
    return options[number(conversation, reply, slot) % len(options)]


def number(conversation: Conversation, reply: str, slot: str) -> int:
    """A number that depends on nothing but the persona, what was said and the purpose: choice without chance."""
    persona = conversation.persona
    content = [persona.id, persona.language, *(u.text for u in conversation.utterances), reply, slot]
    return int.from_bytes(hashlib.sha256("\0".join(content).encode()).digest()[:8])
