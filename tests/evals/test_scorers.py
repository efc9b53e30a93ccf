"""Scores of single samples and figures of runs, on conversations made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcustomer.cast.grader import Grade
from simcustomer.domain.conversation import Outcome, Turn
from simcustomer.domain.cues import Appraisal, CueKind
from simcustomer.domain.persona import Language
from simcustomer.evals.ladder import in_order, ladder_order, ordered_pairs, trust_slope
from simcustomer.evals.results import Judged, LineGrade, SampleResult
from simcustomer.evals.scorers import SCORERS, Metric, metrics_of, scores_of
from simcustomer.evals.suite import RANK, SKILLS, Skill
from tests.evals.runs import a_result, a_run, a_sample, played_run
from tests.people import a_persona, appraisal

ADA = a_persona()
START = 73.5
"""Ada's tension at the opening: .7 x 85 + .2 x 50 + .1 x 40."""


def said(
    *lines: str, language: Language = "en", trainee: str = "expert", customer: str = "built-in"
) -> SampleResult:
    """A conversation in which the customer said these lines, at an even tension."""
    result = a_result(a_sample(trainee=trainee, language=language, customer=customer), [50.0] * len(lines))
    turns = [
        turn.model_copy(update={"customer": line}) for turn, line in zip(result.turns, lines, strict=True)
    ]
    return result.model_copy(update={"turns": tuple(turns)})


def with_turn(result: SampleResult, index: int, **changes: object) -> SampleResult:
    """The same with one turn changed."""
    turns: list[Turn] = list(result.turns)
    turns[index - 1] = turns[index - 1].model_copy(update=changes)
    return result.model_copy(update={"turns": tuple(turns)})


def metric(results: Sequence[SampleResult], name: str) -> Metric:
    """One metric of a run of these results."""
    return next(m for m in metrics_of(a_run(results)) if m.name == name)


def test_how_a_conversation_ended() -> None:
    """End tension, end trust and whether it was resolved are those of the last turn."""
    result = a_result(a_sample(), [60, 35], Outcome.RESOLVED)
    scores = scores_of(result, ADA)
    assert (scores["end_tension"], scores["end_trust"], scores["resolved"]) == (35.0, 30.0, 1.0)
    assert scores_of(a_result(a_sample(), [60, 35]), ADA)["resolved"] == 0.0


def test_a_failed_sample_has_no_score_and_is_counted() -> None:
    """It has turns, and no number is made of them; the metric says that one of two was scored."""
    failed = a_result(a_sample(variant=2), [10.0], failure="the provider is down")
    assert scores_of(failed, ADA) == {}
    found = metric([a_result(a_sample(), [60.0]), failed], "end_tension")
    assert (found.value, found.scored, found.of) == (60.0, 1, 2)


@pytest.mark.parametrize(
    ("trainee", "tensions", "share"),
    [
        ("expert", [START - 5, START + 5], 0.5),
        ("competent", [START + 1.9, START + 3.8], 1.0),
        ("hostile", [START + 5, START + 2.5, START + 9], 2 / 3),
        ("dismissive", [START - 1.9], 1.0),
        ("dismissive", [START - 2.1], 0.0),
        ("hollow_empathy", [90.0], None),
        ("some/model as expert", [90.0], None),
    ],
)
def test_direction_is_the_share_of_turns_that_go_the_ladders_way(
    trainee: str, tensions: list[float], share: float | None
) -> None:
    """Good replies must not raise, bad ones not lower; what nobody would notice is neither; others are not scored."""
    assert scores_of(a_result(a_sample(trainee=trainee), tensions), ADA)["direction"] == share


@pytest.mark.parametrize(
    ("trainee", "outcome", "score"),
    [
        ("hostile", Outcome.LEFT, 1.0),
        ("hostile", Outcome.SUPERVISOR, 1.0),
        ("hostile", Outcome.TURN_LIMIT, 0.0),
        ("hostile", None, 0.0),
        ("hostile", Outcome.ABANDONED, None),
        ("dismissive", Outcome.LEFT, None),
    ],
)
def test_walking_away_is_scored_under_hostility_unless_the_trainee_went_first(
    trainee: str, outcome: Outcome | None, score: float | None
) -> None:
    """A script that ran out on a customer who stayed is a 0; a trainee who hung up left nothing to score."""
    assert scores_of(a_result(a_sample(trainee=trainee), [90.0], outcome), ADA)["walk_away"] == score


