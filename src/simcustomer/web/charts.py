"""Where the curve of a conversation goes: plain geometry in percent, drawn by a template."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simcustomer.domain.affect import Affect, band_of

THIN_TICKS_FROM = 12
"""Turns from which only some of the ticks are labelled: more do not fit a phone."""


@dataclass(frozen=True)
class Point:
    """The customer's tension after a turn (0 is the opening), and where it stands in the plot, in percent."""

    turn: int
    tension: int
    band: str
    x: float
    y: float
    tick: bool
    labelled: bool
    last: bool


@dataclass(frozen=True)
class Curve:
    """A line through the points, as SVG path data in a 100 x 100 box."""

    points: tuple[Point, ...]
    line: str
    area: str


def points_of(affect: Affect) -> int:
    """Tension as a whole number, such that number and word never disagree: 39.6 is wary, so it is 39 and not 40."""
    nearest = round(affect.tension)
    return nearest if band_of(nearest) is affect.band else math.floor(affect.tension)


def curve(felt: Sequence[Affect]) -> Curve:
    """The curve of the customer's feelings, the opening first."""
    last = len(felt) - 1
    xs = [100.0 * i / last if last else 0.0 for i in range(len(felt))]
    ys = [100.0 - affect.tension for affect in felt]
    every = 1 if last < THIN_TICKS_FROM else 1 + last // THIN_TICKS_FROM
    points = tuple(
        Point(
            turn=i,
            tension=points_of(affect),
            band=affect.band.value,
            x=round(xs[i], 2),
            y=round(ys[i], 2),
            tick=i % every == 0 or i == last,
            labelled=i in _worth_a_label(ys),
            last=i == last,
        )
        for i, affect in enumerate(felt)
    )
    line = _smooth(xs, ys)
    return Curve(points=points, line=line, area=f"{line} L{xs[-1]:.2f} 100 L0 100Z")


def _worth_a_label(ys: Sequence[float]) -> frozenset[int]:
    """First, last, highest and lowest; all of them while they are few."""
    if len(ys) <= 8:
        return frozenset(range(len(ys)))
    return frozenset({0, len(ys) - 1, ys.index(min(ys)), ys.index(max(ys))})


def _smooth(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Level at each point, so that the line never shows a feeling higher or lower than was measured."""
    parts = [f"M{xs[0]:.2f} {ys[0]:.2f}"]
    for i in range(1, len(xs)):
        middle = (xs[i - 1] + xs[i]) / 2
        parts.append(f"C{middle:.2f} {ys[i - 1]:.2f} {middle:.2f} {ys[i]:.2f} {xs[i]:.2f} {ys[i]:.2f}")
    return " ".join(parts)
