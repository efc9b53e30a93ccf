"""Draws ``docs/fidelity.md``: the prose stands in a template, the tables come from what was measured.

Whatever a person or a model wrote is data: in a cell or a note no mark-up of Markdown or HTML does anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from simcustomer.evals.fidelity.parts import LEFT_OUT, Measurement
from simcustomer.evals.fidelity.stored import PARTS, Opened, Part, Section, Stored
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.page import TEMPLATES

COMMAND = "simcustomer eval fidelity"
UNKNOWN = "–"
"""What stands where there is no number."""
_MARKS = re.compile(r"[\\`*_{}\[\]|#~!$@]|(?<=\w):(?=//)|(?<=www)\.", re.IGNORECASE)
"""What Markdown may read as mark-up inside a line; the last two would make a link of an address."""
_AT_START = re.compile(r"^(\d*)([-+=]|(?<=\d)[.)])")
"""What would begin a list or underline a heading."""


def page_of(measured: Mapping[Part, Measurement], stored: Sequence[Stored], opened: Opened | None) -> str:
    """The whole page as Markdown. Parts that are not in ``measured`` were left out of this run, and it says so."""
    every = {part: measured.get(part, Measurement(missing=LEFT_OUT)) for part in PARTS}

    def by_hand(section: Section) -> list[Stored]:
        return [one for one in stored if one.section == section]

    page = _environment().get_template("fidelity.md.j2")
    text = page.render(measured=every, by_hand=by_hand, opened=opened, command=COMMAND)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def table_markdown(table: Titled) -> str:
    """One table as it stands on the page, with its title and note."""
    return str(_environment().get_template("fidelity_table.md.j2").render(table=table)).strip()


def inline(value: Scalar) -> str:
    """A value as text within a line of Markdown: nothing in it is mark-up, and line breaks are spaces."""
    if value is None:
        return UNKNOWN
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    text = " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKS.sub(r"\\\g<0>", text)


def paragraph(value: str) -> str:
    """The same at the beginning of a line."""
    return _AT_START.sub(lambda found: f"{found[1]}\\{found[2]}", inline(value))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown, not HTML; every value goes through ``inline``
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_never_bare,
    )
    environment.filters["inline"] = lambda value: _Escaped(inline(value))
    environment.filters["paragraph"] = lambda value: _Escaped(paragraph(value))
    environment.filters["code"] = lambda value: _Escaped(str(value).replace("`", "'"))
    environment.filters["ready"] = _Escaped  # what a macro or a constant of this module has made
    environment.filters["drawn"] = lambda table: _Escaped(table_markdown(table))
    return environment


class _Escaped(str):
    """Text that is ready for the page."""


def _never_bare(value: object) -> object:
    """What a template prints must have been made ready: a forgotten filter is an error and not a hole."""
    if not isinstance(value, _Escaped):
        raise TypeError(f"{value!r} is printed without the filter inline")
    return value
