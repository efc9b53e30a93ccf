"""Two runs, or two parts of one, sample by sample: what differs, by how much, and how sure that is.

Samples are paired when they differ only in what is compared; every figure is the mean of the differences of pairs,
with a bootstrap interval over groups of them. A failed sample is counted and listed, and is in no pair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from simcustomer.domain.cues import Frozen
from simcustomer.errors import ConfigError
from simcustomer.evals.differences import Difference, Pair, Part, part_of
from simcustomer.evals.results import Run, SampleResult
from simcustomer.evals.scorers import metrics_of
from simcustomer.evals.suite import Sample

FIELDS = tuple(Sample.model_fields)
"""What tells samples apart, and what a filter may name."""
ALWAYS_COMPARED = frozenset({"customer", "prompts"})
"""Fields that are what is compared wherever each side has one value of them, without any filter."""
WATCHED = ("rubric", "persona", "ladder", "lexicon")
"""Kinds of content that must be the same for a difference to be due to what is compared."""
_FILTER = re.compile(rf":({'|'.join(FIELDS)})=")


@dataclass(frozen=True)
class Wanted:
    """A side as it was asked for: a run, and values that its samples must have."""

    run: str
    filters: Mapping[str, str] = field(default_factory=dict)


class Changed(Frozen):
    """A pair whose outcome is not the same; a failed side has none."""

    before: str
    after: str
    outcome_before: str
    outcome_after: str
    tension_before: float | None
    tension_after: float | None


class Missed(Frozen):
    """A sample that could not be compared, and why."""

    sample: str
    reason: str


class SideNote(Frozen):
    """One side: what it is, how far it went, what failed, what has no partner."""

    label: str
    run: str
    version: str
    samples: int
    failures: tuple[Missed, ...]
    unpaired: tuple[str, ...]
    not_begun: int


class Comparison(Frozen):
    """What two sides have and have not in common."""

    before: SideNote
    after: SideNote
    compared: tuple[str, ...]
    warnings: tuple[str, ...]
    pairs: int
    parts: tuple[Part, ...]
    changed: tuple[Changed, ...]

    @property
    def worse(self) -> tuple[Difference, ...]:
        """The figures over all personas that are worse beyond their interval."""
        return tuple(
            d for part in self.parts if part.persona is None for d in part.differences if d.verdict == "worse"
        )

    def only_differences(self) -> Comparison:
        """The same with only the figures whose interval leaves out 0."""
        parts = (
            Part(
                persona=part.persona,
                differences=tuple(d for d in part.differences if d.verdict in ("better", "worse", "differs")),
            )
            for part in self.parts
        )
        return self.model_copy(update={"parts": tuple(part for part in parts if part.differences)})


def wanted(text: str) -> Wanted:
    """A side from ``RUN`` or ``RUN:customer=NAME:persona=NAME``. Raises ``ConfigError``."""
    run, *rest = _FILTER.split(text)
    if not run or any(not value for value in rest[1::2]):
        raise ConfigError(
            f"{text!r} names no run, or a filter without a value; write RUN or RUN:customer=NAME; "
            f"fields: {', '.join(FIELDS)}"
        )
    return Wanted(run, dict(zip(rest[::2], rest[1::2], strict=True)))


def compare_runs(before: Run, after: Run, of: Wanted | None = None, to: Wanted | None = None) -> Comparison:
    """Compare two runs, or with filters parts of them.

    Raises ``ConfigError`` when a filter fits no sample, when no pair is left, or when the statistics are not installed.
    """
    sides = (_Side.of(before, of or Wanted(before.id)), _Side.of(after, to or Wanted(after.id)))
    free = _free(*sides)
    key = _key(free)
    first, second = ({key(r.sample): r for r in side.results} for side in sides)
    both = [(first[k], second[k]) for k in first if k in second]
    scored = [Pair(a, b, before, after) for a, b in both if not a.failure and not b.failure]
    if not scored:
        raise ConfigError(
            f"{sides[0].label} and {sides[1].label} have no scored sample in common; "
            f"samples are paired by {', '.join(name for name in FIELDS if name not in free)}"
        )
    better = {m.name: m.better for run in (before, after) for m in metrics_of(run)}
    personas = dict.fromkeys(pair.sample.persona for pair in scored)
    parts = [part_of(None, scored, better)]
    if len(personas) > 1:
        parts += [part_of(p, [pair for pair in scored if pair.sample.persona == p], better) for p in personas]
    return Comparison(
        before=sides[0].note({id(a) for a, _ in both}),
        after=sides[1].note({id(b) for _, b in both}),
        compared=_compared(sides, free),
        warnings=tuple(_warnings(*sides)),
        pairs=len(scored),
        parts=tuple(parts),
        changed=tuple(_changed(a, b) for a, b in both if a.outcome != b.outcome),
    )


@dataclass(frozen=True)
class _Side:
    """The samples of one side."""

    run: Run
    filters: Mapping[str, str]
    label: str
    planned: tuple[Sample, ...]
    results: tuple[SampleResult, ...]

    @classmethod
    def of(cls, run: Run, wanted: Wanted) -> _Side:
        """The part of a run that was asked for."""

        def fits(sample: Sample) -> bool:
            return all(str(getattr(sample, name)) == value for name, value in wanted.filters.items())

        label = ":".join([run.id, *(f"{name}={value}" for name, value in wanted.filters.items())])
        planned = tuple(filter(fits, run.planned))
        if not planned:
            there = {n: sorted({str(getattr(s, n)) for s in run.planned}) for n in wanted.filters}
            known = "; ".join(f"{name}: {', '.join(values)}" for name, values in there.items())
            raise ConfigError(f"{label}: no sample fits; there are {known}")
        return cls(run, wanted.filters, label, planned, tuple(r for r in run.results if fits(r.sample)))

    def values(self, name: str) -> list[str]:
        """The values of a field, in the order of the plan."""
        return list(dict.fromkeys(str(getattr(sample, name)) for sample in self.planned))

    def note(self, paired: set[int]) -> SideNote:
        """What is said of this side; ``paired`` holds the identities of results that have a partner."""
        ids = {result.sample.id for result in self.results}
        return SideNote(
            label=self.label,
            run=self.run.id,
            version=self.run.version,
            samples=len(self.results),
            failures=tuple(
                Missed(sample=sample.id, reason=reason)
                for sample, reason in self.run.failures
                if sample.id in ids
            ),
            unpaired=tuple(r.sample.id for r in self.results if id(r) not in paired),
            not_begun=len(self.planned) - len(self.results),
        )


def _free(before: _Side, after: _Side) -> frozenset[str]:
    """The fields in which partners may differ: those compared, where each side has one value."""
    asked = ALWAYS_COMPARED | before.filters.keys() | after.filters.keys()
    return frozenset(n for n in asked if len(before.values(n)) == len(after.values(n)) == 1)


def _key(free: frozenset[str]) -> Callable[[Sample], tuple[object, ...]]:
    fixed = [name for name in FIELDS if name not in free]
    return lambda sample: tuple(getattr(sample, name) for name in fixed)


def _compared(sides: tuple[_Side, _Side], free: Iterable[str]) -> tuple[str, ...]:
    """What the sides differ in, in words: filtered fields, and prompts that were changed under their name."""
    before, after = sides
    found = [
        f"{name}: {before.values(name)[0]} -> {after.values(name)[0]}"
        for name in sorted(free)
        if before.values(name) != after.values(name)
    ]
    return (*found, *_other_content(before, after, ("prompt",)))


def _warnings(before: _Side, after: _Side) -> Iterable[str]:
    """What differs beside what is compared."""
    if before.run.version != after.run.version:
        yield f"version differs: {before.run.version} -> {after.run.version}"
    for what in _other_content(before, after, WATCHED):
        yield f"{what}: a difference may come from there"
    judges = [{j.judge for r in side.results for j in r.judged} for side in (before, after)]
    if judges[0] != judges[1]:
        yield (
            f"judges differ: {', '.join(sorted(judges[0])) or 'none'} -> {', '.join(sorted(judges[1])) or 'none'}; "
            "only scores of the same judge are compared"
        )


def _other_content(before: _Side, after: _Side, kinds: Sequence[str]) -> list[str]:
    """Content of these kinds, among what both sides used, that is not the same in both runs."""
    used = [_used(side) for side in (before, after)]
    names = [n for n in {**used[0], **used[1]} if n.partition(":")[0] in kinds]
    told = []
    for name in names:
        first, second = used[0].get(name), used[1].get(name)
        if first and second and first != second:
            told.append(f"{name} differs ({first[:8]} -> {second[:8]})")
        elif (first is None) != (second is None) and name.partition(":")[0] == "rubric":
            told.append(f"{name} is the rubric of one side only")
    return told


def _used(side: _Side) -> dict[str, str]:
    """The content of the run without personas, ladders and prompt sets that no sample of the side uses."""
    people = {f"{sample.persona}.{sample.language}" for sample in side.planned}
    sets = set(side.values("prompts"))

    def counts(name: str) -> bool:
        kind, _, rest = name.partition(":")
        if kind in ("persona", "ladder"):
            return rest in people
        return kind != "prompt" or rest.partition("/")[0] in sets

    return {name: digest for name, digest in side.run.content.items() if counts(name)}


def _changed(a: SampleResult, b: SampleResult) -> Changed:
    return Changed(
        before=a.sample.id,
        after=b.sample.id,
        outcome_before=str(a.outcome or "failed"),
        outcome_after=str(b.outcome or "failed"),
        tension_before=a.end_tension,
        tension_after=b.end_tension,
    )
