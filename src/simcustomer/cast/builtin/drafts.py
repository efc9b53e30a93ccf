"""Drafts of a better wording for one reply, the likeliest first: whoever asks takes the first that passes every check.

A draft replaces the passage that hurt, or one that did nothing, and leaves the rest of the reply to the trainee. It is put
together from the sentences that the persona's needs call for (written within the case file), from what is worth keeping of
the passage, and from sentences that serve any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from simcustomer.cast.better_wording import in_place
from simcustomer.cast.builtin.lines import CoachLines
from simcustomer.cast.builtin.manner import Manner, after_greeting, greeting
from simcustomer.cast.builtin.replies import Reply
from simcustomer.cast.builtin.rewording import (
    MAX_SAID_WORDS,
    Kept,
    alike,
    joined,
    kept_passages,
    runs,
    span,
)
from simcustomer.cast.known import shares_words
from simcustomer.cast.stated import sentences
from simcustomer.domain.cues import SETTLING, CueKind
from simcustomer.domain.persona import Need
from simcustomer.domain.text import overlaps

FIRST_THINGS = (
    CueKind.ACKNOWLEDGES_FEELING,
    CueKind.NAMES_THE_ISSUE,
    CueKind.OWNERSHIP,
    CueKind.CONCRETE_NEXT_STEP,
    CueKind.TIME_COMMITMENT,
    CueKind.SINCERE_APOLOGY,
)
"""What any upset customer waits for, in this order: asked about when no persona says more."""
_REPAIRED_FIRST = frozenset({CueKind.ASKS_TO_REPEAT, CueKind.CONTRADICTS_ITSELF, CueKind.IGNORES_QUESTION})
"""Harm that no need's sentence makes good: the sentence that repairs it comes first."""

CASE_WORDS = 2
"""Content words that a sentence must share with the case to count as saying something of it: one may be chance."""


@dataclass(frozen=True)
class Draft:
    """``better`` in place of ``said``; ``needs`` are those whose sentences it uses."""

    said: str
    better: str
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True)
class Drafts:
    """The drafts for one reply.

    ``case``: what customer and desk know, by which a sentence that says something of the matter is told from filling.
    ``worded``: ids of the needs that other feedback has worded already.
    """

    reply: Reply
    lines: CoachLines
    manner: Manner
    case: str
    worded: frozenset[str] = frozenset()

    def mending(self) -> Iterator[Draft]:
        """For a reply that hurt or missed."""
        for said in dict.fromkeys(self._passages()):
            # What the trainee did well stays if it can: one sentence beside it is better than two instead of it.
            for kept in (self._kept(said), []) if self._kept(said) else ([],):
                for parts, needs in self._options():
                    yield from self._draft(said, parts, needs, kept)

    def adding(self, kind: CueKind) -> Iterator[Draft]:
        """For a good reply that lacks one thing: in place of words that carry nothing, or behind a short reply."""
        line, text = self.lines.say[kind], self.reply.text
        for said in self._idle():
            yield from self._draft(said, [line], (), [])
        if better := joined(text, [*sentences(text), self.manner.said(line)]):
            yield Draft(text, better)

    # --- what is replaced ------------------------------------------------------------------------------------------

    def _passages(self) -> Iterator[str]:
        """What hurt, from its first sentence to its last; or what carries nothing; then the whole reply."""
        text, parts = self.reply.text, sentences(self.reply.text)
        hurt = [i for i, part in enumerate(parts) if any(overlaps(part, quote) for quote in self._hurtful)]
        if hurt:
            yield span(text, hurt[0], hurt[-1])
        elif not self._hurtful:
            yield from self._idle()
        if len(text.split()) <= MAX_SAID_WORDS:
            yield text.strip()

    def _idle(self) -> Iterator[str]:
        """The runs of sentences that do nothing for the customer and say nothing of the case, the longest first."""
        parts = sentences(self.reply.text)
        idle = [not self._kept(part) and not shares_words(part, self.case, CASE_WORDS) for part in parts]
        return (span(self.reply.text, *run) for run in runs(idle))

    @cached_property
    def _hurtful(self) -> list[str]:
        return [effect.quote for effect in self.reply.effects if effect.delta > 0]

    def _kept(self, said: str) -> list[Kept]:
        return kept_passages(said, self.reply.appraisal, self._hurtful)

    # --- what comes in its place -----------------------------------------------------------------------------------

    def _options(self) -> Iterator[tuple[list[str], tuple[Need, ...]]]:
        """Sentences to put in, with the needs that they are of."""
        kind = self.reply.worst_kind
        repair = [self.lines.instead[kind]] if kind else []
        needs = self._ranked()
        if needs and (kind in _REPAIRED_FIRST or needs[0].id in self.worded):
            yield [*repair, needs[0].say], (needs[0],)
        two = [need for need in self.reply.open_needs if need in needs[:2] and need.id not in self.worded]
        yield [need.say for need in two], tuple(two)
        for need in needs:
            yield [need.say], (need,)
        if needs:
            return
        general = [self.lines.say[lacking] for lacking in self.lacking]
        yield repair, ()
        for line in general:
            yield [*repair, line], ()
        yield general[:2], ()
        yield general[:1], ()

    def _ranked(self) -> list[Need]:
        """The open needs in the trainee's form of address, required first, then such as nobody has worded or given yet."""
        given = {kind for part in self._kept(self.reply.text) for kind in part.merits}
        return sorted(
            (need for need in self.reply.open_needs if self.manner.fits(need.say)),
            key=lambda need: (
                not need.required,
                any(given & set(group) for group in need.met_by),
                need.id in self.worded,
            ),
        )

    @property
    def lacking(self) -> list[CueKind]:
        """What any customer waits for and neither this reply nor one before it gave, in order."""
        given = self.reply.landed | (self.reply.appraisal.kinds() & SETTLING)
        return [kind for kind in FIRST_THINGS if kind not in given] or [FIRST_THINGS[0]]

    # --- putting it together ---------------------------------------------------------------------------------------

    def _draft(
        self, said: str, parts: Sequence[str], needs: tuple[Need, ...], kept: Sequence[Kept]
    ) -> Iterator[Draft]:
        """With the trainee's greeting and without it; none where it is too long or the rest of the reply says it already."""
        new = [self.manner.said(part) for part in parts]
        rest = sentences(in_place(self.reply.text, said, "\n"))
        if not new or any(alike(line, other) for line in new for other in rest):
            return
        covered = frozenset(kind for need in needs for group in need.met_by for kind in group)
        stays = [
            part.text
            for part in kept
            if (not part.merits or part.merits - covered) and not any(alike(part.text, line) for line in new)
        ]
        opened, better = greeting(said), joined(said, [*new[:1], *stays, *new[1:]])
        if better and opened:
            yield Draft(said, after_greeting(opened, better), needs)
        if better:
            yield Draft(said, better, needs)
