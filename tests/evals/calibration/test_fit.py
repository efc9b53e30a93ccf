"""Fitting level tables: what a fit gains is shown on what it was not fitted on, and thin data leaves tables alone."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcustomer.domain.rubric import Criterion, Rubric, level_of
from simcustomer.errors import ConfigError
from simcustomer.evals import statistics
from simcustomer.evals.calibration.cases import Case
from simcustomer.evals.calibration.fit import (
    FLAT,
    MIN_RATED,
    NEVER,
    NO_BETTER,
    TOO_LITTLE,
    _Row,
    _table,
    fit,
    learn,
)
from simcustomer.evals.calibration.rubric_text import with_fit
from simcustomer.evals.statistics import monotone
from simcustomer.library import load, rubric_from
from tests.evals.calibration.rated_people import ITEMS, AskewJudge, a_conversation, a_rubric
from tests.evals.calibration.test_judge import judged

RUBRIC = a_rubric()
CARE: Criterion = RUBRIC.criteria[0]


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """How sharp an interval is is not what these tests are about: a tenth of the draws will do."""
    monkeypatch.setattr(statistics, "RESAMPLES", 100)


def rows(*points: tuple[float, float]) -> list[_Row]:
    return [_Row(share, rated, str(i)) for i, (share, rated) in enumerate(points)]


async def askew_cases(tmp_path: Path, count: int = 40, rubric: Rubric = RUBRIC, **judge: Any) -> list[Case]:
    """People rate 1 to 5; the judge is generous: even the worst meets half of the items, and the harm is never seen whole.

    One conversation in five is seen a point off, in an order that has nothing to do with its quality.
    """
    dice = random.Random(1)
    people = {n: n % 5 + 1 for n in range(count)}
    good = {n: min(ITEMS, 3 + level + (dice.random() < 0.2)) for n, level in people.items()}
    harm = {n: max(0, 5 - level - (dice.random() < 0.2)) for n, level in people.items()}
    given = [a_conversation(n, care=level, war=6 - level) for n, level in people.items()]
    _, _, cases = await judged(tmp_path, AskewJudge(good, harm, **judge), given, rubric)
    return cases


async def test_a_fit_gains_where_the_points_are_off_and_says_so_out_of_fold(tmp_path: Path) -> None:
    """The judge's order is right and its levels are not: the fitted tables put that right on conversations not seen."""
    found = fit(RUBRIC, await askew_cases(tmp_path))
    for held in (found.out_of_fold, found.half):
        before, after, gain = held.mean_kappa.before, held.mean_kappa.after, held.mean_kappa.gain
        assert before.value is not None
        assert after.value is not None
        assert gain is not None
        assert gain.low is not None
        assert before.value < 0.7
        assert after.value > 0.85
        assert gain.low > 0
    assert (found.out_of_fold.conversations, found.half.conversations) == (40, 20)
    assert set(found.fitted.cutoffs) == {"care", "peace"}


async def test_a_fit_that_does_not_help_keeps_the_table(tmp_path: Path) -> None:
    """The table is right and the judge noisy: a regression would draw all to the middle, so the table stays."""
    dice = random.Random(3)
    people = {n: n % 5 + 1 for n in range(40)}
    good = {
        n: min(ITEMS, max(0, 2 * (level - 1) + dice.choice([-4, -2, 0, 0, 2, 4])))
        for n, level in people.items()
    }
    given = [a_conversation(n, care=level) for n, level in people.items()]
    _, _, cases = await judged(tmp_path, AskewJudge(good, {}), given)
    found = fit(RUBRIC, cases)
    assert found.fitted.kept == {"care": NO_BETTER, "peace": TOO_LITTLE}
    assert not found.learned
    assert found.out_of_fold.mean_kappa.gain is not None
    assert found.out_of_fold.mean_kappa.gain.value == pytest.approx(0.0, abs=0.05)


async def test_items_that_say_nothing_make_no_table(tmp_path: Path) -> None:
    """Ratings that fall as the items rise: the fitted curve is flat, and the table stays."""
    given = [a_conversation(n, care=n % 5 + 1) for n in range(40)]
    _, _, cases = await judged(tmp_path, AskewJudge({n: 5 - n % 5 for n in range(40)}, {}), given)
    assert fit(RUBRIC, cases).fitted.kept == {"care": FLAT, "peace": TOO_LITTLE}


