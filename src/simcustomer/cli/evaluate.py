"""``eval run``, ``eval list`` and ``eval show``: evaluation runs in the terminal."""

from __future__ import annotations

import asyncio
import math
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Column, Table

from simcustomer.cli.inputs import library_of
from simcustomer.cli.runs import sample_of, show_sample, show_samples, show_summary, state_of
from simcustomer.cli.screen import console, error_console, shown
from simcustomer.errors import ConfigError, StoreUnavailable
from simcustomer.evals.budget import Estimate, PriceOf, estimate, models_of, refuse_unknown_prices
from simcustomer.evals.kept import record_of
from simcustomer.evals.log import Stop, find_log, log_paths, read_run, read_story
from simcustomer.evals.material import Material, material_of, read_suite
from simcustomer.evals.results import Run
from simcustomer.evals.run import Progress, Start, begin, pending, run_suite, take_up
from simcustomer.evals.seats import litellm_models
from simcustomer.settings import Settings, load_settings

ALL_FAILED = 4
"""Exit code of a run in which not one sample could be played: a wrong key or a server that is not there."""
STOPPED_BY_BUDGET = 3
"""Exit code of a run that a limit stopped: nothing went wrong, and it is not complete."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
FAILURES_SHOWN = 20
"""Failures that are written out after a run; ``eval show`` has them all."""

RunsDirOption = Annotated[
    Path | None, typer.Option("--runs-dir", help="folder of the logs; default: SIMCUSTOMER_RUNS_DIR, or runs")
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="id of a run, path of its log, or latest")]


def run(
    suite: Annotated[str, typer.Argument(help="a suite's file, or the name of one in evals: quick, full")],
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="a run that stopped (its id, or latest): go on with it")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="with --resume: try what failed again")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask before models are asked")] = False,
    limit_cost: Annotated[
        float | None, typer.Option(help="stop at this much money, US dollars; over the suite's own")
    ] = None,
    runs_dir: RunsDirOption = None,
) -> None:
    """Play and judge every sample of a suite, keep them in a log, and print a table.

    Exit code 3: a limit stopped it; 130: Ctrl-C. Either way, and after a crash, it goes on with --resume. Exit code 4:
    every sample failed.
    """
    if retry_failed and not resume:
        raise ConfigError("--retry-failed needs --resume RUN: it tries again what failed in that run")
    settings = load_settings()
    material = _material(suite, settings, limit_cost)
    start = _start(material, runs_dir or settings.runs_dir, resume, retry_failed)
    go_on = _go_on(suite, start, runs_dir)
    _tell_and_ask(material, start, yes)
    try:
        finished = asyncio.run(_run(material, start, settings))
    except KeyboardInterrupt:
        _say(f"interrupted; {go_on}")
        raise typer.Exit(INTERRUPTED) from None
    show_summary(finished, FAILURES_SHOWN)
    console.print(f"log: {start.path}", markup=False, soft_wrap=True)
    if finished.stopped:
        _say(f"stopped: {_why_it_stopped(start.path)}")
        _say(f"raise that limit in the suite, or with --limit-cost; {go_on}")
        raise typer.Exit(STOPPED_BY_BUDGET)
    if not finished.scored:
        raise typer.Exit(ALL_FAILED)


def list_runs(runs_dir: RunsDirOption = None) -> None:
    """The runs of the runs folder, the newest last.

    A log that cannot be read hides no other: it is named after them, and the exit code is 2.
    """
    table = Table(Column("run", no_wrap=True), "started", "samples", "failed", "state")
    broken = []
    for path in log_paths(runs_dir or load_settings().runs_dir):
        try:
            found = read_run(path)
        except ConfigError as error:
            broken.append(str(error))
            continue
        failed = len(found.results) - len(found.scored)
        done = f"{len(found.results)} of {len(found.planned)}"
        started = f"{found.started_at:%Y-%m-%d %H:%M}"
        table.add_row(shown(found.id), started, done, str(failed), state_of(found))
    console.print(table)
    if broken:
        raise ConfigError("\n".join(broken))


def show(
    run_id: RunArgument,
    sample: Annotated[
        str | None,
        typer.Argument(metavar="[SAMPLE]", help="a sample's number or id: print what was said in it"),
    ] = None,
    runs_dir: RunsDirOption = None,
) -> None:
    """A run as a table of its samples, or one sample turn by turn."""
    found = read_run(find_log(runs_dir or load_settings().runs_dir, run_id))
    if sample is not None:
        show_sample(found, sample_of(found, sample))
        return
    show_samples(found)
    show_summary(found)


# --- before a run ----------------------------------------------------------------------------------------------------


def _material(name: str, settings: Settings, limit_cost: float | None) -> Material:
    suite = read_suite(name, settings.evals_dir)
    if limit_cost is not None:
        if not 0 < limit_cost < math.inf:
            raise ConfigError(f"--limit-cost {limit_cost:g}: allowed: more than 0 US dollars")
        limits = suite.limits.model_copy(update={"cost_usd": limit_cost})
        suite = suite.model_copy(update={"limits": limits})
    return material_of(suite, library_of(settings), settings.evals_dir)


def _start(material: Material, runs_dir: Path, resume: str | None, retry_failed: bool) -> Start:
    if resume is None:
        return begin(material, runs_dir)
    return take_up(material, find_log(runs_dir, resume), retry_failed=retry_failed)


def _tell_and_ask(material: Material, start: Start, yes: bool) -> None:
    """Say what it will take, refuse what cannot be bounded, and ask where money may be spent and somebody is there."""
    models = models_of(material)
    needed = estimate(material, pending(material, start), _prices(bool(models)))
    refuse_unknown_prices(material.suite.limits, needed)
    _say(f"{start.header.id}: {describe(needed)}")
    if needed.requests and not yes and sys.stdin.isatty():
        typer.confirm("Go ahead?", abort=True, err=True)


def describe(needed: Estimate) -> str:
    """An estimate in one line."""
    told = f"{needed.samples} conversations to play"
    if not needed.requests:
        return f"{told}, no language model takes part"
    told += f", at most about {needed.requests} model requests and {needed.tokens / 1e6:.1f} million tokens"
    if needed.cost_usd or not needed.unpriced:
        told += f", {needed.cost_usd:.2f} US dollars"
    return told + (f"; price not known: {', '.join(needed.unpriced)}" if needed.unpriced else "")


def _prices(wanted: bool) -> PriceOf:
    """Where prices come from. The list is in a library that takes seconds to load: only where a model takes part."""
    if not wanted:
        return lambda _: None
    from simcustomer.llm.litellm_model import price_of

    return price_of


# --- the run itself --------------------------------------------------------------------------------------------------


async def _run(material: Material, start: Start, settings: Settings) -> Run:
    from simcustomer.llm.litellm_model import close_clients

    try:
        with _Bar() as bar:
            finished = await run_suite(material, start, litellm_models(settings), bar.show)
    finally:
        await close_clients()
    await _keep(finished, settings)
    return finished


async def _keep(finished: Run, settings: Settings) -> None:
    """Keep the run in the database too, for the pages. The log has it all: without a database nothing is lost."""
    from simcustomer.store.store import Store

    try:
        store = await Store.open(settings.database_url)
        try:
            await store.keep_run(record_of(finished))
        finally:
            await store.close()
    except StoreUnavailable as error:
        _say(f"not kept in the database, only in its log: {error}")


class _Bar:
    """The progress bar on standard error: samples, failures, tokens and money."""

    def __init__(self) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = ProgressBar(*columns, console=error_console)
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, now: Progress) -> None:
        """Show how far the run is."""
        tokens = now.spent.input_tokens + now.spent.output_tokens
        told = f"{now.failed} failed"
        if tokens:
            unpriced = f", {now.spent.unpriced_requests} unpriced" if now.spent.unpriced_requests else ""
            told += f", {tokens:,} tokens, ${now.spent.cost_usd:.4f}{unpriced}"
        self._progress.update(self._task, total=now.planned, completed=now.done, description=told)


def _go_on(suite: str, start: Start, runs_dir: Path | None) -> str:
    words = ["simcustomer", "eval", "run", suite, "--resume", start.header.id]
    return f"to go on: {shlex.join([*words, '--runs-dir', str(runs_dir)] if runs_dir else words)}"


def _why_it_stopped(path: Path) -> str:
    return next(entry.why for entry in reversed(read_story(path).entries) if isinstance(entry, Stop))


def _say(text: str) -> None:
    error_console.print(text, markup=False, soft_wrap=True)
