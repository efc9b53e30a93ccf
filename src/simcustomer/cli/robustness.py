"""``eval robustness``: how far the configured players can be gamed, and whether wording alone moves them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from simcustomer.cast.casting import cast_from, describe
from simcustomer.cli.inputs import library_of, print_json, write_text
from simcustomer.cli.screen import console, error_console, show_table, shown
from simcustomer.errors import ConfigError
from simcustomer.evals.robustness.content import Sets, read_sets
from simcustomer.evals.robustness.measure import Measured, measure, trials_of
from simcustomer.evals.robustness.probe import TOPICS, Probe, Topic
from simcustomer.evals.robustness.tables import tables_of
from simcustomer.evals.statistics import mean
from simcustomer.settings import load_settings

FAILURES_SHOWN = 10
"""Failures that are written out in the terminal; ``--json`` has them all."""


def robustness(
    only: Annotated[
        list[str] | None, typer.Option("--only", help=f"{', '.join(TOPICS)}; may be given several times")
    ] = None,
    rubric: Annotated[str | None, typer.Option(help="name in prompts/rubrics, or a YAML file")] = None,
    out: Annotated[Path | None, typer.Option(help="write the tables as JSON, for a report")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="tables and every trial as JSON")] = False,
) -> None:
    """Try injections, keywords, honest look-alikes and rewordings on the configured players."""
    settings = load_settings()
    topics = [_topic(name) for name in only] if only else list(TOPICS)
    library = library_of(settings)
    sets = read_sets(settings.evals_dir)
    mean(
        (0.0, 0.0, 0.0), ("a", "b", "c")
    )  # a missing library is noticed before any model is asked, not after
    if out:
        write_text(out, "[]\n")  # as is a folder that cannot be written to
    probe = Probe(cast_from(settings), library, library.rubric(rubric), library.rubric_hash(rubric))
    measured = _measured(probe, sets, topics)
    tables = tables_of(measured)
    if out:
        written = [table.model_dump(mode="json") for table in tables]
        write_text(out, json.dumps(written, ensure_ascii=False, indent=2) + "\n")
    if as_json:
        print_json(
            {
                "players": dict(measured.players),
                "rubric": measured.rubric,
                "tables": [table.model_dump(mode="json") for table in tables],
                "trials": measured.model_dump(mode="json", include={"attacks", "moved", "rescored"}),
                "failures": [list(failure) for failure in measured.failures],
            }
        )
        return
    console.print(f"Players: {shown(describe(probe.cast))}. Rubric: {shown(measured.rubric)}.")
    for table in tables:
        show_table(table)
    _show_failures(measured)


def _topic(name: str) -> Topic:
    for topic in TOPICS:
        if name == topic:
            return topic
    raise ConfigError(f"--only {name!r} is not known; allowed: {', '.join(TOPICS)}")


def _measured(probe: Probe, sets: Sets, topics: list[Topic]) -> Measured:
    """Measure under a progress bar on standard error."""
    with Progress(console=error_console, transient=True) as progress:
        bar = progress.add_task("trials", total=trials_of(probe, sets, topics))
        watched = replace(probe, done=lambda: progress.advance(bar))
        return asyncio.run(measure(watched, sets, topics))


def _show_failures(measured: Measured) -> None:
    if not measured.failures:
        return
    console.print(f"{len(measured.failures)} trials failed and are in no figure:")
    for what, why in measured.failures[:FAILURES_SHOWN]:
        console.print(f"  {shown(what)}: {shown(why)}")
