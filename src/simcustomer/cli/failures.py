"""``eval failures``: provoke every failure of the table in the configured players, and count before and after the code."""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from simcustomer.cast.casting import Players, describe
from simcustomer.cast.grader import FactGrader, LLMFactGrader
from simcustomer.cast.parts import BUILT_IN, Cast
from simcustomer.cli.inputs import library_of, print_json, write_text
from simcustomer.cli.screen import console, error_console, show_table, shown
from simcustomer.errors import ConfigError
from simcustomer.evals.failures.content import FAILURES, PARTS, FailureSet, Situation, read_failures
from simcustomer.evals.failures.kept import kept_answers
from simcustomer.evals.failures.measure import Measured, Overheard, Stage, chosen_of, measure
from simcustomer.evals.failures.tables import tables_of
from simcustomer.evals.journal import Journal, JournalledModel
from simcustomer.llm.model import ChatModel
from simcustomer.llm.prompts import Prompts, new_salt
from simcustomer.settings import Settings, load_settings

AT_ONCE = 8
"""Situations under way at once: as many requests as a run has under way at one provider by default."""
FAILURES_SHOWN = 10
"""Failed calls that are written out in the terminal; the JSON has them all."""


def failures(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help=f"{', '.join((*PARTS, *FAILURES))}; may be given several times"),
    ] = None,
    at_once: Annotated[int, typer.Option("--at-once", min=1, help="situations under way at once")] = AT_ONCE,
    log: Annotated[
        Path | None, typer.Option("--log", help="keep every answer here; the same file again goes on from it")
    ] = None,
    rubric: Annotated[str | None, typer.Option(help="name in prompts/rubrics, or a YAML file")] = None,
    out: Annotated[Path | None, typer.Option(help="write tables and trials as JSON")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else")] = False,
) -> None:
    """Provoke every failure of the table in the configured players, and count before and after the code."""
    settings = load_settings()
    library = library_of(settings)
    chosen = _chosen(
        read_failures(settings.evals_dir / "failures", library, library.rubric(rubric)), only or []
    )
    opened: AbstractContextManager[tuple[Journal | None, bytes]]
    opened = kept_answers(log) if log else nullcontext((None, new_salt()))
    with opened as (journal, salt):
        if out:
            write_text(out, "{}\n")  # a folder that cannot be written to is noticed before any model is asked
        cast, grader = _players(settings, journal, salt)
        stage = Stage(cast, grader, library, library.rubric(rubric), at_once)
        if journal:
            stage = replace(stage, within=journal.sample)
        if not as_json:
            graded = f", invented facts graded by {shown(grader.name)}" if grader else ""
            console.print(
                f"Players: {shown(describe(cast))}{graded}. Situations: {_counted(chosen)}.", soft_wrap=True
            )
        measured = _measured(stage, chosen)
    written = _view(measured)
    if out:
        write_text(out, json.dumps(written, ensure_ascii=False, indent=2) + "\n")
    if as_json:
        print_json(written)
        return
    for table in tables_of(measured):
        show_table(table)
    _show_failures(measured)


def _chosen(tables: tuple[FailureSet, ...], only: list[str]) -> list[tuple[FailureSet, Situation]]:
    unknown = [name for name in only if name not in (*PARTS, *FAILURES)]
    if unknown:
        raise ConfigError(f"--only {unknown[0]!r} is not known; allowed: {', '.join((*PARTS, *FAILURES))}")
    return chosen_of(tables, only)


def _counted(chosen: list[tuple[FailureSet, Situation]]) -> str:
    """How many of each part, in words."""
    lines = sum(s.part == "customer" for _, s in chosen)
    readings = sum(len(s.replies) for _, s in chosen)
    judgements = sum(s.part == "judge" for _, s in chosen)
    return f"{len(chosen)} ({lines} customer lines, {readings} replies to appraise, {judgements} judgements)"


def _players(settings: Settings, journal: Journal | None, salt: bytes) -> tuple[Cast, FactGrader | None]:
    """The settings' players on models that can be overheard, and a grader where a judge model is set."""
    prompts = Prompts(settings.prompts_dir, salt)
    players = Players(lambda name: _model(settings, name, journal), lambda: prompts)
    judge = settings.judge_model or settings.model
    cast = Cast(
        appraiser=players.appraiser(settings.appraiser_model or settings.model),
        customer=players.customer(settings.customer_model or settings.model),
        judge=players.judge(judge),
        coach=players.coach(None),
    )
    is_model = judge and judge != BUILT_IN
    return cast, LLMFactGrader(_model(settings, judge, journal), prompts) if judge and is_model else None


def _model(settings: Settings, name: str, journal: Journal | None) -> ChatModel:
    from simcustomer.llm.litellm_model import LiteLLMModel

    made: ChatModel
    made = LiteLLMModel(name, settings.api_base, settings.model_timeout_s, settings.model_attempts)
    return Overheard(JournalledModel(made, journal) if journal else made)


def _measured(stage: Stage, chosen: list[tuple[FailureSet, Situation]]) -> Measured:
    """Measure under a progress bar on standard error."""
    with Progress(console=error_console, transient=True) as progress:
        bar = progress.add_task("situations", total=len(chosen))
        return asyncio.run(measure(replace(stage, done=lambda: progress.advance(bar)), chosen))


def _view(measured: Measured) -> dict[str, object]:
    return {
        "players": dict(measured.players),
        "grader": measured.grader,
        "rubric": measured.rubric,
        "tables": [table.model_dump(mode="json") for table in tables_of(measured)],
        "trials": [trial.model_dump(mode="json") for trial in measured.trials],
    }


def _show_failures(measured: Measured) -> None:
    failed = [trial for trial in measured.trials if trial.failure]
    if not failed:
        return
    console.print(f"{len(failed)} trials failed and are in no figure:")
    for trial in failed[:FAILURES_SHOWN]:
        console.print(f"  {shown(trial.id)}: {shown(trial.failure)}")
