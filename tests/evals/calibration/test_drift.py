"""Drift: figures within their accepted intervals pass, others are named, and other sets are not compared at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.drift import Accepted, drifted, read_accepted
from simcustomer.evals.statistics import Estimate


def run(
    value: float | None = 0.6, low: float | None = 0.5, high: float | None = 0.7, **changes: Any
) -> Accepted:
    figures = {"kappa": Estimate(value=value, low=low, high=high, n=40, groups=40)}
    fields: dict[str, Any] = {
        "kind": "judge", "player": "a", "rubric": "r", "data": ("x.jsonl",), "data_hash": "h", "n": 40, "figures": figures,
    }  # fmt: skip
    return Accepted.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("now", "way"), [(0.6, None), (0.5, None), (0.7, None), (0.49, "below"), (0.71, "above"), (None, "gone")]
)
def test_a_figure_outside_its_interval_has_drifted(now: float | None, way: str | None) -> None:
    """Both ends belong to the interval; better is drift as well as worse; a figure that is gone is one."""
    assert [d.way for d in drifted(run(), run(now, None, None))] == ([way] if way else [])


def test_another_judge_is_what_is_compared() -> None:
    """Player, prompt and rubric version may differ: the figures decide."""
    assert drifted(run(), run(player="b", prompt_hash="p", rubric_hash="q")) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"data_hash": "other"}, "data_hash was h, is other"),
        ({"kind": "appraiser"}, "kind was judge, is appraiser"),
        ({"rubric": "s"}, "rubric was r, is s"),
        ({"n": 39}, "n was 40, is 39"),
        ({"figures": {}}, "not on both sides: kappa"),
    ],
)
def test_another_set_is_not_compared(changes: dict[str, Any], says: str) -> None:
    """Also when only a failure made it another one."""
    with pytest.raises(ConfigError) as error:
        drifted(run(), run(**changes))
    assert says in str(error.value)


def test_a_figure_without_an_interval_bounds_nothing() -> None:
    """What was not defined when it was accepted cannot be left."""
    assert drifted(run(None, None, None), run(0.1)) == []


def test_accepted_figures_are_read_back(tmp_path: Path) -> None:
    """As they were written; anything else is named."""
    path = tmp_path / "accepted.json"
    path.write_text(run().model_dump_json(), encoding="utf-8")
    assert read_accepted(path) == run()
    path.write_text('{"kind": "judge"}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"player: Field required; write it with --accept"):
        read_accepted(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_accepted(tmp_path / "nowhere.json")
