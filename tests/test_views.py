"""The JSON views: one shape for the terminal and the web, and what is never in them."""

from __future__ import annotations

import json

import pytest

from simcustomer.domain.affect import Effect, first_affect
from simcustomer.domain.conversation import Outcome, Turn
from simcustomer.domain.cues import Appraisal, Touch
from simcustomer.domain.rubric import JudgeInfo, Scorecard, Verdict
from simcustomer.views import affect_view, scorecard_view, turn_view, turns_view
from tests.people import a_persona, cue

START = first_affect(a_persona(), 3)


def a_turn(index: int = 1, tension: float = 60.1234567, outcome: Outcome | None = None) -> Turn:
    """A turn after which the customer feels this tension."""
    after = START.model_copy(update={"tension": tension, "needs_met": ("heard",)})
    return Turn(
        index=index,
        trainee="I see.",
        customer="Good.",
        appraisal=Appraisal(cues=(cue("ownership"),), touched=(Touch(id="bakery", quote="bakery"),)),
        effects=tuple(
            Effect(cue="ownership", quote="x", delta=(tension - START.tension) / 7) for _ in range(7)
        ),
        affect=after,
        outcome=outcome,
        spoken_by="built-in",
        discarded=("a line that told too much",),
    )


def test_affect_has_six_numbers_and_the_band() -> None:
    """The view of feelings has the six numbers and the band, and none of what the customer remembers."""
    view = affect_view(START)
    assert set(view) == {"tension", "trust", "patience", "anger", "anxiety", "confusion", "band"}
    assert view["band"] == "angry"


def test_rounded_effects_add_up() -> None:
    """The rounded effects of a turn still sum to the change in tension."""
    view = turn_view(a_turn(), START, open=True)
    assert sum(effect["delta"] for effect in view["effects"]) == pytest.approx(view["change"], abs=0.005)


@pytest.mark.parametrize("is_open", [True, False])
def test_what_is_never_told(is_open: bool) -> None:
    """Ids of triggers and discarded lines are in no view; needs only after the end."""
    text = json.dumps(turn_view(a_turn(), START, open=is_open))
    assert "bakery" not in text
    assert "told too much" not in text
    assert ("heard" in text) is not is_open


def test_what_is_withheld_is_null_and_not_empty() -> None:
    """Not shown yet is told apart from nothing there."""
    view = turn_view(a_turn(), START, open=True, withheld=True)
    assert [view[name] for name in ("affect", "cues", "effects", "change")] == [None] * 4
    assert view["customer"] == "Good."


def test_each_turn_changes_from_the_one_before() -> None:
    """In a list of turns every change is counted from the turn before it."""
    first, second = turns_view([a_turn(1, 60.0), a_turn(2, 55.0, Outcome.LEFT)], START, open=False)
    assert first["change"] == pytest.approx(60.0 - START.tension, abs=0.001)
    assert second["change"] == -5.0
    assert second["outcome"] == "left"


def test_a_scorecard_is_plain_json_with_the_flagged_criteria() -> None:
    """A scorecard view can be written as JSON; what was not measured is null."""
    card = Scorecard(
        overall=None,
        reason="too few criteria could be scored",
        criteria={"empathy": Verdict(level=None, reason="not scored", items=(), flags=("split",))},
        judge=JudgeInfo(model="built-in", rubric="small", rubric_hash="0" * 64, passes=1),
    )
    view = json.loads(json.dumps(scorecard_view(card)))
    assert view["overall"] is None
    assert view["flagged"] == ["empathy"]
    assert {"criteria", "gates", "feedback", "outcome", "judge"} <= set(view)
