"""Rewordings judged by a model become a measurement of the judge's movement beside its own noise."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from simcustomer.errors import ConfigError
from simcustomer.evals.fidelity.of_rewordings import rewordings_kept
from simcustomer.evals.robustness.measure import SAME_TEXT
from simcustomer.evals.robustness.probe import Rescored

DAY = date(2026, 1, 30)


def a_trial(reply: int, way: str, by: float | None) -> Rescored:
    """One reply judged in two wordings; without a figure the judge failed."""
    failure = "" if by is not None else "asleep"
    return Rescored(topic="rewordings", id=f"r{reply}", language="en", way=way, overall=by, failure=failure)


def write(folder: Path, *trials: Rescored) -> Path:
    """A document as ``eval robustness --json`` prints it."""
    path = folder / "out.json"
    given = {"players": {"judge": "some/model"}, "rubric": "small", "tables": [], "failures": []}
    rows = [trial.model_dump(mode="json") for trial in trials]
    path.write_text(
        json.dumps(given | {"trials": {"attacks": [], "moved": [], "rescored": rows}}), encoding="utf-8"
    )
    return path


def test_movement_stands_beside_the_noise_on_the_same_text(tmp_path: Path) -> None:
    """The noise is the mean distance of two judgements of one text; which way a score moved does not matter to it."""
    trials = [a_trial(i, SAME_TEXT, 0.1 if i % 2 else -0.1) for i in range(6)]
    trials += [a_trial(i, "typos", 1.0) for i in range(6)] + [a_trial(0, "dictated", None)]
    stored = rewordings_kept("judged", write(tmp_path, *trials), DAY, note="By hand.")
    assert stored.judge_noise
    assert stored.judge_noise.overall == pytest.approx(0.1)
    assert (stored.n, stored.judge_noise.n) == (12, 6)
    assert stored.note == "By hand. Pairs that failed and are in no figure: 1."
    twice, moved = stored.tables
    assert twice.rows[-1] == ("all", 6, "0.10", "0.10 to 0.10")
    assert moved.rows[0][:4] == ("typos", "en", 6, "1.00")
    assert moved.rows[0][-1] == "more"
    assert "some/model" not in stored.model_dump_json()


def test_without_a_text_judged_twice_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    """The error says how such trials come about."""
    path = write(tmp_path, a_trial(0, "typos", 1.0), a_trial(0, SAME_TEXT, None))
    with pytest.raises(ConfigError, match="no text was judged twice; run eval robustness"):
        rewordings_kept("judged", path, DAY)
    path = write(tmp_path, a_trial(0, "typos", None), a_trial(0, SAME_TEXT, 0.0))
    with pytest.raises(ConfigError, match="no rewording was judged; run eval robustness"):
        rewordings_kept("judged", path, DAY)
