"""Flat tables of a run: one row a sample or a turn, one type a column, harmless to a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from simcustomer.cli.readings import export as command
from simcustomer.domain.conversation import Outcome
from simcustomer.errors import ConfigError
from simcustomer.evals.export import Format, Row, sample_rows, turn_rows, write
from simcustomer.evals.results import Run, Spent
from tests.evals.runs import a_result, a_run, a_sample, output_of, played_run, write_log

PRICED = Spent(requests=4, failed_requests=1, input_tokens=100, output_tokens=20, cost_usd=0.5, seconds=8.0)


def a_mixed_run() -> Run:
    """A scored sample, one with an unknown price, one that failed."""
    return a_run(
        [
            a_result(
                a_sample(),
                [70, 30],
                Outcome.RESOLVED,
                levels={"empathy": 4},
                overall=4.2,
                spent={"x": PRICED},
            ),
            a_result(a_sample(language="es"), [80], spent={"x": Spent(requests=2, unpriced_requests=1)}),
            a_result(a_sample("lost-lamp"), [75], failure="ModelUnavailable: asleep"),
        ]
    )


def text_of(rows: Any, form: Format) -> str:
    """The rows as they are written."""
    out = io.StringIO(newline="")
    write(rows, form, out)
    return out.getvalue()


def types_of(rows: list[Row]) -> dict[str, set[type]]:
    """The types of each column, nulls aside."""
    return {name: {type(row[name]) for row in rows if row[name] is not None} for name in rows[0]}


def test_a_row_tells_a_sample() -> None:
    """Place, outcome, scores and what it used stand in one flat row; what is not known is null and never 0."""
    scored, unpriced, failed = sample_rows(a_mixed_run())
    assert (scored["persona"], scored["language"], scored["trainee"]) == ("missing-kettle", "en", "expert")
    assert (scored["outcome"], scored["turns"], scored["scorer:end_tension"]) == ("resolved", 2, 30.0)
    assert (scored["score:built-in"], scored["score:built-in:empathy"]) == (4.2, 4.0)
    assert (scored["requests"], scored["cost_usd"], scored["seconds"]) == (4, 0.5, 8.0)
    assert unpriced["score:built-in"] is None
    assert unpriced["cost_usd"] is None
    assert (failed["outcome"], failed["failure"]) == (None, "ModelUnavailable: asleep")
    assert failed["scorer:end_tension"] is None
    assert failed["turns"] == 1


def test_a_scorer_does_not_hide_a_field() -> None:
    """The language of a sample and the score of the same name are two columns."""
    row = next(sample_rows(a_mixed_run()))
    assert row["language"] == "en"
    assert isinstance(row["scorer:language"], float)


@pytest.mark.parametrize("rows_of", [sample_rows, turn_rows])
def test_every_column_has_one_type_and_every_row_the_same_columns(rows_of: Any) -> None:
    """A Parquet writer needs no guess: no mixed column, the same order in every row, times as ISO 8601."""
    rows = [*rows_of(played_run()), *rows_of(a_mixed_run())]
    played = [row for row in rows if row["run"] == "played"]
    for some in (played, [row for row in rows if row["run"] == "first"]):
        assert len({tuple(row) for row in some}) == 1
        assert all(len(types) <= 1 for types in types_of(some).values()), types_of(some)
    if rows_of is sample_rows:
        assert datetime.fromisoformat(str(played[0]["started_at"])).tzinfo


def test_a_row_tells_a_turn() -> None:
    """With turns there is one row for each, in order, with what was said and how the customer felt."""
    rows = list(turn_rows(a_mixed_run()))
    assert [(row["sample"], row["turn"], row["tension"]) for row in rows[:2]] == [
        (a_sample().id, 1, 70.0),
        (a_sample().id, 2, 30.0),
    ]
    assert (rows[1]["trainee_text"], rows[1]["customer_text"]) == ("I will look at it.", "Answer 2.")
    assert (rows[0]["outcome"], rows[1]["outcome"]) == (None, "resolved")
    assert len(rows) == 4


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_runs_no_formula(start: str) -> None:
    """Text that a spreadsheet would run gets an apostrophe; numbers, negative ones too, stay numbers."""
    evil = f'{start}cmd|"/c calc"!A1'
    run = a_run([a_result(a_sample(), [70], said=evil, answer=evil, failure=evil)])
    turn = next(csv.DictReader(io.StringIO(text_of(turn_rows(run), "csv"), newline="")))
    sample = next(csv.DictReader(io.StringIO(text_of(sample_rows(run), "csv"), newline="")))
    assert turn["trainee_text"] == turn["customer_text"] == sample["failure"] == f"'{evil}"
    negative: Row = {"change": -3.5, "text": "fine"}
    assert text_of(iter([negative]), "csv") == "change,text\n-3.5,fine\n"


def test_json_lines_hold_the_text_as_it_was() -> None:
    """In JSON lines text is not changed, each row is one line, and nulls are null."""
    run = a_run([a_result(a_sample(), [70], said="=1+1\nnext ¿qué? \u2028")])
    (line,) = text_of(turn_rows(run), "jsonl").splitlines(keepends=False)[:1]
    row = json.loads(text_of(turn_rows(run), "jsonl"))
    assert row["trainee_text"] == "=1+1\nnext ¿qué? \u2028"
    assert row["outcome"] is None
    assert line.startswith('{"run": "first"')
    assert text_of(turn_rows(run), "jsonl").count("\n") == 1


def exported(*arguments: str) -> str:
    """Output of the command."""
    return output_of(command, *arguments)


def test_the_command_writes_a_file_or_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default the table is the output; with --out it is a file, and the output says how many rows it has."""
    monkeypatch.setenv("SIMCUSTOMER_RUNS_DIR", str(tmp_path))
    write_log(a_mixed_run(), tmp_path)
    printed = exported("first", "--format", "jsonl", "--turns")
    assert len(printed.splitlines()) == 4
    target = tmp_path / "table.csv"
    assert "3 rows" in exported("first", "--out", str(target))
    assert len(list(csv.reader(io.StringIO(target.read_text(encoding="utf-8"))))) == 4
    with pytest.raises(ConfigError, match="--format 'xlsx' is not known; allowed: csv, jsonl"):
        exported("first", "--format", "xlsx")
    with pytest.raises(ConfigError, match="cannot be written"):
        exported("first", "--out", str(tmp_path / "no" / "such" / "folder.csv"))
