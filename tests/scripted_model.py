"""A model that answers from a list: it enters where a real one does, keeps every prompt, and raises when it runs out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from simcustomer.llm.model import Message, T


@dataclass
class Asked:
    """One question that a part put to the model."""

    messages: list[Message]
    purpose: str
    schema: type[BaseModel]

    @property
    def text(self) -> str:
        """The whole prompt: role and text of each message in order."""
        return "\n".join(f"[{message.role}]\n{message.text}" for message in self.messages)


@dataclass
class ScriptedModel:
    """A ``ChatModel`` whose answers are given: fields of the schema, or an error to raise."""

    answers: list[dict[str, Any] | Exception] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    name: str = "scripted"

    async def complete(self, messages: Sequence[Message], *, schema: type[T], purpose: str) -> T:
        self.asked.append(Asked(list(messages), purpose, schema))
        assert self.answers, f"nobody scripted an answer to question {len(self.asked)} ({purpose})"
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return schema.model_validate(answer)
