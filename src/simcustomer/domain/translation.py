"""The texts of a rubric in another language, for those who read a scorecard. Nobody is judged by them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Line, Name


class Anchors(Frozen):
    """What each level looks like."""

    harmful: Line
    weak: Line
    adequate: Line
    good: Line
    exemplary: Line

    def of(self, level: int) -> str:
        """The anchor of level 1 to 5."""
        return (self.harmful, self.weak, self.adequate, self.good, self.exemplary)[level - 1]


class CriterionTexts(Frozen):
    """A criterion's texts; ``items`` holds each question by its item's id."""

    name: Line
    asks: Line
    items: Mapping[Name, Line]
    anchors: Anchors
    next_step: Line


class RubricTexts(Frozen):
    """All texts of a rubric, by the ids of its criteria and gates."""

    title: Line
    criteria: Mapping[Name, CriterionTexts]
    gates: Mapping[Name, Line] = Field(default_factory=dict)

    def ids(self) -> set[str]:
        """The ids of everything that is translated, as ``criterion``, ``criterion.item`` and ``gates.gate``."""
        items = {f"{name}.{item}" for name, texts in self.criteria.items() for item in texts.items}
        return {*self.criteria, *items, *(f"gates.{gate}" for gate in self.gates)}
