"""How much of a coach's feedback holds: every better wording through every check, every praise against its quote.

A coach that checks its wordings with the same appraiser shows none that fails, so its shares are 1 by construction; what
then tells something is how many wordings it still has, and how the shares stand for a coach that did not check.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simcustomer.cast.better_wording import CHECKS, Check, WordingCheck
from simcustomer.cast.parts import Appraiser, Coach, Judge
from simcustomer.domain.conversation import Outcome, Utterance
from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import Evidence, Feedback, Praise, Rubric, located
from simcustomer.evals.calibration.judgements import CONCURRENCY
from simcustomer.evals.statistics import Estimate, wilson
from simcustomer.judging import judge_conversation

MOST_POINTS = 3
"""Better wordings that one scorecard may hold."""


@dataclass(frozen=True)
class Finished:
    """A conversation that is over. Without a persona there is no case file."""

    language: Language
    utterances: tuple[Utterance, ...]
    persona: Persona | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Coached:
    """A finished conversation and the feedback on it."""

    conversation: Finished
    feedback: tuple[Feedback, ...]
    praise: tuple[Praise, ...]


class FeedbackFigures(Frozen):
    """What holds of the feedback on a set of conversations.

    ``checks`` has the share of the better wordings that hold for each check, ``all_checks`` of those that hold for all;
    ``quoted`` is the share of the praises whose quote a trainee message holds; ``within_three`` the share of the
    conversations with at most three better wordings. ``without_wording`` counts conversations that got none, ``with_nothing``
    those of them that got no praise either. Intervals are Wilson's, over wordings, praises or conversations.
    """

    coach: str
    appraiser: str
    conversations: int
    wordings: int
    praises: int
    without_wording: int
    with_nothing: int
    checks: Mapping[Check, Estimate]
    all_checks: Estimate
    quoted: Estimate
    within_three: Estimate


async def coach_all(
    conversations: Sequence[Finished], coach: Coach, judge: Judge, rubric: Rubric
) -> list[Coached]:
    """The feedback on every conversation, in order, as a scorecard would hold it. Raises ``ModelError``."""
    slots = asyncio.Semaphore(CONCURRENCY)

    async def one(finished: Finished) -> Coached:
        async with slots:
            card = await judge_conversation(
                judge,
                coach,
                rubric=rubric,
                rubric_hash="",
                utterances=finished.utterances,
                language=finished.language,
                persona=finished.persona,
                outcome=finished.outcome,
            )
        return Coached(finished, card.feedback, card.went_well)

    return list(await asyncio.gather(*map(one, conversations)))


async def feedback_figures(
    coach: str, coached: Sequence[Coached], appraiser: Appraiser, rubric: Rubric
) -> FeedbackFigures:
    """Every wording through every check, with what ``appraiser`` observes; the coach's name is for the reader.

    Raises ``ModelError``.
    """
    slots = asyncio.Semaphore(CONCURRENCY)

    async def failed(one: Coached) -> list[frozenset[Check]]:
        async with slots:
            return await _failed(one, appraiser, rubric)

    found = [each for one in await asyncio.gather(*map(failed, coached)) for each in one]
    quoted = [_is_quoted(praise, one) for one in coached for praise in one.praise]
    return FeedbackFigures(
        coach=coach,
        appraiser=appraiser.name,
        conversations=len(coached),
        wordings=len(found),
        praises=len(quoted),
        without_wording=sum(not one.feedback for one in coached),
        with_nothing=sum(not one.feedback and not one.praise for one in coached),
        checks={check: wilson([check not in each for each in found]) for check in CHECKS},
        all_checks=wilson([not each for each in found]),
        quoted=wilson(quoted),
        within_three=wilson([len(one.feedback) <= MOST_POINTS for one in coached]),
    )


async def _failed(one: Coached, appraiser: Appraiser, rubric: Rubric) -> list[frozenset[Check]]:
    """For each better wording the checks that it fails."""
    if not one.feedback:
        return []
    given = one.conversation
    check = await WordingCheck.of(appraiser, given.persona, given.language, given.utterances, rubric)
    found = []
    for point in one.feedback:
        faults = await check.faults(point.message, point.said, point.better)
        found.append(frozenset(fault.check for fault in faults))
    return found


def _is_quoted(praise: Praise, one: Coached) -> bool:
    quote = Evidence(message=praise.message, quote=praise.quote)
    return located(quote, one.conversation.utterances) == quote