@pytest.mark.parametrize(
    ("line", "scorer", "value"),
    [
        ("How can I help you today?", "in_character", 0.5),
        ("How can I help you today?", "role_reversal", 0.5),
        ("As an AI, I cannot be angry.", "in_character", 0.5),
        ("As an AI, I cannot be angry.", "role_reversal", 0.0),
        ("It was a present for my mother.", "locked_fact", 0.5),
        ("Pero es que no me lo puedo creer, la verdad.", "language", 0.5),
        ("word " * 71, "length", 0.5),
        ("I have told you everything that I know about it by now.", "repetition", 0.5),
        ("So what happens now?", "in_character", 1.0),
        ("So what happens now?", "repetition", 0.0),
    ],
)
def test_each_fault_of_a_line_is_found_by_its_scorer(line: str, scorer: str, value: float) -> None:
    """One of two lines has the fault, or none; the guard's rules decide."""
    result = said("I have told you everything that I know about it by now.", line)
    assert scores_of(result, ADA)[scorer] == pytest.approx(value)


def test_a_fact_that_this_very_reply_unlocked_may_be_told() -> None:
    """Locked is what was locked at that turn, not before it and not after it."""
    line = "It was a present for my mother."
    told = with_turn(said("Where is it?", line), 2, appraisal=appraisal(CueKind.OPEN_QUESTION))
    early = with_turn(said(line, "Where is it?"), 2, appraisal=appraisal(CueKind.OPEN_QUESTION))
    assert scores_of(told, ADA)["locked_fact"] == 0.0
    assert scores_of(early, ADA)["locked_fact"] == 0.5


def test_discards_and_the_stand_in_are_counted_by_turn() -> None:
    """Only a seat that a model has can be taken by the built-in customer."""
    result = with_turn(
        said("One.", "Two.", customer="some/model"), 1, spoken_by="built-in", discarded=("a", "b")
    )
    scores = scores_of(result, ADA)
    assert (scores["discards"], scores["stand_in"]) == (1.0, 0.5)
    assert scores_of(said("One.", "Two."), ADA)["stand_in"] is None
    assert metric([result, said("One.")], "stand_in").of == 1


def test_invented_facts_are_not_scored_without_a_grader() -> None:
    """Nobody looked: the metric has no value and says that it scored 0 of 2."""
    found = metric(
        [said("One."), said("Two.").model_copy(update={"sample": a_sample(variant=2)})], "invented_fact"
    )
    assert (found.value, found.scored, found.of) == (None, 0, 2)


def test_invented_facts_are_the_share_of_lines_that_were_graded() -> None:
    """A line whose grader failed is in no share."""
    grades = (
        LineGrade(turn=1, grade=Grade(invented=True, words="One")),
        LineGrade(turn=2, grade=Grade(invented=False)),
        LineGrade(turn=3, failure="the provider is down"),
    )
    result = said("One.", "Two.", "Three.").model_copy(update={"grades": grades})
    assert scores_of(result, ADA)["invented_fact"] == 0.5
    assert metric([result], "invented_fact").scored == 1


def test_each_judge_has_its_scores_whatever_its_name() -> None:
    """Overall and each criterion; a judge that failed, or left a criterion unscored, has None and is counted."""
    good = a_result(
        a_sample(), [50.0], overall=4.0, levels={"empathy": 4, "clarity": None}, judge="local/llama:8b"
    )
    failed = a_result(a_sample(variant=2), [50.0]).model_copy(
        update={"judged": (Judged(judge="local/llama:8b", failure="timeout"),)}
    )
    scores = scores_of(good, ADA)
    assert scores["score:local/llama:8b"] == 4.0
    assert (scores["score:local/llama:8b:empathy"], scores["score:local/llama:8b:clarity"]) == (4, None)
    found = {m.name: m for m in metrics_of(a_run([good, failed])) if m.name.startswith("score:")}
    assert {name: (m.value, m.scored, m.of) for name, m in found.items()} == {
        "score:local/llama:8b": (4.0, 1, 2),
        "score:local/llama:8b:empathy": (4.0, 1, 2),
        "score:local/llama:8b:clarity": (None, 0, 2),
    }


# --- the whole ladder -----------------------------------------------------------------------------------------------


def ladder(tensions: dict[Skill, float], **where: str) -> list[SampleResult]:
    """One sample for each skill, ending at this tension."""
    return [a_result(a_sample(trainee=skill, **where), [tension]) for skill, tension in tensions.items()]  # type: ignore[arg-type]


def test_only_skills_of_different_rank_are_ordered() -> None:
    """Of the 28 pairs of eight skills eleven are of equal rank: the two that help, and among the five that fail."""
    pairs = ordered_pairs(SKILLS)
    assert all(RANK[better] < RANK[worse] for better, worse in pairs)
    assert len(pairs) == 17


def test_the_order_of_the_ladder_is_the_share_of_pairs_that_hold() -> None:
    """By hand: of three pairs one is the wrong way round by more than the dead band, one by less."""
    results = ladder({"expert": 41.5, "competent": 40.0, "hollow_empathy": 30.0})
    assert ladder_order(results) == (1, 3, 3)
    found = metric(results, "ladder_order")
    assert (found.value, found.scored, found.of) == (pytest.approx(1 / 3), 3, 3)


