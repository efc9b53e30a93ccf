"""A run as flat tables: one row a sample, or one row a turn, as CSV or as JSON lines that a Parquet writer takes.

Columns always stand in the same order and hold one type each; what is not known is empty (CSV) or null (JSON lines).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal, TextIO

from simcustomer.evals.results import Run, SampleResult, Spent
from simcustomer.evals.scorers import metrics_of, scores_of
from simcustomer.evals.suite import Sample

Format = Literal["csv", "jsonl"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl")
Value = str | int | float | bool | None
Row = Mapping[str, Value]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
GROUP_FIGURES = frozenset({"ladder_order", "trust_slope"})
"""Metrics that are figures of a group of samples: there is no value of them for one sample."""
LIST_SEPARATOR = ";"
"""Between the entries of a list in one field, such as the cues of a turn; none of them holds it."""


def sample_rows(run: Run) -> Iterator[Row]:
    """One row for each sample that has a result, with the scores of all scorers and judges of the run."""
    scorers = [metric.name for metric in metrics_of(run) if metric.name not in GROUP_FIGURES]
    for result in run.results:
        persona = run.persona_of(result.sample)
        scores = scores_of(result, persona)
        start = result.conversation(persona).start.tension
        yield {
            **_place(run, result.sample),
            "started_at": _iso(run.started_at),
            "finished_at": _iso(run.finished_at),
            "outcome": result.outcome.value if result.outcome else None,
            "failure": result.failure or None,
            "judge_failures": sum(bool(judged.failure) for judged in result.judged),
            "turns": len(result.turns),
            "start_tension": start,
            **{_column(name): _number(scores.get(name)) for name in scorers},
            **_spent(result),
        }


def turn_rows(run: Run) -> Iterator[Row]:
    """One row for each turn of every sample, those of failed samples included. Turns count from 1."""
    for result in run.results:
        for turn in result.turns:
            affect = turn.affect
            yield {
                **_place(run, result.sample),
                "turn": turn.index,
                "trainee_text": turn.trainee,
                "customer_text": turn.customer,
                "tension": affect.tension,
                "anger": affect.anger,
                "anxiety": affect.anxiety,
                "confusion": affect.confusion,
                "trust": affect.trust,
                "patience": affect.patience,
                "cues": LIST_SEPARATOR.join(cue.kind.value for cue in turn.appraisal.cues),
                "needs_met": LIST_SEPARATOR.join(affect.needs_met),
                "spoken_by": turn.spoken_by,
                "discarded": len(turn.discarded),
                "outcome": turn.outcome.value if turn.outcome else None,
            }


def write(rows: Iterator[Row], form: Format, out: TextIO) -> int:
    """Write rows to a text stream (opened with ``newline=""``); returns how many there were."""
    return _write_csv(rows, out) if form == "csv" else _write_json_lines(rows, out)


def _write_csv(rows: Iterator[Row], out: TextIO) -> int:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay numbers."""
    writer, count = csv.writer(out, lineterminator="\n"), 0
    for row in rows:
        if count == 0:
            writer.writerow(map(harmless, row))
        writer.writerow(map(harmless, row.values()))
        count += 1
    return count


def _write_json_lines(rows: Iterator[Row], out: TextIO) -> int:
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - the last number is what is returned
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return count


def harmless(cell: Value) -> Value:
    """The cell; text that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _place(run: Run, sample: Sample) -> dict[str, Value]:
    return {"run": run.id, "suite": run.suite.id, "sample": sample.id, **sample.model_dump()}


def _spent(result: SampleResult) -> dict[str, Value]:
    """What the sample used; ``cost_usd`` is unknown as soon as the price of one request is."""
    spent = sum(result.spent.values(), Spent())
    return {
        "requests": spent.requests,
        "failed_requests": spent.failed_requests,
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cost_usd": None if spent.unpriced_requests else spent.cost_usd,
        "seconds": spent.seconds,
    }


def _column(name: str) -> str:
    """The column of a score: scorers get a prefix, as the judges' scores have one, since a place has fields too."""
    return name if name.startswith("score:") else f"scorer:{name}"


def _number(value: float | None) -> float | None:
    """Judges' levels are whole numbers; one column holds one type."""
    return None if value is None else float(value)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
