"""The built-in judge: answers the items that cues can decide, with the words that show them, and leaves the rest open.

It reads a conversation through an appraiser that does not know the persona, so anybody's transcript can be judged. It
never gives a level of its own: without understanding a whole message, an anchored opinion would be a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from simcustomer.cast.builtin.lines import JudgeLines, lines_of, notices
from simcustomer.cast.parts import BUILT_IN, Appraiser
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import UNSETTLING, Appraisal, Cue, CueKind, Strength
from simcustomer.domain.persona import Language
from simcustomer.domain.rubric import Answer, Evidence, Item, ItemAnswer, Judgement, Occasion, Rubric, SeenAs

MAX_EVIDENCE = 3
"""Quotes kept for one item; more would not prove it better."""
END_MESSAGES = 2
"""How many of the trainee's last messages are the close of a conversation."""
MAX_EXAMPLE_CHARS = 200
"""Longest quote that stands as an example for something that was never done, in characters."""

_STRENGTHS = list(Strength)


@dataclass(frozen=True)
class BuiltInJudge:
    """Judges by cues. ``appraiser`` observes each trainee message."""

    appraiser: Appraiser
    name: str = BUILT_IN

    async def judge(self, rubric: Rubric, utterances: Sequence[Utterance], language: Language) -> Judgement:
        """Every item of the rubric once: met, not met, not applicable, or unscored where cues cannot decide."""
        seen = [
            _Seen(i, said.text, await self.appraiser.appraise(None, language, utterances[:i], said.text))
            for i, said in enumerate(utterances)
            if said.role == "trainee"
        ]
        case = _Case(tuple(utterances), tuple(seen), lines_of(language).judge)
        return Judgement(answers=tuple(case.answer(item) for item in rubric.items().values()))

    async def judge_again(
        self,
        rubric: Rubric,
        utterances: Sequence[Utterance],
        language: Language,
        first: Judgement,  # noqa: ARG002 - the protocol's; these answers do not depend on the first pass
        items: Sequence[str],
    ) -> Judgement:
        """The same answers again, for ``items`` only: rules do not change their mind."""
        again = await self.judge(rubric, utterances, language)
        return Judgement(answers=tuple(answer for answer in again.answers if answer.item in items))


@dataclass(frozen=True)
class _Seen:
    """One trainee message: its number in the transcript, its text and what was observed in it."""

    message: int
    text: str
    appraisal: Appraisal

    def cues(self, wanted: SeenAs) -> Iterator[Cue]:
        """The cues that ``wanted`` asks for, at its strength. Kind words beside talk to the program do not count."""
        spoilt = CueKind.TALKS_TO_THE_SIMULATOR in self.appraisal.kinds()
        least = 0 if wanted.absent else _STRENGTHS.index(wanted.at_least)
        for cue in self.appraisal.cues:
            counts = cue.kind in UNSETTLING or not spoilt
            if cue.kind in wanted.cues and counts and _STRENGTHS.index(cue.strength) >= least:
                yield cue


@dataclass(frozen=True)
class _Case:
    """One conversation before the judge."""

    utterances: tuple[Utterance, ...]
    seen: tuple[_Seen, ...]
    lines: JudgeLines

    def answer(self, item: Item) -> ItemAnswer:
        """One item, by its cues."""
        if not self.seen:
            return ItemAnswer(item=item.id, answer=Answer.UNSCORED, reason=self.lines.no_replies)
        since = self.occasions[item.occasion] if item.occasion else -1
        if since is None:
            return ItemAnswer(item=item.id, answer=Answer.NOT_APPLICABLE, reason=self.lines.no_occasion)
        if item.seen_as is None:
            return ItemAnswer(item=item.id, answer=Answer.UNSCORED, reason=self.lines.undecided)
        found = list(self._evidence(item.seen_as, since))
        if item.seen_as.absent:
            return self._absent(item, found)
        if len({evidence.message for evidence in found}) < item.seen_as.times:
            return ItemAnswer(item=item.id, answer=Answer.NOT_MET, reason=self.lines.nothing_seen)
        return ItemAnswer(item=item.id, answer=Answer.MET, evidence=tuple(found[:MAX_EVIDENCE]))

    @cached_property
    def occasions(self) -> dict[Occasion, int | None]:
        """For each occasion the number of the first customer message that gave it, None when none did.

        What the customer said after the trainee's last message gave the trainee no occasion any more.
        """
        last = self.seen[-1].message
        heard = [(i, said.text) for i, said in enumerate(self.utterances[:last]) if said.role == "customer"]
        first: dict[Occasion, int | None] = {
            occasion: next((i for i, text in heard if notices(text, phrases)), None)
            for occasion, phrases in self.lines.occasions.items()
        }
        first["asks_question"] = next((i for i, text in heard if "?" in text), None)
        return first

    def _evidence(self, wanted: SeenAs, since: int) -> Iterator[Evidence]:
        """A quote for each message that shows it, the first message first; only messages after ``since`` count."""
        counted = self.seen[-END_MESSAGES:] if wanted.at_end else self.seen[: wanted.within]
        for seen in counted:
            cue = next(seen.cues(wanted), None)
            if cue and seen.message > since:
                yield Evidence(message=seen.message, quote=cue.quote)

    def _absent(self, item: Item, found: Sequence[Evidence]) -> ItemAnswer:
        """Met when nothing was found; the trainee's longest reply then stands as the example."""
        if found:
            return ItemAnswer(item=item.id, answer=Answer.NOT_MET, evidence=tuple(found[:MAX_EVIDENCE]))
        example = max(self.seen, key=lambda seen: len(seen.text))
        quote = example.text[:MAX_EXAMPLE_CHARS].strip()
        evidence = Evidence(message=example.message, quote=quote)
        return ItemAnswer(item=item.id, answer=Answer.MET, evidence=(evidence,), reason=self.lines.none_seen)