async def test_the_mix_is_chosen_by_what_agrees(tmp_path: Path) -> None:
    """Anchored levels that are right beside items that say nothing: all weight goes to the anchors, in every fold."""
    level = {n: n % 5 + 1 for n in range(40)}
    dice = random.Random(2)
    good = {n: dice.randint(0, ITEMS) for n in range(40)}
    given = [a_conversation(n, care=level[n], war=6 - level[n]) for n in range(40)]
    _, _, cases = await judged(tmp_path, AskewJudge(good, {}, level=level), given)
    found = fit(RUBRIC, cases)
    assert found.fitted.anchored_share == 1.0
    assert set(found.out_of_fold.anchored_shares) == {1.0}
    assert found.learned


async def test_without_anchored_levels_the_mix_stays(tmp_path: Path) -> None:
    """There is nothing to choose from: the rubric's own weight is kept."""
    cases = await askew_cases(tmp_path)
    assert fit(a_rubric(anchored_share=0.5), cases).fitted.anchored_share == 0.5


async def test_a_group_is_never_on_both_sides(tmp_path: Path) -> None:
    """One group cannot be fitted and reported on."""
    cases = await askew_cases(tmp_path)
    one = [Case(c.id, "same", c.words, c.people, c.overall, c.passes, c.card) for c in cases]
    with pytest.raises(ConfigError, match="at least 2"):
        fit(a_rubric(), one)


async def test_too_few_conversations_are_refused(tmp_path: Path) -> None:
    """The error says how many it takes."""
    cases = await askew_cases(tmp_path, count=MIN_RATED - 1)
    with pytest.raises(ConfigError, match=f"nothing to fit: no criterion has {MIN_RATED} rated"):
        fit(RUBRIC, cases)


# --- one table ----------------------------------------------------------------------------------------------------


def test_a_level_begins_where_the_curve_crosses() -> None:
    """Eight points on a line from 1 to 5: the crossings of 1.5, 2.5, 3.5 and 4.5 lie on it."""
    points = [
        (0.0, 1.0),
        (0.0, 1.0),
        (0.25, 2.0),
        (0.25, 2.0),
        (0.5, 3.0),
        (0.5, 3.0),
        (0.75, 4.0),
        (1.0, 5.0),
    ]
    assert _table(CARE, rows(*points)) == (0.125, 0.375, 0.625, 0.875)


def test_a_level_that_is_never_reached_lies_beyond_every_share() -> None:
    """Nobody rated above 3: even the full share is a 3."""
    points = [(n / 7, 1.0 if n < 4 else 3.0) for n in range(8)]
    table = _table(CARE, rows(*points))
    assert table is not None
    assert table[2:] == (NEVER, NEVER)
    assert level_of(1.0, table) == 3


def test_outside_of_what_was_seen_the_old_table_goes_on() -> None:
    """Shares from .3 to .5 were seen, rated 3 to 4: below .3 and above .5 the table says what it said before."""
    points = [
        (0.3, 3.0),
        (0.35, 3.0),
        (0.4, 3.0),
        (0.45, 4.0),
        (0.5, 4.0),
        (0.5, 4.0),
        (0.3, 3.0),
        (0.4, 3.0),
    ]
    table = _table(CARE, rows(*points))
    assert table is not None
    assert [level_of(share, table) for share in (0.1, 0.25, 0.3, 0.44, 0.45, 0.5, 0.79, 0.8)] == [
        1,
        2,
        3,
        4,
        4,
        4,
        4,
        5,
    ]


@pytest.mark.parametrize(
    "points",
    [
        [(0.1 * n, 3.0) for n in range(MIN_RATED - 1)],
        [(n % 2, n % 5 + 1.0) for n in range(20)],
        [(0.1 * n, 3.0) for n in range(10)],
        [(0.1 * n, 5.0 - n / 3) for n in range(10)],
    ],
    ids=["few", "two shares", "one level", "falling"],
)
def test_a_degenerate_table_is_not_made(points: list[tuple[float, float]]) -> None:
    """Too few conversations, too few shares, one level, or ratings that fall as the share grows: the old table stays."""
    assert _table(CARE, rows(*points)) is None


