"""Runs: every sample once, failures beside results, clean stops, and going on as if nothing had happened."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from simcustomer.domain.conversation import Outcome
from simcustomer.errors import ConfigError
from simcustomer.evals.log import Call, read_story
from simcustomer.evals.results import Run
from simcustomer.evals.run import Progress, begin, opening_of, run_suite, take_up
from simcustomer.evals.suite import SKILLS
from tests.evals.engine import MODEL, Answering, a_material, a_suite, down, log_of, played, resumed, told

QUESTIONS = 16
"""Questions of the small suite: two conversations of four turns at most, and a judgement of each (checked below)."""


async def whole(folder: Path) -> tuple[Run, Answering]:
    """An uninterrupted run of the small suite."""
    answering = Answering()
    return await played(folder / "whole", answering), answering


async def test_every_sample_of_the_plan_is_played_and_judged(tmp_path: Path) -> None:
    """Results stand in the order of the plan, each with turns, outcome, scorecard and what it used."""
    run, answering = await whole(tmp_path)
    assert [result.sample for result in run.results] == list(run.planned)
    assert len(run.planned) == 2
    assert run.stopped is None
    assert run.finished_at is not None
    assert run.failures == ()
    for result in run.results:
        assert result.outcome in Outcome
        assert result.turns
        assert result.judged[0].scorecard is not None
        assert result.judged[0].scorecard.feedback == ()
        assert set(result.spent) == {"appraise", "customer", "judge"}
        assert result.spent["appraise"].requests == len(result.turns)
    assert sum(spent.requests for result in run.results for spent in result.spent.values()) == len(
        answering.asked
    )
    assert not {purpose for purpose, _ in answering.asked} & {"coach", "hint", "survey"}


async def test_built_in_players_ask_no_model(tmp_path: Path) -> None:
    """The whole ladder of one persona, in order from expert to the bottom, at no cost."""
    material = a_material(customers=["built-in"], judges=["built-in"], trainees=list(SKILLS))
    answering = Answering()
    run = await played(tmp_path, answering, material)
    assert answering.asked == []
    assert [dict(result.spent) for result in run.results] == [{}] * len(SKILLS)
    assert all(result.judged[0].scorecard for result in run.results)
    assert told(run) == told(await played(tmp_path / "again", answering, material))


@pytest.mark.parametrize("at", [1, 4, 8, 13])
async def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path: Path, at: int) -> None:
    """The same results as an uninterrupted run; no question that was answered is put again."""
    expected, uninterrupted = await whole(tmp_path)
    assert len(uninterrupted.asked) >= QUESTIONS

    def interrupt(number: int, purpose: str) -> None:
        if number == at:
            task.cancel()

    answering = Answering(before=interrupt)
    task = asyncio.create_task(played(tmp_path / "cut", answering))
    with pytest.raises(asyncio.CancelledError):
        await task
    path = log_of(tmp_path / "cut")
    cut = read_story(path).run()
    assert cut.stopped == "interrupted"
    answered = [call for call in read_story(path).calls if call.answer is not None]
    second = Answering()
    run = await resumed(path, second)
    assert _without_requests(run) == _without_requests(expected)
    assert len(second.asked) == len(uninterrupted.asked) - len(answered)


def _without_requests(run: Run) -> object:
    """What was found, without what it cost: a question that was cut off was asked of the provider all the same."""
    plain = told(run)
    for result in plain["results"]:
        result.pop("spent")
    return plain


async def test_a_failed_sample_is_a_result_without_a_score(tmp_path: Path) -> None:
    """It keeps its turns up to the failure, is listed with the reason, and the others are not touched by it."""
    run = await played(tmp_path, Answering(before=lambda n, purpose: down(n, purpose, at=7)))
    (failed,) = [result for result in run.results if result.failure]
    assert failed.turns
    assert failed.judged == ()
    assert failed.outcome is None
    assert failed.end_tension is None
    assert len(run.scored) == 1
    ((sample, reason),) = run.failures
    assert sample == failed.sample
    assert "no answer in time" in reason
    assert sum(spent.failed_requests for spent in failed.spent.values()) == 1


async def test_what_failed_is_tried_again_only_when_asked_for(tmp_path: Path) -> None:
    """Then only the question that failed and what comes after it is put; the run ends as one without a failure."""
    expected, uninterrupted = await whole(tmp_path)
    first = Answering(before=lambda n, purpose: down(n, purpose, at=7))
    await played(tmp_path / "failed", first)
    path = log_of(tmp_path / "failed")
    left = Answering()
    run = await resumed(path, left)
    assert left.asked == []
    assert len(run.failures) == 1
    again = Answering()
    run = await resumed(path, again, retry_failed=True)
    assert _without_requests(run) == _without_requests(expected)
    assert len(first.asked) - 1 + len(again.asked) == len(uninterrupted.asked)


async def test_a_judge_that_fails_leaves_the_conversation_as_it_is(tmp_path: Path) -> None:
    """The conversation counts, the judge's failure is listed; tried again, only the judge is asked."""

    def no_judge(number: int, purpose: str) -> None:
        down(number, purpose, at=number if purpose == "judge" else 0)

    run = await played(tmp_path, Answering(before=no_judge))
    assert len(run.scored) == 2
    assert [result.judged[0].scorecard for result in run.results] == [None, None]
    assert all(reason.startswith(f"judge {MODEL}: judge: ") for _, reason in run.failures)
    again = Answering()
    run = await resumed(log_of(tmp_path), again, retry_failed=True)
    assert {purpose for purpose, _ in again.asked} == {"judge"}
    assert run.failures == ()


