"""Evaluation runs in the store: whole, replaced when they go on, listed without their bodies, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from simcustomer.errors import NotFound
from simcustomer.evals.kept import record_of, report_in, result_of, run_of
from simcustomer.evals.report import report_of
from simcustomer.evals.results import Run
from simcustomer.store.runs import RunRecord
from simcustomer.store.store import Store
from simcustomer.store.tables import EvalSampleRow
from tests.evals.runs import BEGAN, a_result, a_run, a_sample, played_run

TRICKY = "<b>{{ 7*7 }}</b> '; DROP TABLE eval_run; -- \0 \ud800 \u202e txet 🫖"


def a_small_run(run_id: str = "first", *, kept: int = 2) -> Run:
    """A run of two samples, the second of which failed with a reason that no database can hold as it is."""
    results = [
        a_result(a_sample(), [70, 30], overall=4.2, levels={"empathy": 4}),
        a_result(a_sample(language="es"), [80], failure=TRICKY),
    ]
    return a_run(results[:kept], run_id=run_id, planned=[result.sample for result in results])


async def test_a_run_comes_back_as_it_was(store: Store) -> None:
    """What was kept is the run that comes back, every turn, effect and verdict of it, with its report."""
    run = played_run()
    await store.keep_run(record_of(run))
    kept = await store.run("played")
    assert run_of(kept) == run
    assert report_in(kept) == report_of(run)
    assert (kept.status, kept.planned, kept.kept, kept.failed) == ("finished", 16, 16, 0)
    assert kept.started_at == BEGAN


async def test_a_run_that_went_on_replaces_what_was_kept(store: Store) -> None:
    """Kept again with more results the run is there once, with all of them; kept twice it is the same."""
    await store.keep_run(record_of(a_small_run(kept=1)))
    assert (await store.run("first")).status == "interrupted"
    whole = record_of(a_small_run())
    for _ in range(2):
        await store.keep_run(whole)
    assert (await store.runs()).total == 1
    kept = await store.run("first")
    assert (kept.status, kept.kept, kept.failed, len(kept.samples)) == ("finished", 2, 1, 2)
    async with store.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(EvalSampleRow)) == 2


async def test_a_run_kept_twice_at_once_is_there_once(store: Store) -> None:
    """Two processes that keep the same run at the same time do not collide."""
    record = record_of(a_small_run())
    await asyncio.gather(*(store.keep_run(record) for _ in range(4)))
    assert len((await store.run("first")).samples) == 2


async def test_runs_are_listed_newest_first_a_page_at_a_time(store: Store) -> None:
    """The list says how many there are, and pages begin where the last one ended."""
    record = record_of(a_small_run())
    for number in range(3):
        await store.keep_run(_renamed(record, f"run-{number}", hours=number))
    page = await store.runs(limit=2)
    assert ([run.id for run in page.items], page.total) == (["run-2", "run-1"], 3)
    assert [run.id for run in (await store.runs(limit=2, offset=2)).items] == ["run-0"]
    assert (page.items[0].title, page.items[0].planned, page.items[0].failed) == ("A small run", 2, 1)


async def test_a_list_reads_no_bodies(store: Store) -> None:
    """Neither the list of runs nor that of samples asks the database for header, report or body."""
    await store.keep_run(record_of(a_small_run()))
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(store.database.engine.sync_engine, "before_cursor_execute", note)
    await store.runs()
    await store.run_samples("first")
    assert asked
    assert not any(word in text for text in asked for word in ("header", "report", "body"))


async def test_samples_are_read_one_at_a_time(store: Store) -> None:
    """Samples are listed in the order of the plan, and one comes with all that was said in it."""
    run = a_small_run()
    await store.keep_run(record_of(run))
    page = await store.run_samples("first")
    assert [(s.position, s.language, s.end_tension, s.outcome) for s in page.items] == [
        (1, "en", 30.0, "abandoned"),
        (2, "es", None, None),
    ]
    assert result_of(await store.run_sample("first", 1)) == run.results[0]
    assert [s.position for s in (await store.run_samples("first", limit=1, offset=1)).items] == [2]


async def test_what_no_database_holds_is_kept_as_near_as_can_be(store: Store) -> None:
    """A reason with NUL and half a surrogate pair is kept; in the list these two are replaced and nothing else."""
    await store.keep_run(record_of(a_small_run()))
    failed = (await store.run_samples("first")).items[1]
    assert failed.failure == TRICKY.replace("\0", "\ufffd").replace("\ud800", "\ufffd")


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    """An unknown run or sample is ``NotFound``, also by a name that PostgreSQL would refuse."""
    await store.keep_run(record_of(a_small_run()))
    for name in ("nothing", "nothing\0", ""):
        with pytest.raises(NotFound):
            await store.run(name)
        with pytest.raises(NotFound):
            await store.run_report(name)
    with pytest.raises(NotFound):
        await store.run_sample("first", 3)
    assert (await store.run_samples("nothing")).total == 0


def _renamed(record: RunRecord, run_id: str, *, hours: int) -> RunRecord:
    return replace(record, id=run_id, started_at=BEGAN + timedelta(hours=hours))
