"""Evaluation runs in the terminal: the table of a run, of its samples, and one sample turn by turn."""

from __future__ import annotations

from rich.table import Column, Table

from simcustomer.cli.screen import console, shown
from simcustomer.domain.conversation import Outcome
from simcustomer.errors import NotFound
from simcustomer.evals.results import Run, SampleResult

TRAINEE_CHARS = 28
"""Widest column of trainees, characters: a longer name (the address of an endpoint) is folded, and leaves room for figures."""


def show_summary(run: Run, most_failures: int | None = None) -> None:
    """One row a trainee: conversations that went through, end tension, outcomes, score; then the failures, listed."""
    trainees = list(dict.fromkeys(sample.trainee for sample in run.planned))
    table = Table(
        Column("trainee", overflow="fold", width=min(TRAINEE_CHARS, max(map(len, trainees), default=1))),
        "n",
        "end tension",
        "resolved",
        "left or supervisor",
        "score",
        "failures",
    )
    for trainee in trainees:
        mine = [result for result in run.scored if result.sample.trainee == trainee]
        ended = [result.outcome for result in mine]
        lost = ended.count(Outcome.LEFT) + ended.count(Outcome.SUPERVISOR)
        failures = sum(sample.trainee == trainee for sample, _ in run.failures)
        table.add_row(
            shown(trainee),
            str(len(mine)),
            _mean([result.end_tension for result in mine]),
            str(ended.count(Outcome.RESOLVED)),
            str(lost),
            _mean([score for result in mine for score in _scores(result)]),
            str(failures),
        )
    console.print(table)
    for sample, reason in run.failures[:most_failures]:
        console.print(f"[red]failed[/red] {shown(sample.id)}: {shown(reason)}", soft_wrap=True)
    if more := len(run.failures) - len(run.failures[:most_failures]):
        console.print(
            f"and {more} more failures: simcustomer eval show {run.id}", markup=False, soft_wrap=True
        )


def show_samples(run: Run) -> None:
    """One row a sample, numbered as in the plan."""
    numbers = {sample.id: number for number, sample in enumerate(run.planned, 1)}
    table = Table("no", Column("sample", overflow="fold"), "turns", "outcome", "end tension", "score")
    for result in run.results:
        table.add_row(
            str(numbers[result.sample.id]),
            shown(result.sample.id),
            str(len(result.turns)),
            str(result.outcome or "failed"),
            _mean([result.end_tension]),
            _mean(_scores(result)),
        )
    console.print(table)


def show_sample(run: Run, result: SampleResult) -> None:
    """What was said, with the tension after each turn, and how it ended."""
    talk = result.conversation(run.persona_of(result.sample))
    console.print(f"[bold]{shown(result.sample.id)}[/bold]")
    console.print(f"customer (tension {talk.start.tension:.0f}): {shown(result.opening)}")
    for turn in result.turns:
        console.print(f"[bold]{turn.index} trainee[/bold]: {shown(turn.trainee)}")
        console.print(f"{turn.index} customer (tension {turn.affect.tension:.0f}): {shown(turn.customer)}")
    console.print(
        f"[bold]Outcome:[/bold] {shown(f'failed: {result.failure}' if result.failure else str(result.outcome))}"
    )
    for judged in result.judged:
        card = judged.scorecard
        overall = card.overall if card else None
        why = judged.failure or (card.reason if card else "")
        told = f"{overall:.1f} of 5" if overall is not None else f"not scored: {why}"
        console.print(f"judge {shown(judged.judge)}: {shown(told)}")


def sample_of(run: Run, name: str) -> SampleResult:
    """The result of a sample by its number in the plan, from 1, or its id. Raises ``NotFound``."""
    planned = {str(number): sample.id for number, sample in enumerate(run.planned, 1)}
    wanted = planned.get(name, name)
    found = next((result for result in run.results if result.sample.id == wanted), None)
    if found is None:
        raise NotFound(
            f"run {run.id} has no result of a sample {name!r}; see: simcustomer eval show {run.id}"
        )
    return found


def _scores(result: SampleResult) -> list[float | None]:
    return [judged.scorecard.overall if judged.scorecard else None for judged in result.judged]


def _mean(values: list[float | None]) -> str:
    """The mean of what there is, and of how many if not of all; a dash where there is nothing."""
    there = [value for value in values if value is not None]
    if not there:
        return "-"
    of = f" ({len(there)} of {len(values)})" if len(there) < len(values) else ""
    return f"{sum(there) / len(there):.1f}{of}"


def state_of(run: Run) -> str:
    """Whether a run went through."""
    if run.stopped:
        return f"stopped: {run.stopped}"
    return "complete" if run.finished_at else "under way, or killed"
