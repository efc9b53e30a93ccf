"""The measurement of feedback counts what holds, with its interval, and what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcustomer.cast.builtin.coach import BuiltInCoach
from simcustomer.cast.builtin.judge import BuiltInJudge
from simcustomer.domain.persona import Persona
from simcustomer.domain.rubric import Feedback, Praise
from simcustomer.evals.feedback import Coached, Finished, coach_all, feedback_figures
from simcustomer.evals.statistics import wilson
from simcustomer.library import Library
from simcustomer.settings import content_dir
from tests.cast.builtin.scripted import ScriptedAppraiser, dialogue
from tests.people import a_persona

RUBRIC = Library(content_dir("personas"), content_dir("prompts")).rubric()
LINES = (
    "C: Where is my kettle?",
    "T: [blames: You ordered it wrongly].",
    "C: What?",
    "T: [ownership: I take this on myself]. Okay.",
)


def finished(persona: Persona | None = None) -> tuple[Finished, ScriptedAppraiser]:
    utterances, appraiser = dialogue(*LINES, persona=persona)
    return Finished("en", utterances, persona), appraiser


async def test_what_a_checking_coach_shows_holds() -> None:
    """The built-in coach's wordings pass every check of the same appraiser, and its praise stands in the transcript."""
    conversation, appraiser = finished(a_persona())
    coached = await coach_all([conversation] * 3, BuiltInCoach(appraiser), BuiltInJudge(appraiser), RUBRIC)
    found = await feedback_figures("built-in", coached, appraiser, RUBRIC)
    assert (found.conversations, found.without_wording) == (3, 0)
    assert found.wordings >= 3
    assert found.all_checks.value == found.quoted.value == found.within_three.value == 1.0
    assert found.all_checks.n == found.wordings


async def test_what_does_not_hold_is_counted_by_check() -> None:
    """A wording that is too long fails that check alone; praise of words that nobody said is not quoted."""
    conversation, appraiser = finished(a_persona())
    long = "I take this on myself " * 6
    coached = [
        Coached(
            conversation,
            (Feedback(message=1, said="You ordered it wrongly.", better=long, why="."),),
            (
                Praise(message=3, quote="I take this on myself", why="."),
                Praise(message=3, quote="Never said", why="."),
            ),
        ),
        Coached(conversation, (), ()),
    ]
    found = await feedback_figures("somebody", coached, appraiser, RUBRIC)
    assert {check: share.value for check, share in found.checks.items()} == {
        "length": 0.0,
        "facts": 1.0,
        "promises": 1.0,
        "effect": 1.0,
        "items": 1.0,
    }
    assert found.all_checks.value == 0.0
    assert found.quoted.value == 0.5
    assert (found.without_wording, found.with_nothing) == (1, 1)


async def test_nothing_to_measure_is_no_figure() -> None:
    """Without a wording a share is None and never a number."""
    _, appraiser = finished()
    found = await feedback_figures("nobody", [], appraiser, RUBRIC)
    assert found.all_checks.value is None
    assert (found.wordings, found.conversations) == (0, 0)


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_a_wilson_interval_holds_its_share(hits: list[bool]) -> None:
    """It lies within 0 and 1, holds the share, and has width also when all or none is true."""
    found = wilson(hits)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert found.high > found.low


def test_a_wilson_interval_is_the_published_one() -> None:
    """Against Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611."""
    for hits, n, low, high in ((81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611)):
        found = wilson([True] * hits + [False] * (n - hits))
        assert found.low == pytest.approx(low, abs=1e-4)
        assert found.high == pytest.approx(high, abs=1e-4)
