"""The standard rubric: complete, decidable from the transcript, honest about its tables."""

from __future__ import annotations

import pytest

from simcustomer.domain.cues import OBSERVED_BY_CODE, UNSETTLING, CueKind
from simcustomer.domain.rubric import MIN_SCORED_SHARE, Answer, Criterion, level_from_items
from simcustomer.library import Library
from simcustomer.settings import content_dir

RUBRIC = Library(content_dir("personas"), content_dir("prompts")).rubric()
CRITERIA = {
    "active_listening",
    "empathy",
    "composure",
    "positive_language",
    "ownership_and_solution",
    "clarity",
    "escalation_judgement",
}
EACH = pytest.mark.parametrize("criterion", RUBRIC.criteria, ids=lambda criterion: criterion.id)


def level(criterion: Criterion, *met: str) -> int | None:
    """The level when exactly these items are met."""
    answers = {i.id: Answer.MET if i.id in met else Answer.NOT_MET for i in criterion.items}
    return level_from_items(criterion, answers)


def test_it_has_the_criteria_that_the_product_promises() -> None:
    """The ids are a contract of the commands and the API."""
    assert {criterion.id for criterion in RUBRIC.criteria} == CRITERIA


@EACH
def test_each_criterion_asks_four_to_seven_answerable_questions(criterion: Criterion) -> None:
    """Items are questions, of help and of harm."""
    assert 4 <= len(criterion.items) <= 7
    assert criterion.asks.endswith("?")
    for item in criterion.items:
        assert "?" in item.ask, item.id
    assert {item.points > 0 for item in criterion.items} == {True, False}


@EACH
def test_nothing_shown_is_weak_everything_is_exemplary_and_harm_is_harmful(criterion: Criterion) -> None:
    """The table gives 2 for nothing, 5 for all the good items, less with harm beside them, and 1 for harm alone."""
    good = [item.id for item in criterion.items if item.points > 0]
    harm = [item.id for item in criterion.items if item.points < 0]
    assert level(criterion) == 2
    assert level(criterion, *good) == 5
    assert level(criterion, *harm) == 1
    assert (level(criterion, *good, *harm) or 5) < 5


@EACH
def test_the_built_in_judge_can_decide_enough_for_a_level(criterion: Criterion) -> None:
    """Items that cues decide hold at least half of the positive points, or the criterion would never be scored."""
    positive = [item for item in criterion.items if item.points > 0]
    decidable = sum(item.points for item in positive if item.seen_as)
    assert decidable >= MIN_SCORED_SHARE * sum(item.points for item in positive)


def test_help_is_seen_in_settling_cues_and_harm_in_unsettling_ones() -> None:
    """No item rewards what upsets or punishes what calms, except those that reward an absence."""
    for item in RUBRIC.items().values():
        if item.seen_as:
            unsettling = {kind in UNSETTLING for kind in item.seen_as.cues}
            assert unsettling == {(item.points < 0) is not item.seen_as.absent}, item.id


def test_every_kind_of_harm_is_asked_about() -> None:
    """No unsettling cue is without an item, except talk to the program, which simply does not count, and what code observes."""
    asked = {kind for item in RUBRIC.items().values() if item.seen_as for kind in item.seen_as.cues}
    assert set(UNSETTLING) - asked == {CueKind.TALKS_TO_THE_SIMULATOR, *OBSERVED_BY_CODE}


def test_judgement_about_escalating_needs_an_occasion() -> None:
    """Every item of it hangs on a request for a supervisor or on abuse, so that without either nothing is scored."""
    criterion = next(c for c in RUBRIC.criteria if c.id == "escalation_judgement")
    assert {item.occasion for item in criterion.items} == {"asks_for_supervisor", "abuse"}


def test_the_gates_cap_what_they_should() -> None:
    """Hostility caps the whole at 2; harm that goes on unsecured caps ownership at 2."""
    items = RUBRIC.items()
    gates = {(gate.item, gate.met, gate.at, target) for gate in RUBRIC.gates for target in gate.caps}
    assert ("is_hostile", True, 2, "overall") in gates
    assert ("secures_against_harm", False, 2, "ownership_and_solution") in gates
    assert items["secures_against_harm"].occasion == "fears_harm"


def test_the_four_questions_of_a_coaching_scorecard_have_their_criterion() -> None:
    """Listening, validation, the turn to a solution and a calm tone are each asked by one criterion of their own."""
    asks = {criterion.id: criterion.asks.casefold() for criterion in RUBRIC.criteria}
    assert "have their say" in asks["active_listening"]
    assert "feeling" in asks["empathy"]
    assert "what will be done" in asks["ownership_and_solution"]
    assert "calm and professional" in asks["composure"]


def test_it_says_that_its_tables_are_not_fitted() -> None:
    """Nothing is claimed that was not measured."""
    assert "not fitted" in RUBRIC.provenance


def test_it_can_be_read_in_spanish() -> None:
    """Every text has its Spanish one: questions are questions, and no English text is left."""
    read = RUBRIC.read_in("es")
    assert read.language == "es"
    for own, shown in zip(RUBRIC.criteria, read.criteria, strict=True):
        assert shown.name != own.name
        assert "¿" in shown.asks
        assert shown.next_step != own.next_step
        for item in shown.items:
            assert "¿" in item.ask, item.id
            assert item.ask.count("¿") == item.ask.count("?"), item.id
