"""From answers with quotes to levels: what is proven counts, what is not is unscored, and a failure is never a number."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simcustomer.domain.conversation import Utterance
from simcustomer.domain.rubric import (
    AnchoredLevel,
    Answer,
    Evidence,
    ItemAnswer,
    JudgeInfo,
    Judgement,
    Rubric,
    Scorecard,
    level_from_items,
    proven,
    score,
    unproven,
)

SAID = (
    Utterance(role="customer", text="Where is my kettle? This is a disgrace."),
    Utterance(role="trainee", text="I am sorry. I will look into it today."),
    Utterance(role="customer", text="Today?"),
    Utterance(role="trainee", text="Yes, by six. I will look into it today, I promise."),
)
INFO = JudgeInfo(model="test", rubric="small", rubric_hash="0", passes=1)
ANCHORS = {name: f"{name}." for name in ("harmful", "weak", "adequate", "good", "exemplary")}


def rubric(**changes: Any) -> Rubric:
    def criterion(name: str, items: list[dict[str, Any]], weight: float) -> dict[str, Any]:
        return {
            "id": name, "name": name, "asks": "?", "weight": weight, "cutoffs": [0.2, 0.4, 0.6, 0.9],
            "items": items, "anchors": ANCHORS, "next_step": "Do.",
        }  # fmt: skip

    fields: dict[str, Any] = {
        "id": "small",
        "title": "Small",
        "anchored_share": 0.5,
        "criteria": [
            criterion("care", [
                {"id": "sorry", "ask": "Apologised?", "points": 2},
                {"id": "felt", "ask": "Named the feeling?", "points": 2},
                {"id": "hostile", "ask": "Was hostile?", "points": -4},
            ], 3.0),
            criterion("plan", [
                {"id": "step", "ask": "Named a step?", "points": 1},
                {"id": "time", "ask": "Named a time?", "points": 1},
            ], 1.0),
        ],
        "gates": [{"id": "no_hostility", "item": "hostile", "caps": ["overall"], "at": 2, "why": "Hostile."}],
    }  # fmt: skip
    return Rubric.model_validate(fields | changes)


def met(item: str, quote: str, message: int = 1) -> ItemAnswer:
    return ItemAnswer(item=item, answer=Answer.MET, evidence=(Evidence(message=message, quote=quote),))


def no(item: str, answer: Answer = Answer.NOT_MET) -> ItemAnswer:
    return ItemAnswer(item=item, answer=answer)


GOOD = (
    met("sorry", "I am sorry"),
    no("felt"),
    no("hostile"),
    met("step", "look into it"),
    met("time", "today"),
)


def judgement(*answers: ItemAnswer, **levels: int) -> Judgement:
    """GOOD with some answers replaced, and anchored levels by criterion."""
    by_id = {a.item: a for a in GOOD} | {a.item: a for a in answers}
    anchored = tuple(AnchoredLevel(criterion=c, level=n, reason="seen") for c, n in levels.items())
    return Judgement(answers=tuple(by_id.values()), anchored=anchored)


def scored(*judgements: Judgement, of: Rubric | None = None) -> Scorecard:
    used = of or rubric()
    return score(used, [proven(used, j, SAID) for j in judgements], outcome=None, judge=INFO)


def test_points_become_a_level_through_the_table_and_levels_a_weighted_mean() -> None:
    """Half of the points of care is a 3, all of plan a 5; the mean by weight 3 to 1 is 3.5."""
    card = scored(judgement())
    assert (card.criteria["care"].level, card.criteria["plan"].level, card.overall) == (3, 5, 3.5)


def test_a_quote_that_nobody_said_leaves_the_item_unscored() -> None:
    """Invented evidence is no evidence: the item is neither met nor not met, and says why."""
    card = scored(judgement(met("felt", "I feel your pain")))
    item = next(i for i in card.criteria["care"].items if i.id == "felt")
    assert (item.met, item.answer, item.reason) == (
        None,
        Answer.UNSCORED,
        "the judge quoted what nobody said",
    )


def test_what_the_customer_said_is_never_evidence() -> None:
    """A quote from the customer's message proves nothing about the trainee."""
    assert unproven(rubric(), judgement(met("felt", "This is a disgrace", 0)), SAID) == ("felt",)


def test_a_right_quote_under_a_wrong_number_is_relocated_when_only_one_message_holds_it() -> None:
    """A slip in the number is mended in code; where two messages hold the words, the number must be right."""
    moved = proven(rubric(), judgement(met("time", "by six", 1)), SAID)
    assert next(a for a in moved.answers if a.item == "time").evidence[0].message == 3
    assert unproven(rubric(), judgement(met("time", "look into it today", 2)), SAID) == ("time",)


def test_an_item_that_was_not_answered_is_unscored_and_said_so() -> None:
    """A judge that leaves items out does not thereby say no."""
    gap = Judgement(answers=GOOD[:-1])
    card = scored(gap)
    assert next(i for i in card.criteria["plan"].items if i.id == "time").reason == "the judge did not answer"


def test_a_criterion_with_too_few_scored_points_has_no_level() -> None:
    """More than half of the points open: no level, a reason, and the criterion stays out of the mean."""
    card = scored(judgement(no("sorry", Answer.UNSCORED), no("felt", Answer.UNSCORED)))
    assert card.criteria["care"].level is None
    assert card.criteria["care"].reason == "not scored: 2 of 3 questions could not be decided"
    assert card.overall is None
    assert card.reason


