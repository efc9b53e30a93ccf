"""The log of a run becomes tables by hand-checked arithmetic: endings, lines, and the judge with itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from simcustomer.domain.conversation import Outcome
from simcustomer.domain.rubric import (
    AnchoredLevel,
    Answer,
    Evidence,
    ItemAnswer,
    JudgeInfo,
    Judgement,
    Rubric,
    Scorecard,
    score,
)
from simcustomer.errors import ConfigError
from simcustomer.evals.fidelity.of_run import run_kept
from simcustomer.evals.figures import Titled
from simcustomer.evals.results import Judged, SampleResult
from simcustomer.evals.suite import ModelTrainee, Suite
from tests.evals.runs import a_result, a_run, a_sample
from tests.fakes import RUBRIC

DAY = date(2026, 1, 30)
MODEL = "some/model"
EXPERT = ModelTrainee(model=MODEL, skill="expert")
SUITE = Suite(id="small", title="A small run", trainees=(EXPERT, "dismissive"), judge_passes=2)
SMALL = Rubric.model_validate(RUBRIC)


def a_judgement(level: int, *, bad: bool = False) -> Judgement:
    """Everything good, ``bad`` or not in empathy, with this anchored level in both criteria."""
    proof = (Evidence(message=1, quote="I will look at it."),)
    said = {
        "empathy_good": Answer.MET,
        "empathy_bad": Answer.MET if bad else Answer.NOT_MET,
        "clarity_good": Answer.MET,
        "clarity_bad": Answer.NOT_MET,
    }
    return Judgement(
        answers=tuple(
            ItemAnswer(item=item, answer=answer, evidence=proof if answer is Answer.MET else ())
            for item, answer in said.items()
        ),
        anchored=tuple(AnchoredLevel(criterion=c, level=level) for c in ("empathy", "clarity")),
    )


def a_card(*judgements: Judgement) -> Scorecard:
    """The scorecard of these passes."""
    judge = JudgeInfo(model=MODEL, rubric="small", rubric_hash="r1", passes=len(judgements))
    return score(SMALL, judgements, outcome=None, judge=judge)


def judged(result: SampleResult, *judgements: Judgement) -> SampleResult:
    """The same conversation with a judge's passes."""
    card = Judged(judge=MODEL, scorecard=a_card(*judgements))
    return result.model_copy(update={"judged": (card,)})


def a_played(variant: int, tensions: list[float], outcome: Outcome, **more: Any) -> SampleResult:
    """A conversation on a model, with an expert on a model."""
    sample = a_sample(trainee=EXPERT.label, variant=variant, customer=MODEL)
    return a_result(sample, tensions, outcome, **more)


def rows_of(table: Titled) -> list[dict[str, Any]]:
    """Each row by its columns."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_endings_stand_by_skill_and_language_without_a_model_s_name() -> None:
    """Counts of outcomes, means of turns and tension; a conversation that failed is counted as missing."""
    results = [
        a_played(1, [60, 20], Outcome.RESOLVED),
        a_played(2, [60, 50, 40], Outcome.TURN_LIMIT),
        a_result(a_sample(trainee="dismissive", customer=MODEL), [99], Outcome.LEFT),
        a_result(a_sample(trainee="dismissive", variant=2, customer=MODEL), [99], failure="asleep"),
    ]
    stored = run_kept("talks", a_run(results, suite=SUITE), SMALL, DAY)
    expert, dismissive = rows_of(stored.tables[0])
    assert (expert["trainee"], expert["language"], expert["n"]) == ("expert", "en", 2)
    assert expert["outcomes"] == "1 resolved, 1 turn_limit"
    assert (expert["turns"], expert["at the end"], expert["lowest to highest end"]) == (
        "2.5",
        "30",
        "20 to 40",
    )
    assert (dismissive["trainee"], dismissive["n"]) == ("dismissive", 1)
    assert (stored.n, stored.note) == (3, "1 of those planned are missing.")
    assert MODEL not in stored.model_dump_json()


def test_lines_are_counted_word_for_word() -> None:
    """Words, what the guard threw away, who stood in, and what was said before."""
    first = a_played(1, [60, 50, 40], Outcome.RESOLVED, answer="The same again.")
    turns = list(first.turns)
    turns[0] = turns[0].model_copy(update={"discarded": ("too long", "serves"), "spoken_by": "built-in"})
    result = first.model_copy(update={"turns": tuple(turns)})
    (row,) = rows_of(run_kept("talks", a_run([result], suite=SUITE), SMALL, DAY).tables[1])
    assert (row["lines"], row["words each, mean"], row["fewest to most"]) == (3, "3.0", "3 to 3")
    assert (row["discarded"], row["stand-in"], row["repeated"]) == (2, 1, 2)


def test_a_judge_is_compared_with_itself() -> None:
    """One of eight items differs; levels and scores by the rubric's mix, the gate of the second pass included."""
    results = [
        judged(a_played(1, [60], Outcome.RESOLVED), a_judgement(5), a_judgement(5)),
        judged(a_played(2, [60], Outcome.RESOLVED), a_judgement(5), a_judgement(5, bad=True)),
    ]
    stored = run_kept("talks", a_run(results, suite=SUITE), SMALL, DAY)
    alike, levels, overall = rows_of(stored.tables[2])
    assert (alike["of"], alike["value"]) == ("7 of 8", "0.875")
    # Empathy with harm: share .5 is level 3, with the anchored 5 in the middle 4; the gate holds the whole at 2.
    assert levels["value"] == "0.25"
    assert overall["value"] == "1.50"
    assert stored.judge_noise
    assert (stored.judge_noise.overall, stored.judge_noise.n) == (1.5, 2)


def test_one_pass_is_no_comparison() -> None:
    """Then there is neither the table nor a noise."""
    result = judged(a_played(1, [60], Outcome.RESOLVED), a_judgement(5))
    stored = run_kept("talks", a_run([result], suite=SUITE), SMALL, DAY)
    assert len(stored.tables) == 2
    assert stored.judge_noise is None


def test_another_rubric_is_refused() -> None:
    """Its weights would give scores that nobody gave."""
    result = judged(a_played(1, [60], Outcome.RESOLVED), a_judgement(5), a_judgement(5))
    other = SMALL.model_copy(update={"id": "other", "criteria": SMALL.criteria[:1]})
    with pytest.raises(ConfigError, match="was judged by rubric small, not other"):
        run_kept("talks", a_run([result], suite=SUITE), other, DAY)


def test_a_run_in_which_nothing_went_through_is_refused() -> None:
    """There is no figure to keep."""
    failed = a_played(1, [60], Outcome.RESOLVED, failure="asleep")
    with pytest.raises(ConfigError, match="no conversation went through"):
        run_kept("talks", a_run([failed], suite=SUITE), SMALL, DAY)
