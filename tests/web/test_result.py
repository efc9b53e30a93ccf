"""What the scorecard page says, worked out without a server."""

from __future__ import annotations

import pytest

from simcustomer.domain.affect import Affect, Effect
from simcustomer.domain.conversation import Conversation, Outcome, Turn
from simcustomer.domain.cues import SETTLING, UNSETTLING, Appraisal
from simcustomer.web.charts import curve, points_of
from simcustomer.web.result import headline, marked, steps_of, story, turn_of_message
from simcustomer.web.words import CUES, OUTCOME_TONE, OUTCOMES
from tests.people import a_persona


def felt(tension: float) -> Affect:
    """An affect of this tension."""
    return Affect(tension=tension, anger=tension, anxiety=0, confusion=0, trust=50, patience=50)


def talked(*tensions: float, outcome: Outcome | None = None) -> Conversation:
    """A conversation whose replies led to these tensions; it opens at about 74."""
    talk = Conversation(persona=a_persona(), difficulty=3, opening="Where is it?")
    before, turns = talk.start.tension, []
    for index, tension in enumerate(tensions, start=1):
        last = outcome if index == len(tensions) else None
        effect = Effect(cue="blames" if tension > before else "ownership", quote="x", delta=tension - before)
        turns.append(
            Turn(
                index=index,
                trainee="x",
                customer="y",
                appraisal=Appraisal(),
                effects=(effect,),
                affect=felt(tension),
                outcome=last,
            )
        )
        before = tension
    return talk.model_copy(update={"turns": tuple(turns)})


def said(talk: Conversation) -> str:
    """The headline as it is read."""
    told = headline(talk, steps_of(talk))
    return told.text % told.values


@pytest.mark.parametrize(
    ("tensions", "outcome", "expected"),
    [
        ((85, 60, 30), Outcome.RESOLVED, "You turned it around at turn 3."),
        ((72, 70), Outcome.RESOLVED, "Ada left with what they needed."),
        ((78, 95), Outcome.LEFT, "You lost Ada at turn 2."),
        ((78, 95), Outcome.SUPERVISOR, "You lost Ada at turn 2."),
        ((60,), Outcome.SUPERVISOR, "Ada ended calmer than they came."),
        ((74,), Outcome.BOUNDARY, "You drew the line, and closed with respect."),
        ((90,), Outcome.TURN_LIMIT, "Ada ended angrier than they came."),
        ((74, 73), None, "Ada ended much as they came."),
        ((), None, "You ended it before the first reply."),
    ],
)
def test_the_headline_is_what_the_numbers_bear_out(
    tensions: tuple[float, ...], outcome: Outcome | None, expected: str
) -> None:
    """The one sentence at the top follows from outcome and curve."""
    assert said(talked(*tensions, outcome=outcome)) == expected


def test_the_story_names_the_best_and_the_worst_reply() -> None:
    """The best and the worst reply are named with their points and the cue that pulled most; small ones are not."""
    talk = talked(90, 70, 71)
    best, worst = story(talk, steps_of(talk))
    assert (best.values["turn"], best.values["points"], best.values["cue"]) == (2, 20, "ownership")
    assert (worst.values["turn"], worst.values["cue"]) == (1, "blames")
    quiet = talked(75, 74)
    assert story(quiet, steps_of(quiet)) == []


def test_number_and_word_never_disagree() -> None:
    """A tension just under a band's border is shown with a number of its own band."""
    assert points_of(felt(39.6)) == 39
    assert points_of(felt(39.4)) == 39
    assert points_of(felt(40.0)) == 40
    assert points_of(felt(59.5)) == 59
    assert points_of(felt(99.9)) == 100


def test_the_curve_goes_from_edge_to_edge() -> None:
    """Points stand at equal distances, high tension on top; one point alone is a curve too."""
    drawn = curve([felt(80), felt(50), felt(20)])
    assert [(p.x, p.y) for p in drawn.points] == [(0, 20), (50, 50), (100, 80)]
    assert drawn.line.startswith("M0.00 20.00 C")
    (only,) = curve([felt(50)]).points
    assert (only.turn, only.tick, only.labelled, only.last) == (0, True, True, True)


def test_a_long_curve_thins_out_its_labels() -> None:
    """With many turns only some ticks, and the first, last, highest and lowest number, are labelled."""
    drawn = curve([felt(50 + (i * 7) % 30) for i in range(31)])
    assert len([p for p in drawn.points if p.tick]) <= 14
    assert len([p for p in drawn.points if p.labelled]) <= 4


@pytest.mark.parametrize(
    ("text", "quotes", "expected"),
    [
        ("I am sorry for that.", ["sorry"], [("I am ", False), ("sorry", True), (" for that.", False)]),
        ("I’m  SORRY", ["i'm sorry"], [("I’m  SORRY", True)]),
        ("so “it is”", ['"it is"'], [("so ", False), ("“it is”", True)]),
        ("one two three", ["one two", "two three"], [("one two three", True)]),
        ("nothing here", ["else", ""], [("nothing here", False)]),
        ("a.c and abc", ["a.c"], [("a.c", True), (" and abc", False)]),
        ("", ["x"], []),
    ],
)
def test_quotes_are_marked_where_they_stand(
    text: str, quotes: list[str], expected: list[tuple[str, bool]]
) -> None:
    """A quote is marked also when white space, case or typographic marks differ; what cannot be placed marks nothing."""
    assert marked(text, quotes) == expected


def test_messages_belong_to_turns() -> None:
    """Reply n is message 2n-1, its answer 2n."""
    assert [turn_of_message(n) for n in range(5)] == [0, 1, 1, 2, 2]


def test_every_value_has_its_word() -> None:
    """Each cue that moves feelings and each outcome of the domain has a word on the page."""
    assert set(CUES) >= SETTLING | UNSETTLING
    assert set(OUTCOMES) == set(OUTCOME_TONE) == set(Outcome)
