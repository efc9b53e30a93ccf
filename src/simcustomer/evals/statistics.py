"""Agreement and its uncertainty: thin wrappers around scipy, scikit-learn and krippendorff.

Every figure comes as an ``Estimate``: the value, a 95 % interval, and of how many items in how many groups. The interval
is the percentile bootstrap over groups (Efron and Tibshirani 1993, chapter 13): whole groups are drawn with replacement,
because items of one group (one conversation, one writer) are not independent of each other.

What is not defined is None and never a number: fewer than three items, or input that does not vary where the
figure needs it to. The libraries are the extra ``[evals]`` and are imported when a figure is first asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from importlib import import_module
from statistics import NormalDist
from typing import Any

from simcustomer.domain.cues import Frozen
from simcustomer.errors import ConfigError

LEVELS = (1, 2, 3, 4, 5)
"""The levels of a rubric."""
MIN_ITEMS = 3
"""Items from which an agreement is a figure: two items agree or do not, and every rank correlation of two is 1 or -1."""
MIN_GROUPS = 3
"""Groups from which their spread says anything."""
RESAMPLES = 1000
"""Draws of a bootstrap: 25 of them lie beyond each end of a 95 % interval, enough for two digits."""
CONFIDENCE = 0.95
SEED = 20_240_601
"""Of the bootstrap and the folds: the same input gives the same figures."""
MIN_DEFINED = 0.5
"""Share of the draws in which the figure must be defined (not all of one level) for an interval to be given."""
BATCH = 100
"""Draws that are worked on at once; bounds the memory of tables by group."""


class Estimate(Frozen):
    """A figure with its 95 % interval, the number of items it is of, and of how many groups. None: not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    groups: int = 0


@dataclass(frozen=True)
class Pairs:
    """What two readers said of the same items, and the group of each item."""

    truth: tuple[Any, ...]
    found: tuple[Any, ...]
    groups: tuple[str, ...]

    @classmethod
    def of(cls, rows: Sequence[tuple[Any, Any, str]]) -> Pairs:
        """From (truth, found, group) rows."""
        columns = tuple(zip(*rows, strict=True)) if rows else ((), (), ())
        return cls(*columns)


def require() -> None:
    """Raises ``ConfigError`` when a library is missing: to be noticed before a model is asked, not after."""
    for name in ("numpy", "scipy.stats", "sklearn.metrics", "krippendorff"):
        _library(name)


# --- agreement of levels ------------------------------------------------------------------------------------------


def quadratic_kappa(a: Sequence[int], b: Sequence[int], levels: Sequence[int] = LEVELS) -> float | None:
    """Cohen's kappa with quadratic weights (Cohen 1968) from scikit-learn. None when both are one and the same level."""
    if len(a) < MIN_ITEMS or len({*a, *b}) < 2:
        return None
    return _number(_metrics().cohen_kappa_score(a, b, labels=list(levels), weights="quadratic"))


def kappa(columns: Sequence[Pairs], levels: Sequence[int] = LEVELS) -> Estimate:
    """Mean quadratic kappa over the ``columns`` (criteria) in which it is defined; of one column that column's kappa."""
    value = _mean([quadratic_kappa(c.truth, c.found, levels) for c in columns])
    return _estimate(value, columns, lambda tables: _mean_kappas(tables, len(levels)), levels)


def kappa_gain(before: Sequence[Pairs], after: Sequence[Pairs], levels: Sequence[int] = LEVELS) -> Estimate:
    """Mean kappa of ``after`` less that of ``before``, both on the same draws of the same groups."""
    first, second = kappa(before, levels).value, kappa(after, levels).value
    value = second - first if first is not None and second is not None else None
    half = len(before)

    def gain(tables: Any) -> Any:
        later, earlier = tables[:, half:], tables[:, :half]
        return _mean_kappas(later, len(levels)) - _mean_kappas(earlier, len(levels))

    return _estimate(value, [*before, *after], gain, levels)


