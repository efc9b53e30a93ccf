"""Draws a report: the body for any page, and a page of its own that needs no script and no network.

The texts of the templates have a catalogue of their own; ``locale/babel.cfg`` says how to make it anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from simcustomer.cast.parts import BUILT_IN
from simcustomer.domain.affect import band_of
from simcustomer.domain.persona import Band, Language
from simcustomer.evals.figures import Curve, MetricRow, Report, Scalar
from simcustomer.evals.suite import SKILLS
from simcustomer.evals.worst import Transcript
from simcustomer.library import catalogue

TEMPLATES = Path(__file__).parent / "templates"
LOCALE = Path(__file__).parent / "locale"
UNKNOWN = "—"
"""What stands where there is no number."""
BAND_CLASSES = {band: f"b{number}" for number, band in enumerate(Band, 1)}
"""The style class that gives a band of tension its colour."""

Kind = Literal["points", "whole", "share", "level", "money"]
DIGITS = {"points": "0.0", "whole": "0", "level": "0.00", "money": "0.0000"}
"""How a kind of number is written: points of tension (mean), the same in a curve, levels, US dollars."""


def body_of(report: Report, *, language: Language = "en", samples: str = "") -> Markup:
    """The report as HTML to be put into a page's main part.

    ``samples`` is the address under which the page shows a sample by its number; without it nothing is linked.
    """
    models = [name for name in dict.fromkeys([*report.customers, *report.judges]) if name != BUILT_IN]
    models += [trainee for trainee in report.trainees if trainee not in SKILLS]
    return Markup(  # noqa: S704 - made by a template, which escapes
        _environment(language)
        .get_template("body.html")
        .render(r=report, judges=report.judges, played_by=", ".join(models), samples=samples)
    )


def page_of(report: Report, styles: str, *, language: Language = "en") -> str:
    """A whole page. ``styles`` is put in as it is: style sheets of the product, nobody's input."""
    sheet = Markup(styles)  # noqa: S704
    body = body_of(report, language=language)
    return _environment(language).get_template("page.html").render(r=report, body=body, styles=sheet)


def transcript_html(transcript: Transcript, *, language: Language = "en") -> Markup:
    """A transcript as HTML."""
    macros: Any = _environment(language).get_template("transcript.html").module
    return Markup(macros.transcript(transcript))  # noqa: S704 - made by a macro, which escapes


# --- what the templates call --------------------------------------------------------------------------------------


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(catalogue(LOCALE, language), newstyle=True)  # type: ignore[attr-defined] # of the extension
    environment.globals["language"] = language
    environment.filters |= {
        "shown": partial(_shown, language=language),
        "plain": partial(_plain, language=language),
        "moment": partial(_moment, language=language),
        "band": _band,
        "path": _path,
        "last_turn": _last_turn,
        "kind": _kind,
        "kind_of": _kind_of,
    }
    return environment


def _shown(value: float | None, kind: Kind, *, language: str) -> str:
    """A number as the language writes it."""
    if value is None:
        return UNKNOWN
    if kind == "share":
        return format_percent(value, format="0%" if language == "en" else "0\u00a0%", locale=language)
    return format_decimal(value, format=DIGITS[kind], locale=language)


def _plain(value: Scalar, *, language: str) -> str:
    """A cell of a table from elsewhere: whole numbers whole, others with two decimals."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    return format_decimal(value, format="#,##0.##", locale=language)


def _moment(moment: datetime, *, language: str) -> str:
    """Date and time in UTC: a report is read in more places than one."""
    return f"{format_datetime(moment, 'd MMM y, HH:mm', tzinfo=UTC, locale=language)} UTC"


def _band(tension: float) -> str:
    return BAND_CLASSES[band_of(tension)]


def _path(tensions: Sequence[float], last: int) -> str:
    """A line through the tensions in a box of 100 x 100, ``last`` turns wide; higher is tenser."""
    places = (f"{100 * turn / max(last, 1):.2f} {100 - tension:.2f}" for turn, tension in enumerate(tensions))
    return "M" + " L".join(places)


def _last_turn(curves: Sequence[Curve]) -> int:
    return max(len(curve.tensions) for curve in curves) - 1


def _kind(metric: MetricRow) -> Kind:
    return "share" if metric.unit.startswith("share") else _kind_of(metric.name)


def _kind_of(measure: str) -> Kind:
    """How the values of a measure are written."""
    if measure == "resolved":
        return "share"
    return "points" if measure in ("end_tension", "end_trust") else "level"
