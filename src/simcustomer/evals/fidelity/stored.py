"""What was measured by hand on a language model and kept: ``evals/fidelity/<id>.json``, and when the reporting part was opened.

Nothing here measures. The page shows what such a file says in the section that the file names, with who played, how
many, and when. ``opened.json`` says when the reporting part of the cue set was opened; until it is there, ``eval
fidelity`` leaves that part closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator

from simcustomer.domain.cues import Frozen
from simcustomer.errors import ConfigError
from simcustomer.evals.figures import Titled

Part = Literal["appraiser", "labels", "attacks", "customer", "judge", "feedback", "fairness"]
"""What the command measures itself, on the built-in players."""
PARTS: tuple[Part, ...] = get_args(Part)
Section = Literal[
    "appraiser",
    "labels",
    "attacks",
    "customer",
    "judge",
    "feedback",
    "fairness",
    "failures",
    "conversations",
    "calls",
]
"""Sections of the page. The last three hold only what was measured by hand: the failure table, whole conversations, and
whether the appraiser is asked in one call with the customer's line or apart."""

BY_HAND = "a hosted model, by hand"
"""Who answered: the prompts as they are rendered were given by hand to a model that nobody chose."""
OPENED = "opened.json"
ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
"""What a measurement and its file may be called."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
T = TypeVar("T", bound=BaseModel)


class Noise(Frozen):
    """How far a judge's two readings of the same text lie apart: mean size of the difference in the overall score.

    In levels (scale of 1 to 5), with its 95 % interval; ``n`` conversations judged twice.
    """

    overall: float = Field(ge=0, le=4)
    low: float | None = Field(default=None, ge=0, le=4)
    high: float | None = Field(default=None, ge=0, le=4)
    n: int = Field(ge=1)


class Stored(Frozen):
    """One measurement. ``n`` counts what ``of`` names (conversations, situations); files of a section stand by date."""

    id: Annotated[str, StringConstraints(pattern=ID)]
    section: Section
    title: Line
    made_on: date
    player: Line = BY_HAND
    n: int = Field(ge=1)
    of: Line
    note: str = ""
    tables: tuple[Titled, ...] = Field(min_length=1)
    judge_noise: Noise | None = Field(
        default=None, description="what the section on fairness compares its movements with"
    )

    @model_validator(mode="after")
    def _whole_rows(self) -> Stored:
        for table in self.tables:
            for number, row in enumerate(table.rows, 1):
                if len(row) != len(table.columns):
                    raise ValueError(
                        f"tables: {table.title!r}: row {number} has {len(row)} cells for {len(table.columns)} columns"
                    )
        return self


class Opened(Frozen):
    """When the reporting part of the cue set was opened, and by what command."""

    opened_on: date
    command: Line
    note: str = ""


def read_stored(folder: Path) -> tuple[Stored, ...]:
    """All measurements of ``evals/fidelity`` by date and id; none where the folder is not there.

    Raises ``ConfigError`` with file and field, also where two files bring a ``judge_noise``.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        if path.name != OPENED:
            one = read(path, Stored)
            if one.id != path.stem:
                raise ConfigError(
                    f"{path}: id: must be {path.stem!r}, as the file is called (is: {one.id!r})"
                )
            found.append(one)
    noisy = [one.id for one in found if one.judge_noise]
    if len(noisy) > 1:
        raise ConfigError(f"{folder}: judge_noise: stands in {' and '.join(noisy)}; keep it in one of them")
    return tuple(sorted(found, key=lambda one: (one.made_on, one.id)))


def read_opened(folder: Path) -> Opened | None:
    """When the reporting part was opened; None: it is closed. Raises ``ConfigError`` with file and field."""
    path = folder / OPENED
    return read(path, Opened) if path.exists() else None


def noise_of(stored: Sequence[Stored]) -> Noise | None:
    """The judge's noise, where one of the measurements has it."""
    return next((one.judge_noise for one in stored if one.judge_noise), None)


def read(path: Path, model: type[T]) -> T:
    """A JSON file as ``model``. Raises ``ConfigError`` with file and field."""
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "document"
        raise ConfigError(f"{path}: {field}: {first['msg'].removeprefix('Value error, ')}") from error