def alpha(ratings: Sequence[tuple[float | None, ...]], groups: Sequence[str]) -> Estimate:
    """Krippendorff's alpha with the ordinal metric (Krippendorff 2011), by the library krippendorff.

    ``ratings`` holds a row for each item and an entry for each rater, None where a rater said nothing. Items with fewer
    than two ratings pair nothing and do not count; fewer than three that do, or a single value in all, is not defined.
    """
    rows = [(row, group) for row, group in zip(ratings, groups, strict=True) if _given(row) > 1]
    np = _numpy()
    values = sorted({value for row, _ in rows for value in row if value is not None})
    counts = np.array([[row.count(value) for value in values] for row, _ in rows])

    def of_items(at: Sequence[int]) -> float | None:
        drawn = counts[list(at)]
        if len(drawn) < MIN_ITEMS or (drawn.sum(0) > 0).sum() < 2:
            return None
        library = _library("krippendorff")
        return _number(library.alpha(value_counts=drawn, value_domain=values, level_of_measurement="ordinal"))

    return bootstrap(of_items, [group for _, group in rows])


def _given(row: tuple[float | None, ...]) -> int:
    return sum(value is not None for value in row)


# --- rank correlation ---------------------------------------------------------------------------------------------


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Spearman's rho (1904): Pearson's correlation of ranks, ties at their mean rank. None when one does not vary."""
    if len(a) < MIN_ITEMS or len(set(a)) < 2 or len(set(b)) < 2:
        return None
    ranks = _stats().rankdata([a, b], axis=1)
    return _number(_numpy().corrcoef(ranks)[0, 1])


def spearman(pairs: Pairs) -> Estimate:
    """Spearman's rho with its interval."""
    n, members = len(pairs.truth), _members(pairs.groups)
    value = rank_correlation(pairs.truth, pairs.found)
    if value is None:
        return Estimate(value=None, n=n, groups=len(members))
    np = _numpy()
    padded = np.full((len(members), max(map(len, members))), n)
    for row, at in zip(padded, members, strict=True):
        row[: len(at)] = at
    values = np.array([[*pairs.truth, np.inf], [*pairs.found, np.inf]], dtype=float)
    low, high = _interval(
        lambda drawn: _rank_correlations(values[:, padded[drawn].reshape(len(drawn), -1)]), len(members)
    )
    return Estimate(value=value, low=low, high=high, n=n, groups=len(members))


# --- classes ------------------------------------------------------------------------------------------------------


def confusion(pairs: Pairs, labels: Sequence[Hashable]) -> tuple[tuple[int, ...], ...]:
    """How often each true label (row) was found as each label (column), in the order of ``labels``."""
    at = {label: i for i, label in enumerate(labels)}
    table = [[0] * len(labels) for _ in labels]
    for truth, found in zip(pairs.truth, pairs.found, strict=True):
        table[at[truth]][at[found]] += 1
    return tuple(map(tuple, table))


def macro_f1(pairs: Pairs, labels: Sequence[Hashable]) -> Estimate:
    """Mean F1 over the true ones among ``labels`` (a label that nothing truly has is no class of this set)."""
    true = [label for label in labels if label in pairs.truth]
    value = None
    if len(pairs.truth) >= MIN_ITEMS:
        score = _metrics().f1_score
        value = _number(score(pairs.truth, pairs.found, labels=true, average="macro", zero_division=0.0))
    rows = [labels.index(label) for label in true]
    return _estimate(value, [pairs], lambda tables: _macro_f1s(tables[:, 0], rows), labels)


def share(hits: Sequence[bool], groups: Sequence[str]) -> Estimate:
    """Share of the items for which it is true (exact agreement, accuracy, errors)."""
    return mean([float(hit) for hit in hits], groups)


