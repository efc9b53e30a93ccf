"""Agreement and intervals: against cases worked by hand, the libraries' own published examples, and their laws."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score

from simcustomer.errors import ConfigError
from simcustomer.evals import statistics
from simcustomer.evals.statistics import (
    LEVELS,
    Pairs,
    alpha,
    bootstrap,
    confusion,
    folds,
    kappa,
    kappa_gain,
    macro_f1,
    mean,
    mean_difference,
    monotone,
    quadratic_kappa,
    rank_correlation,
    share,
    spearman,
)

LEVEL = st.sampled_from(LEVELS)
RATED = st.lists(st.tuples(LEVEL, LEVEL), min_size=3, max_size=20)
FEW = settings(max_examples=40, deadline=None)


def apart(n: int) -> list[str]:
    """Every item a group of its own."""
    return [str(i) for i in range(n)]


def pairs(a: Sequence[object], b: Sequence[object], groups: Sequence[str] | None = None) -> Pairs:
    return Pairs(tuple(a), tuple(b), tuple(groups or apart(len(a))))


# --- kappa --------------------------------------------------------------------------------------------------------


def test_kappa_of_a_case_worked_by_hand() -> None:
    """Squared distances 0, 1, 0, 1 are 0.5 on average; over all sixteen crossings they are 2: 1 - 0.5 / 2."""
    assert quadratic_kappa([1, 2, 3, 4], [1, 3, 3, 3]) == pytest.approx(1 - 0.5 / 2)


def test_kappa_is_that_of_the_example_of_scikit_learn() -> None:
    """The example in the documentation of cohen_kappa_score, unweighted, gives 0.6875; so does its wrapper's library."""
    y1, y2 = ["negative", "positive", "negative", "neutral", "positive"], ["negative", "positive", "negative", "neutral", "negative"]  # fmt: skip
    assert cohen_kappa_score(y1, y2) == pytest.approx(0.6875)


@pytest.mark.parametrize(("a", "b"), [([1, 2], [1, 2]), ([3, 3, 3], [3, 3, 3]), ([], [])])
def test_kappa_is_not_defined_for_few_items_or_one_level(a: list[int], b: list[int]) -> None:
    """None, without a warning: two items prove nothing, and where all is one level there is no chance to disagree."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert quadratic_kappa(a, b) is None
        estimate = kappa([pairs(a, b)])
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (None, None, None, len(a))


def test_a_judge_who_always_says_the_same_has_kappa_zero() -> None:
    """One reader varies and the other does not: no agreement beyond chance, which is a finding and not a gap."""
    assert quadratic_kappa([1, 3, 5, 2], [3, 3, 3, 3]) == pytest.approx(0.0)


@FEW
@given(RATED)
def test_the_formula_for_all_draws_is_that_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    """The kappas behind an interval are the kappas of the library."""
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    table = np.array(confusion(pairs(a, b), LEVELS), dtype=float)[None, None]
    found = float(statistics._mean_kappas(table, len(LEVELS))[0])
    wanted = quadratic_kappa(a, b)
    assert np.isnan(found) if wanted is None else found == pytest.approx(wanted)


@FEW
@given(RATED)
def test_kappa_is_symmetric_bounded_and_blind_to_order(rows: list[tuple[int, int]]) -> None:
    """Who is the first reader does not matter, nor does the order of the items; it lies from -1 to 1."""
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    value = quadratic_kappa(a, b)
    if value is not None:
        assert -1.0 <= value <= 1.0 + 1e-12
        assert value == pytest.approx(quadratic_kappa(b, a))
        assert value == pytest.approx(quadratic_kappa(a[::-1], b[::-1]))


def test_mean_kappa_leaves_out_what_is_not_defined() -> None:
    """A criterion in which all is one level has no kappa, and does not count as nought in the mean."""
    good = pairs([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    flat = pairs([3, 3, 3, 3, 3], [3, 3, 3, 3, 3])
    assert kappa([good, flat]).value == pytest.approx(1.0)


def test_the_gain_of_nothing_is_nothing() -> None:
    """Before and after being the same, gain and both ends of its interval are 0."""
    rows = pairs([1, 2, 3, 4, 5, 1], [2, 2, 3, 5, 5, 1])
    gain = kappa_gain([rows], [rows])
    assert (gain.value, gain.low, gain.high) == (0.0, 0.0, 0.0)


def test_a_gain_is_measured_on_the_same_draws() -> None:
    """From always one off to always right: the gain is clear of 0 although either kappa varies."""
    people = [1, 2, 3, 4, 5] * 4
    off = [min(5, level + 1) for level in people]
    gain = kappa_gain([pairs(people, off)], [pairs(people, people)])
    assert gain.value is not None
    assert gain.low is not None
    assert gain.value > gain.low > 0


# --- alpha --------------------------------------------------------------------------------------------------------

KRIPPENDORFF = (
    "*    *    *    *    *    3    4    1    2    1    1    3    3    *    3",
    "1    *    2    1    3    3    4    3    *    *    *    *    *    *    *",
    "*    *    2    1    3    4    4    *    2    1    1    3    3    *    4",
)
"""The example in the README of the library: three coders, fifteen units, * for missing."""


def units() -> list[tuple[float | None, ...]]:
    columns = zip(*(row.split() for row in KRIPPENDORFF), strict=True)
    return [tuple(None if value == "*" else float(value) for value in column) for column in columns]


def test_alpha_is_that_of_the_example_of_krippendorff() -> None:
    """The library on the README's whole table, units without two ratings included, gives what the wrapper gives."""
    import krippendorff

    rows = [[np.nan if v == "*" else float(v) for v in row.split()] for row in KRIPPENDORFF]
    assert krippendorff.alpha(reliability_data=rows, level_of_measurement="nominal") == pytest.approx(
        0.691, abs=5e-4
    )
    assert krippendorff.alpha(reliability_data=rows, level_of_measurement="interval") == pytest.approx(
        0.811, abs=5e-4
    )
    wanted = krippendorff.alpha(reliability_data=rows, level_of_measurement="ordinal")
    assert alpha(units(), apart(15)).value == pytest.approx(wanted)


