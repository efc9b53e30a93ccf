"""How a figure stands in the cells of a table: its value, its 95 % interval, a dash where there is none."""

from __future__ import annotations

from collections.abc import Collection

from simcustomer.evals.statistics import Estimate

NONE = "-"
"""Stands where a figure is not defined."""
SHARE_DIGITS = 3
"""Digits behind the point of shares and coefficients."""


def interval(estimate: Estimate, digits: int = SHARE_DIGITS) -> tuple[str, str]:
    """Value and interval."""
    value = NONE if estimate.value is None else _written(estimate.value, digits)
    if estimate.low is None or estimate.high is None:
        return value, NONE
    return value, f"{_written(estimate.low, digits)} to {_written(estimate.high, digits)}"


def ratio(part: int, whole: int) -> str:
    """A share with two digits."""
    return f"{part / whole:.2f}" if whole else NONE


def of(hits: Collection[bool]) -> str:
    """``3 of 20``."""
    return f"{sum(hits)} of {len(hits)}"


def _written(value: float, digits: int) -> str:
    # Adding 0.0 turns -0.0 into 0.0.
    return f"{round(value, digits) + 0.0:.{digits}f}"