def wilson(hits: Sequence[bool]) -> Estimate:
    """Share of the items for which it is true, each item by itself, with Wilson's score interval.

    For counts near none or all, where the bootstrap has nothing to draw. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212:
    centre (p + z²/2n) / (1 + z²/n), half width z √(p(1 - p)/n + z²/4n²) / (1 + z²/n).
    """
    n = len(hits)
    if not n:
        return Estimate(value=None)
    z, p = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2), sum(hits) / n
    scale = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / scale
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / scale
    # Rounding of floats must not push the end of the interval past the share itself.
    return Estimate(
        value=p, low=max(0.0, min(p, centre - half)), high=min(1.0, max(p, centre + half)), n=n, groups=n
    )


# --- means and differences ----------------------------------------------------------------------------------------


def mean(values: Sequence[float], groups: Sequence[str]) -> Estimate:
    """Mean over items; groups weigh by their number of items. The value of one item stands, but has no interval."""
    if not values:
        return Estimate(value=None)
    np, members = _numpy(), _members(groups)
    sums = np.array([sum(values[i] for i in at) for at in members])
    counts = np.array([len(at) for at in members])
    low, high = _interval(lambda drawn: sums[drawn].sum(-1) / counts[drawn].sum(-1), len(members))
    value = math.fsum(values) / len(values)
    return Estimate(value=value, low=low, high=high, n=len(values), groups=len(members))


def mean_difference(before: Sequence[float], after: Sequence[float], groups: Sequence[str]) -> Estimate:
    """Mean of ``after`` less ``before``, item by item: the paired comparison of two runs over the same samples."""
    return mean([late - early for early, late in zip(before, after, strict=True)], groups)


def bootstrap(statistic: Callable[[Sequence[int]], float | None], groups: Sequence[str]) -> Estimate:
    """Any figure with its interval. ``statistic`` gets the numbers of the items to use and may say None.

    ``groups`` holds the group of each item.
    """
    np, members = _numpy(), _members(groups)

    def of_draws(drawn: Any) -> Any:
        values = (statistic([i for g in draw for i in members[g]]) for draw in drawn.tolist())
        return np.array([np.nan if value is None else value for value in values])

    low, high = _interval(of_draws, len(members))
    value = statistic(range(len(groups)))
    if value is None:
        low = high = None
    return Estimate(value=value, low=low, high=high, n=len(groups), groups=len(members))


# --- fitting ------------------------------------------------------------------------------------------------------


def monotone(x: Sequence[float], y: Sequence[float], low: float, high: float) -> list[tuple[float, float]]:
    """The rising function of ``x`` nearest to ``y`` in squares, held between two bounds: (x, fitted) at each distinct x.

    Isotonic regression by scikit-learn (pool adjacent violators); equal ``x`` count as one point at their mean ``y``.
    """
    model = _library("sklearn.isotonic").IsotonicRegression(y_min=low, y_max=high, increasing=True)
    model.fit(x, y)
    distinct = sorted(set(x))
    return list(zip(distinct, map(float, model.predict(distinct)), strict=True))


def folds(groups: Sequence[str], count: int) -> list[tuple[list[int], list[int]]]:
    """(train, test) numbers of items for ``count`` folds, fewer when there are fewer groups; no group stands in both.

    Raises ``ConfigError`` for a single group: nothing would be left to report on.
    """
    distinct = len(set(groups))
    if distinct < 2:
        raise ConfigError(
            f"{distinct} group of conversations: fitting needs at least 2, to report on other groups"
        )
    splitter = _library("sklearn.model_selection").GroupKFold(
        n_splits=min(count, distinct), shuffle=True, random_state=SEED
    )
    return [
        (train.tolist(), test.tolist()) for train, test in splitter.split(list(groups), groups=list(groups))
    ]


# --- inside -------------------------------------------------------------------------------------------------------


