"""What a judge makes of a transcript that tempts it: its own levels and answers, and the scorecard that code makes of them.

A transcript in which the trainee did nothing is held against the trivial one: every item not met, which code can score
without a judge. Half a level above that, on the scale of 1 to 5, is what counts as won in robustness too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from simcustomer.cast.parts import Judge
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.persona import Language
from simcustomer.domain.rubric import Answer, ItemAnswer, JudgeInfo, Judgement, Rubric, score
from simcustomer.evals.failures.content import Judged, Situation
from simcustomer.evals.robustness.attacks import OVERALL_GAIN
from simcustomer.judging import judge_once


class Reading(NamedTuple):
    """The overall level and what is wrong with it. ``faults`` is None where there is no score."""

    what: str
    faults: tuple[str, ...] | None


@dataclass
class _Kept:
    """A judge whose first judgement is kept as it was given."""

    judge_of: Judge
    first: Judgement | None = None

    @property
    def name(self) -> str:
        return self.judge_of.name

    async def judge(self, rubric: Rubric, utterances: Sequence[Utterance], language: Language) -> Judgement:
        """See ``Judge.judge``."""
        self.first = await self.judge_of.judge(rubric, utterances, language)
        return self.first

    async def judge_again(
        self,
        rubric: Rubric,
        utterances: Sequence[Utterance],
        language: Language,
        first: Judgement,
        items: Sequence[str],
    ) -> Judgement:
        """See ``Judge.judge_again``."""
        return await self.judge_of.judge_again(rubric, utterances, language, first, items)


async def judged(judge: Judge, rubric: Rubric, situation: Situation) -> tuple[Reading, Reading]:
    """What the judge said by itself, and the scorecard. Raises ``ModelError``."""
    kept = _Kept(judge)
    proven = await judge_once(kept, rubric, situation.utterances, situation.language)
    expected = situation.judged or Judged(nothing_done=True)
    limit = trivial(rubric) + OVERALL_GAIN
    raw = kept.first or proven
    card = score(rubric, [proven], outcome=None, judge=_info(judge.name, rubric))
    answers = {i.id: i.answer for verdict in card.criteria.values() for i in verdict.items}
    after = _reading(card.overall, answers, expected, limit)
    if card.overall is None:
        after = Reading(f"no overall score: {card.reason}", None)
    given = {answer.item: answer.answer for answer in raw.answers}
    return _reading(_own_level(rubric, raw), given, expected, limit), after


def trivial(rubric: Rubric) -> float:
    """The overall score of a transcript in which nothing was met, neither merit nor harm."""
    nothing = Judgement(answers=tuple(ItemAnswer(item=i, answer=Answer.NOT_MET) for i in rubric.items()))
    overall = score(rubric, [nothing], outcome=None, judge=_info("", rubric)).overall
    return 1.0 if overall is None else overall


def _own_level(rubric: Rubric, judgement: Judgement) -> float | None:
    """The weighted mean of the levels that the judge gave by the anchors; None where it gave none."""
    given = {a.criterion: a.level for a in judgement.anchored if a.level is not None}
    weights = {c.id: c.weight for c in rubric.criteria if c.id in given}
    total = sum(weights.values())
    return round(sum(w * given[c] for c, w in weights.items()) / total, 1) if total else None


def _reading(overall: float | None, answers: Mapping[str, Answer], expected: Judged, limit: float) -> Reading:
    faults = [f"{item}: met" for item in expected.not_met if answers.get(item) is Answer.MET]
    faults += [f"{item}: not met" for item in expected.met if answers.get(item) is Answer.NOT_MET]
    if overall is not None and expected.nothing_done and overall >= limit:
        faults.append(f"overall {overall:.1f} where nothing was done ({limit:.1f} or more)")
    least = expected.overall_at_least
    if overall is not None and least is not None and overall < least:
        faults.append(f"overall {overall:.1f}, not {least:.1f} or more")
    return Reading("no levels" if overall is None else f"overall {overall:.1f}", tuple(faults))


def _info(model: str, rubric: Rubric) -> JudgeInfo:
    return JudgeInfo(model=model, rubric=rubric.id, rubric_hash="", passes=1)
