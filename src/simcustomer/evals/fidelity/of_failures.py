"""From what ``eval failures --out`` wrote, before the work and after it, to a measurement that the page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from simcustomer.errors import ConfigError
from simcustomer.evals.failures.content import FAILURES, PARTS
from simcustomer.evals.failures.measure import Measured, Trial
from simcustomer.evals.failures.tables import tables_of
from simcustomer.evals.fidelity.cells import interval, of
from simcustomer.evals.fidelity.stored import BY_HAND, Stored, read
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.statistics import wilson


class _Written(BaseModel):
    """The document of ``eval failures --out``; its tables are made anew."""

    model_config = ConfigDict(extra="ignore")

    players: Mapping[str, str]
    grader: str = ""
    rubric: str
    trials: tuple[Trial, ...]

    def measured(self) -> Measured:
        return Measured(players=self.players, grader=self.grader, rubric=self.rubric, trials=self.trials)


def failures_kept(
    name: str, files: Sequence[Path], made_on: date, player: str = BY_HAND, note: str = ""
) -> Stored:
    """One or two runs of ``eval failures``: with two the first is before the work and the second after it.

    Raises ``ConfigError`` for another number of files, for one that is no such run, and for one without a trial that went
    through.
    """
    if not 1 <= len(files) <= 2:
        raise ConfigError(f"{len(files)} files: give one run of eval failures, or two: before and after")
    runs = [read(path, _Written).measured() for path in files]
    for path, run in zip(files, runs, strict=True):
        if not any(_known(trial) for trial in run.trials):
            raise ConfigError(f"{path}: trials: none went through: there is nothing to keep")
    last = runs[-1]
    return Stored(
        id=name,
        section="failures",
        title="Failures, provoked",
        made_on=made_on,
        player=player,
        n=sum(_known(trial) for trial in last.trials),
        of="situations",
        note=note,
        tables=(_rates(runs), *tables_of(last)[1:]),
    )


def _rates(runs: Sequence[Measured]) -> Titled:
    times = ("", ) if len(runs) == 1 else (" before", " after")  # fmt: skip
    heads = [
        f"{head}{time}"
        for time in times
        for head in ("n", "model alone", "reaches the trainee", "95 % interval")
    ]
    rows: list[tuple[Scalar, ...]] = []
    for failure in FAILURES:
        for part in PARTS:
            own = [[t for t in run.trials if (t.failure_of, t.part) == (failure, part)] for run in runs]
            if any(own):
                rows.append((failure, part, *(cell for trials in own for cell in _cells(trials))))
    return Titled(
        title="Failures by kind",
        note="Each situation is made to provoke its failure, so a share is of these situations and not of conversations. Model alone: the "
        "customer's first line, the judge's own answers, the cues simply added up. Reaches the trainee: behind guard, engine and scorecard. "
        "Intervals are Wilson's and of what reaches the trainee."
        + (" Before and after: the work on prompts, guard and engine." if len(runs) > 1 else ""),
        columns=("failure", "player", *heads),
        rows=tuple(rows),
    )


def _cells(trials: Sequence[Trial]) -> tuple[Scalar, ...]:
    known = [t for t in trials if _known(t)]
    if not known:
        return (0, "-", "-", "-")
    after = [bool(t.after) for t in known]
    return len(known), of([bool(t.before) for t in known]), of(after), interval(wilson(after), 2)[1]


def _known(trial: Trial) -> bool:
    return trial.before is not None and trial.after is not None
