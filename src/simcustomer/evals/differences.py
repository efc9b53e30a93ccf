"""Differences of pairs: the mean of after less before with its interval, and what that says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from simcustomer.domain.cues import Frozen
from simcustomer.evals import statistics
from simcustomer.evals.figures import groups_of
from simcustomer.evals.ladder import ladder_order, trust_slope
from simcustomer.evals.results import Run, SampleResult
from simcustomer.evals.scorers import Better, scores_of
from simcustomer.evals.statistics import Estimate
from simcustomer.evals.suite import Sample

Verdict = Literal["better", "worse", "differs", "same", "unknown"]


class Difference(Frozen):
    """One figure: ``before`` and ``after`` are means over the ``n`` pairs in which both sides were scored, of all pairs.

    ``change`` is the mean of after less before with its interval. ``verdict`` is "better" or "worse" when the interval
    leaves out 0 and the figure has a good direction, "differs" when it has none, "unknown" when there is no interval.
    """

    name: str
    before: float | None
    after: float | None
    change: float | None
    low: float | None
    high: float | None
    n: int
    of: int
    groups: int
    grouped_by: str
    better: Better | None
    verdict: Verdict


class Part(Frozen):
    """The differences within one persona, or over all (None)."""

    persona: str | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Pair:
    """Two scored results that differ only in what is compared."""

    first: SampleResult
    second: SampleResult
    before: Run
    after: Run

    @property
    def sample(self) -> Sample:
        """Its place, as the first side has it."""
        return self.first.sample

    @cached_property
    def scores(self) -> tuple[Mapping[str, float | None], Mapping[str, float | None]]:
        """The scores of both."""
        return (
            scores_of(self.first, self.before.persona_of(self.first.sample)),
            scores_of(self.second, self.after.persona_of(self.second.sample)),
        )


def part_of(persona: str | None, pairs: Sequence[Pair], better: Mapping[str, Better | None]) -> Part:
    scores = [pair.scores for pair in pairs]
    names = dict.fromkeys(name for first, second in scores for name in (*first, *second))
    samples = [pair.sample for pair in pairs]
    differences = [
        _difference(name, [(a.get(name), b.get(name)) for a, b in scores], samples, better.get(name))
        for name in names
    ]
    return Part(persona=persona, differences=(*differences, *_of_the_ladder(pairs, better)))


def _of_the_ladder(pairs: Sequence[Pair], better: Mapping[str, Better | None]) -> list[Difference]:
    """Order and slope of the ladder, group by group: they are figures of a group and not of a sample."""
    groups: dict[tuple[object, ...], list[Pair]] = defaultdict(list)
    for pair in pairs:
        s = pair.sample
        groups[s.persona, s.language, s.difficulty, s.customer, s.prompts].append(pair)
    samples = [group[0].sample for group in groups.values()]
    sides = [([p.first for p in group], [p.second for p in group]) for group in groups.values()]
    orders = [(_held(a), _held(b)) for a, b in sides]
    slopes = [(_sloped(a), _sloped(b)) for a, b in sides]
    return [
        _difference("ladder_order", orders, samples, better.get("ladder_order")),
        _difference("trust_slope", slopes, samples, better.get("trust_slope")),
    ]


def _held(results: Sequence[SampleResult]) -> float | None:
    held, scored, _ = ladder_order(results)
    return held / scored if scored else None


def _sloped(results: Sequence[SampleResult]) -> float | None:
    return next(iter(trust_slope(results)), None)


def _difference(
    name: str,
    values: Sequence[tuple[float | None, float | None]],
    samples: Sequence[Sample],
    better: Better | None,
) -> Difference:
    """One figure from the pairs of values; a pair with a value missing on either side does not count."""
    known = [
        (a, b, sample)
        for (a, b), sample in zip(values, samples, strict=True)
        if a is not None and b is not None
    ]
    groups, grouped_by = groups_of([sample for _, _, sample in known])
    first, second = [float(a) for a, _, _ in known], [float(b) for _, b, _ in known]
    change = statistics.mean_difference(first, second, groups)
    return Difference(
        name=name,
        before=sum(first) / len(first) if first else None,
        after=sum(second) / len(second) if second else None,
        change=change.value,
        low=change.low,
        high=change.high,
        n=change.n,
        of=len(values),
        groups=change.groups,
        grouped_by=grouped_by,
        better=better,
        verdict=_verdict(change, better),
    )


def _verdict(change: Estimate, better: Better | None) -> Verdict:
    if change.low is None or change.high is None:
        return "unknown"
    if change.low <= 0.0 <= change.high:
        return "same"
    if better is None:
        return "differs"
    return "better" if (change.low > 0) == (better == "up") else "worse"
