"""The coach's look back at a finished conversation.

A better wording keeps what was good in the reply and adds the sentences that the persona's needs call for. Those are
written within the case file, so nothing is promised here that the desk could not keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simcustomer.cast.builtin.lines import CoachLines, addressed, lines_of
from simcustomer.cast.builtin.replies import Reply
from simcustomer.cast.builtin.rewording import (
    Kept,
    alike,
    excerpt,
    extended,
    kept_passages,
    passage,
    reworded,
    sentences,
)
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import SETTLING, UNSETTLING, CueKind
from simcustomer.domain.persona import Language, Need, Persona
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

_FIRST_THINGS = (
    CueKind.ACKNOWLEDGES_FEELING,
    CueKind.NAMES_THE_ISSUE,
    CueKind.OWNERSHIP,
    CueKind.CONCRETE_NEXT_STEP,
    CueKind.TIME_COMMITMENT,
    CueKind.SINCERE_APOLOGY,
)
"""What any upset customer waits for, in this order: asked about when no persona says more."""
_EARLY_THINGS = frozenset(
    {CueKind.ACKNOWLEDGES_FEELING, CueKind.NAMES_THE_ISSUE, CueKind.SINCERE_APOLOGY, CueKind.OPEN_QUESTION}
)
"""What belongs into the first replies: later it would come out of nowhere."""
_REPAIRED_FIRST = frozenset({CueKind.ASKS_TO_REPEAT, CueKind.CONTRADICTS_ITSELF, CueKind.IGNORES_QUESTION})
"""Harm that no need's sentence makes good: the sentence that repairs it comes first."""


@dataclass(frozen=True)
class Review:
    """A finished conversation before the coach."""

    persona: Persona | None
    language: Language
    utterances: tuple[Utterance, ...]
    rubric: Rubric
    scorecard: Scorecard
    replies: tuple[Reply, ...]

    @property
    def lines(self) -> CoachLines:
        return lines_of(self.language).coach

    def feedback(self, *, praised: bool) -> tuple[Feedback, ...]:
        """Better wordings, in the order of the conversation."""
        worded: set[str] = set()
        in_order = sorted(self._chosen(), key=lambda reply: reply.message)
        found = [self._better(reply, worded) for reply in in_order]
        if not found and self.replies:
            found = [last] if (last := self._one_level_up(must=not praised)) else []
        return tuple(found)

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

    def _chosen(self) -> list[Reply]:
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
        return list(by_text.values())[:MAX_FEEDBACK]

    def _missed(self, reply: Reply) -> bool:
        waiting = any(need.required for need in reply.open_needs) or (
            not self.persona and self._lacking(reply)
        )
        return bool(waiting) and reply.relief < MISSED_POINTS and not reply.only_holds

    def _better(self, reply: Reply, worded: set[str]) -> Feedback:
        """The better wording of a reply that hurt or missed; ``worded`` holds the needs that were worded before."""
        kept, kind = self._kept(reply), reply.worst_kind
        needs = self._needs(reply, kept, worded)
        repeats = bool(needs) and needs[0].id in worded
        worded |= {need.id for need in needs}
        first = [need.say for need in needs] or [self._generic(reply)]
        if needs and kind and (repeats or kind in _REPAIRED_FIRST):
            first = [self._line(self.lines.instead[kind]), *first]
        covered = frozenset(kind for need in needs for group in need.met_by for kind in group)
        stays = [
            part.text
            for part in kept
            if (not part.merits or part.merits - covered)
            and not any(alike(part.text, said) for said in first)
        ]
        better = reworded(first[:1], stays, first[1:])
        return Feedback(
            message=reply.message, said=self._said(reply), better=better, why=self._why(reply, needs)
        )

    def _kept(self, reply: Reply) -> list[Kept]:
        hurtful = [effect.quote for effect in reply.effects if effect.delta > 0]
        return kept_passages(reply.text, reply.appraisal, hurtful, self._known_sums())

    def _needs(self, reply: Reply, kept: Sequence[Kept], worded: set[str]) -> list[Need]:
        """Up to two required needs that were open, in the persona's order.

        Such as the kept words do nothing for come first, then such as no feedback has worded yet; one that was worded
        before comes alone.
        """
        given = {kind for part in kept for kind in part.merits}
        required = [need for need in reply.open_needs if need.required]
        ranked = sorted(
            required, key=lambda need: (any(given & set(group) for group in need.met_by), need.id in worded)
        )
        chosen = ranked[:1] if ranked and ranked[0].id in worded else ranked[:2]
        return [need for need in required if need in chosen]

    def _generic(self, reply: Reply) -> str:
        kind = reply.worst_kind
        return self._line(
            self.lines.instead[kind] if kind else self.lines.say[self._lacking(reply) or _FIRST_THINGS[0]]
        )

    def _lacking(self, reply: Reply) -> CueKind | None:
        """The first thing that any customer waits for and that neither this reply nor one before it gave."""
        given = reply.landed | reply.appraisal.kinds()
        return next((kind for kind in _FIRST_THINGS if kind not in given), None)

    def _why(self, reply: Reply, needs: Sequence[Need]) -> str:
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
            parts.append(self.lines.missed[self._lacking(reply) or _FIRST_THINGS[0]])
        return " ".join(parts)

    def _one_level_up(self, *, must: bool) -> Feedback | None:
        """Nothing went wrong: what the weakest criterion would have taken, on the reply that did least."""
        weakest = self._weakest_first()
        if not weakest and not must:
            return None
        chances = [(criterion, kind) for criterion in weakest if (kind := self._not_shown(criterion))]
        criterion, kind = chances[0] if chances else (self.rubric.criteria[0], CueKind.CHECKS_UNDERSTANDING)
        early = self.replies[:EARLY] if kind in _EARLY_THINGS else self.replies
        reply = min(early, key=lambda r: (r.relief - r.harm, r.message))
        step = criterion.next_step if self.rubric.language == self.language else self.lines.missed[kind]
        better = extended(reply.text, self._line(self.lines.say[kind]))
        why = self.lines.next_level.replace("{step}", step)
        return Feedback(message=reply.message, said=self._said(reply), better=better, why=why)

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

    def _said(self, reply: Reply) -> str:
        worst = reply.worst
        return excerpt(reply.text, worst.quote if worst else sentences(reply.text)[0])

    def _name(self) -> str:
        return self.persona.first_name if self.persona else self.lines.the_customer

    def _line(self, line: str) -> str:
        return addressed(line, self.persona.voice.address if self.persona else "")

    def _known_sums(self) -> str | None:
        """All text in which a sum of money may stand that is safe to repeat; None when there is no case file."""
        if self.persona is None:
            return None
        case = self.persona.case_file
        rows = [entry.value for entry in case.desk] + [
            f"{offer.what} {offer.up_to or ''}" for offer in case.may_offer
        ]
        return " ".join([*rows, *(u.text for u in self.utterances if u.role == "customer")])
