"""What the tests of the players share: the shipped prompts, a model that answers from a list, an understudy."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from simcustomer.cast.parts import BUILT_IN, Spoken
from simcustomer.domain.conversation import Conversation, Direction
from simcustomer.llm.prompts import Prompts
from simcustomer.settings import content_dir
from tests.scripted_model import ScriptedModel


@dataclass
class Understudy:
    """A customer that needs no model; it counts how often it had to step in."""

    name: str = BUILT_IN
    spoke: list[str] = field(default_factory=list)

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:
        self.spoke.append("speak")
        return Spoken("The understudy's line.", BUILT_IN)

    async def answer_survey(self, conversation: Conversation, csat: int) -> Spoken:
        self.spoke.append("answer_survey")
        return Spoken("The understudy's sentence.", BUILT_IN)


@pytest.fixture(scope="session")
def prompts() -> Prompts:
    return Prompts(content_dir("prompts"))


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel()


@pytest.fixture
def understudy() -> Understudy:
    return Understudy()
