"""What of a calibration is kept: failures, accepted figures, and whether a later run still lies within their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from simcustomer.domain.cues import Frozen
from simcustomer.errors import ConfigError
from simcustomer.evals.statistics import Estimate


class Failure(Frozen):
    """A pass without a judgement, or a reply without an effect, with the reason. It stands in no figure."""

    id: str
    repeat: int = 1
    reason: str


class Accepted(Frozen):
    """The figures of one run, and what they were made with.

    ``data_hash`` names the set: texts and ratings. Only runs on the same set and rubric with the same number of answers
    can be compared (a failure leaves another set); another judge, prompt or version of the rubric is what this is for.
    """

    kind: Literal["judge", "appraiser"]
    player: str = Field(description="model name or built-in")
    rubric: str = ""
    rubric_hash: str = ""
    prompt_hash: str = ""
    data: tuple[str, ...] = Field(description="file names")
    data_hash: str
    n: int = Field(description="conversations or replies that got an answer")
    failures: int = 0
    figures: Mapping[str, Estimate]


class Drifted(Frozen):
    """A figure outside its accepted interval. ``now`` is None when it is not defined any more."""

    figure: str
    accepted: float
    low: float
    high: float
    now: float | None

    @property
    def way(self) -> Literal["below", "above", "gone"]:
        """Where it lies now."""
        if self.now is None:
            return "gone"
        return "below" if self.now < self.low else "above"


def read_accepted(path: Path) -> Accepted:
    """Figures that were accepted before. Raises ``ConfigError`` that names the field."""
    try:
        return Accepted.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "document"
        raise ConfigError(f"{path}: {field}: {first['msg']}; write it with --accept") from error


def drifted(accepted: Accepted, now: Accepted) -> list[Drifted]:
    """The figures outside their accepted intervals, whichever way. A figure without an interval bounds nothing.

    Raises ``ConfigError`` when the two runs are not of the same kind, rubric and set.
    """
    for what in ("kind", "rubric", "data_hash", "n"):
        was, is_now = getattr(accepted, what), getattr(now, what)
        if was != is_now:
            raise ConfigError(
                f"the accepted figures are of another set and cannot be compared: {what} was {was}, is {is_now}; "
                f"accepted on {', '.join(accepted.data)}, now {', '.join(now.data)}"
            )
    if set(accepted.figures) != set(now.figures):
        other = sorted(set(accepted.figures) ^ set(now.figures))
        raise ConfigError(f"the accepted figures are other ones: not on both sides: {', '.join(other)}")
    found = []
    for name, old in accepted.figures.items():
        value = now.figures[name].value
        if old.value is None or old.low is None or old.high is None:
            continue
        if value is None or not old.low <= value <= old.high:
            found.append(Drifted(figure=name, accepted=old.value, low=old.low, high=old.high, now=value))
    return found
