"""What the judge is told that it assesses: the scene of the rubric."""

from __future__ import annotations

import pytest

from simcustomer.cast.judge import LLMJudge
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.rubric import Rubric
from simcustomer.library import Library
from simcustomer.llm.prompts import Prompts
from simcustomer.settings import content_dir
from tests.scripted_model import ScriptedModel

STANDARD = Library(content_dir("personas"), content_dir("prompts")).rubric()
SAID = [Utterance(role="customer", text="Hello?"), Utterance(role="trainee", text="Hello.")]


@pytest.mark.parametrize(
    ("rubric", "opening"),
    [
        (
            STANDARD,
            "You assess how a trainee at a service desk handled an upset customer. You get the transcript of one ",
        ),
        (
            STANDARD.model_copy(update={"scene": "how a nurse listened"}),
            "You assess how a nurse listened. You get the ",
        ),
    ],
    ids=["standard", "another"],
)
async def test_the_judge_is_told_the_scene(
    model: ScriptedModel, prompts: Prompts, rubric: Rubric, opening: str
) -> None:
    """The standard rubric's prompt begins as it always did; another instrument says what it is about."""
    model.answers = [{"items": [], "levels": []}]
    await LLMJudge(model, prompts).judge(rubric, SAID, "en")
    assert model.asked[0].messages[0].text.startswith(opening)