def test_alpha_counts_the_items_that_two_people_rated() -> None:
    """An item with one rating pairs nothing: it is not among the n. The interval holds the value."""
    found = alpha(units(), apart(15))
    assert found.n == 12
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    "ratings", [[], [(1.0, 2.0)], [(2.0, 2.0)] * 5, [(1.0, None)] * 5], ids=["none", "one", "same", "alone"]
)
def test_alpha_is_not_defined_without_variation_or_pairs(ratings: list[tuple[float | None, ...]]) -> None:
    """None, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert alpha(ratings, apart(len(ratings))).value is None


def test_people_who_agree_have_alpha_one() -> None:
    """No disagreement at all."""
    assert alpha([(1.0, 1.0), (3.0, 3.0), (5.0, 5.0)], apart(3)).value == pytest.approx(1.0)


# --- rank correlation ---------------------------------------------------------------------------------------------


def test_rank_correlation_is_that_of_the_example_of_scipy() -> None:
    """The example in the documentation of spearmanr: 0.8207826816681233."""
    assert rank_correlation([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) == pytest.approx(0.8207826816681233)


@FEW
@given(RATED)
def test_rank_correlation_is_scipys_and_only_order_matters(rows: list[tuple[int, int]]) -> None:
    """The same as scipy with ties, symmetric, and unchanged when one side is stretched; None where scipy has none."""
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    value = rank_correlation(a, b)
    if len(set(a)) < 2 or len(set(b)) < 2:
        assert value is None
        return
    assert value == pytest.approx(float(stats.spearmanr(a, b).statistic))
    assert value == pytest.approx(rank_correlation(b, a))
    assert value == pytest.approx(rank_correlation([x**3 for x in a], b))


@FEW
@given(RATED, st.integers(1, 4))
def test_draws_of_unequal_groups_have_the_rank_correlation_of_their_items(
    rows: list[tuple[int, int]], size: int
) -> None:
    """What fills up a draw of small groups does not count: each draw is scipy's figure of its own items."""
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    filled = np.array([[*a, *[np.inf] * size], [*b, *[np.inf] * size]], dtype=float)[:, None]
    found = float(statistics._rank_correlations(filled)[0])
    wanted = rank_correlation(a, b)
    assert np.isnan(found) if wanted is None else found == pytest.approx(wanted)


def test_the_interval_of_a_rank_correlation_is_that_of_the_plain_way() -> None:
    """Vectorised or item by item through ``bootstrap``: the same draws, the same interval."""
    a, b, groups = [1, 2, 3, 4, 5, 6, 7, 8], [1, 3, 2, 5, 4, 6, 8, 7], list("aabbbcdd")
    slow = bootstrap(lambda at: rank_correlation([a[i] for i in at], [b[i] for i in at]), groups)
    fast = spearman(pairs(a, b, groups))
    assert fast.groups == 4
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high))


# --- classes and means --------------------------------------------------------------------------------------------


def test_macro_f1_is_that_of_the_example_of_scikit_learn() -> None:
    """The example in the documentation of f1_score, macro: 0.26666666666666666."""
    found = macro_f1(pairs([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1]), (0, 1, 2))
    assert found.value == pytest.approx(0.26666666666666666)


