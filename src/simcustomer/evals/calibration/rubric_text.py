"""Writes fitted tables into the text of a rubric file and leaves every other character of it, comments included, alone."""

from __future__ import annotations

import textwrap

import yaml

from simcustomer.domain.rubric import Rubric
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.fit import Fit
from simcustomer.library import rubric_from

WIDTH = 116
"""Characters in a line of the provenance."""


def with_fit(text: str, rubric: Rubric, fit: Fit, provenance: str) -> str:
    """The text of ``rubric``'s file with the fitted cutoffs, ``anchored_share`` and ``provenance``.

    Raises ``ConfigError`` when the edited text would not read as exactly that rubric.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError("the rubric is not a mapping of fields")
    lines = textwrap.wrap(provenance, WIDTH, break_long_words=False, break_on_hyphens=False)
    top = {
        "anchored_share": f"anchored_share: {fit.fitted.anchored_share!r}",
        "provenance": "\n  ".join(["provenance: >-", *lines]),
    }
    edits = [_field(root, name, line) for name, line in top.items()]
    for criterion in _value(root, "criteria").value:
        name = _value(criterion, "id").value
        if table := fit.fitted.cutoffs.get(name):
            edits.append(_cutoffs(criterion, f"[{', '.join(map(repr, table))}]"))
    for start, end, new in sorted(edits, reverse=True):
        old = text[start:end]
        text = text[:start] + new + old[len(old.rstrip()) :] + text[end:]
    wanted = fit.fitted.applied_to(rubric).model_copy(update={"provenance": provenance})
    try:
        written = rubric_from(text)
    except (yaml.YAMLError, ValueError):
        written = None
    if written != wanted:
        raise ConfigError(
            "the tables cannot be written into this rubric file without changing more; write them by hand"
        )
    return text


def _cutoffs(criterion: yaml.Node, table: str) -> tuple[int, int, str]:
    """Start, end and new text of a criterion's cutoffs: of the list alone, or of the field where it is a list of lines."""
    key, value = next((key, value) for key, value in criterion.value if key.value == "cutoffs")
    if value.flow_style:
        return value.start_mark.index, value.end_mark.index, table
    return key.start_mark.index, value.value[-1].end_mark.index, f"cutoffs: {table}"


def _field(root: yaml.MappingNode, name: str, line: str) -> tuple[int, int, str]:
    """Start, end and new text of a top-level field; one that is not there yet goes before the criteria."""
    for key, value in root.value:
        if key.value == name:
            return key.start_mark.index, value.end_mark.index, line
    before = next(key.start_mark.index for key, _ in root.value if key.value == "criteria")
    return before, before, line + "\n"


def _value(node: yaml.Node, name: str) -> yaml.Node:
    found: yaml.Node = next(value for key, value in node.value if key.value == name)
    return found
