"""How far a judge agrees with people, and with itself, beside how far people agree with each other.

A conversation that the judge could not answer is a failure, counted and listed; a criterion that got no level, or that
people left out, stands in no figure and is counted too.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Literal

from simcustomer.domain.cues import Frozen
from simcustomer.domain.rubric import Answer, Rubric
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.cases import (
    VIEWS,
    Case,
    Ratings,
    View,
    average,
    composites,
    in_order,
    judge_composite,
    middle,
    nearest,
    pairs_of,
    people_overall,
    weighted,
)
from simcustomer.evals.calibration.drift import Accepted, Failure
from simcustomer.evals.calibration.judgements import Asked, Judged
from simcustomer.evals.calibration.rated import Labelled
from simcustomer.evals.statistics import (
    LEVELS,
    Estimate,
    Pairs,
    alpha,
    bootstrap,
    confusion,
    kappa,
    mean,
    rank_correlation,
    share,
    spearman,
)


class CriterionFigures(Frozen):
    """One criterion. ``unscored``: rated by people without a level of the judge; ``unrated``: the other way round."""

    id: str
    rated_as: str
    rated_reversed: bool
    kappa: Mapping[View, Estimate]
    spearman: Mapping[View, Estimate]
    exact: Estimate
    within_one: Estimate
    confusion: tuple[tuple[int, ...], ...]
    alpha_raters: Estimate
    alpha_with_judge: Estimate
    raters_kappa: Estimate
    self_kappa: Estimate | None
    unscored: int
    unrated: int


class ItemTrouble(Frozen):
    """An item that was left unscored in a pass, or on which passes differed, in so many conversations."""

    id: str
    unscored: int
    split: int


class JudgeFigures(Frozen):
    """Everything about one judge on one rubric and set. Without repeats there is no self-agreement."""

    conversations: int
    groups: int
    passes: int
    raters: int
    criteria: tuple[CriterionFigures, ...]
    mean_kappa: Mapping[View, Estimate]
    composite: Mapping[View, Estimate]
    overall: Estimate
    raters_mean_kappa: Estimate
    raters_composite: Estimate
    self_mean_kappa: Estimate | None
    same_answers: Estimate | None
    words_with_raters: Estimate
    words_with_judge: Estimate
    troubles: tuple[ItemTrouble, ...]

    def compared(self) -> dict[str, Estimate]:
        """The figures that a drift check compares, by name."""
        found = {f"{c.id}.kappa": c.kappa["combined"] for c in self.criteria}
        found |= {f"{c.id}.spearman": c.spearman["combined"] for c in self.criteria}
        found |= {f"{c.id}.within_one": c.within_one for c in self.criteria}
        return found | {
            "mean_kappa": self.mean_kappa["combined"],
            "composite.spearman": self.composite["combined"],
            "overall.spearman": self.overall,
            "words_with_judge.spearman": self.words_with_judge,
        }


class JudgeReport(Frozen):
    """One judge calibrated on one set. ``stale`` and ``other_rubric``: see ``evals.judgements.Judged``."""

    kind: Literal["judge"] = "judge"
    judge: str
    rubric: str
    rubric_hash: str
    asked_hash: str
    data: tuple[str, ...]
    data_hash: str
    unlabelled: int
    failures: tuple[Failure, ...]
    stale: int
    other_rubric: int
    figures: JudgeFigures

    def to_accept(self) -> Accepted:
        """What a drift check keeps of it."""
        return Accepted(
            kind=self.kind,
            player=self.judge,
            rubric=self.rubric,
            rubric_hash=self.rubric_hash,
            prompt_hash=self.asked_hash,
            data=self.data,
            data_hash=self.data_hash,
            n=self.figures.conversations,
            failures=len(self.failures),
            figures=self.figures.compared(),
        )


def judge_report(asked: Asked, labelled: Labelled, judged: Judged, cases: Sequence[Case]) -> JudgeReport:
    """Everything about one judge on one set. Raises ``ConfigError`` when there is not one judgement."""
    failures = tuple(Failure(id=i, repeat=repeat, reason=reason) for i, repeat, reason in judged.failures)
    if not cases:
        raise ConfigError(
            f"judge {judged.judge}: no conversation has a judgement"
            + (f"; the first failure: {failures[0].reason}" if failures else "")
        )
    return JudgeReport(
        judge=judged.judge,
        rubric=asked.rubric.id,
        rubric_hash=asked.rubric_hash,
        asked_hash=asked.asked_hash,
        data=labelled.names,
        data_hash=labelled.hash,
        unlabelled=labelled.unlabelled,
        failures=failures,
        stale=judged.stale,
        other_rubric=judged.other_rubric,
        figures=judge_figures(asked.rubric, cases),
    )


def judge_figures(rubric: Rubric, cases: Sequence[Case]) -> JudgeFigures:
    """All figures of one judge. Raises ``ConfigError`` when the statistics are not installed."""
    ids = [criterion.id for criterion in rubric.criteria]
    repeated = max((len(case.passes) for case in cases), default=0) > 1
    return JudgeFigures(
        conversations=len(cases),
        groups=len({case.group for case in cases}),
        passes=max((len(case.passes) for case in cases), default=0),
        raters=max(
            (len(values) for case in cases for values in [*case.people.values(), case.overall]), default=0
        ),
        criteria=tuple(_criterion(rubric, c.id, cases, repeated) for c in rubric.criteria),
        mean_kappa={view: kappa([pairs_of(cases, c, view) for c in ids]) for view in VIEWS},
        composite={view: spearman(composites(rubric, cases, view)) for view in VIEWS},
        overall=spearman(_overalls(rubric, cases)),
        raters_mean_kappa=kappa([pairs for c in ids for pairs in _between_people(cases, c)]),
        raters_composite=_raters_composite(rubric, cases),
        self_mean_kappa=kappa([p for c in ids for p in _between_passes(cases, c)]) if repeated else None,
        same_answers=_same_answers(cases) if repeated else None,
        words_with_raters=_length(cases, lambda case: people_overall(rubric, case)),
        words_with_judge=_length(cases, lambda case: judge_composite(rubric, case, "combined")),
        troubles=_troubles(cases),
    )


# --- one criterion ------------------------------------------------------------------------------------------------


def _criterion(rubric: Rubric, name: str, cases: Sequence[Case], repeated: bool) -> CriterionFigures:
    criterion = next(c for c in rubric.criteria if c.id == name)
    pairs = {view: pairs_of(cases, name, view) for view in VIEWS}
    both = pairs["combined"]
    rated = [case for case in cases if case.median_of(name) is not None]
    groups = [case.group for case in rated]
    scored = [case for case in rated if case.level(name, "combined") is not None]
    apart = [abs(a - b) for a, b in zip(both.truth, both.found, strict=True)]
    return CriterionFigures(
        id=name,
        rated_as=criterion.rated_as or name,
        rated_reversed=criterion.rated_reversed,
        kappa={view: kappa([pairs[view]]) for view in VIEWS},
        spearman={view: spearman(in_order(cases, name, view)) for view in VIEWS},
        exact=share([gap == 0 for gap in apart], both.groups),
        within_one=share([gap <= 1 for gap in apart], both.groups),
        confusion=confusion(both, LEVELS),
        alpha_raters=alpha([case.people[name] for case in rated], groups),
        alpha_with_judge=alpha(
            [(*case.people[name], case.level(name, "combined")) for case in scored],
            [case.group for case in scored],
        ),
        raters_kappa=kappa(_between_people(cases, name)),
        self_kappa=kappa(_between_passes(cases, name)) if repeated else None,
        unscored=len(rated) - len(scored),
        unrated=sum(
            case.median_of(name) is None and case.level(name, "combined") is not None for case in cases
        ),
    )


def _between_people(cases: Sequence[Case], criterion: str) -> list[Pairs]:
    """Each rater beside the median of the others, as levels."""
    raters = max((len(case.people.get(criterion, ())) for case in cases), default=0)
    columns = []
    for rater in range(raters if raters > 1 else 0):
        rows = []
        for case in cases:
            own, others = _apart(case.people.get(criterion, ()), rater)
            rest = middle(others)
            if own is not None and rest is not None:
                rows.append((nearest(rest), nearest(own), case.group))
        columns.append(Pairs.of(rows))
    return columns


def _between_passes(cases: Sequence[Case], criterion: str) -> list[Pairs]:
    """Every two passes of the judge beside each other, by the level that each alone would have given."""
    count = max((len(case.passes) for case in cases), default=0)
    columns = []
    for one, other in itertools.combinations(range(count), 2):
        rows = []
        for case in cases:
            votes = case.card.criteria[criterion].votes
            if len(votes) > other and votes[one] and votes[other]:
                rows.append((votes[one], votes[other], case.group))
        columns.append(Pairs.of(rows))
    return columns


# --- the whole ----------------------------------------------------------------------------------------------------


def _overalls(rubric: Rubric, cases: Sequence[Case]) -> Pairs:
    rows = ((people_overall(rubric, case), case.card.overall, case.group) for case in cases)
    return Pairs.of([(a, b, group) for a, b, group in rows if a is not None and b is not None])


def _raters_composite(rubric: Rubric, cases: Sequence[Case]) -> Estimate:
    """Each rater's composite beside that of the others: mean rank correlation over raters."""
    raters = max((len(values) for case in cases for values in case.people.values()), default=0)
    rows = []
    for case in cases:
        parts = [{c: _apart(values, r) for c, values in case.people.items()} for r in range(raters)]
        own = [weighted(rubric, {c: mine for c, (mine, _) in part.items()}) for part in parts]
        rest = [weighted(rubric, {c: average(others) for c, (_, others) in part.items()}) for part in parts]
        rows.append((own, rest))

    def agreement(at: Sequence[int]) -> float | None:
        found = []
        for rater in range(raters):
            both = [(rows[i][0][rater], rows[i][1][rater]) for i in at]
            pairs = [(a, b) for a, b in both if a is not None and b is not None]
            found.append(rank_correlation([a for a, _ in pairs], [b for _, b in pairs]))
        defined = [value for value in found if value is not None]
        return fmean(defined) if defined else None

    return bootstrap(agreement, [case.group for case in cases])