def test_a_tie_is_in_order_up_to_the_dead_band() -> None:
    """Two points are what nobody would notice."""
    assert in_order(52.0, 50.0)
    assert not in_order(52.1, 50.0)


def test_a_skill_that_failed_leaves_its_pairs_unscored() -> None:
    """They are counted among those that were meant."""
    results = ladder({"expert": 20.0, "competent": 40.0})
    results.append(a_result(a_sample(trainee="hostile"), [10.0], failure="down"))
    assert ladder_order(results) == (1, 1, 3)


def test_groups_are_not_mixed() -> None:
    """An expert with one customer is not compared with a hostile trainee with another; models have no rung."""
    results = [
        *ladder({"expert": 90.0, "hostile": 95.0}, customer="a/model"),
        *ladder({"expert": 10.0, "hostile": 15.0}),
        a_result(a_sample(trainee="some/model as expert"), [99.0]),
    ]
    assert ladder_order(results) == (2, 2, 2)
    assert len(trust_slope(results)) == 2


def test_the_slope_of_trust_by_hand() -> None:
    """Trust 90, 60, 10 at ranks 1, 2, 3: deviations multiply to -80, squared ranks to 2."""
    results = []
    for skill, trust in {"expert": 90.0, "competent": 60.0, "hostile": 10.0}.items():
        result = a_result(a_sample(trainee=skill), [50.0])
        affect = result.turns[0].affect.model_copy(update={"trust": trust})
        results.append(with_turn(result, 1, affect=affect))
    assert trust_slope(results) == [pytest.approx(-40.0)]
    found = metric(results, "trust_slope")
    assert (found.scored, found.of, found.better) == (1, 1, "down")


def test_a_slope_needs_two_ranks() -> None:
    """With one rank scored there is none, and the metric says 0 of 1."""
    results = [*ladder({"dismissive": 90.0}), a_result(a_sample(), [10.0], failure="down")]
    found = metric(results, "trust_slope")
    assert (found.value, found.scored, found.of) == (None, 0, 1)


@given(st.lists(st.tuples(st.sampled_from(SKILLS), st.floats(0, 100), st.booleans()), max_size=12))
def test_a_share_counts_no_more_than_there_is(samples: list[tuple[Skill, float, bool]]) -> None:
    """Pairs that hold <= pairs scored <= pairs meant; sorted ends always hold; no metric scores more than it has."""
    results = [
        a_result(a_sample(trainee=skill, variant=n), [tension], failure="down" if failed else "")
        for n, (skill, tension, failed) in enumerate(samples, 1)
    ]
    held, scored, of = ladder_order(results)
    assert 0 <= held <= scored <= of
    for one in metrics_of(a_run(results)) if results else ():
        assert 0 <= one.scored <= one.of
        assert (one.value is None) == (one.scored == 0)
    by_rank = [a_result(a_sample(trainee=skill), [10.0 * RANK[skill]]) for skill, _, _ in samples]
    assert ladder_order(by_rank)[0] == ladder_order(by_rank)[1]


def test_every_scorer_has_its_metric_on_a_played_run() -> None:
    """What the built-in players did is scored by every scorer that is meant for it, and names are used once."""
    found = metrics_of(played_run())
    names = [one.name for one in found]
    assert len(set(names)) == len(names)
    assert {scorer.name for scorer in SCORERS} | {"ladder_order", "trust_slope", "score:built-in"} <= set(
        names
    )
    unscored = {one.name for one in found if one.scored == 0 and not one.name.startswith("score:")}
    assert unscored == {"invented_fact", "stand_in"}
    assert {one.name: one.value for one in found}["language"] == 1.0


def test_scores_that_are_known_already_are_taken_as_they_are() -> None:
    """A report scores every sample once and asks for the metrics afterwards; they are the same."""
    run = a_run([a_result(a_sample(), [60.0]), a_result(a_sample(variant=2), [20.0])])
    known = [scores_of(result, run.persona_of(result.sample)) for result in run.results]
    assert metrics_of(run, known) == metrics_of(run)
    doubled = [{**scores, "end_tension": 2 * (scores["end_tension"] or 0)} for scores in known]
    assert next(m.value for m in metrics_of(run, doubled) if m.name == "end_tension") == 80.0


def test_a_conversation_without_a_turn_has_no_shares() -> None:
    """Nothing was said, so there is nothing to score; no division by zero."""
    scores = scores_of(SampleResult(sample=a_sample(), opening="Hm?", abandoned=True), ADA)
    assert scores["in_character"] is None
    assert scores["end_tension"] is None
    assert Appraisal().cues == ()
