"""What a part of the play asks of a language model: messages in, one value of a schema out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Message:
    """One message in the wire format of chat models. ``assistant`` is always the part that is being played."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Usage:
    """What one request used. None where the provider did not say; ``cost_usd`` is in US dollars."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


class Prose(BaseModel):
    """Free text: asked for without any schema, the message as it came. For bots that answer people, not programs."""

    text: str


class ChatModel(Protocol):
    """A model that answers in a schema. Retries, repair and accounting are its own business."""

    @property
    def name(self) -> str:
        """The name under which the model stands in records."""

    async def complete(self, messages: Sequence[Message], *, schema: type[T], purpose: str) -> T:
        """The answer to ``messages`` as a ``schema``; ``purpose`` is the act (appraise, customer, judge, ...).

        Raises ``ModelUnavailable``, ``ModelRefused`` or ``ModelOutputInvalid``.
        """