async def test_each_pass_of_a_judge_is_a_question_of_its_own(tmp_path: Path) -> None:
    """Three passes put the same question three times, and a resumed run gives each its own answer."""
    material = a_material(judge_passes=3)
    run = await played(tmp_path, Answering(), material)
    judged = [call for call in read_story(log_of(tmp_path)).calls if call.purpose == "judge"]
    numbers = {(call.sample, call.asked, call.nth) for call in judged}
    assert len(judged) == len(numbers) == 6
    assert {call.nth for call in judged} == {1, 2, 3}
    assert all(result.judged[0].scorecard.judge.passes == 3 for result in run.results)  # type: ignore[union-attr]


async def test_a_budget_stops_cleanly_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    """What was under way is finished and kept; with more tokens the run ends as one without a limit."""
    expected, uninterrupted = await whole(tmp_path)
    first = Answering()
    stopped = await played(tmp_path / "short", first, a_material(limits={"tokens": 600}))
    assert stopped.stopped == "budget"
    assert stopped.failures == ()
    assert len(stopped.results) < len(stopped.planned)
    path = log_of(tmp_path / "short")
    assert len([call for call in read_story(path).calls if call.answer]) == len(first.asked)
    second = Answering()
    run = await resumed(path, second, a_material(limits={"tokens": 100_000}))
    assert told(run) == told(expected)
    assert len(first.asked) + len(second.asked) == len(uninterrupted.asked)


async def test_fewer_samples_first_and_the_rest_later(tmp_path: Path) -> None:
    """A limit of samples makes a short plan; resumed without it the run has the whole one."""
    expected, _ = await whole(tmp_path)
    short = await played(tmp_path / "short", Answering(), a_material(limits={"samples": 1}))
    assert len(short.planned) == len(short.results) == 1
    run = await resumed(log_of(tmp_path / "short"), Answering())
    assert told(run) == told(expected)


async def test_requests_are_bounded_for_each_provider_and_samples_run_side_by_side(tmp_path: Path) -> None:
    """Never more under way than there are slots, and as many as there are when there is enough to do."""
    answering = Answering()
    material = a_material(trainees=list(SKILLS), concurrency={"requests": 3})
    await played(tmp_path, answering, material)
    assert answering.most_under_way == 3


async def test_a_run_tells_how_far_it_is(tmp_path: Path) -> None:
    """After every answer and every sample; the last word has all samples and all tokens."""
    told_so_far: list[Progress] = []
    await played(tmp_path, Answering(before=lambda n, p: down(n, p, at=7)), watch=told_so_far.append)
    first, last = told_so_far[0], told_so_far[-1]
    assert (first.planned, first.done) == (2, 0)
    assert (last.done, last.failed) == (2, 1)
    assert last.spent.output_tokens == 10 * (last.spent.requests - 1)
    assert last.spent.unpriced_requests == last.spent.requests - 1


async def test_a_model_and_an_endpoint_take_the_trainee_s_seat(tmp_path: Path) -> None:
    """A model is told its skill and stops when it has said all; an endpoint gets the conversation alone."""
    trainees = [
        {"model": "openai/some", "skill": "competent"},
        {"endpoint": "http://bot.test/v1", "model": "bot"},
    ]
    answering = Answering()
    run = await played(tmp_path, answering, a_material(trainees=trainees, judges=[]))
    model, endpoint = run.results
    assert model.abandoned
    assert [turn.trainee for turn in model.turns] == ["Reply 2.", "Reply 4.", "Reply 6."]
    assert endpoint.turns[0].trainee == "I am looking at your order."
    assert not endpoint.abandoned
    asked = {call.model for call in read_story(log_of(tmp_path)).calls if call.purpose == "trainee"}
    assert asked == {"openai/some", "hosted_vllm/bot@http://bot.test/v1"}


