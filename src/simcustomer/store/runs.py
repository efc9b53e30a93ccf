"""Evaluation runs in the store: kept whole, listed without their bodies, read one sample at a time.

What a run consists of is known to ``evals``; here it is JSON with the few columns that lists are made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from simcustomer.errors import NotFound
from simcustomer.store.database import Database
from simcustomer.store.sessions import insert_missing
from simcustomer.store.tables import EvalRunRow, EvalSampleRow

RUNS_PAGE = 20
"""Runs on one page of a list: a screen and a half."""

SAMPLES_PAGE = 50
"""Samples on one page of a list: each is one line of a table."""

INSERTED_AT_ONCE = 200
"""Samples in one statement: a whole run's bodies in one would be tens of megabytes."""


@dataclass(frozen=True)
class ListedSample:
    """A sample without its body. ``position`` counts from 1, in the order of the plan. A failed one has neither
    outcome nor tension."""

    position: int
    sample: str
    persona: str
    language: str
    difficulty: int
    customer: str
    prompts: str
    trainee: str
    variant: int
    epoch: int
    outcome: str | None
    end_tension: float | None
    failure: str


@dataclass(frozen=True)
class SampleRecord(ListedSample):
    """A sample with all that was said; ``body`` is JSON."""

    body: Mapping[str, Any]


@dataclass(frozen=True)
class ListedRun:
    """A line of the list of runs: how many samples were planned, how many are kept, how many of those failed."""

    id: str
    suite: str
    title: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    planned: int
    kept: int
    failed: int


@dataclass(frozen=True)
class RunRecord(ListedRun):
    """A whole run: ``header`` and ``report`` are JSON. ``samples`` is empty where only the rest was asked for."""

    header: Mapping[str, Any]
    report: Mapping[str, Any]
    samples: tuple[SampleRecord, ...] = ()


@dataclass(frozen=True)
class RunPage:
    """Some runs, newest first, and how many there are in all."""

    items: tuple[ListedRun, ...]
    total: int


@dataclass(frozen=True)
class SamplePage:
    """Some samples of a run, in the order of the plan, and how many there are in all."""

    items: tuple[ListedSample, ...]
    total: int


class Runs:
    """The part of ``Store`` that keeps evaluation runs."""

    database: Database

    async def keep_run(self, run: RunRecord) -> None:
        """Keep a run as it stands now; what was kept of it before is replaced. Raises ``StoreUnavailable``."""
        row = EvalRunRow(**_fields(run, ListedRun), header=dict(run.header), report=dict(run.report))
        samples = [
            EvalSampleRow(run_id=run.id, **_fields(sample, ListedSample), body=dict(sample.body))
            for sample in run.samples
        ]
        async with self.database.write() as session:
            await insert_missing(session, [row])
            kept = await session.get_one(EvalRunRow, run.id, with_for_update=True)
            for name, value in row.model_dump().items():
                setattr(kept, name, value)
            await session.execute(delete(EvalSampleRow).where(col(EvalSampleRow.run_id) == run.id))
            for start in range(0, len(samples), INSERTED_AT_ONCE):
                session.add_all(samples[start : start + INSERTED_AT_ONCE])
                await session.flush()

    async def runs(self, *, limit: int = RUNS_PAGE, offset: int = 0) -> RunPage:
        """Some runs, newest first, without header, report and samples."""
        query = (
            select(*_columns(EvalRunRow, ListedRun))
            .order_by(col(EvalRunRow.started_at).desc(), col(EvalRunRow.id))
            .limit(limit)
            .offset(offset)
        )
        async with self.database.read() as session:
            total = await session.scalar(select(func.count()).select_from(EvalRunRow))
            rows = (await session.execute(query)).mappings().all()
        return RunPage(tuple(ListedRun(**row) for row in rows), total or 0)

    async def run(self, run_id: str) -> RunRecord:
        """A whole run with all its samples. Raises ``NotFound``."""
        query = select(EvalSampleRow).where(col(EvalSampleRow.run_id) == run_id).order_by("position")
        async with self.database.read() as session:
            head = await _head(session, run_id)
            rows = (await session.scalars(query)).all()
        samples = tuple(SampleRecord(**_fields(row, ListedSample), body=row.body) for row in rows)
        return replace(head, samples=samples)

    async def run_report(self, run_id: str) -> RunRecord:
        """A run with its report and without its samples. Raises ``NotFound``."""
        async with self.database.read() as session:
            return await _head(session, run_id)

    async def run_samples(self, run_id: str, *, limit: int = SAMPLES_PAGE, offset: int = 0) -> SamplePage:
        """Some samples of a run without their bodies, in the order of the plan; none of a run that is not there."""
        of_run = col(EvalSampleRow.run_id) == run_id
        query = (
            select(*_columns(EvalSampleRow, ListedSample))
            .where(of_run)
            .order_by("position")
            .limit(limit)
            .offset(offset)
        )
        async with self.database.read() as session:
            total = await session.scalar(select(func.count()).select_from(EvalSampleRow).where(of_run))
            rows = (await session.execute(query)).mappings().all()
        return SamplePage(tuple(ListedSample(**row) for row in rows), total or 0)

    async def run_sample(self, run_id: str, position: int) -> SampleRecord:
        """One sample with its body. Raises ``NotFound``."""
        async with self.database.read() as session:
            row = None if "\0" in run_id else await session.get(EvalSampleRow, (run_id, position))
        if row is None:
            raise NotFound(f"no sample {position} of a run {run_id!r} is kept")
        return SampleRecord(**_fields(row, ListedSample), body=row.body)


async def _head(session: AsyncSession, run_id: str) -> RunRecord:
    # PostgreSQL takes no NUL in a text.
    row = None if "\0" in run_id else await session.get(EvalRunRow, run_id)
    if row is None:
        raise NotFound(f"no run {run_id!r} is kept")
    return RunRecord(**_fields(row, ListedRun), header=row.header, report=row.report)


def _fields(value: object, kind: type[ListedRun] | type[ListedSample]) -> dict[str, Any]:
    """The fields that lists are made of, of a record or a row."""
    return {name: getattr(value, name) for name in kind.__dataclass_fields__}


def _columns(
    table: type[EvalRunRow] | type[EvalSampleRow], kind: type[ListedRun] | type[ListedSample]
) -> Sequence[Any]:
    """The columns that lists are made of: no body is read for a line."""
    return [getattr(table, name) for name in kind.__dataclass_fields__]
