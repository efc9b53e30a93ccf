"""``eval fidelity`` remakes docs/fidelity.md; ``eval keep`` stores what was measured by hand for it."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import Progress

from simcustomer.cast.casting import cast_from
from simcustomer.cli.inputs import library_of, require_writable, write_text
from simcustomer.cli.screen import console, error_console, show_table, shown
from simcustomer.errors import ConfigError
from simcustomer.evals.fidelity.of_failures import failures_kept
from simcustomer.evals.fidelity.of_rewordings import rewordings_kept
from simcustomer.evals.fidelity.of_run import run_kept
from simcustomer.evals.fidelity.page import page_of
from simcustomer.evals.fidelity.parts import Bench, Measurement, measurement_of
from simcustomer.evals.fidelity.stored import (
    BY_HAND,
    ID,
    OPENED,
    PARTS,
    Part,
    Stored,
    read_opened,
    read_stored,
)
from simcustomer.evals.log import read_run
from simcustomer.evals.statistics import require
from simcustomer.settings import Settings, load_settings

PAGE = Path("docs/fidelity.md")
KINDS: tuple[Literal["failures", "run", "rewordings"], ...] = ("failures", "run", "rewordings")


def fidelity(
    out: Annotated[
        Path | None, typer.Option(help=f"the page; by default {PAGE}, and none with --only")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help=f"measure only {', '.join(PARTS)}; may be given several times"),
    ] = None,
) -> None:
    """Measure how true the built-in players are, and remake docs/fidelity.md. Asks no model."""
    settings = load_settings()
    require()
    parts = [_part(name) for name in only] if only else list(PARTS)
    bench = bench_of(settings)
    target = out or (None if only else PAGE)
    if target:
        require_writable(target.parent)
    measured = _measured(bench, parts)
    if target is None:
        for part in parts:
            _show(part, measured[part])
        return
    write_text(target, page_of(measured, bench.stored, bench.opened))
    console.print(f"{shown(str(target))}: {len(parts)} parts measured, {len(bench.stored)} stored by hand", soft_wrap=True)  # fmt: skip


def keep(
    kind: Annotated[
        str,
        typer.Argument(
            help="failures (from eval failures --out), run (the log of eval run) or rewordings (from eval robustness --json)"
        ),
    ],
    files: Annotated[
        list[Path], typer.Argument(help="failures: one file, or before and after; run, rewordings: one")
    ],
    name: Annotated[str, typer.Option("--as", help="the id: evals/fidelity/<id>.json is written")],
    made_on: Annotated[str, typer.Option("--made-on", help="the day on which it was measured, YYYY-MM-DD")],
    player: Annotated[str, typer.Option(help="who answered")] = BY_HAND,
    note: Annotated[str, typer.Option(help="what a reader must know")] = "",
    rubric: Annotated[str | None, typer.Option(help="run: the rubric of the judge")] = None,
) -> None:
    """Store what was measured by hand on a language model, for the page of eval fidelity."""
    settings = load_settings()
    require()
    day = _day(made_on)
    _require_names(name, player)
    if kind == "failures":
        stored = failures_kept(name, files, day, player, note)
    elif kind == "run":
        log = read_run(_only(files))
        stored = run_kept(name, log, library_of(settings).rubric(rubric), day, player, note)
    elif kind == "rewordings":
        stored = rewordings_kept(name, _only(files), day, player, note)
    else:
        raise ConfigError(f"{kind!r} is not known; allowed: {', '.join(KINDS)}")
    path = settings.evals_dir / "fidelity" / f"{stored.id}.json"
    write_text(path, _text(stored))
    console.print(f"{shown(str(path))}: {len(stored.tables)} tables, n = {stored.n} {shown(stored.of)}", soft_wrap=True)  # fmt: skip


def bench_of(settings: Settings) -> Bench:
    """The content of the settings with the built-in players, whatever models are set."""
    no_model = dict.fromkeys(("model", "customer_model", "appraiser_model", "judge_model"))
    folder = settings.evals_dir / "fidelity"
    return Bench(
        evals=settings.evals_dir,
        library=library_of(settings),
        cast=cast_from(settings.model_copy(update=no_model)),
        stored=read_stored(folder),
        opened=read_opened(folder),
    )


def _measured(bench: Bench, parts: list[Part]) -> dict[Part, Measurement]:
    """Measure under a progress bar on standard error."""
    found: dict[Part, Measurement] = {}
    with Progress(console=error_console, transient=True) as progress:
        bar = progress.add_task("", total=len(parts))
        for part in parts:
            progress.update(bar, description=part)
            found[part] = asyncio.run(measurement_of(part, bench))
            progress.advance(bar)
    return found


def _show(part: Part, measured: Measurement) -> None:
    for table in measured.tables:
        show_table(table)
    if measured.missing:
        console.print(f"{part}: not measured: {shown(measured.missing)}", soft_wrap=True)


def _part(name: str) -> Part:
    for part in PARTS:
        if name == part:
            return part
    raise ConfigError(f"--only {name!r} is not known; allowed: {', '.join(PARTS)}")


def _require_names(name: str, player: str) -> None:
    if not re.fullmatch(ID, name) or name == Path(OPENED).stem:
        raise ConfigError(
            f"--as {name!r} cannot be an id; allowed: small letters, digits, single dashes; not {Path(OPENED).stem!r}"
        )
    if not player.strip():
        raise ConfigError("--player: must not be empty; say who answered")


def _only(files: list[Path]) -> Path:
    if len(files) != 1:
        raise ConfigError(f"{len(files)} files: give the one of the run")
    return files[0]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--made-on {text!r} is no date; allowed: YYYY-MM-DD") from error


def _text(stored: Stored) -> str:
    return stored.model_dump_json(indent=1, exclude_defaults=True) + "\n"