async def test_a_reply_that_cannot_be_taken_fails_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An over-long reply of a trainee is a failure with its reason, not a crash and not a score."""
    monkeypatch.setattr("simcustomer.domain.conversation.MAX_REPLY_CHARS", 5)
    monkeypatch.setattr("simcustomer.practice.MAX_REPLY_CHARS", 5)
    run = await played(tmp_path, Answering())
    assert len(run.failures) == 2
    assert all("reply cannot be taken" in reason for _, reason in run.failures)


def test_what_is_compared_meets_the_same_opening() -> None:
    """Trainees, models, prompt sets and difficulties share an opening; epochs and seeds choose anew."""
    suite = a_suite(epochs=20)
    openings = tuple(f"Opening {n}." for n in range(5))
    first, *_ = a_material().planned
    others = [{"customer": "x"}, {"prompts": "x"}, {"trainee": "expert"}, {"difficulty": 5}]
    same = {opening_of(suite, first.model_copy(update=change), openings) for change in others}
    assert same == {opening_of(suite, first, openings)}
    assert len({opening_of(suite, first.model_copy(update={"epoch": n}), openings) for n in range(20)}) > 1
    seeded = [suite.model_copy(update={"seed": n}) for n in range(20)]
    assert len({opening_of(other, first, openings) for other in seeded}) > 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": 2}, "suite: seed"),
        ({"trainees": ["expert"]}, "suite: trainees"),
        ({"judge_passes": 3}, "suite: judge_passes"),
        ({"content": {"persona:missing-kettle.en": "p2", "rubric:small": "r1"}}, "persona:missing-kettle.en"),
        ({"content": {"persona:missing-kettle.en": "p1", "rubric:small": "r2"}}, "rubric:small"),
        ({"content": {"persona:missing-kettle.en": "p1", "rubric:small": "r1", "lines": "l1"}}, "lines"),
    ],
)
async def test_another_suite_cannot_take_up_a_run(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    """What shapes the results must be what it was; the message says what is not."""
    await whole(tmp_path)
    with pytest.raises(ConfigError, match=says):
        take_up(a_material(**change), log_of(tmp_path / "whole"))


async def test_a_wrong_prompt_is_an_error_and_not_a_failure_of_samples(tmp_path: Path) -> None:
    """A prompt set that lacks a template stops the run with the name of the file."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "appraise.j2").write_text("{% block system %}{% endblock %}", encoding="utf-8")
    material = a_material(prompts={"mine": tmp_path / "mine"})
    with pytest.raises(ConfigError, match=r"appraise\.j2: has no block 'user'"):
        await played(tmp_path / "run", Answering(), material)


async def test_prompts_of_a_resumed_run_are_the_same_to_the_letter(tmp_path: Path) -> None:
    """Marks around what people wrote are made from the log's salt, so that providers and the journal know the prompt."""
    _, first = await whole(tmp_path)
    path = log_of(tmp_path / "whole")
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(lines[0] + b"\n")
    second = Answering()
    await resumed(path, second)
    assert sorted(second.asked) == sorted(first.asked)
    other = Answering()
    await played(tmp_path / "other", other)
    assert sorted(other.asked) != sorted(first.asked)


async def test_questions_carry_no_prompt_into_the_log(tmp_path: Path) -> None:
    """A question stands there by its hash, its answer by its fields."""
    await whole(tmp_path)
    calls = read_story(log_of(tmp_path / "whole")).calls
    assert all(isinstance(call, Call) and len(call.asked) == 64 and call.answer for call in calls)


async def test_a_new_run_has_an_id_of_its_own(tmp_path: Path) -> None:
    """Two runs of the same suite in the same second do not meet."""
    material = a_material(customers=["built-in"], judges=[], limits={"samples": 1})
    starts = [begin(material, tmp_path) for _ in range(2)]
    assert starts[0].path != starts[1].path
    for start in starts:
        await run_suite(material, start, Answering().model_of)
    with pytest.raises(ConfigError, match="cannot be made"):
        await run_suite(material, starts[0], Answering().model_of)


async def test_a_grader_looks_at_every_line_of_the_customer(tmp_path: Path) -> None:
    """Each turn has its grade, kept by the journal like any answer; what failed is tried again when asked for."""

    def no_second_grade(number: int, purpose: str) -> None:
        grades = sum(asked == "grade" for asked, _ in answering.asked)
        down(number, purpose, at=number if purpose == "grade" and grades == 2 else 0)

    answering = Answering(before=no_second_grade)
    material = a_material(grader=MODEL)
    run = await played(tmp_path, answering, material)
    grades = [grade for result in run.results for grade in result.grades]
    assert len(grades) == sum(len(result.turns) for result in run.results)
    assert sum(grade.grade is None for grade in grades) == 1
    assert len(run.scored) == 2
    again = Answering()
    run = await resumed(log_of(tmp_path), again, material, retry_failed=True)
    assert [purpose for purpose, _ in again.asked] == ["grade"]
    assert all(grade.grade for result in run.results for grade in result.grades)


async def test_a_trainee_that_says_nothing_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conversation without a reply has nothing to score."""
    material = a_material(customers=["built-in"], judges=["built-in"], limits={"samples": 1})
    monkeypatch.setattr("simcustomer.evals.seats.ScriptedTrainee.__init__", _mute)
    run = await played(tmp_path, Answering(), material)
    assert [reason for _, reason in run.failures] == ["the trainee said nothing at all"]
    assert run.results[0].judged == ()


def _mute(self: Any, replies: object) -> None:
    self._replies = ()
