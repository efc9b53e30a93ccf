"""The log of judgements: nothing is asked twice, nothing stale is used, and a torn line costs one judgement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simcustomer.domain.rubric import Answer, Rubric
from simcustomer.errors import ConfigError, ModelUnavailable
from simcustomer.evals.calibration.judgements import Asked, Judged, JudgementLog, collect, whose
from simcustomer.evals.calibration.rated import RatedConversation, read_labelled
from tests.evals.calibration.rated_people import AskewJudge, a_conversation, a_rubric, write_lines

RUBRIC = a_rubric()
PROMPT = "Judge this."


def asked(rubric: Rubric = RUBRIC, prompt: str = PROMPT, judge: str = "askew") -> Asked:
    return Asked.of(rubric, "file-hash", judge, prompt)


def some(tmp_path: Path, count: int = 3) -> tuple[RatedConversation, ...]:
    rows = [a_conversation(n, care=3) for n in range(count)]
    return read_labelled([write_lines(tmp_path / "rated.jsonl", rows)], RUBRIC).conversations


async def run(
    tmp_path: Path, judge: AskewJudge | None, repeats: int | None = 1, with_what: Asked | None = None
) -> Judged:
    log = JudgementLog(tmp_path / "log.jsonl")
    return await collect("askew", judge, with_what or asked(), some(tmp_path), log, repeats)


def lines(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]


async def test_every_pass_is_logged_and_none_is_asked_again(tmp_path: Path) -> None:
    """Three conversations twice are six lines; a second run asks nothing and has the same judgements."""
    judge = AskewJudge({0: 1, 1: 2, 2: 3}, {})
    first = await run(tmp_path, judge, 2)
    assert len(judge.asked) == len(lines(tmp_path)) == 6
    assert {(row["id"], row["repeat"], row["judge"], row["rubric_hash"]) for row in lines(tmp_path)} == {
        (f"c{n}", k, "askew", "file-hash") for n in range(3) for k in (1, 2)
    }
    again = await run(tmp_path, judge, 2)
    assert len(judge.asked) == 6
    assert again.passes == first.passes


async def test_a_third_pass_asks_for_the_third_pass(tmp_path: Path) -> None:
    """What is missing is asked, and only that."""
    judge = AskewJudge({}, {})
    await run(tmp_path, judge, 1)
    await run(tmp_path, judge, 3)
    assert sorted(judge.asked) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


async def test_a_failure_is_listed_never_scored_and_asked_again(tmp_path: Path) -> None:
    """The others are judged meanwhile; the next run asks for the one that failed, and its judgement then counts."""
    judge = AskewJudge({}, {}, errors={1: ModelUnavailable("the provider is down")})
    first = await run(tmp_path, judge)
    assert first.failures == [("c1", 1, "the provider is down")]
    assert set(first.passes) == {"c0", "c2"}
    second = await run(tmp_path, judge)
    assert (second.failures, set(second.passes)) == ([], {"c0", "c1", "c2"})
    assert judge.asked.count(1) == 2
    assert judge.asked.count(0) == 1


async def test_a_log_from_elsewhere_is_read_without_asking(tmp_path: Path) -> None:
    """Lines of the plain form count for their judge; what it lacks is a failure that says so."""
    answers = [{"item": item, "answer": "not_met"} for item in RUBRIC.items()]
    row = {
        "id": "c0",
        "repeat": 1,
        "judge": "askew",
        "rubric_hash": "file-hash",
        "judgement": {"answers": answers},
    }
    write_lines(tmp_path / "log.jsonl", [row, row | {"id": "c1", "judgement": None, "error": "refused"}])
    found = await run(tmp_path, None)
    assert set(found.passes) == {"c0"}
    assert found.failures == [("c1", 1, "refused"), ("c2", 1, "the log holds no judgement")]
    assert found.other_rubric == 0


async def test_quotes_of_a_log_are_checked_again(tmp_path: Path) -> None:
    """A judgement from elsewhere that quotes what nobody said leaves its item unscored."""
    answers = [{"item": item, "answer": "not_met"} for item in RUBRIC.items()]
    answers[0] = {"item": "care_0", "answer": "met", "evidence": [{"message": 1, "quote": "I made this up"}]}
    row = {"id": "c0", "repeat": 1, "judge": "askew", "rubric_hash": "x", "judgement": {"answers": answers}}
    write_lines(tmp_path / "log.jsonl", [row])
    found = await run(tmp_path, None)
    assert found.passes["c0"][0].answers[0].answer is Answer.UNSCORED
    assert found.other_rubric == 1


async def test_other_questions_or_another_prompt_make_a_judgement_stale(tmp_path: Path) -> None:
    """It is not used, is counted, and is asked anew; tables and weights do not make it stale."""
    judge = AskewJudge({}, {})
    await run(tmp_path, judge)
    tables = asked(a_rubric(anchored_share=1.0, provenance="fitted"))
    assert tables.asked_hash == asked().asked_hash
    reworded = a_rubric(scene="how somebody wrote")
    for other in (asked(reworded), asked(prompt="Judge that.")):
        found = await run(tmp_path, None, with_what=other)
        assert (found.passes, found.stale) == ({}, 3)


def test_the_built_in_judge_reads_no_prompt() -> None:
    """Another prompt changes nothing for it."""
    assert asked(judge="built-in").asked_hash == asked(prompt="other", judge="built-in").asked_hash


async def test_a_judgement_of_another_rubric_is_stale(tmp_path: Path) -> None:
    """Without a hash of its own it is known by items that this rubric does not have."""
    row = {
        "id": "c0", "repeat": 1, "judge": "askew", "rubric_hash": "x",
        "judgement": {"answers": [{"item": "kindness", "answer": "not_met"}]},
    }  # fmt: skip
    write_lines(tmp_path / "log.jsonl", [row])
    found = await run(tmp_path, None)
    assert (found.passes, found.stale) == ({}, 1)


async def test_a_torn_last_line_is_cut_off_and_asked_again(tmp_path: Path) -> None:
    """A process that was killed while writing costs the judgement in flight and nothing else."""
    judge = AskewJudge({}, {})
    await run(tmp_path, judge)
    path = tmp_path / "log.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert len(JudgementLog(path).records) == 2
    await run(tmp_path, judge)
    assert len(judge.asked) == 4
    assert len(lines(tmp_path)) == 3


async def test_a_last_line_without_a_line_break_is_whole_when_it_reads(tmp_path: Path) -> None:
    """A log that another tool wrote may end so: the next line goes on a line of its own."""
    judge = AskewJudge({}, {})
    await run(tmp_path, judge)
    path = tmp_path / "log.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    await run(tmp_path, judge, 2)
    assert len(judge.asked) == len(lines(tmp_path)) == 6


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{}", "log.jsonl:1: id: Field required"),
        ('{"id": "a", "repeat": 0, "judge": "j", "rubric_hash": "x", "error": "e"}', "log.jsonl:1: repeat"),
        (
            '{"id": "a", "repeat": 1, "judge": "j", "rubric_hash": "x"}',
            "needs either a judgement or an error",
        ),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    """File, line and field."""
    path = tmp_path / "log.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        JudgementLog(path)
    assert says in str(error.value)


def test_whose_judgements_count(tmp_path: Path) -> None:
    """The one asked for, else the configured judge, else the only one in the log; of several somebody must choose."""
    row = {"id": "a", "repeat": 1, "rubric_hash": "x", "error": "e"}
    empty = JudgementLog(tmp_path / "none.jsonl")
    one = JudgementLog(write_lines(tmp_path / "one.jsonl", [row | {"judge": "m"}]))
    two = JudgementLog(write_lines(tmp_path / "two.jsonl", [row | {"judge": "m"}, row | {"judge": "n"}]))
    assert whose(empty, "built-in", None) == "built-in"
    assert whose(one, "built-in", None) == "m"
    assert whose(two, "n", None) == "n"
    assert whose(two, "built-in", "m") == "m"
    with pytest.raises(ConfigError, match="--judge: m, n"):
        whose(two, "built-in", None)
    with pytest.raises(ConfigError, match="there are: m"):
        whose(one, "built-in", "z")
