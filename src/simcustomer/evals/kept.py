"""Runs on their way to the store and back: a run becomes a record with its report worked out, and a run again."""

from __future__ import annotations

from simcustomer.evals.figures import Report
from simcustomer.evals.report import report_of, status_of
from simcustomer.evals.results import Run, SampleResult
from simcustomer.store.runs import RunRecord, SampleRecord


def record_of(run: Run, report: Report | None = None) -> RunRecord:
    """The record of a run as far as it went, with its report: the given one, or one worked out here."""
    position = {sample.id: number for number, sample in enumerate(run.planned, 1)}
    return RunRecord(
        id=run.id,
        suite=run.suite.id,
        title=run.suite.title,
        status=status_of(run),
        started_at=run.started_at,
        finished_at=run.finished_at,
        planned=len(run.planned),
        kept=len(run.results),
        failed=len(run.results) - len(run.scored),
        header=run.model_dump(mode="json", exclude={"results"}),
        report=(report or report_of(run)).model_dump(mode="json"),
        samples=tuple(_sample(position[result.sample.id], result) for result in run.results),
    )


def run_of(record: RunRecord) -> Run:
    """The run of a record; of one without samples a run without results."""
    return Run.model_validate({**record.header, "results": [sample.body for sample in record.samples]})


def report_in(record: RunRecord) -> Report:
    """The report that was worked out when the run was kept."""
    return Report.model_validate(record.report)


def result_of(sample: SampleRecord) -> SampleResult:
    """The result of one sample."""
    return SampleResult.model_validate(sample.body)


def _sample(position: int, result: SampleResult) -> SampleRecord:
    return SampleRecord(
        position=position,
        sample=result.sample.id,
        **result.sample.model_dump(),
        outcome=result.outcome.value if result.outcome else None,
        end_tension=result.end_tension,
        failure=result.failure,
        body=result.model_dump(mode="json"),
    )
