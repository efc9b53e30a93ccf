"""What one customer may say at one point of a conversation: authored lines not used yet, facts not told yet.

The same point of the same conversation always yields the same line. What the persona's author wrote comes first; the
generic lines of the language fill the gaps.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from simcustomer.cast.builtin.lines import CustomerLines, Heat, addressed, lines_of, notices
from simcustomer.cast.builtin.named import name_in, statements, time_in
from simcustomer.domain.conversation import Conversation, Direction, unlocked_facts
from simcustomer.domain.cues import SETTLING, Cue, CueKind, Strength
from simcustomer.domain.persona import Band, Fact, Persona
from simcustomer.domain.text import contains_quote, fold

WHOLE_SENTENCE = 5
"""Words from which a sentence is remembered: said twice it sounds like a record; "Yes, please." does not."""
_COOL = (Band.CALM, Band.WARY)
_MARKS = ".,;:!? "
_SLOT = re.compile(r"\[\w+\]")


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

    @property
    def rising(self) -> bool:
        """Has the reply made it worse?"""
        return self.direction.trend == "rising"

    def tone(self, heat: Heat) -> tuple[str, ...]:
        """The lines for how hot the customer is now."""
        return heat.hot if self.hot else heat.cool

    def own(self, kind: CueKind) -> tuple[str, ...]:
        """The persona's own reactions to a kind of cue."""
        return self.persona.voice.reactions.get(kind, ())

    # --- what the reply did, as far as the stage direction tells ---------------------------------------------------

    @cached_property
    def done(self) -> tuple[CueKind, ...]:
        """The kinds of cue in the reply: the one that weighed most, then what else settled."""
        effect = self.direction.reacts_to
        first = [CueKind(effect.cue)] if effect and effect.cue in set(CueKind) else []
        settled = [cue.kind for cue in self.direction.cues if cue.kind in SETTLING]
        return tuple(dict.fromkeys([*first, *settled]))

    def plainly(self, kind: CueKind) -> bool:
        """Has this kind been done plainly, now or before, and not taken back since?"""
        return kind in self.direction.affect.landed

    def does(self, kind: CueKind) -> bool:
        """Does the reply do this, and plainly?"""
        return bool(self._quotes(kind)) and self.plainly(kind)

    def doing(self, kind: CueKind) -> list[str]:
        """The statements of the reply that do this plainly."""
        return holding(self._quotes(kind), self.reply) if self.plainly(kind) else []

    def _quotes(self, kind: CueKind) -> list[str]:
        """The words of the plain cues of a kind; where no cues are told, those of the one that weighed most."""
        effect = self.direction.reacts_to
        if not self.direction.cues:
            return [effect.quote] if effect and effect.cue == kind else []
        return [cue.quote for cue in self.direction.cues if cue.kind is kind and _is_plain(cue)]

    @cached_property
    def time_given(self) -> str:
        """The time to come that the reply commits itself to, in its own few words."""
        return time_in("\n".join(self.doing(CueKind.TIME_COMMITMENT)), self.persona.language)

    @cached_property
    def time_promised(self) -> str:
        """The last time that the trainee has promised before this reply and that still stands."""
        return self.time_before if self.plainly(CueKind.TIME_COMMITMENT) else ""

    @cached_property
    def time_before(self) -> str:
        """The last time that the trainee plainly promised before this reply, kept or not."""
        kind = CueKind.TIME_COMMITMENT
        for turn in reversed(self.conversation.turns):
            quotes = [cue.quote for cue in turn.appraisal.cues if cue.kind is kind and _is_plain(cue)]
            if when := time_in("\n".join(holding(quotes, turn.trainee)), self.persona.language):
                return when
        return ""

    @cached_property
    def name_given(self) -> str:
        """The name that the trainee has given for themselves, in this reply or before."""
        own = {fold(word) for word in self.persona.name.split()}
        for text in (self.reply, *(turn.trainee for turn in reversed(self.conversation.turns))):
            if (name := name_in(text, self.persona.language)) and fold(name) not in own:
                return name
        return ""

    # --- picking ---------------------------------------------------------------------------------------------------

    def pick(self, *pools: Iterable[str], slot: str) -> str:
        """A line of the first pool that still has one that may be said. ``slot`` names the purpose."""
        for i, pool in enumerate(pools):
            if left := [line for line in self.worded(pool) if self._may_say(line)]:
                return chosen(left, self.conversation, self.reply, f"{slot}{i}")
        return ""

    def pick_with(self, words: str, pool: Iterable[str], slot: str) -> str:
        """A line of the pool with ``words`` in its place for them (``[when]``); each such line is said once."""
        filled = (_filled(line, words) for line in self.worded(pool) if not self._has_filled(line))
        return self.pick(filled, slot=slot) if words else ""

    def worded(self, pool: Iterable[str]) -> Iterator[str]:
        """The lines in the persona's form of address."""
        return (addressed(line, self.persona.voice.address) for line in pool)

    def coin(self, slot: str) -> bool:
        """Heads or tails, always the same at the same point."""
        return number(self.conversation, self.reply, slot) % 2 == 0

    def has_said(self, line: str) -> bool:
        """Has this line been said, alone or as part of another, or one of its whole sentences?"""
        return fold(line) in self._said or not self._sentences_said.isdisjoint(whole_sentences(line))

    def _may_say(self, line: str) -> bool:
        if len(line.split()) > self.persona.limits.max_words or self.has_said(line):
            return False
        return not notices(line, self._unspeakable)

    def _has_filled(self, line: str) -> bool:
        parts = [re.escape(fold(part)) for part in _SLOT.split(line) if part.strip(" .,")]
        return re.search(".{1,60}?".join(parts), self._said) is not None

    @cached_property
    def _said(self) -> str:
        return fold(" ".join(u.text for u in self.conversation.utterances if u.role == "customer"))

    @cached_property
    def _sentences_said(self) -> frozenset[str]:
        lines = (u.text for u in self.conversation.utterances if u.role == "customer")
        return frozenset(sentence for line in lines for sentence in whole_sentences(line))

    @cached_property
    def _unspeakable(self) -> tuple[str, ...]:
        """Words that this person never uses, and words that would give a locked fact away."""
        known = {fact.id for fact in self.known_facts}
        locked = [word for fact in self.persona.facts if fact.id not in known for word in fact.keywords]
        return (*self.persona.limits.sensitive, *locked)

    # --- facts -----------------------------------------------------------------------------------------------------

    def just_unlocked(self, touched: bool = False) -> str:
        """A fact that this very reply brought out; with ``touched`` only one that it mentions."""
        ids = set(self.direction.may_tell)
        wanted = ids & set(self.direction.touched) if touched else ids
        return self.untold([fact for fact in self.known_facts if fact.id in wanted])

    def brought_out(self) -> str:
        """A fact that some reply brought out and that has not been told yet."""
        return self.untold([fact for fact in self.known_facts if fact.unlock])

    def asked_for(self, questions: str) -> Sequence[Fact]:
        """The facts that may be told and that these questions ask for."""
        return [fact for fact in self.known_facts if fact.unlock and notices(questions, fact.unlock.mentions)]

    def untold(self, facts: Sequence[Fact] | None = None) -> str:
        """A fact (of ``facts``, else of all) that may be told and has not been, in any of its wordings."""
        facts = self.known_facts if facts is None else facts
        fresh = [fact for fact in facts if not self.has_told(fact.id)]
        return self.pick(*(fact.says for fact in fresh), slot="untold")

    def has_told(self, fact_id: str) -> bool:
        """Has this fact been told, in any of its wordings or as an answer?"""
        says = [line for fact in self.persona.facts if fact.id == fact_id for line in fact.says]
        says += [line for a in self.persona.voice.answers if a.fact == fact_id for line in a.says]
        return any(fold(line) in self._said for line in says)

    @cached_property
    def known_facts(self) -> tuple[Fact, ...]:
        """The facts that may be told by now, in the persona's order."""
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


def whole_sentences(line: str) -> list[str]:
    """The sentences of a line that are long enough to be remembered, folded and without their marks."""
    found = (" ".join(re.findall(r"\w+", fold(part))) for part in re.split(r"[.!?…]+", line))
    return [sentence for sentence in found if len(sentence.split()) >= WHOLE_SENTENCE]


def _is_plain(cue: Cue) -> bool:
    return cue.strength is not Strength.WEAK


def holding(quotes: Sequence[str], text: str) -> list[str]:
    """The statements of a text in which one of the quotes stands, or which stand in one."""
    cores = [quote.strip(_MARKS) for quote in quotes]
    return [
        statement
        for statement in statements(text)
        if any(
            contains_quote(statement, core) or contains_quote(core, statement.strip(_MARKS)) for core in cores
        )
    ]


def _filled(line: str, words: str) -> str:
    """The line with the words in its slot, with a capital where they open a sentence."""
    capital = re.sub(r"(^|[.!?…] )\[\w+\]", lambda m: m.group(1) + words[:1].upper() + words[1:], line)
    return _SLOT.sub(lambda _: words, capital)