def test_a_class_that_nothing_truly_has_is_no_class() -> None:
    """Two classes in truth, a third named by mistake: the mean is over the two."""
    truth, said = ["up", "up", "down", "down"], ["up", "flat", "down", "flat"]
    wanted = f1_score(truth, said, labels=["up", "down"], average="macro")
    assert macro_f1(pairs(truth, said), ("up", "flat", "down")).value == pytest.approx(wanted)


@FEW
@given(RATED)
def test_the_macro_f1_of_all_draws_is_that_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    """The figures behind an interval are the figures of the library."""
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    table = np.array(confusion(pairs(a, b), LEVELS), dtype=float)[None]
    true = [LEVELS.index(level) for level in LEVELS if level in a]
    wanted = macro_f1(pairs(a, b), LEVELS).value
    assert float(statistics._macro_f1s(table, true)[0]) == pytest.approx(wanted)


def test_a_confusion_table_has_the_truth_in_its_rows() -> None:
    """Row: what it was. Column: what was said."""
    assert confusion(pairs(["a", "a", "b"], ["a", "b", "b"]), ("a", "b")) == ((1, 1), (0, 1))


def test_a_share_is_a_count_over_the_items() -> None:
    """Three of four."""
    found = share([True, True, False, True], apart(4))
    assert (found.value, found.n, found.groups) == (0.75, 4, 4)


def test_a_mean_difference_is_paired() -> None:
    """Every item gained one: the interval is a point although the items differ widely."""
    found = mean_difference([1, 50, 900], [2, 51, 901], apart(3))
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_one_item_has_a_mean_and_no_interval() -> None:
    """Its value stands; nothing says how it would vary. None at all has no value."""
    assert mean([2.0], ["a"]).model_dump() == {"value": 2.0, "low": None, "high": None, "n": 1, "groups": 1}
    assert mean([], []).value is None


def test_an_interval_is_wider_when_items_come_in_groups_that_agree() -> None:
    """Forty items of four groups tell less than forty items on their own: that is why groups are drawn."""
    values = [float(i // 10) for i in range(40)]
    alone, grouped = mean(values, apart(40)), mean(values, [str(i // 10) for i in range(40)])
    assert grouped.low is not None
    assert grouped.high is not None
    assert alone.low is not None
    assert alone.high is not None
    assert grouped.value == alone.value
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_an_interval_is_near_that_of_scipy() -> None:
    """scipy's percentile bootstrap of a mean without groups, with its own draws, ends within a few hundredths."""
    values = [float(v) for v in np.random.default_rng(1).normal(size=60)]
    wanted = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=5000, rng=np.random.default_rng(2)
    )
    found = mean(values, apart(60))
    assert found.low == pytest.approx(wanted.confidence_interval.low, abs=0.05)
    assert found.high == pytest.approx(wanted.confidence_interval.high, abs=0.05)


def test_the_same_input_gives_the_same_interval() -> None:
    """The seed is fixed."""
    rows = pairs([1, 2, 3, 4, 5, 2], [1, 3, 3, 4, 4, 2])
    assert kappa([rows]) == kappa([rows])


def test_a_figure_that_most_draws_do_not_define_has_no_interval() -> None:
    """One conversation of ten differs from the rest: a third of the draws miss it, too few to hide; of many, no interval."""
    rare = bootstrap(lambda at: 1.0 if at.count(0) > 3 else None, apart(10))
    assert (rare.low, rare.high) == (None, None)


# --- fitting ------------------------------------------------------------------------------------------------------


def test_the_monotone_curve_pools_what_falls() -> None:
    """Pool adjacent violators by hand: 3 and 1 become 2 and 2; equal shares are one point at their mean."""
    curve = monotone([0.1, 0.2, 0.3, 0.4, 0.4], [1, 3, 1, 4, 5], 1, 5)
    assert curve == [(0.1, 1.0), (0.2, 2.0), (0.3, 2.0), (0.4, 4.5)]


def test_no_group_stands_on_both_sides_of_a_fold() -> None:
    """Every item is tested once, and its group is never in the training part."""
    groups = [str(i % 6) for i in range(20)]
    tested: list[int] = []
    for train, test in folds(groups, 5):
        assert not {groups[i] for i in train} & {groups[i] for i in test}
        tested += test
    assert sorted(tested) == list(range(20))


def test_one_group_cannot_be_folded() -> None:
    """The error says what is missing."""
    with pytest.raises(ConfigError, match="at least 2"):
        folds(["a", "a", "a"], 5)


@pytest.mark.parametrize("name", ["numpy", "scipy.stats", "sklearn.metrics", "krippendorff"])
def test_a_missing_library_is_named_with_its_remedy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Practice works without the statistics; who asks for them is told how to get them."""
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"pip install 'simcustomer\[evals\]'"):
        statistics.require()
