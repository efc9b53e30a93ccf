"""The failure table in figures: each share with its count and a 95 % interval, and what still failed, quoted.

The interval is Wilson's score interval for a share (Wilson 1927), which is honest for a handful of situations and for
none of n. Situations were chosen to provoke: the shares are of these situations, not of conversations in general.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simcustomer.cast.parts import BUILT_IN
from simcustomer.evals.failures.content import FAILURES, PARTS
from simcustomer.evals.failures.measure import Measured, Trial
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.statistics import wilson


def tables_of(measured: Measured) -> list[Titled]:
    """The failure table, the fate of the customer's lines, and the cases that still fail."""
    return [_rates(measured), _lines(measured), _still(measured)]


def _rates(measured: Measured) -> Titled:
    rows: list[tuple[Scalar, ...]] = []
    for failure in FAILURES:
        for part in PARTS:
            own = [t for t in measured.trials if (t.failure_of, t.part) == (failure, part)]
            if own:
                rows.append(_rate_row(failure, _player(measured.players, part), own))
    return Titled(
        title="Failures, provoked",
        note="Before: the customer's first line as the model gave it; cues simply added up, without bound, floor, trust and "
        "patience; the judge's own levels and answers. After: what the trainee gets - the line behind guard, second try "
        "and stand-in; tension and outcome of the engine; the scorecard. A row without n was not measured.",
        columns=(
            "failure", "player", "n", "before", "95 % interval", "after", "95 % interval (after)", "call failed",
            "not measured",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _rate_row(failure: str, player: str, trials: Sequence[Trial]) -> tuple[Scalar, ...]:
    known = [t for t in trials if t.before is not None and t.after is not None]
    failed = sum(bool(t.failure) for t in trials)
    before, after = sum(bool(t.before) for t in known), sum(bool(t.after) for t in known)
    n = len(known)
    shares = (_share(before, n), _interval(before, n), _share(after, n), _interval(after, n))
    return (failure, player, n, *shares, failed, len(trials) - n - failed)


def _lines(measured: Measured) -> Titled:
    spoken = [t for t in measured.trials if t.part == "customer" and not t.failure]
    asked = measured.players["customer"] != BUILT_IN
    stand_ins = sum(t.by == BUILT_IN for t in spoken) if asked else 0
    return Titled(
        title="Lines of the customer",
        note="A line that is discarded is asked for once more; after the second the built-in player's line is shown.",
        columns=("lines", "kept at once", "kept at the second try", "stand-in"),
        rows=(
            (
                len(spoken),
                sum(not t.discarded for t in spoken),
                sum(len(t.discarded) == 1 for t in spoken),
                stand_ins,
            ),
        )
        if spoken
        else (),
    )


def _still(measured: Measured) -> Titled:
    """Every trial that shows its failure in what reaches the trainee."""
    rows = [(t.failure_of, t.id, "; ".join(t.saw_after), t.shown) for t in measured.trials if t.after]
    return Titled(
        title="What still fails",
        note="" if rows else "Nothing of what was measured.",
        columns=("failure", "situation", "what was seen", "in"),
        rows=tuple(rows),
    )


def _player(players: Mapping[str, str], part: str) -> str:
    return f"{part}: {players[part]}"


def _share(hits: int, n: int) -> str:
    return f"{hits} of {n}" if n else ""


def _interval(hits: int, n: int) -> str:
    found = wilson([i < hits for i in range(n)])
    return "" if found.low is None else f"{found.low:.2f} to {found.high:.2f}"