SHARES = st.integers(-8, 8).map(lambda n: n / 8)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(SHARES, st.integers(2, 10).map(lambda n: n / 2)), min_size=MIN_RATED, max_size=30))
def test_a_fitted_table_is_monotone_and_true_to_its_curve(points: list[tuple[float, float]]) -> None:
    """Cutoffs rise, and every share that was seen gets the level of its fitted value, rounding of cutoffs or not."""
    table = _table(CARE, rows(*points))
    if table is None:
        return
    assert list(table) == sorted(table)
    curve = monotone([share for share, _ in points], [rated for _, rated in points], 1, 5)
    for share, fitted in curve:
        assert level_of(share, table) == int(fitted + 0.5 + 1e-9)


# --- into the file ------------------------------------------------------------------------------------------------

TEXT = """# An instrument.
id: askew
title: Askew      # the title
{top}
criteria:
  - id: care      # first
    name: Care
    asks: Was there care?
    cutoffs: [0.2, 0.4,
              0.6, 0.8]   # by hand
    items:
{care}
    anchors: &anchors {{harmful: a, weak: b, adequate: c, good: d, exemplary: e}}
    next_step: Care.
  - id: peace
    name: Peace
    asks: ¿Hubo paz?
    rated_as: war
    rated_reversed: true
    cutoffs:
      - 0.2
      - 0.4
      - 0.6
      - 0.8
    items:
{war}
    anchors: *anchors
    next_step: Rest.
# The end.
"""


def text_of(top: str) -> str:
    care = "\n".join(f"      - {{id: care_{n}, ask: Care, points: 1}}" for n in range(ITEMS))
    return TEXT.format(top=top, care=care, war=care.replace("care", "war").replace("points: 1", "points: -1"))


@pytest.mark.parametrize(
    "top",
    [
        "",
        "anchored_share: 0.0  # half\nprovenance: >-\n  By hand,\n  at a desk.\n\n# the criteria\n",
        "provenance: By hand.\nanchored_share: 0.0",
    ],
    ids=["absent", "folded", "plain"],
)
async def test_a_fit_is_written_and_comments_stay(tmp_path: Path, top: str) -> None:
    """Only the cutoffs, the mix and the provenance change; the file reads as the fitted rubric, a second time as well."""
    path = tmp_path / "askew.yaml"
    path.write_text(text_of(top), encoding="utf-8")
    rubric = load(path, Rubric)
    cases = await askew_cases(tmp_path, rubric=rubric)
    found = fit(rubric, cases)
    provenance = found.provenance("askew", [("rated.jsonl", "ab" * 32)], "2026-11-22")
    new = with_fit(text_of(top), rubric, found, provenance)
    assert rubric_from(new) == found.fitted.applied_to(rubric).model_copy(update={"provenance": provenance})
    for comment in ("# An instrument.", "# the title", "# first", "# by hand", "# The end.", *(["# the criteria"] if "# the c" in top else [])):  # fmt: skip
        assert comment in new
    assert "¿Hubo paz?" in new
    assert with_fit(new, rubric_from(new), found, provenance) == new


async def test_the_provenance_says_where_the_tables_come_from(tmp_path: Path) -> None:
    """Data with hash, number, judge, date, and the figures out of fold, before and after."""
    found = fit(RUBRIC, await askew_cases(tmp_path))
    said = found.provenance("a-model", [("rated.jsonl", "ab" * 32)], "2026-11-22")
    for part in (
        "rated.jsonl",
        "ab" * 32,
        "40 rated conversations in 40 groups",
        "a-model",
        "2026-11-22",
        "Out of fold",
    ):
        assert part in said
    assert f"{found.out_of_fold.mean_kappa.after.value:.2f}" in said


async def test_what_is_learned_from_the_same_cases_is_the_same(tmp_path: Path) -> None:
    """Folds have a fixed seed."""
    cases = await askew_cases(tmp_path)
    assert learn(RUBRIC, cases) == learn(RUBRIC, cases)
