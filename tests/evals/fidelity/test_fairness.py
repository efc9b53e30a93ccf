"""Movement under other people's words, and whether it is more than the judge's own noise."""

from __future__ import annotations

import pytest

from simcustomer.evals.fidelity.fairness import Slice, against, slice_of, tables_of
from simcustomer.evals.fidelity.stored import Noise
from simcustomer.evals.robustness.content import Reworded, Rewordings, Sets
from simcustomer.evals.robustness.measure import SAME_TEXT, Measured
from simcustomer.evals.robustness.probe import Moved, Rescored
from simcustomer.evals.statistics import Estimate

NOISE = Noise(overall=0.2, low=0.1, high=0.3, n=20)


@pytest.mark.parametrize(
    ("way", "wanted"),
    [("typos", "typos"), ("dictated", "dictation"), ("from_arabic", "non-native"), ("scottish", "variety")],
)
def test_a_way_has_its_slice(way: str, wanted: Slice) -> None:
    """By the name under which it stands in the file."""
    assert slice_of(way) == wanted


@pytest.mark.parametrize(
    ("low", "value", "high", "says"),
    [
        (0.31, 0.4, 0.5, "more"),
        (0.25, 0.4, 0.5, "cannot be told apart"),
        (0.0, 0.05, 0.09, "less"),
        (None, 0.4, None, "more"),
    ],
)
def test_only_intervals_that_do_not_meet_decide(
    low: float | None, value: float, high: float | None, says: str
) -> None:
    """More than the noise means above all of its interval."""
    assert against(Estimate(value=value, low=low, high=high, n=16), NOISE) == says


def test_nothing_is_said_without_a_noise() -> None:
    """What nobody measured is compared with nothing."""
    assert against(Estimate(value=0.4, low=0.3, high=0.5), None) == "not measured"
    assert against(Estimate(value=None), NOISE) == "not measured"


def a_measured() -> tuple[Measured, Sets]:
    """Four replies, each with typing mistakes (which move the score by a level) and dictated (which move nothing)."""
    names = [f"r{i}" for i in range(4)]
    moved = [
        Moved(topic="rewordings", id=name, language="en", way=way, tension=by)
        for name in names
        for way, by in (("typos", 8.0), ("dictated", -1.0), (SAME_TEXT, 0.0))
    ]
    scored = [
        Rescored(topic="rewordings", id=name, language="en", way=way, overall=by)
        for name in names
        for way, by in (("typos", -1.0), ("dictated", 0.0), (SAME_TEXT, 0.0))
    ]
    words = tuple(
        Reworded(
            id=name,
            persona="missing-kettle",
            quality="good",
            base="I will look.",
            rewordings={"typos": "I wil lok.", "dictated": "i will look"},
        )
        for name in names
    )
    sets = Sets(
        injections=(),
        benign=(),
        keywords=(),
        gold=(),
        rewordings=(Rewordings(language="en", replies=words),),
    )
    measured = Measured(
        players={},
        rubric="small",
        topics=("rewordings",),
        moved=tuple(moved),
        rescored=tuple(scored),
    )
    return measured, sets


def test_movement_stands_beside_the_noise() -> None:
    """By slice, with n; where it is more is said in words. The same text again is no slice."""
    tension, score, quoted = tables_of(*a_measured(), NOISE)
    rows = {row[:2]: row for row in score.rows}
    assert rows["typos", "en"] == (
        "typos",
        "en",
        4,
        "-1.00",
        "-1.00 to -1.00",
        "0.00",
        "1.00",
        "1.00 to 1.00",
        "more",
    )
    assert rows["dictation", "all"][-1] == "less"
    assert "0.20 levels (0.10 to 0.30, n = 20)" in score.note
    assert "moves more than that in: typos (en)." in score.note
    assert "less in: dictation (en)." in score.note
    assert [row[3] for row in tension.rows if row[0] == "typos"] == ["8.0", "8.0"]
    assert quoted.rows[0] == ("typos", "+8.0", "I will look.", "I wil lok.")


def test_a_noise_that_is_missing_is_said() -> None:
    """The page does not fail without it, and compares nothing."""
    _, score, _ = tables_of(*a_measured(), None)
    assert {row[-1] for row in score.rows} == {"not measured"}
    assert "not measured yet" in score.note