def _same_answers(cases: Sequence[Case]) -> Estimate:
    """Share of the pairs of passes that gave an item the same answer, over all items of all conversations."""
    values, groups = [], []
    for case in cases:
        for verdict in case.card.criteria.values():
            for item in verdict.items:
                if len(item.votes) > 1:
                    values.append(fmean(a is b for a, b in itertools.combinations(item.votes, 2)))
                    groups.append(case.group)
    return mean(values, groups)


def _length(cases: Sequence[Case], scored: Callable[[Case], float | None]) -> Estimate:
    rows = ((case.words, scored(case), case.group) for case in cases)
    return spearman(Pairs.of([(words, value, group) for words, value, group in rows if value is not None]))


def _troubles(cases: Sequence[Case]) -> tuple[ItemTrouble, ...]:
    """The items with trouble, the worst first."""
    unscored, split = Counter[str](), Counter[str]()
    for case in cases:
        for verdict in case.card.criteria.values():
            unscored.update(item.id for item in verdict.items if Answer.UNSCORED in item.votes)
            split.update(item.id for item in verdict.items if len(set(item.votes)) > 1)
    both = (unscored + split).most_common()
    return tuple(ItemTrouble(id=item, unscored=unscored[item], split=split[item]) for item, _ in both)


def _apart(ratings: Ratings, rater: int) -> tuple[float | None, Ratings]:
    """One rater's value and those of the others."""
    own = ratings[rater] if rater < len(ratings) else None
    return own, ratings[:rater] + ratings[rater + 1 :]
