"""What a report says of a run: values only, ready to be drawn in any language or kept as JSON.

Means come with a 95 % interval where the statistics are installed; without them ``Report.no_intervals`` says why.
Every figure says of how many samples it is, and of how many it could have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from simcustomer.cast.parts import BUILT_IN
from simcustomer.domain.cues import Frozen
from simcustomer.evals.results import Spent
from simcustomer.evals.statistics import MIN_GROUPS
from simcustomer.evals.suite import SKILLS, Sample
from simcustomer.evals.worst import Worst

RunStatus = Literal["finished", "budget", "interrupted", "running"]
Scalar = str | int | float | None


class Figure(Frozen):
    """A mean with its 95 % interval; ``n`` samples were scored ``of`` those in question. None: not known."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    of: int = 0


class MetricRow(Frozen):
    """One metric of the run as the scorers give it, with the interval of those that are means over samples."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    scored: int
    of: int
    better: str | None = None
    unit: str = ""
    what: str = ""


class Cell(Frozen):
    """One way in which conversations were had: who played the customer, with which prompt set."""

    customer: str
    prompts: str


class MatrixRow(Frozen):
    """A persona (None: all of them) with one figure for each cell."""

    persona: str | None
    figures: tuple[Figure, ...]


class Matrix(Frozen):
    """One measure (a name of the scorers): personas x cells."""

    measure: str
    rows: tuple[MatrixRow, ...]


class Rung(Frozen):
    """A trainee with one figure for each cell: mean tension at the end, 0-100."""

    trainee: str
    figures: tuple[Figure, ...]


class Curve(Frozen):
    """Mean tension of one trainee's conversations at the opening and after each turn, 0-100.

    A conversation that has ended stays at its last tension. ``n`` conversations.
    """

    trainee: str
    tensions: tuple[float, ...]
    n: int


class Panel(Frozen):
    """The curves of one persona in one cell, both languages together."""

    cell: Cell
    persona: str
    curves: tuple[Curve, ...]


class Cost(Frozen):
    """What the requests of one purpose used in one cell."""

    cell: Cell
    purpose: str
    spent: Spent

    @property
    def cost_usd(self) -> float | None:
        """US dollars of the requests whose price is known; None when none is."""
        return None if self.spent.unpriced_requests >= self.spent.requests else self.spent.cost_usd


class Failure(Frozen):
    """A sample (or its judge) that failed, by its position in the plan, and why."""

    position: int
    sample: str
    reason: str


class Titled(Frozen):
    """A table from elsewhere, shown as it is: calibration, robustness."""

    title: str
    note: str = ""
    columns: tuple[str, ...] = Field(min_length=1)
    rows: tuple[tuple[Scalar, ...], ...] = ()


class Report(Frozen):
    """All that a report shows."""

    run: str
    suite: str
    title: str
    version: str
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    planned: int
    kept: int
    failed: int
    customers: tuple[str, ...]
    judges: tuple[str, ...]
    trainees: tuple[str, ...]
    languages: tuple[str, ...]
    difficulties: tuple[int, ...]
    content: Mapping[str, str]
    no_intervals: str = ""
    metrics: tuple[MetricRow, ...] = ()
    cells: tuple[Cell, ...] = ()
    matrices: tuple[Matrix, ...] = ()
    ladder: tuple[Rung, ...] = ()
    panels: tuple[Panel, ...] = ()
    costs: tuple[Cost, ...] = ()
    failures: tuple[Failure, ...] = ()
    worst: tuple[Worst, ...] = ()
    calibration: tuple[Titled, ...] = ()
    robustness: tuple[Titled, ...] = ()

    @property
    def no_model(self) -> bool:
        """True when only the built-in players and scripts took part."""
        return {*self.customers, *self.judges} <= {BUILT_IN} and set(self.trainees) <= set(SKILLS)


def groups_of(samples: Sequence[Sample]) -> tuple[list[str], str]:
    """The group of each sample for an interval, and what a group is.

    Persona x language, since conversations with one customer resemble each other; where there are too few of these to
    speak of a spread, the script (language x trainee x variant), which says nothing about other personas.
    """
    customers = [f"{sample.persona}.{sample.language}" for sample in samples]
    if len(set(customers)) >= MIN_GROUPS:
        return customers, "persona and language"
    scripts = [f"{sample.language}/{sample.trainee}/{sample.variant}" for sample in samples]
    return scripts, "language, trainee and variant"
