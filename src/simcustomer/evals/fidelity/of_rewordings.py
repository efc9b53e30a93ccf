"""From what ``eval robustness --only rewordings --json`` printed for a model as the judge to a measurement on the page."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from simcustomer.errors import ConfigError
from simcustomer.evals.fidelity.cells import interval
from simcustomer.evals.fidelity.fairness import Change, changes_of, movement, scores
from simcustomer.evals.fidelity.stored import BY_HAND, Noise, Stored, read
from simcustomer.evals.figures import Titled
from simcustomer.evals.robustness.measure import SAME_TEXT
from simcustomer.evals.robustness.probe import Rescored


class _Trials(BaseModel):
    model_config = ConfigDict(extra="ignore")

    rescored: tuple[Rescored, ...]


class _Printed(BaseModel):
    """The document of ``eval robustness --json``; its tables are made anew."""

    model_config = ConfigDict(extra="ignore")

    trials: _Trials


def rewordings_kept(name: str, file: Path, made_on: date, player: str = BY_HAND, note: str = "") -> Stored:
    """How far a model's judge moves when the same reply is worded otherwise, beside its noise on the same text judged twice.

    Raises ``ConfigError`` when no text was judged twice or no rewording at all: then there is nothing to compare.
    """
    trials = [trial for trial in read(file, _Printed).trials.rescored if trial.topic == "rewordings"]
    again = changes_of(trial for trial in trials if trial.way == SAME_TEXT)
    reworded = changes_of(trial for trial in trials if trial.way != SAME_TEXT)
    if not again or not reworded:
        lacking = "no text was judged twice" if reworded else "no rewording was judged"
        raise ConfigError(f"{file}: trials: {lacking}; run eval robustness --only rewordings --json")
    apart = movement(again)
    assert apart.value is not None
    noise = Noise(overall=apart.value, low=apart.low, high=apart.high, n=len(again))
    failed = len(trials) - len(again) - len(reworded)
    return Stored(
        id=name,
        section="fairness",
        title="The judge on a language model",
        made_on=made_on,
        player=player,
        n=len(again) + len(reworded),
        of="pairs of judgements",
        note=" ".join(
            filter(None, (note, f"Pairs that failed and are in no figure: {failed}." if failed else ""))
        ),
        tables=(_twice(again), scores(reworded, noise, "this judge's")),
        judge_noise=noise,
    )


def _twice(again: list[Change]) -> Titled:
    languages = sorted({change.language for change in again})
    cut = [(language, [c for c in again if c.language == language]) for language in languages]
    return Titled(
        title="The same text judged twice",
        note="Mean distance of the two overall scores, in levels; intervals draw replies.",
        columns=("language", "n", "distance", "95 % interval"),
        rows=tuple((name, len(own), *interval(movement(own), 2)) for name, own in (*cut, ("all", again))),
    )