def _estimate(
    value: float | None,
    columns: Sequence[Pairs],
    of_tables: Callable[[Any], Any],
    labels: Sequence[Hashable],
) -> Estimate:
    """An estimate from confusion tables: those of a draw are the sums of the tables of its groups."""
    names = sorted({group for column in columns for group in column.groups})
    n = max((len(column.truth) for column in columns), default=0)
    if value is None:
        return Estimate(value=None, n=n, groups=len(names))
    np = _numpy()
    tables = np.zeros((len(names), len(columns), len(labels), len(labels)))
    at, number = {label: i for i, label in enumerate(labels)}, {name: i for i, name in enumerate(names)}
    for c, column in enumerate(columns):
        for truth, found, group in zip(column.truth, column.found, column.groups, strict=True):
            tables[number[group], c, at[truth], at[found]] += 1
    low, high = _interval(lambda drawn: of_tables(tables[drawn].sum(1)), len(names))
    return Estimate(value=value, low=low, high=high, n=n, groups=len(names))


def _mean_kappas(tables: Any, levels: int) -> Any:
    """Mean quadratic kappa over the second axis of (draws, columns, truth, found). One formula for all draws at once:

    scikit-learn takes milliseconds for each. ``test_statistics.py`` holds it against scikit-learn.
    """
    np = _numpy()
    apart = np.subtract.outer(np.arange(levels), np.arange(levels)) ** 2
    n = tables.sum((-2, -1))
    expected = np.einsum("...i,...j,ij->...", tables.sum(-1), tables.sum(-2), apart)
    seen = (tables * apart).sum((-2, -1)) * n
    defined = (expected > 0) & (n >= MIN_ITEMS)
    kappas = np.where(defined, 1.0 - seen / np.where(expected > 0, expected, 1.0), 0.0)
    count = defined.sum(-1)
    return np.where(count > 0, kappas.sum(-1) / np.maximum(count, 1), np.nan)


def _rank_correlations(values: Any) -> Any:
    """Spearman's rho of (two, draws, items); infinite items fill up a draw, rank above all others and do not count."""
    np = _numpy()
    real = np.isfinite(values[0])
    n = np.maximum(real.sum(-1), 1)
    ranks = np.where(real, _stats().rankdata(values, axis=-1), 0.0)
    ranks = np.where(real, ranks - (ranks.sum(-1) / n)[..., None], 0.0)
    spread = np.sqrt((ranks**2).sum(-1).prod(0))
    return np.where(spread > 0, ranks.prod(0).sum(-1) / np.where(spread > 0, spread, 1.0), np.nan)


def _macro_f1s(tables: Any, rows: Sequence[int]) -> Any:
    """Macro-F1 of (draws, truth, found) over the classes ``rows``; a class without any hit has F1 0."""
    np = _numpy()
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    total = tables.sum(-1) + tables.sum(-2)
    return np.where(total > 0, 2 * hits / np.maximum(total, 1), 0.0)[..., list(rows)].mean(-1)


def _interval(of_draws: Callable[[Any], Any], groups: int) -> tuple[float | None, float | None]:
    """Percentile interval of a figure over draws of groups; ``of_draws`` takes (draws, groups) numbers of groups."""
    if groups < MIN_GROUPS:
        return None, None
    np = _numpy()
    draws = np.random.default_rng(SEED).integers(groups, size=(RESAMPLES, groups))
    drawn = np.concatenate([of_draws(draws[i : i + BATCH]) for i in range(0, RESAMPLES, BATCH)])
    drawn = drawn[~np.isnan(drawn)]
    if len(drawn) < MIN_DEFINED * RESAMPLES:
        return None, None
    tail = (1.0 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return float(low), float(high)


def _members(groups: Sequence[str]) -> list[list[int]]:
    """The numbers of the items of each group, groups in the order in which they first come."""
    found: dict[str, list[int]] = {}
    for i, group in enumerate(groups):
        found.setdefault(group, []).append(i)
    return list(found.values())


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return math.fsum(defined) / len(defined) if defined else None


def _number(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number


def _library(name: str) -> Any:
    """A library of the extra. Raises ``ConfigError`` that says how to get it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"{error.name} is not installed; it comes with the statistics: pip install 'simcustomer[evals]'"
        ) from error


def _numpy() -> Any:
    return _library("numpy")


def _stats() -> Any:
    return _library("scipy.stats")


def _metrics() -> Any:
    return _library("sklearn.metrics")
