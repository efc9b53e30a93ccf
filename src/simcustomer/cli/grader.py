"""``eval grader``: how far to trust the grader of invented facts, measured on lines with known labels."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from simcustomer.cli.inputs import library_of, print_json, read_json_lines
from simcustomer.cli.screen import console, shown
from simcustomer.errors import ConfigError
from simcustomer.settings import Settings, load_settings

if TYPE_CHECKING:
    # Only types here: the other commands load nothing of evaluation.
    from simcustomer.evals.grading import GraderFigures, LabelledLine, Miss
    from simcustomer.library import Library

LABELLED = "graded/invented.jsonl"
"""The project's own labelled lines, within the folder of the evaluations."""


def grader(
    file: Annotated[
        str | None,
        typer.Argument(help="labelled lines (JSON lines), or -; unset: evals/graded/invented.jsonl"),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="litellm name; unset: SIMCUSTOMER_JUDGE_MODEL or SIMCUSTOMER_MODEL")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else")] = False,
) -> None:
    """Measure the grader of invented facts: what it finds, what it calls invented wrongly, and where it went wrong."""
    from simcustomer.evals.grading import LabelledLine

    settings = load_settings()
    name = model or settings.judge_model or settings.model
    if not name:
        raise ConfigError("only a language model grades lines: give --model or set SIMCUSTOMER_JUDGE_MODEL")
    lines = read_json_lines(file or str(settings.evals_dir / LABELLED), LabelledLine)
    figures, misses = asyncio.run(_measured(lines, library_of(settings), name, settings))
    if as_json:
        print_json({"figures": [_view(one) for one in figures], "misses": [m.model_dump() for m in misses]})
        return
    _show(figures, misses)


async def _measured(
    lines: list[LabelledLine], library: Library, model: str, settings: Settings
) -> tuple[tuple[GraderFigures, ...], tuple[Miss, ...]]:
    from simcustomer.cast.grader import LLMFactGrader
    from simcustomer.evals.grading import grade_set
    from simcustomer.llm.litellm_model import LiteLLMModel, close_clients
    from simcustomer.llm.prompts import Prompts

    asked = LiteLLMModel(model, settings.api_base, settings.model_timeout_s, settings.model_attempts)
    try:
        return await grade_set(lines, library, LLMFactGrader(asked, Prompts(settings.prompts_dir)))
    finally:
        await close_clients()


def _view(figures: GraderFigures) -> dict[str, object]:
    shares = {"accuracy": figures.accuracy, "precision": figures.precision, "recall": figures.recall}
    return figures.model_dump() | shares


def _show(figures: tuple[GraderFigures, ...], misses: tuple[Miss, ...]) -> None:
    console.print(f"grader: {shown(figures[0].grader)}")
    for one in figures:
        inventions, others = one.found + one.missed, one.left_alone + one.false_alarms
        console.print(
            f"{one.group}: {one.scored} of {one.of} lines scored, {_percent(one.accuracy)} of them rightly; "
            f"found {one.found} of {inventions} inventions (quoting the right words: {_percent(one.right_words)}), "
            f"{one.false_alarms} false alarms in {others} other lines",
            soft_wrap=True,
        )
    for miss in misses:
        said = f"called invented: {miss.said.words}" if miss.said and miss.said.invented else "left alone"
        console.print(f"{miss.id}: {shown(miss.failure or said)}\n    {shown(miss.line)}", soft_wrap=True)


def _percent(share: float | None) -> str:
    return "not scored" if share is None else f"{share:.0%}"
