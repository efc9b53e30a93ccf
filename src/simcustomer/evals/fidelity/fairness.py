"""The same reply in other people's words: how far customer and judge move, by who wrote it, beside the judge's own noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import stdev
from typing import Literal, NamedTuple

from simcustomer.evals.fidelity.cells import NONE, interval
from simcustomer.evals.fidelity.stored import Noise
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.robustness.content import Sets
from simcustomer.evals.robustness.measure import SAME_TEXT, Measured
from simcustomer.evals.robustness.probe import Rescored
from simcustomer.evals.statistics import Estimate, mean

Slice = Literal["variety", "non-native", "typos", "dictation"]
SLICES: tuple[Slice, ...] = ("variety", "non-native", "typos", "dictation")
WORST_QUOTED = 8
"""Rewordings that the page quotes."""
Against = Literal["more", "less", "cannot be told apart", "not measured"]


class Change(NamedTuple):
    """What one rewording did: points of tension, or levels of the overall score. ``reply`` is the group for intervals."""

    language: str
    way: str
    reply: str
    by: float


def slice_of(way: str) -> Slice:
    """The slice of a rewording by its name in ``evals/rewordings.<language>.yaml``."""
    if way == "typos":
        return "typos"
    if way == "dictated":
        return "dictation"
    return "non-native" if way.startswith("from_") else "variety"


def tables_of(measured: Measured, sets: Sets, noise: Noise | None) -> list[Titled]:
    """Tension and score by slice and by variety, and the replies that were moved most, quoted."""
    moved = [
        Change(m.language, m.way, m.id, m.tension)
        for m in measured.moved
        if m.way != SAME_TEXT and m.tension is not None
    ]
    scored = changes_of(trial for trial in measured.rescored if trial.way != SAME_TEXT)
    return [_tension(moved), scores(scored, noise, "the built-in judge's"), _most(moved, sets)]


def changes_of(trials: Iterable[Rescored]) -> list[Change]:
    """The changes of overall scores; a trial that failed brings none."""
    return [Change(r.language, r.way, r.id, r.overall) for r in trials if r.overall is not None]


def against(movement: Estimate, noise: Noise | None) -> Against:
    """Is the mean movement more than the noise? Told only where their intervals do not overlap."""
    if noise is None or movement.value is None:
        return "not measured"
    low, high = noise.low, noise.high
    least = movement.value if movement.low is None else movement.low
    most = movement.value if movement.high is None else movement.high
    if least > (noise.overall if high is None else high):
        return "more"
    return "less" if most < (noise.overall if low is None else low) else "cannot be told apart"


def _tension(moved: Sequence[Change]) -> Titled:
    return Titled(
        title="Change of tension against the plain reply, points",
        note="Above 0: the customer is tenser than after the same reply in plain words. Spread is the standard deviation over replies; movement "
        "the mean size of the change, whichever way. The built-in appraiser reads the same text the same way each time: its noise is 0.",
        columns=_HEADS,
        rows=tuple(_row(name, language, own, 1) for name, language, own in _cut(moved) if own),
    )


def scores(scored: Sequence[Change], noise: Noise | None, whose: str) -> Titled:
    """Change of the overall score by slice and by variety, against the noise; ``whose`` score, with an article."""
    rows, verdicts = [], dict[str, list[str]]()
    for name, language, own in _cut(scored):
        if not own:
            continue
        verdict = against(movement(own), noise)
        rows.append((*_row(name, language, own, 2), verdict))
        if language != "all":
            verdicts.setdefault(verdict, []).append(f"{name} ({language})")
    if noise is None:
        beside = "The noise of a hosted model's judge is not measured yet, so nothing is said about it."
    else:
        value, between = interval(Estimate(value=noise.overall, low=noise.low, high=noise.high), 2)
        beside = (
            f"Noise of a hosted model's judge that judges the same text twice, by hand: {value} levels ({between}, n = {noise.n}). "
            + _told(verdicts)
        )
    return Titled(
        title=f"Change of {whose} overall score, levels",
        note=f"One-reply conversations. {beside}",
        columns=(*_HEADS, "against the noise"),
        rows=tuple(rows),
    )


def movement(own: Sequence[Change]) -> Estimate:
    """Mean size of the changes, whichever way; the interval draws replies."""
    return mean([abs(c.by) for c in own], [c.reply for c in own])


def _told(verdicts: dict[str, list[str]]) -> str:
    says: dict[Against, str] = {
        "more": "The score moves more than that in",
        "less": "It moves less in",
        "cannot be told apart": "It cannot be told apart from that in",
    }
    return " ".join(f"{words}: {', '.join(verdicts.get(kind, ['none']))}." for kind, words in says.items())


_HEADS = (
    "who wrote it", "language", "n", "mean change", "95 % interval", "spread", "movement", "95 % interval (movement)",
)  # fmt: skip


def _cut(changes: Sequence[Change]) -> Iterator[tuple[str, str, list[Change]]]:
    """By slice in each language and both, then by variety."""
    languages = sorted({c.language for c in changes})
    for name in SLICES:
        in_slice = [c for c in changes if slice_of(c.way) == name]
        for language in languages:
            yield name, language, [c for c in in_slice if c.language == language]
        yield name, "all", in_slice
    ways = sorted({(c.language, c.way) for c in changes if slice_of(c.way) in ("variety", "non-native")})
    for language, way in ways:
        yield way.replace("_", " "), language, [c for c in changes if (c.language, c.way) == (language, way)]


def _row(name: str, language: str, own: Sequence[Change], digits: int) -> tuple[Scalar, ...]:
    change = mean([c.by for c in own], [c.reply for c in own])
    spread = f"{stdev([c.by for c in own]):.{digits}f}" if len(own) > 1 else NONE
    return (name, language, len(own), *interval(change, digits), spread, *interval(movement(own), digits))


def _most(moved: Sequence[Change], sets: Sets) -> Titled:
    texts = {(own.language, r.id): r for own in sets.rewordings for r in own.replies}
    rows: list[tuple[Scalar, ...]] = []
    for change in sorted(moved, key=lambda c: (-abs(c.by), c.reply, c.way))[:WORST_QUOTED]:
        given = texts[change.language, change.reply]  # type: ignore[index]
        rows.append((change.way, f"{change.by:+.1f}", given.base, given.rewordings[change.way]))
    return Titled(
        title="Moved most",
        note="",
        columns=("who wrote it", "points of tension", "plain", "reworded"),
        rows=tuple(rows),
    )
