"""The report of a run, worked out: means with intervals by cell, persona and trainee, curves, costs, failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from statistics import fmean
from typing import TypeVar

from simcustomer.errors import ConfigError
from simcustomer.evals import statistics
from simcustomer.evals.figures import (
    Cell,
    Cost,
    Curve,
    Failure,
    Figure,
    Matrix,
    MatrixRow,
    MetricRow,
    Panel,
    Report,
    Rung,
    RunStatus,
    Titled,
    groups_of,
)
from simcustomer.evals.results import Run, SampleResult, Spent
from simcustomer.evals.scorers import metrics_of, scores_of
from simcustomer.evals.suite import Sample
from simcustomer.evals.worst import ranks_of, worst_of

T = TypeVar("T")


def status_of(run: Run) -> RunStatus:
    """Where a run stands."""
    return run.stopped or ("finished" if run.finished_at else "running")


def report_of(run: Run, *, calibration: Sequence[Titled] = (), robustness: Sequence[Titled] = ()) -> Report:
    """Work out the report of a run as far as it went."""
    sums = _Sums(run)
    position = {sample.id: number for number, sample in enumerate(run.planned, 1)}
    trainees = [trainee if isinstance(trainee, str) else trainee.label for trainee in run.suite.trainees]
    return Report(
        run=run.id,
        suite=run.suite.id,
        title=run.suite.title,
        version=run.version,
        status=status_of(run),
        started_at=run.started_at,
        finished_at=run.finished_at,
        planned=len(run.planned),
        kept=len(run.results),
        failed=len(run.results) - len(run.scored),
        customers=_distinct(sample.customer for sample in run.planned),
        judges=run.suite.judges,
        trainees=_distinct(t for t in trainees if t in {sample.trainee for sample in run.planned}),
        languages=_distinct(sample.language for sample in run.planned),
        difficulties=_distinct(sample.difficulty for sample in run.planned),
        content=run.content,
        no_intervals=sums.no_intervals,
        metrics=sums.metrics(),
        cells=sums.cells,
        matrices=sums.matrices(),
        ladder=sums.ladder(),
        panels=sums.panels(),
        costs=sums.costs(),
        failures=tuple(
            Failure(position=position[sample.id], sample=sample.id, reason=reason)
            for sample, reason in run.failures
        ),
        worst=worst_of(run),
        calibration=tuple(calibration),
        robustness=tuple(robustness),
    )


@dataclass(frozen=True)
class _Sums:
    """A run with its scores at hand."""

    run: Run

    @cached_property
    def scores(self) -> list[tuple[SampleResult, Mapping[str, float | None]]]:
        """Every result, failed ones included, with its scores."""
        return [
            (result, scores_of(result, self.run.persona_of(result.sample))) for result in self.run.results
        ]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells in the order of the plan."""
        return _distinct(_cell(sample) for sample in self.run.planned)

    @cached_property
    def no_intervals(self) -> str:
        """Why there are no intervals, or nothing."""
        try:
            statistics.mean([0.0] * statistics.MIN_GROUPS, list(map(str, range(statistics.MIN_GROUPS))))
        except ConfigError as error:
            return str(error)
        return ""

    def figure(self, measure: str, where: Callable[[Sample], bool]) -> Figure:
        """The mean of a measure over the samples of a place."""
        there = [
            (result.sample, scores.get(measure)) for result, scores in self.scores if where(result.sample)
        ]
        scored = [(sample, value) for sample, value in there if value is not None]
        if not scored:
            return Figure(of=len(there))
        values = [value for _, value in scored]
        if self.no_intervals:
            return Figure(value=fmean(values), n=len(values), of=len(there))
        groups, _ = groups_of([sample for sample, _ in scored])
        e = statistics.mean(values, groups)
        return Figure(value=e.value, low=e.low, high=e.high, n=e.n, of=len(there))

    def metrics(self) -> tuple[MetricRow, ...]:
        """The metrics of the whole run."""
        rows = []
        for metric in metrics_of(self.run, [scores for _, scores in self.scores]):
            figure = self.figure(metric.name, lambda _: True)
            rows.append(MetricRow(**metric.model_dump(), low=figure.low, high=figure.high))
        return tuple(rows)

    def matrices(self) -> tuple[Matrix, ...]:
        """End tension, resolved and the overall score of each judge: personas x cells."""
        personas = _distinct(sample.persona for sample in self.run.planned)
        rows: tuple[str | None, ...] = (None, *personas) if len(personas) > 1 else personas
        measures = ("end_tension", "resolved", *(f"score:{judge}" for judge in self.run.suite.judges))
        return tuple(
            Matrix(
                measure=measure,
                rows=tuple(
                    MatrixRow(
                        persona=persona,
                        figures=tuple(
                            self.figure(measure, _place(cell, persona=persona)) for cell in self.cells
                        ),
                    )
                    for persona in rows
                ),
            )
            for measure in measures
        )

    def ladder(self) -> tuple[Rung, ...]:
        """Mean end tension of each trainee in each cell, by rank."""
        return tuple(
            Rung(
                trainee=trainee,
                figures=tuple(
                    self.figure("end_tension", _place(cell, trainee=trainee)) for cell in self.cells
                ),
            )
            for trainee in self._by_rank(self.run.planned)
        )

    def _by_rank(self, samples: Iterable[Sample]) -> list[str]:
        """The trainees of some samples: the ladder from its top, then who stands on none."""
        ranks = ranks_of(self.run.suite)
        trainees = _distinct(sample.trainee for sample in samples)
        return sorted(trainees, key=lambda trainee: ranks.get(trainee, len(ranks)))

    def panels(self) -> tuple[Panel, ...]:
        """A panel for each cell and persona of which something was scored."""
        found = []
        for cell in self.cells:
            for persona in _distinct(sample.persona for sample in self.run.planned):
                here = [r for r in self.run.scored if _place(cell, persona=persona)(r.sample)]
                trainees = self._by_rank(result.sample for result in here)
                curves = [
                    self._curve(trainee, [r for r in here if r.sample.trainee == trainee])
                    for trainee in trainees
                ]
                if curves:
                    found.append(Panel(cell=cell, persona=persona, curves=tuple(curves)))
        return tuple(found)

    def _curve(self, trainee: str, results: Sequence[SampleResult]) -> Curve:
        lines = []
        for result in results:
            start = result.conversation(self.run.persona_of(result.sample)).start.tension
            lines.append([start, *(turn.affect.tension for turn in result.turns)])
        longest = max(map(len, lines))
        full = [line + [line[-1]] * (longest - len(line)) for line in lines]
        return Curve(trainee=trainee, tensions=tuple(map(fmean, zip(*full, strict=True))), n=len(lines))

    def costs(self) -> tuple[Cost, ...]:
        """What was spent, by cell and purpose; failed samples spent too."""
        spent = [
            (_cell(result.sample), purpose, used)
            for result in self.run.results
            for purpose, used in result.spent.items()
        ]
        spent.sort(key=lambda entry: (self.cells.index(entry[0]), entry[1]))
        return tuple(
            Cost(cell=cell, purpose=purpose, spent=sum((used for _, _, used in entries), Spent()))
            for (cell, purpose), entries in groupby(spent, key=lambda entry: entry[:2])
        )


def _cell(sample: Sample) -> Cell:
    return Cell(customer=sample.customer, prompts=sample.prompts)


def _place(cell: Cell, persona: str | None = None, trainee: str | None = None) -> Callable[[Sample], bool]:
    def there(sample: Sample) -> bool:
        return (
            _cell(sample) == cell and persona in (None, sample.persona) and trainee in (None, sample.trainee)
        )

    return there


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
