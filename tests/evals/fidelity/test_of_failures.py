"""Runs of the failure table become a measurement that stands on the page, before beside after."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from simcustomer.cli.failures import failures
from simcustomer.errors import ConfigError
from simcustomer.evals.failures.content import Failure
from simcustomer.evals.failures.measure import Trial
from simcustomer.evals.fidelity.of_failures import failures_kept
from simcustomer.evals.fidelity.stored import Stored

DAY = date(2026, 1, 30)


def a_trial(nth: int, *, before: bool | None, after: bool | None, of: Failure = "role_reversal") -> Trial:
    """One situation of the customer's, as it went."""
    return Trial(
        failure_of=of,
        id=f"s{nth}",
        part="customer",
        persona="lost-parcel",
        language="en",
        before=before,
        after=after,
        shown="How can I help you?",
        saw_after=("it serves",) if after else (),
        failure="" if after is not None else "asleep",
    )


def write(folder: Path, name: str, *trials: Trial) -> Path:
    """A run as ``eval failures --out`` leaves it."""
    path = folder / name
    players = {"customer": "some/model", "appraiser": "some/model", "judge": "some/model"}
    given = {"players": players, "grader": "", "rubric": "small", "tables": []}
    path.write_text(
        json.dumps(given | {"trials": [t.model_dump(mode="json") for t in trials]}), encoding="utf-8"
    )
    return path


def test_before_stands_beside_after(tmp_path: Path) -> None:
    """Each with its own n: a call that failed is in no figure. What still fails is quoted, and no model is named."""
    first = write(tmp_path, "1.json", *(a_trial(i, before=True, after=i < 2) for i in range(4)))
    second = write(
        tmp_path,
        "2.json",
        a_trial(0, before=True, after=True),
        a_trial(1, before=False, after=False),
        a_trial(2, before=None, after=None),
    )
    stored = failures_kept("failures", [first, second], DAY, note="Read by hand.")
    rates, lines, still = stored.tables
    assert rates.rows == (
        (
            "role_reversal",
            "customer",
            4,
            "4 of 4",
            "2 of 4",
            "0.15 to 0.85",
            2,
            "1 of 2",
            "1 of 2",
            "0.09 to 0.91",
        ),
    )
    assert rates.columns[2:4] == ("n before", "model alone before")
    assert still.rows == (("role_reversal", "s0", "it serves", "How can I help you?"),)
    assert (stored.n, stored.section, stored.note) == (2, "failures", "Read by hand.")
    assert lines.rows[0][0] == 2
    assert "some/model" not in stored.model_dump_json()


def test_a_failure_that_only_one_run_tried_has_no_figure_in_the_other(tmp_path: Path) -> None:
    """A dash and n = 0, never a share of nothing."""
    first = write(tmp_path, "1.json", a_trial(0, before=True, after=True))
    second = write(tmp_path, "2.json", a_trial(0, before=True, after=False, of="repeats"))
    rows = failures_kept("failures", [first, second], DAY).tables[0].rows
    assert rows[0][2:] == (1, "1 of 1", "1 of 1", "0.21 to 1.00", 0, "-", "-", "-")
    assert rows[1][2:6] == (0, "-", "-", "-")


def test_what_the_command_writes_can_be_kept(tmp_path: Path) -> None:
    """The real document, of the built-in players; one run alone has no before."""
    out = tmp_path / "out.json"
    failures(only=["keyword_stuffing"], out=out)
    stored = failures_kept("failures", [out], DAY)
    assert "n before" not in stored.tables[0].columns
    assert Stored.model_validate_json(stored.model_dump_json(exclude_defaults=True)) == stored


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"players": {}}', r"1\.json: rubric: "),
        ("[]", r"1\.json: document: "),
        ('{"players": {"customer": "m"}, "rubric": "small", "trials": []}', r"1\.json: trials: none went through"),
    ],
)  # fmt: skip
def test_what_is_no_such_run_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """With file and field."""
    path = tmp_path / "1.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        failures_kept("failures", [path], DAY)


def test_three_runs_are_one_too_many(tmp_path: Path) -> None:
    """Before and after, or one of them."""
    with pytest.raises(ConfigError, match="3 files"):
        failures_kept("failures", [tmp_path] * 3, DAY)