def test_a_criterion_without_occasion_is_left_out_of_the_mean() -> None:
    """Not applicable is not a zero and not a hole: the mean is taken over what applied."""
    card = scored(judgement(*(no(i, Answer.NOT_APPLICABLE) for i in ("sorry", "felt", "hostile"))))
    assert card.criteria["care"].reason == "no chance to show this"
    assert card.overall == 5


def test_a_gate_caps_the_overall() -> None:
    """Hostility caps the overall at the gate's level, whatever else was good, and the scorecard names the gate."""
    answers = (met("felt", "I am sorry"), met("hostile", "I promise", 3))
    loose = rubric(gates=[])
    capped = scored(judgement(*answers, care=5, plan=5))
    assert (scored(judgement(*answers, care=5, plan=5), of=loose).overall or 0) > 2
    assert capped.overall == 2
    assert [hit.id for hit in capped.gates] == ["no_hostility"]


def test_the_anchored_level_is_the_second_opinion_and_a_wide_gap_is_flagged() -> None:
    """Items and anchors are mixed as the rubric says; two levels apart asks for a trainer."""
    card = scored(judgement(care=4, plan=2))
    assert (card.criteria["care"].level, card.criteria["care"].flags) == (4, ())
    assert (card.criteria["plan"].from_items, card.criteria["plan"].anchored) == (5, 2)
    assert card.criteria["plan"].flags == ("gap",)
    assert card.flagged == ("plan",)


def test_without_proven_items_the_anchored_level_alone_is_no_score() -> None:
    """A level without evidence is no level."""
    nothing = [no(item, Answer.UNSCORED) for item in ("sorry", "felt", "hostile", "step", "time")]
    assert scored(judgement(*nothing, care=5, plan=5)).overall is None


def test_three_passes_decide_by_majority_and_show_the_split() -> None:
    """Two of three carry an item; the votes are kept and the criterion is flagged."""
    card = scored(judgement(), judgement(), judgement(no("sorry")))
    care = card.criteria["care"]
    assert next(i for i in care.items if i.id == "sorry").met is True
    assert care.votes == (3, 3, 1)
    assert "split" in care.flags


def test_without_a_majority_an_item_is_unscored() -> None:
    """One yes and one no is not a yes."""
    card = scored(judgement(), judgement(no("sorry")))
    item = next(i for i in card.criteria["care"].items if i.id == "sorry")
    assert (item.met, item.reason) == (None, "the passes disagree")


@given(st.lists(st.sampled_from(list(Answer)), min_size=3, max_size=3), st.integers(0, 1))
def test_meeting_a_good_item_never_lowers_the_level(answers: list[Answer], which: int) -> None:
    """Turning "not met" into "met" for an item with positive points keeps or raises the level."""
    care = rubric().criteria[0]
    given_ids = dict(zip(("sorry", "felt", "hostile"), answers, strict=True))
    name = ("sorry", "felt")[which]
    low = level_from_items(care, given_ids | {name: Answer.NOT_MET})
    high = level_from_items(care, given_ids | {name: Answer.MET})
    assert (low is None) == (high is None)
    assert low is None or high is None or (1 <= low <= high <= 5)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"gates": [{"id": "g", "item": "nobody", "caps": ["overall"], "at": 2, "why": "w"}]},
            "no item 'nobody'",
        ),
        ({"gates": [{"id": "g", "item": "sorry", "caps": ["moon"], "at": 2, "why": "w"}]}, "cannot cap moon"),
        ({"criteria": [rubric().criteria[0].model_dump()] * 2}, "used twice"),
    ],
)
def test_a_rubric_that_does_not_hold_together_is_refused(changes: dict[str, Any], says: str) -> None:
    """A gate on an unknown item, a cap on an unknown criterion and a repeated id are errors that name the culprit."""
    with pytest.raises(ValidationError, match=says):
        rubric(**changes)


def spanish(**changes: Any) -> dict[str, Any]:
    """A whole Spanish translation of the small rubric."""

    def criterion(name: str, *items: str) -> dict[str, Any]:
        texts = {"name": f"{name} es", "asks": "¿?", "next_step": "Hacer.", "anchors": ANCHORS}
        return texts | {"items": {item: f"¿{item}?" for item in items}}

    criteria = {
        "care": criterion("care", "sorry", "felt", "hostile"),
        "plan": criterion("plan", "step", "time"),
    }
    return {"title": "Pequeña", "criteria": criteria, "gates": {"no_hostility": "Hostil."}} | changes


def test_a_rubric_is_read_in_another_language_and_stays_the_same_instrument() -> None:
    """Only the texts change; without a translation the rubric is read as it was written."""
    own = rubric(translations={"es": spanish()})
    read = own.read_in("es")
    assert (read.language, read.title, read.criteria[0].name) == ("es", "Pequeña", "care es")
    assert read.criteria[0].items[1].ask == "¿felt?"
    assert read.gates[0].why == "Hostil."
    assert [(i.id, i.points) for i in read.items().values()] == [
        (i.id, i.points) for i in own.items().values()
    ]
    assert own.read_in("en") is own
    assert rubric().read_in("es") == rubric()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gates": {}}, "translation es: lacks gates.no_hostility"),
        ({"gates": {"no_hostility": "x", "rude": "x"}}, "translation es: nothing here is called gates.rude"),
        (
            {"criteria": {"care": spanish()["criteria"]["care"]}},
            "translation es: lacks plan, plan.step, plan.time",
        ),
    ],
)
def test_a_translation_is_whole_or_an_error(changes: dict[str, Any], said: str) -> None:
    """Nobody reads half a rubric: what is missing or unknown in a translation is named."""
    with pytest.raises(ValidationError, match=said):
        rubric(translations={"es": spanish(**changes)})
