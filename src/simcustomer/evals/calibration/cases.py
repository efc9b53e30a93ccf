"""Conversations that people rated and a judge scored, side by side: levels, composites, and how they are paired.

People's level is the median of the raters; where it falls between two levels it is rounded up, as levels are everywhere
here. Scales that run the other way are turned first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Literal

from simcustomer.domain.rubric import MIN_SCORED_SHARE, JudgeInfo, Judgement, Rubric, Scorecard, score
from simcustomer.evals.calibration.judgements import Judged
from simcustomer.evals.calibration.rated import HIGHEST, LOWEST, OVERALL, RatedConversation
from simcustomer.evals.statistics import Pairs

View = Literal["combined", "items", "anchored"]
VIEWS: tuple[View, ...] = ("combined", "items", "anchored")
"""The rubric's mix, the item tables alone, the judge's own anchored levels alone."""

Ratings = tuple[float | None, ...]


@dataclass(frozen=True)
class Case:
    """One conversation as people rated it (scales turned) and as the judge scored it, all passes together."""

    id: str
    group: str
    words: int
    people: Mapping[str, Ratings]
    overall: Ratings
    passes: tuple[Judgement, ...]
    card: Scorecard

    def rescored(self, rubric: Rubric) -> Case:
        """The same answers under another level table or mix."""
        return replace(self, card=score(rubric, self.passes, outcome=None, judge=self.card.judge))

    def median_of(self, criterion: str) -> float | None:
        """People's median for a criterion, not rounded."""
        return middle(self.people.get(criterion, ()))

    def level(self, criterion: str, view: View) -> int | None:
        """The judge's level for a criterion. Gates count in the combined one only."""
        verdict = self.card.criteria[criterion]
        return {"combined": verdict.level, "items": verdict.from_items, "anchored": verdict.anchored}[view]


def cases_of(
    rubric: Rubric, rubric_hash: str, conversations: Sequence[RatedConversation], judged: Judged
) -> list[Case]:
    """Every conversation that has at least one judgement, scored by the rubric's arithmetic."""
    cases = []
    for given in conversations:
        passes = tuple(judged.passes.get(given.id, ()))
        if not passes:
            continue
        info = JudgeInfo(model=judged.judge, rubric=rubric.id, rubric_hash=rubric_hash, passes=len(passes))
        card = score(rubric, passes, outcome=None, judge=info)
        people = {
            c.id: _turned(given.ratings.get(c.rated_as or c.id, ()), c.rated_reversed)
            for c in rubric.criteria
        }
        overall = given.ratings.get(OVERALL, ())
        cases.append(Case(given.id, given.group, given.trainee_words, people, overall, passes, card))
    return cases


def pairs_of(cases: Sequence[Case], criterion: str, view: View) -> Pairs:
    """People's level and the judge's, for the conversations that have both."""
    rows = ((case.median_of(criterion), case.level(criterion, view), case.group) for case in cases)
    return Pairs.of([(nearest(m), found, group) for m, found, group in rows if m is not None and found])


def in_order(cases: Sequence[Case], criterion: str, view: View) -> Pairs:
    """The same with people's median as it is, for orders."""
    rows = ((case.median_of(criterion), case.level(criterion, view), case.group) for case in cases)
    return Pairs.of([(a, b, group) for a, b, group in rows if a is not None and b is not None])


def composites(rubric: Rubric, cases: Sequence[Case], view: View) -> Pairs:
    """People's mean over the criteria and the judge's, both by weight and not rounded."""
    rows = (
        (people_composite(rubric, case), judge_composite(rubric, case, view), case.group) for case in cases
    )
    return Pairs.of([(a, b, group) for a, b, group in rows if a is not None and b is not None])


def people_composite(rubric: Rubric, case: Case) -> float | None:
    """Mean over the criteria that people rated, of the mean over raters, by the rubric's weights."""
    return weighted(rubric, {c: average(values) for c, values in case.people.items()})


def people_overall(rubric: Rubric, case: Case) -> float | None:
    """What people gave the whole conversation (mean over raters); where they gave none, their composite."""
    own = average(case.overall)
    return people_composite(rubric, case) if own is None else own


def judge_composite(rubric: Rubric, case: Case, view: View) -> float | None:
    """The judge's mean over the criteria by weight; None unless it scored at least half of what people rated."""
    levels: dict[str, float | None] = {}
    for c in rubric.criteria:
        levels[c.id] = _mixed(rubric, case, c.id) if view == "combined" else case.level(c.id, view)
    rated = [c for c in rubric.criteria if case.median_of(c.id) is not None]
    scored = sum(c.weight for c in rated if levels[c.id] is not None)
    if not rated or scored < MIN_SCORED_SHARE * sum(c.weight for c in rated):
        return None
    return weighted(rubric, levels)


def middle(ratings: Ratings) -> float | None:
    """Median of those who rated."""
    given = [value for value in ratings if value is not None]
    return median(given) if given else None


def nearest(value: float) -> int:
    """The level next to a median, halves rounded up."""
    return int(value + 0.5)


def _mixed(rubric: Rubric, case: Case, criterion: str) -> float | None:
    """The combined level before it is rounded, with its gates."""
    verdict = case.card.criteria[criterion]
    if verdict.from_items is None:
        return None
    own = verdict.from_items if verdict.anchored is None else verdict.anchored
    level = (1.0 - rubric.anchored_share) * verdict.from_items + rubric.anchored_share * own
    return min([level, *(gate.at for gate in case.card.gates if criterion in gate.caps)])


def weighted(rubric: Rubric, levels: Mapping[str, float | None]) -> float | None:
    """Mean over the criteria that have a value, by the rubric's weights."""
    scored = [(c.weight, value) for c in rubric.criteria if (value := levels.get(c.id)) is not None]
    return sum(w * value for w, value in scored) / sum(w for w, _ in scored) if scored else None


def average(ratings: Ratings) -> float | None:
    """Mean of those who rated."""
    given = [value for value in ratings if value is not None]
    return fmean(given) if given else None


def _turned(ratings: Ratings, reverse: bool) -> Ratings:
    if not reverse:
        return ratings
    return tuple(None if value is None else LOWEST + HIGHEST - value for value in ratings)
