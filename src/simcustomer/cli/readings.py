"""``eval report|compare|export``: read what runs have left, write pages, tables and what differs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.table import Table

from simcustomer.cli.evaluate import RunArgument, RunsDirOption
from simcustomer.cli.inputs import print_json, read_text
from simcustomer.cli.screen import console, shown
from simcustomer.errors import ConfigError
from simcustomer.evals.compare import Comparison, SideNote, compare_runs, wanted
from simcustomer.evals.differences import Part
from simcustomer.evals.export import FORMATS, Format, sample_rows, turn_rows, write
from simcustomer.evals.figures import Titled
from simcustomer.evals.log import find_log, read_run
from simcustomer.settings import load_settings

EXIT_WORSE = 1
"""Exit code of ``compare --fail-if-worse`` when something is: 2 is for what went wrong."""
COLOURS = {"better": "green", "worse": "red", "differs": "yellow"}
SHOWN = 20
"""Entries of a list on the terminal; the rest is counted, and all of it is in the JSON."""


def report(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option(help="the page; by default <run>.html beside the log")] = None,
    calibration: Annotated[
        str | None, typer.Option(help="JSON: tables {title, note, columns, rows} on the judge, or -")
    ] = None,
    robustness: Annotated[
        str | None,
        typer.Option(help="JSON: tables {title, note, columns, rows} on attacks and rewording, or -"),
    ] = None,
    runs_dir: RunsDirOption = None,
) -> None:
    """Write one HTML page about a run that needs nothing else: no script, no network."""
    from simcustomer.evals.page import page_of
    from simcustomer.evals.report import report_of
    from simcustomer.web.runs import report_styles

    log = _log(run, runs_dir)
    found = report_of(read_run(log), calibration=_titled(calibration), robustness=_titled(robustness))
    target = out or log.with_suffix(".html")
    _write_text(target, page_of(found, report_styles()))
    console.print(
        f"{target}: {found.kept} of {found.planned} samples, {found.failed} failed",
        markup=False,
        soft_wrap=True,
    )
    if found.no_intervals:
        console.print(f"without intervals: {found.no_intervals}", markup=False, soft_wrap=True)


def export(
    run: RunArgument,
    form: Annotated[str, typer.Option("--format", help="csv or jsonl")] = "csv",
    turns: Annotated[bool, typer.Option("--turns", help="one row a turn instead of one a sample")] = False,
    out: Annotated[Path | None, typer.Option(help="a file; by default standard output")] = None,
    runs_dir: RunsDirOption = None,
) -> None:
    """Write a run as a flat table."""
    found = read_run(_log(run, runs_dir))
    rows = turn_rows(found) if turns else sample_rows(found)
    if out is None:
        if isinstance(sys.stdout, TextIOWrapper):
            # Data, as in a file: UTF-8 whatever the terminal shows, and no character is lost.
            sys.stdout.reconfigure(encoding="utf-8", errors="strict")
        write(rows, _format(form), sys.stdout)
        return
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            count = write(rows, _format(form), file)
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error}") from error
    console.print(f"{out}: {count} rows", markup=False, soft_wrap=True)


def compare(
    before: Annotated[str, typer.Argument(help="a run, or a part of it: RUN:customer=NAME:persona=NAME")],
    after: Annotated[str, typer.Argument(help="the run or part that is compared with it")],
    only_differences: Annotated[
        bool, typer.Option("--only-differences", help="only figures whose interval leaves out 0")
    ] = False,
    fail_if_worse: Annotated[
        bool, typer.Option("--fail-if-worse", help="exit 1 when a figure is worse beyond its interval")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else")] = False,
    runs_dir: RunsDirOption = None,
) -> None:
    """Compare two runs, or two parts of one, pair by pair of samples: what differs, by how much, how sure."""
    first, second = wanted(before), wanted(after)
    run = read_run(_log(first.run, runs_dir))
    other = run if second.run == first.run else read_run(_log(second.run, runs_dir))
    found = compare_runs(run, other, first, second)
    told = found.only_differences() if only_differences else found
    if as_json:
        print_json(told.model_dump(mode="json") | {"worse": [d.name for d in found.worse]})
    else:
        _show(told, found)
    if fail_if_worse and found.worse:
        raise typer.Exit(EXIT_WORSE)


# --- what is read -------------------------------------------------------------------------------------------------


def _log(run: str, runs_dir: Path | None) -> Path:
    return find_log(runs_dir or load_settings().runs_dir, run)


def _format(text: str) -> Format:
    for form in FORMATS:
        if text == form:
            return form
    raise ConfigError(f"--format {text!r} is not known; allowed: {', '.join(FORMATS)}")


def _titled(source: str | None) -> Sequence[Titled]:
    """The tables of a JSON file: one, or a list of them. Raises ``ConfigError``."""
    if source is None:
        return ()
    try:
        given = TypeAdapter(Titled | tuple[Titled, ...]).validate_json(read_text(source))
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"{source}: {'.'.join(map(str, first['loc']))}: {first['msg']}; "
            "allowed: a table {title, note, columns, rows} or a list of them"
        ) from error
    return (given,) if isinstance(given, Titled) else given


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error}") from error


# --- what is shown ------------------------------------------------------------------------------------------------


def _show(told: Comparison, found: Comparison) -> None:
    console.print(f"[bold]{shown(found.before.label)}[/bold] -> [bold]{shown(found.after.label)}[/bold]")
    for line in found.compared:
        console.print(f"compared: {shown(line)}")
    for line in found.warnings:
        console.print(f"[yellow]warning:[/yellow] {shown(line)}")
    console.print(f"{found.pairs} pairs of scored samples")
    for side in (found.before, found.after):
        _show_side(side)
    for part in told.parts:
        console.print(_table(part))
    if not told.parts:
        console.print("no figure differs beyond its interval")
    _show_changed(found)
    if found.worse:
        console.print(f"[red]worse:[/red] {shown(', '.join(d.name for d in found.worse))}")


def _show_side(side: SideNote) -> None:
    console.print(
        f"{shown(side.label)}: {side.samples} samples, {len(side.failures)} failures, "
        f"{len(side.unpaired)} without a partner, {side.not_begun} not begun"
    )
    _show_list([f"failed: {missed.sample}: {missed.reason}" for missed in side.failures])
    _show_list([f"without a partner: {sample}" for sample in side.unpaired])


def _show_changed(found: Comparison) -> None:
    console.print(f"{len(found.changed)} samples with another outcome")
    _show_list(
        [
            f"{pair.before}: {pair.outcome_before} ({_points(pair.tension_before)}) -> "
            f"{pair.outcome_after} ({_points(pair.tension_after)})"
            for pair in found.changed
        ]
    )


def _show_list(lines: Sequence[str]) -> None:
    for line in lines[:SHOWN]:
        console.print(f"  {shown(line)}", soft_wrap=True)
    if len(lines) > SHOWN:
        console.print(f"  and {len(lines) - SHOWN} more, all in --json")


def _table(part: Part) -> Table:
    drawn = ", ".join(dict.fromkeys(d.grouped_by for d in part.differences if d.n))
    title = f"{part.persona or 'all personas'} (intervals draw groups of one {drawn})"
    table = Table(title=shown(title), title_justify="left")
    for name in ("figure", "before", "after", "change", "95 % interval", "pairs", "groups", ""):
        table.add_column(name, justify="left" if name in ("figure", "") else "right", overflow="fold")
    for d in part.differences:
        interval = f"{d.low:+.2f} to {d.high:+.2f}" if d.low is not None and d.high is not None else "—"
        change = f"{d.change:+.2f}" if d.change is not None else "—"
        verdict = f"[{COLOURS[d.verdict]}]{d.verdict}[/]" if d.verdict in COLOURS else d.verdict
        table.add_row(
            shown(d.name),
            _points(d.before),
            _points(d.after),
            change,
            interval,
            f"{d.n} of {d.of}",
            str(d.groups),
            verdict,
        )
    return table


def _points(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"
