"""Learns a rubric's level tables, and its mix of items and anchored levels, from conversations that people rated.

For each criterion: isotonic regression of people's median on the share of points that the items earned; level 2, 3, 4, 5
begin where the fitted curve reaches 1.5, 2.5, 3.5, 4.5. Guards against degenerate tables:

- a criterion with fewer than ``MIN_RATED`` conversations or ``MIN_SHARES`` different shares, or whose fitted curve stays
  within one level, keeps the table that it has;
- so does one whose fitted table agrees less with people than the table that it has, over folds within the data that is
  fitted on: a regression draws levels towards the middle, which costs agreement where items say little;
- under the lowest share that was seen and over the highest, the table that it has goes on, because nothing was learned
  there; a level that it would have given within the seen range and that the fitted curve does not reach gets a
  cutoff beyond every share;
- cutoffs are rounded to three digits downwards, never to a share that was seen to earn less.

The weight of the anchored level is one number for the whole rubric, chosen from ``GRID`` by cross-validation inside the
data that is fitted on. Nothing is reported on conversations that were fitted on: figures are out of fold, by group.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from simcustomer.domain.cues import Frozen
from simcustomer.domain.rubric import Answer, Criterion, Rubric, item_share, level_of
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.cases import Case, composites, in_order, nearest, pairs_of
from simcustomer.evals.statistics import (
    LEVELS,
    Estimate,
    Pairs,
    folds,
    kappa,
    kappa_gain,
    monotone,
    quadratic_kappa,
    spearman,
)

FOLDS = 5
"""Folds by group, outside and inside: a fifth is held out, the common choice at some tens of conversations."""
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Weights of the anchored level that are tried; finer steps would be told apart by noise."""
MIN_RATED = 8
"""Rated conversations from which a criterion's table is fitted: two for each of its four cutoffs."""
MIN_SHARES = 3
"""Different shares from which there is a curve to fit."""
NEVER = 1.01
"""A cutoff beyond every share: the highest share is 1."""
DIGITS = 1000
"""Cutoffs are kept in thousandths; points are whole numbers below 30, so shares lie further apart."""
TOO_LITTLE = "too little to learn from"
FLAT = "its items do not tell the conversations apart"
NO_BETTER = "the fitted table agreed less on held-out folds"
TOLERANCE = 1e-9
"""A fitted mean that is short of a half by less than this is a half, off by the arithmetic of floats."""

Table = tuple[float, float, float, float]


class Fitted(Frozen):
    """What was learned from a set: tables by criterion (only those that changed hands), and the mix."""

    cutoffs: dict[str, Table]
    anchored_share: float
    kept: dict[str, str] = Field(default_factory=dict, description="criteria that keep their table -> why")

    def applied_to(self, rubric: Rubric) -> Rubric:
        """The rubric with these tables and this mix."""
        criteria = tuple(
            c.model_copy(update={"cutoffs": self.cutoffs.get(c.id, c.cutoffs)}) for c in rubric.criteria
        )
        return rubric.model_copy(update={"criteria": criteria, "anchored_share": self.anchored_share})


class Change(Frozen):
    """A figure with the old tables and with the fitted ones, on the same held-out conversations, and the gain in it."""

    before: Estimate
    after: Estimate
    gain: Estimate | None = None


class HeldOut(Frozen):
    """Before and after on what was not fitted on: by criterion, on average, and the composite's order."""

    conversations: int
    kappa: dict[str, Change]
    spearman: dict[str, Change]
    mean_kappa: Change
    composite: Change
    anchored_shares: tuple[float, ...] = Field(description="the mix that each fold chose")


class Fit(Frozen):
    """The fit on everything, and what fitting gained where it could not look."""

    fitted: Fitted
    before: float = Field(description="the rubric's anchored_share before")
    conversations: int
    groups: int
    out_of_fold: HeldOut
    half: HeldOut

    @property
    def learned(self) -> bool:
        """Is there anything to write: a table, or another mix?"""
        return bool(self.fitted.cutoffs) or self.fitted.anchored_share != self.before

    def provenance(self, judge: str, data: Sequence[tuple[str, str]], date: str) -> str:
        """One paragraph for the rubric file; ``data`` are names and SHA-256 of the files that were fitted on."""
        files = ", ".join(f"{name} (SHA-256 {digest})" for name, digest in data)
        held = self.out_of_fold
        kept = f" Tables left as they were: {', '.join(self.fitted.kept)}." if self.fitted.kept else ""
        return (
            f"Level tables (cutoffs) and anchored_share fitted by simcustomer calibrate --fit on {date} to {files}: "
            f"{self.conversations} rated conversations in {self.groups} groups, judged by {judge}. Out of fold, before and "
            f"after fitting: mean quadratic weighted kappa {_said(held.mean_kappa.before)} and "
            f"{_said(held.mean_kappa.after)}; Spearman of the composite {_said(held.composite.before)} and "
            f"{_said(held.composite.after)} (95 % intervals by group).{kept}"
        )


