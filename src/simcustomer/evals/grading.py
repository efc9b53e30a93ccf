"""Invented facts: have a grader look at the customer's lines of a sample, and measure the grader on lines with known labels."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from simcustomer.cast.grader import FactGrader, Grade
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.text import overlaps
from simcustomer.errors import ModelError
from simcustomer.evals.results import LineGrade, SampleResult
from simcustomer.library import Library

LINES_AT_ONCE = 8
"""Lines under way together when a grader is measured."""


async def with_grades(result: SampleResult, persona: Persona, grader: FactGrader) -> SampleResult:
    """The result with a grade of each customer line; a line whose call failed has none and says why.

    One line after the other: the prompt's beginning is the same, and a run has many samples under way at once.
    """
    said = result.conversation(persona).utterances
    grades = []
    for turn in result.turns:
        grades.append(await _graded(turn.index, turn.customer, said[: 2 * turn.index], persona, grader))
    return result.model_copy(update={"grades": tuple(grades)})


async def _graded(
    turn: int, line: str, before: Sequence[Utterance], persona: Persona, grader: FactGrader
) -> LineGrade:
    try:
        return LineGrade(turn=turn, grade=await grader.grade(persona, before, line))
    except ModelError as error:
        return LineGrade(turn=turn, failure=str(error))


# --- how far to trust the grader -----------------------------------------------------------------------------------


class LabelledLine(Frozen):
    """A customer line with the answer that a grader should give. ``words`` are the invented ones."""

    id: str
    persona: str
    language: Language
    history: tuple[Utterance, ...]
    line: str = Field(min_length=1)
    invented: bool
    words: str = ""
    why: str = ""


class Miss(Frozen):
    """A line on which the grader was wrong or gave no answer."""

    id: str
    line: str
    invented: bool
    said: Grade | None = None
    failure: str = ""


class GraderFigures(Frozen):
    """How a grader did on lines with known labels. Lines without an answer are in no share.

    ``recall``: of the inventions, the share that it found; ``precision``: of what it called invented, the share that was;
    ``right_words``: of the inventions that it found, the share for which it quoted words of the labelled ones.
    """

    grader: str
    group: Literal["all", "en", "es"]
    of: int
    scored: int
    found: int
    missed: int
    false_alarms: int
    left_alone: int
    right_words: float | None

    @property
    def accuracy(self) -> float | None:
        """Share of right answers."""
        return _share(self.found + self.left_alone, self.scored)

    @property
    def precision(self) -> float | None:
        """Of what it called invented, the share that was."""
        return _share(self.found, self.found + self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Of the inventions, the share that it found."""
        return _share(self.found, self.found + self.missed)


async def grade_set(
    lines: Sequence[LabelledLine], library: Library, grader: FactGrader
) -> tuple[tuple[GraderFigures, ...], tuple[Miss, ...]]:
    """Measure ``grader``: figures for all lines and for each language, and the lines that it got wrong or left out.

    Raises ``NotFound`` for a persona that does not exist.
    """
    personas = [library.persona(line.persona, line.language) for line in lines]
    seats = asyncio.Semaphore(LINES_AT_ONCE)

    async def ask(line: LabelledLine, persona: Persona) -> LineGrade:
        async with seats:
            return await _graded(0, line.line, line.history, persona, grader)

    pairs = zip(lines, personas, strict=True)
    answers = await asyncio.gather(*(ask(line, persona) for line, persona in pairs))
    answered = list(zip(lines, answers, strict=True))
    groups: tuple[Literal["all", "en", "es"], ...] = ("all", "en", "es")
    figures = tuple(
        _figures(grader.name, group, [one for one in answered if group in ("all", one[0].language)])
        for group in groups
    )
    return figures, tuple(_misses(answered))


def _figures(
    name: str, group: Literal["all", "en", "es"], answered: Sequence[tuple[LabelledLine, LineGrade]]
) -> GraderFigures:
    scored = [(line, answer.grade) for line, answer in answered if answer.grade]
    found = [(line, grade) for line, grade in scored if line.invented and grade.invented]
    right = sum(overlaps(line.words, grade.words) for line, grade in found)
    return GraderFigures(
        grader=name,
        group=group,
        of=len(answered),
        scored=len(scored),
        found=len(found),
        missed=sum(line.invented and not grade.invented for line, grade in scored),
        false_alarms=sum(grade.invented and not line.invented for line, grade in scored),
        left_alone=sum(not grade.invented and not line.invented for line, grade in scored),
        right_words=_share(right, len(found)),
    )


def _misses(answered: Iterable[tuple[LabelledLine, LineGrade]]) -> Iterable[Miss]:
    for line, answer in answered:
        if answer.grade is None or answer.grade.invented != line.invented:
            yield Miss(
                id=line.id,
                line=line.line,
                invented=line.invented,
                said=answer.grade,
                failure=answer.failure,
            )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
