"""The grader of customer lines: does a line state a fact of the case that nobody gave? A model observes, code counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from simcustomer.cast.wording import LANGUAGES
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Persona
from simcustomer.domain.text import contains_quote
from simcustomer.errors import ModelOutputInvalid
from simcustomer.llm.model import ChatModel, Message

if TYPE_CHECKING:
    # Only a type here: results of runs hold grades, and are read without templates.
    from simcustomer.llm.prompts import Prompts

PURPOSE = "grade"
"""The act, as requests and costs are recorded under it."""


class Grade(Frozen):
    """What a grader says of one line. ``words`` are quoted from the line; empty when nothing is invented."""

    invented: bool
    words: str = ""
    reason: str = ""


class FactGrader(Protocol):
    """Says whether a customer line invents a fact."""

    @property
    def name(self) -> str:
        """The model's name."""

    async def grade(self, persona: Persona, history: Sequence[Utterance], line: str) -> Grade:
        """Does ``line`` state a fact about the case that neither ``persona`` nor ``history`` gives? Raises ``ModelError``."""


class _Graded(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: str
    reason: str
    invented: Literal["yes", "no"]


class LLMFactGrader:
    """A ``FactGrader`` that asks a model."""

    def __init__(self, model: ChatModel, prompts: Prompts) -> None:
        self._model = model
        self._prompts = prompts

    @property
    def name(self) -> str:
        return self._model.name

    async def grade(self, persona: Persona, history: Sequence[Utterance], line: str) -> Grade:
        """See ``FactGrader.grade``. A yes whose words do not stand in the line is no answer: ``ModelOutputInvalid``."""
        messages = self._messages(persona, history, line)
        graded = await self._model.complete(messages, schema=_Graded, purpose=PURPOSE)
        if graded.invented == "no":
            return Grade(invented=False, reason=graded.reason)
        if not contains_quote(line, graded.words):
            raise ModelOutputInvalid(
                "the words that were called invented do not stand in the line",
                model=self.name,
                purpose=PURPOSE,
                attempts=1,
            )
        return Grade(invented=True, words=graded.words, reason=graded.reason)

    def _messages(self, persona: Persona, history: Sequence[Utterance], line: str) -> list[Message]:
        values = {
            "persona": persona,
            "language_name": LANGUAGES[persona.language],
            "history": history,
            "line": line,
            "mark": self._prompts.mark(history[0].text if history else line),
        }
        return [
            Message("system", self._prompts.text("grade", "system", **values)),
            Message("user", self._prompts.text("grade", "user", **values)),
        ]