def _said(figure: Estimate) -> str:
    if figure.value is None:
        return "not defined"
    interval = (
        "" if figure.low is None or figure.high is None else f" ({figure.low:.2f} to {figure.high:.2f})"
    )
    return f"{figure.value:.2f}{interval}"


def fit(rubric: Rubric, cases: Sequence[Case]) -> Fit:
    """Fit on all cases, and report by folds and by halves. Raises ``ConfigError`` when there is too little to learn from."""
    fitted = learn(rubric, cases)
    if all(fitted.kept.get(criterion.id) == TOO_LITTLE for criterion in rubric.criteria):
        raise ConfigError(
            f"nothing to fit: no criterion has {MIN_RATED} rated and scored conversations with {MIN_SHARES} different "
            f"shares; {len(cases)} conversations were judged"
        )
    groups = [case.group for case in cases]
    return Fit(
        fitted=fitted,
        before=rubric.anchored_share,
        conversations=len(cases),
        groups=len(set(groups)),
        out_of_fold=_held_out(rubric, cases, folds(groups, FOLDS)),
        half=_held_out(rubric, cases, folds(groups, 2)[:1]),
    )


def learn(rubric: Rubric, cases: Sequence[Case]) -> Fitted:
    """Tables and mix from these cases alone."""
    tables, kept = _tables(rubric, cases)
    return Fitted(cutoffs=tables, anchored_share=_mix(rubric, cases), kept=kept)


def _tables(rubric: Rubric, cases: Sequence[Case]) -> tuple[dict[str, Table], dict[str, str]]:
    tables, kept = dict[str, Table](), dict[str, str]()
    for criterion in rubric.criteria:
        table = table_for(criterion, cases)
        if table is None:
            kept[criterion.id] = TOO_LITTLE if _too_few(_rows(criterion, cases)) else FLAT
        elif not _agrees_more(criterion, cases):
            kept[criterion.id] = NO_BETTER
        else:
            tables[criterion.id] = table
    return tables, kept


def _agrees_more(criterion: Criterion, cases: Sequence[Case]) -> bool:
    """Do tables fitted on some of the groups agree with people on the others at least as well as the one that there is?"""
    rows = _rows(criterion, cases)
    groups = [row.group for row in rows]
    if len(set(groups)) < 2:
        return False
    people, old, new = [], [], []
    for train, test in folds(groups, FOLDS):
        table = _table(criterion, [rows[i] for i in train]) or criterion.cutoffs
        people += [nearest(rows[i].rated) for i in test]
        old += [level_of(rows[i].share, criterion.cutoffs) for i in test]
        new += [level_of(rows[i].share, table) for i in test]
    return (quadratic_kappa(people, new) or 0.0) >= (quadratic_kappa(people, old) or 0.0)


class _Row(NamedTuple):
    share: float
    rated: float
    group: str


def _rows(criterion: Criterion, cases: Sequence[Case]) -> list[_Row]:
    """The cases that have both a share and a rating."""
    found = ((share_of(criterion, case), case.median_of(criterion.id), case.group) for case in cases)
    return [
        _Row(share, rated, group) for share, rated, group in found if share is not None and rated is not None
    ]


def _too_few(rows: Sequence[_Row]) -> bool:
    return len(rows) < MIN_RATED or len({row.share for row in rows}) < MIN_SHARES


def table_for(criterion: Criterion, cases: Sequence[Case]) -> Table | None:
    """The fitted table of one criterion, or None when there is too little to fit (see the guards above)."""
    return _table(criterion, _rows(criterion, cases))


