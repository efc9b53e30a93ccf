"""From a finished conversation to a scorecard: k passes, quotes checked, one re-ask, arithmetic, feedback."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from simcustomer.cast.parts import Coach, Judge
from simcustomer.domain.conversation import Outcome, Utterance
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import JudgeInfo, Judgement, Rubric, Scorecard, proven, score, unproven


async def judge_conversation(
    judge: Judge,
    coach: Coach | None,
    *,
    rubric: Rubric,
    rubric_hash: str,
    utterances: Sequence[Utterance],
    language: Language,
    persona: Persona | None = None,
    outcome: Outcome | None = None,
    passes: int = 1,
) -> Scorecard:
    """Score a conversation and say what would have helped.

    The judge sees the transcript and the rubric only. Without a coach there is no feedback, as evaluation wants it: a
    person who practised is never left without. Raises ``ModelError`` when judge or coach cannot answer.
    """
    judgements = await _all_passes(passes, judge, rubric, utterances, language)
    info = JudgeInfo(model=judge.name, rubric=rubric.id, rubric_hash=rubric_hash, passes=passes)
    scorecard = score(rubric, judgements, outcome=outcome, judge=info)
    if coach is None:
        return scorecard
    feedback, went_well = await coach.feedback(persona, language, utterances, rubric, scorecard)
    return scorecard.model_copy(update={"feedback": feedback, "went_well": went_well})


async def _all_passes(
    passes: int, judge: Judge, rubric: Rubric, utterances: Sequence[Utterance], language: Language
) -> list[Judgement]:
    """The passes at once. One that fails does not stop the others half-way: what they cost is known when it is raised."""
    calls = (judge_once(judge, rubric, utterances, language) for _ in range(passes))
    results = await asyncio.gather(*calls, return_exceptions=True)
    judgements = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        judgements.append(result)
    return judgements


async def judge_once(
    judge: Judge, rubric: Rubric, utterances: Sequence[Utterance], language: Language
) -> Judgement:
    """One judgement with every quote checked; what does not hold is asked once more, then left unscored."""
    first = await judge.judge(rubric, utterances, language)
    doubtful = unproven(rubric, first, utterances)
    if not doubtful:
        return proven(rubric, first, utterances)
    again = await judge.judge_again(rubric, utterances, language, first, doubtful)
    kept = tuple(answer for answer in first.answers if answer.item not in doubtful)
    mended = tuple(answer for answer in again.answers if answer.item in doubtful)
    return proven(rubric, Judgement(answers=kept + mended, anchored=first.anchored), utterances)
