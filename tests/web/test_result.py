"""What the scorecard page says, worked out without a server."""

from __future__ import annotations

import pytest

from simcustomer import errors
from simcustomer.domain.affect import Affect, Effect
from simcustomer.domain.conversation import MAX_REPLY_CHARS, Conversation, Outcome, Turn
from simcustomer.domain.cues import SETTLING, UNSETTLING, Appraisal
from simcustomer.domain.persona import Band
from simcustomer.domain.rubric import Answer, ItemScore, JudgeInfo, Scorecard, Verdict
from simcustomer.library import Library
from simcustomer.settings import content_dir
from simcustomer.web.charts import curve, points_of
from simcustomer.web.language import texts
from simcustomer.web.problems import code_of
from simcustomer.web.result import (
    headline,
    marked,
    next_time,
    rows_of,
    steps_of,
    story,
    turn_of_message,
    why_open,
)
from simcustomer.web.words import BANDS, CUES, ERRORS, OUTCOME_TONE, OUTCOMES, WITH_CAUSE
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
        ((90,), Outcome.TURN_LIMIT, "Ada ended more upset than they came."),
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


def judged(*answers: Answer, level: int | None = None) -> Verdict:
    """A criterion whose questions were answered so."""
    items = tuple(ItemScore(id=f"q{n}", met=None, answer=answer) for n, answer in enumerate(answers))
    return Verdict(level=level, reason="", items=items)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((Answer.NOT_APPLICABLE, Answer.NOT_APPLICABLE), "There was no occasion to show this."),
        ((Answer.UNSCORED, Answer.NOT_MET, Answer.UNSCORED), "2 of 3 questions could not be decided."),
    ],
)
def test_a_criterion_without_a_level_says_why(answers: tuple[Answer, ...], expected: str) -> None:
    """What had no occasion and what could not be decided are told apart."""
    told = why_open(judged(*answers))
    assert told.text % told.values == expected


def test_next_time_is_the_criterion_with_most_to_gain() -> None:
    """Of the lowest criteria the one that weighs most; one without a level is none of them; exemplary has no next step."""
    rubric = Library(content_dir("personas"), content_dir("prompts")).rubric()

    def at(**levels: int | None) -> str | None:
        given = {c.id: judged(Answer.MET, level=levels.get(c.id, 5)) for c in rubric.criteria}
        info = JudgeInfo(model="test", rubric="x", rubric_hash="0", passes=1)
        row = next_time(rows_of(rubric, Scorecard(overall=3, criteria=given, judge=info)))
        return row.criterion.id if row else None

    assert at(active_listening=2, ownership_and_solution=2, empathy=3) == "ownership_and_solution"
    assert at(clarity=None, empathy=4) == "empathy"
    assert at() is None


@pytest.mark.parametrize("feeling", ["anger", "anxiety", "confusion"])
def test_every_foremost_feeling_has_five_words_of_its_own(feeling: str) -> None:
    """From calm upwards each feeling has its own word for each band."""
    assert set(BANDS[feeling]) == set(Band)
    assert len(set(BANDS[feeling].values())) == len(Band)
    others = {word for other, words in BANDS.items() if other != feeling for word in words.values()}
    assert set(BANDS[feeling].values()) & others == {"Calm"}


def test_every_error_of_ours_has_words_for_a_trainee() -> None:
    """Each code that a page can meet is told in the page's language, and the limit in it is the one that holds."""
    ours = [error for error in vars(errors).values() if isinstance(error, type)]
    assert {code_of(error("")) for error in ours} - {"sim_customer_error"} <= set(ERRORS)
    assert set(ERRORS) >= WITH_CAUSE
    assert f"{MAX_REPLY_CHARS:,}" in ERRORS["invalid_reply"]
    assert str(MAX_REPLY_CHARS) in texts("es").gettext(ERRORS["invalid_reply"])