def _table(criterion: Criterion, rows: Sequence[_Row]) -> Table | None:
    if _too_few(rows):
        return None
    curve = monotone([row.share for row in rows], [row.rated for row in rows], LEVELS[0], LEVELS[-1])
    if nearest(curve[0][1]) == nearest(curve[-1][1]):
        return None
    cutoffs = [
        _cutoff(level - 0.5, curve, old) for level, old in zip(LEVELS[1:], criterion.cutoffs, strict=True)
    ]
    two, three, four, five = itertools.accumulate(cutoffs, max)
    return two, three, four, five


def share_of(criterion: Criterion, case: Case) -> float | None:
    """The share of points that the items of a criterion earned, by the majority of the passes."""
    answers: dict[str, Answer] = {item.id: item.answer for item in case.card.criteria[criterion.id].items}
    return item_share(criterion, answers)


def _cutoff(reached: float, curve: Sequence[tuple[float, float]], old: float) -> float:
    """Where the curve reaches a value: between two shares on the straight line that joins them."""
    reached -= TOLERANCE
    lowest, highest = curve[0], curve[-1]
    if lowest[1] >= reached:
        return min(old, _down(lowest[0], below=-math.inf))
    if highest[1] < reached:
        return old if old > highest[0] else NEVER
    for (left, under), (right, over) in itertools.pairwise(curve):
        if over >= reached:
            return _down(left + (right - left) * (reached - under) / (over - under), below=left)
    raise AssertionError("a rising curve that ends above a value reaches it")


def _down(value: float, below: float) -> float:
    rounded = math.floor(value * DIGITS + TOLERANCE * DIGITS) / DIGITS
    return rounded if rounded > below else value


def _mix(rubric: Rubric, cases: Sequence[Case]) -> float:
    """The weight of the anchored level with the best mean kappa over inner folds; the rubric's own where all are equal."""
    rated = [case for case in cases if any(v.anchored for v in case.card.criteria.values())]
    if not rated or len({case.group for case in cases}) < 2:
        return rubric.anchored_share
    scores = dict.fromkeys([rubric.anchored_share, *GRID], 0.0)
    predicted: dict[float, list[Case]] = {share: [] for share in scores}
    for train, test in folds([case.group for case in cases], FOLDS):
        inner = [cases[i] for i in train]
        tables, _ = _tables(rubric, inner)
        for share in scores:
            changed = Fitted(cutoffs=tables, anchored_share=share).applied_to(rubric)
            predicted[share] += [cases[i].rescored(changed) for i in test]
    for share, found in predicted.items():
        each = [_plain_kappa(pairs_of(found, c.id, "combined")) for c in rubric.criteria]
        scores[share] = sum(each)
    return max(scores, key=lambda share: round(scores[share], 6))


def _plain_kappa(pairs: Pairs) -> float:
    return quadratic_kappa(pairs.truth, pairs.found) or 0.0


def _held_out(
    rubric: Rubric, cases: Sequence[Case], splits: Sequence[tuple[list[int], list[int]]]
) -> HeldOut:
    """Every test case under the old tables and under those learned from the other groups."""
    before, after, shares = [], [], []
    for train, test in splits:
        fitted = learn(rubric, [cases[i] for i in train])
        shares.append(fitted.anchored_share)
        changed = fitted.applied_to(rubric)
        before += [cases[i] for i in test]
        after += [(cases[i].rescored(changed), changed) for i in test]
    ids = [criterion.id for criterion in rubric.criteria]
    scored = [case for case, _ in after]
    old = [pairs_of(before, c, "combined") for c in ids]
    new = [pairs_of(scored, c, "combined") for c in ids]
    return HeldOut(
        conversations=len(before),
        kappa={
            c: Change(before=kappa([a]), after=kappa([b]), gain=kappa_gain([a], [b]))
            for c, a, b in zip(ids, old, new, strict=True)
        },
        spearman={
            c: Change(
                before=spearman(in_order(before, c, "combined")),
                after=spearman(in_order(scored, c, "combined")),
            )
            for c in ids
        },
        mean_kappa=Change(before=kappa(old), after=kappa(new), gain=kappa_gain(old, new)),
        composite=Change(
            before=spearman(composites(rubric, before, "combined")),
            after=spearman(_joined([composites(changed, [case], "combined") for case, changed in after])),
        ),
        anchored_shares=tuple(shares),
    )


def _joined(parts: Sequence[Pairs]) -> Pairs:
    rows = [row for part in parts for row in zip(part.truth, part.found, part.groups, strict=True)]
    return Pairs.of(rows)
