"""Does skill pay? End tensions in the order of the ladder, and end trust against rank, group by group.

A group is all that one customer did as one persona: persona, language, difficulty, customer and prompt set.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean, linear_regression

from simcustomer.domain.conversation import DEAD_BAND
from simcustomer.evals.results import SampleResult
from simcustomer.evals.suite import RANK, SKILLS, Skill


def ordered_pairs(skills: Sequence[Skill]) -> list[tuple[Skill, Skill]]:
    """The pairs of different rank among ``skills``, the better one first."""
    pairs = itertools.combinations(sorted(skills, key=lambda skill: RANK[skill]), 2)
    return [(better, worse) for better, worse in pairs if RANK[better] < RANK[worse]]


def in_order(better: float, worse: float) -> bool:
    """Do these end tensions stand in the ladder's order? A tie within the dead band does."""
    return better - worse <= DEAD_BAND


def ladder_order(results: Sequence[SampleResult]) -> tuple[int, int, int]:
    """Over all groups: pairs of skills in order, pairs that could be compared, and pairs that were meant to be.

    A pair is compared by the mean end tensions of its skills' samples; a skill whose samples all failed has none.
    """
    held = scored = of = 0
    for group in _groups(results).values():
        tensions = {skill: _tensions(found) for skill, found in group.items()}
        for better, worse in ordered_pairs(list(group)):
            of += 1
            if tensions[better] and tensions[worse]:
                scored += 1
                held += in_order(fmean(tensions[better]), fmean(tensions[worse]))
    return held, scored, of


def trust_slope(results: Sequence[SampleResult]) -> list[float | None]:
    """For each group the least-squares slope of end trust (0-100) against rank; None where only one rank was scored."""
    slopes: list[float | None] = []
    for group in _groups(results).values():
        points = [
            (RANK[skill], result.turns[-1].affect.trust)
            for skill, found in group.items()
            for result in found
            if result.turns and not result.failure
        ]
        if len({rank for rank, _ in points}) < 2:
            slopes.append(None)
        else:
            ranks, trusts = zip(*points, strict=True)
            slopes.append(linear_regression(ranks, trusts).slope)
    return slopes


def _groups(
    results: Sequence[SampleResult],
) -> Mapping[tuple[str | int, ...], Mapping[Skill, list[SampleResult]]]:
    """The results of scripted trainees by group and skill. Groups with one rung only are left out: there is no ladder."""
    groups: dict[tuple[str | int, ...], dict[Skill, list[SampleResult]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for result in results:
        s = result.sample
        if s.trainee in SKILLS:
            key = (s.persona, s.language, s.difficulty, s.customer, s.prompts)
            groups[key][s.trainee].append(result)
    return {key: group for key, group in groups.items() if len({RANK[skill] for skill in group}) > 1}


def _tensions(results: Sequence[SampleResult]) -> list[float]:
    return [tension for result in results if (tension := result.end_tension) is not None]
