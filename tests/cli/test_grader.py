"""``eval grader``: the grader of invented facts measured on the project's own lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simcustomer.cli.grader import grader
from simcustomer.errors import ConfigError
from simcustomer.evals.grading import LabelledLine
from simcustomer.llm import litellm_model
from simcustomer.settings import content_dir
from tests.scripted_model import ScriptedModel

FILE = content_dir("evals") / "graded" / "invented.jsonl"
LINES = [LabelledLine.model_validate_json(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the model answers: always no, in place of a real one."""
    answers: list[Any] = [{"words": "", "reason": "", "invented": "no"} for _ in LINES]
    monkeypatch.setattr(litellm_model, "LiteLLMModel", lambda name, *_: ScriptedModel(answers, name=name))
    return answers


def test_the_terminal_says_what_was_found_and_missed(
    answers: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """A grader that never finds anything is right on half the lines, finds nothing, and its misses are listed."""
    grader(model="some/model")
    out = capsys.readouterr().out
    assert "grader: some/model" in out
    assert "all: 40 of 40 lines scored, 50% of them rightly; found 0 of 20 inventions" in out
    assert "right words: not scored" in out
    assert "0 false alarms in 20 other lines" in out
    assert LINES[0].id in out


def test_json_holds_figures_and_misses(answers: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Counts and shares for all lines and each language."""
    grader(str(FILE), model="some/model", as_json=True)
    result = json.loads(capsys.readouterr().out)
    first = result["figures"][0]
    assert (first["group"], first["of"], first["scored"], first["left_alone"]) == ("all", 40, 40, 20)
    assert (first["accuracy"], first["recall"], first["precision"]) == (0.5, 0.0, None)
    assert len(result["misses"]) == 20


def test_without_a_model_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The built-in players cannot grade, and the error says what to set."""
    with pytest.raises(ConfigError, match="SIMCUSTOMER_JUDGE_MODEL"):
        grader()
