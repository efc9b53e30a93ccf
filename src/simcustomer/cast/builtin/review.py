"""The coach's look back at a finished conversation.

Which replies are reworded, which passages are praised, and why. A better wording is the first draft that every check of
``better_wording`` lets pass; a reply for which none does is left alone, and the next one is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from simcustomer.cast.better_wording import WordingCheck
from simcustomer.cast.builtin.drafts import FIRST_THINGS, Draft, Drafts
from simcustomer.cast.builtin.lines import CoachLines, lines_of
from simcustomer.cast.builtin.manner import Manner
from simcustomer.cast.builtin.replies import Reply
from simcustomer.cast.builtin.rewording import passage
from simcustomer.domain.cues import SETTLING, UNSETTLING, CueKind
from simcustomer.domain.persona import Need, Persona
from simcustomer.domain.rubric import Answer, Criterion, Feedback, Praise, Rubric, Scorecard
from simcustomer.domain.text import fold

MAX_FEEDBACK = 3
"""Messages that get a better wording: more than three are not taken home from one conversation."""
MAX_PRAISE = 3
"""Passages that are praised, each of another kind."""
HURT_POINTS = 2.0
"""Points of harm from which a reply counts as hurtful: a single weak cue of the mild kinds stays under it."""
MISSED_POINTS = 3.0
"""Points of relief under which a reply, with needs still open, counts as a missed chance: less than one clear cue."""
MAX_LEVEL = 5
"""Exemplary: nothing above it to point to."""
EARLY = 2
"""Replies in which the early things still fit."""
WORKED_POINTS = 1.0
"""Points of relief from which a passage is praised."""

_EARLY_THINGS = frozenset(
    {CueKind.ACKNOWLEDGES_FEELING, CueKind.NAMES_THE_ISSUE, CueKind.SINCERE_APOLOGY, CueKind.OPEN_QUESTION}
)
"""What belongs into the first replies: later it would come out of nowhere."""


@dataclass(frozen=True)
class Review:
    """A finished conversation before the coach. ``rubric`` is in the words in which it is read."""

    check: WordingCheck
    rubric: Rubric
    scorecard: Scorecard

    @property
    def persona(self) -> Persona | None:
        return self.check.persona

    @property
    def replies(self) -> tuple[Reply, ...]:
        return tuple(self.check.replies.values())

    @property
    def lines(self) -> CoachLines:
        return lines_of(self.check.language).coach

    @cached_property
    def manner(self) -> Manner:
        usual = self.persona.voice.address if self.persona else "usted"
        return Manner.of([reply.text for reply in self.replies], self.check.language, usual)

    async def feedback(self, *, praised: bool) -> tuple[Feedback, ...]:
        """Better wordings, in the order of the conversation; none where no draft holds."""
        worded: frozenset[str] = frozenset()
        found: list[Feedback] = []
        waiting = chosen = self._worth_mending()
        while waiting and len(found) < MAX_FEEDBACK:
            room = MAX_FEEDBACK - len(found)
            # Earlier replies first, so that the need the customer has first is worded where it came up first.
            for reply in sorted(waiting[:room], key=lambda reply: reply.message):
                drafts = Drafts(reply, self.lines, self.manner, self.check.known.case_text, worded).mending()
                draft = await self._first_that_holds(reply, drafts, [feedback.better for feedback in found])
                if draft:
                    worded |= {need.id for need in draft.needs}
                    found.append(self._feedback(reply, draft, self._why(reply, draft.needs)))
            waiting = waiting[room:]
        if not chosen and self.replies:
            found = [last] if (last := await self._one_level_up(must=not praised)) else []
        return tuple(sorted(found, key=lambda feedback: feedback.message))

    def praise(self) -> tuple[Praise, ...]:
        """The passages that helped most, each of another kind, from replies that did no harm."""
        best = sorted(
            (
                (effect, reply)
                for reply in self.replies
                if reply.harm < HURT_POINTS and not reply.only_names
                for effect in reply.effects
            ),
            key=lambda pair: (pair[0].delta, pair[1].message),
        )
        chosen: dict[str, Praise] = {}
        for effect, reply in best:
            taken = any(praise.message == reply.message for praise in chosen.values())
            if len(chosen) == MAX_PRAISE or effect.delta > -WORKED_POINTS:
                break
            if effect.cue in SETTLING and effect.cue not in chosen and not taken:
                quote = passage(reply.text, effect.quote)
                why = self.lines.praise[CueKind(effect.cue)]
                chosen[effect.cue] = Praise(message=reply.message, quote=quote, why=why)
        return tuple(sorted(chosen.values(), key=lambda praise: praise.message))

    async def _first_that_holds(
        self, reply: Reply, drafts: Iterable[Draft], used: Iterable[str] = ()
    ) -> Draft | None:
        """The first draft that passes all checks and was not ``used`` for another reply."""
        tried = set(used)
        for draft in drafts:
            place = (reply.message, draft.said, draft.better)
            if draft.better in tried or fold(draft.better) == fold(draft.said):
                continue
            if not self.check.faults_in_words(*place) and not await self.check.faults_in_place(*place):
                return draft
        return None

    def _worth_mending(self) -> list[Reply]:
        """The replies that hurt most, one of each kind of harm before a second; then those that missed most.

        The same message sent twice is taken once.
        """
        hurt = sorted((r for r in self.replies if r.harm >= HURT_POINTS), key=lambda r: (-r.harm, r.message))
        first_of_kind = {reply.worst_kind: reply for reply in reversed(hurt)}
        hurt.sort(key=lambda reply: first_of_kind[reply.worst_kind] is not reply)
        missed = [r for r in self.replies if r not in hurt and self._missed(r)]
        missed.sort(key=lambda reply: (reply.relief, reply.message))
        by_text: dict[str, Reply] = {}
        for reply in (*hurt, *missed):
            by_text.setdefault(fold(reply.text), reply)
        return list(by_text.values())

    def _missed(self, reply: Reply) -> bool:
        waiting = any(need.required for need in reply.open_needs) or (
            not self.persona and not reply.appraisal.kinds() & SETTLING
        )
        return bool(waiting) and reply.relief < MISSED_POINTS and not reply.only_holds

    def _feedback(self, reply: Reply, draft: Draft, why: str) -> Feedback:
        return Feedback(message=reply.message, said=draft.said, better=draft.better, why=why)

    def _why(self, reply: Reply, needs: tuple[Need, ...]) -> str:
        parts = []
        kind, worst = reply.worst_kind, reply.worst
        if worst and worst.cue not in UNSETTLING:
            parts.append(self.lines.sore_point.replace("{name}", self._name()))
        if kind:
            parts.append(self.lines.why[kind])
        if needs:
            what = needs[0].what[0].lower() + needs[0].what[1:]
            parts.append(self.lines.still_waiting.replace("{name}", self._name()).replace("{what}", what))
        elif not parts:
            parts.append(self.lines.missed[self._lacking(reply)])
        return " ".join(parts)

    def _lacking(self, reply: Reply) -> CueKind:
        given = reply.landed | reply.appraisal.kinds()
        return next((kind for kind in FIRST_THINGS if kind not in given), FIRST_THINGS[0])

    async def _one_level_up(self, *, must: bool) -> Feedback | None:
        """Nothing went wrong: what the weakest criterion would have taken, on the reply that did least."""
        weakest = self._weakest_first()
        if not weakest and not must:
            return None
        chances = [(criterion, kind) for criterion in weakest if (kind := self._not_shown(criterion))]
        for criterion, kind in chances or [(self.rubric.criteria[0], CueKind.CHECKS_UNDERSTANDING)]:
            early = self.replies[:EARLY] if kind in _EARLY_THINGS else self.replies
            for reply in sorted(early, key=lambda r: (r.relief - r.harm, r.message)):
                drafts = Drafts(reply, self.lines, self.manner, self.check.known.case_text).adding(kind)
                if draft := await self._first_that_holds(reply, drafts):
                    return self._feedback(reply, draft, self._next_level(criterion, kind))
        return None

    def _next_level(self, criterion: Criterion, kind: CueKind) -> str:
        in_language = self.rubric.language == self.check.language
        step = criterion.next_step if in_language else self.lines.missed[kind]
        return self.lines.next_level.replace("{step}", step)

    def _weakest_first(self) -> list[Criterion]:
        """The criteria that were scored and have a level above their own, the lowest first."""
        levels = {name: verdict.level for name, verdict in self.scorecard.criteria.items()}
        scored = [c for c in self.rubric.criteria if (levels[c.id] or MAX_LEVEL) < MAX_LEVEL]
        return sorted(scored, key=lambda criterion: levels[criterion.id] or MAX_LEVEL)

    def _not_shown(self, criterion: Criterion) -> CueKind | None:
        """A settling behaviour of this criterion that was asked for and not shown."""
        answers = {item.id: item.answer for item in self.scorecard.criteria[criterion.id].items}
        missing = (i for i in criterion.items if i.points > 0 and answers.get(i.id) is Answer.NOT_MET)
        kinds = (kind for item in missing if item.seen_as for kind in item.seen_as.cues)
        return next((kind for kind in kinds if kind in SETTLING), None)

    def _name(self) -> str:
        return self.persona.first_name if self.persona else self.lines.the_customer
