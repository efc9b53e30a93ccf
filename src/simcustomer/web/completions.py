"""OpenAI's chat protocol as it is spoken here: what a request may hold, what was said in it, and how an answer looks.

In this protocol the customer is the ``assistant`` and the trainee the ``user``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from simcustomer.domain.affect import Affect
from simcustomer.domain.conversation import Outcome
from simcustomer.errors import InvalidReply
from simcustomer.views import affect_view


class _Ignoring(BaseModel):
    """Fields that shape a language model (temperature, max_tokens, seed, tools) mean nothing to our customers."""

    model_config = ConfigDict(extra="ignore")


class TextPart(_Ignoring):
    """A part of a message. Images, sound and files cannot be taken."""

    type: Literal["text"]
    text: str


class ChatMessage(_Ignoring):
    """One message. System messages are taken and ignored: who the customer is stands in the persona."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart] | None = None
    tool_calls: Annotated[list[Any], Field(max_length=0)] | None = None

    @property
    def text(self) -> str:
        """Its text. Half a surrogate pair is no character and left out."""
        parts = [self.content] if isinstance(self.content, str) else [p.text for p in self.content or ()]
        return "".join(parts).encode(errors="ignore").decode()


class StreamOptions(_Ignoring):
    """What a streaming client wants besides the text."""

    include_usage: bool = False


class Asked(_Ignoring):
    """A request for the customer's next line."""

    model: str
    messages: list[ChatMessage]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    response_format: dict[str, Any] | None = None
    tool_choice: str | dict[str, Any] | None = None

    @field_validator("response_format")
    @classmethod
    def _text_only(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value and value.get("type", "text") != "text":
            raise ValueError("a customer writes plain text; leave it out or use {'type': 'text'}")
        return value

    @field_validator("tool_choice")
    @classmethod
    def _no_tools(cls, value: str | dict[str, Any] | None) -> str | dict[str, Any] | None:
        if value not in (None, "none", "auto"):
            raise ValueError("a customer calls no tools; leave it out or use 'none'")
        return value

    @property
    def counts_usage(self) -> bool:
        """True when a streaming client asks for a chunk with numbers of tokens."""
        return bool(self.stream_options and self.stream_options.include_usage)


@dataclass(frozen=True)
class Exchange:
    """One trainee reply and what the customer answered; the last one is None while it is being asked for."""

    reply: str
    answer: str | None


@dataclass(frozen=True)
class Dialogue:
    """What was said, in our terms. ``greeting`` is what the trainee wrote before the customer said anything.

    A greeting is answered by the opening and is no turn: nobody can have appraised it. ``opening`` is None when the
    customer has said nothing yet.
    """

    greeting: str
    opening: str | None
    exchanges: tuple[Exchange, ...]


def dialogue_of(messages: Sequence[ChatMessage]) -> Dialogue:
    """The conversation in ``messages``. Messages of one side in a row are one; assistant messages without text are none.

    Raises ``InvalidReply`` when the customer has the last word although the trainee has spoken.
    """
    spoken = [m for m in messages if m.role == "user" or (m.role == "assistant" and m.text.strip())]
    said = [(role, "\n".join(m.text for m in run)) for role, run in groupby(spoken, key=lambda m: m.role)]
    greeting = said.pop(0)[1] if said and said[0][0] == "user" else ""
    if not said:
        return Dialogue(greeting, None, ())
    opening, *rest = [text for _, text in said]
    if rest and len(rest) % 2 == 0:
        raise InvalidReply(
            "the last message is the customer's (assistant); the trainee's reply (user) must follow"
        )
    answers: list[str | None] = [*rest[1::2], None]
    exchanges = tuple(Exchange(reply, answer) for reply, answer in zip(rest[::2], answers, strict=False))
    return Dialogue(greeting, opening, exchanges)


@dataclass(frozen=True)
class Said:
    """The customer's line and what may be known about it.

    ``turn`` is 0 for the opening. ``affect`` is None where the feeling may not be seen. ``conversation`` is the id under
    which the conversation is kept, None for one that is not.
    """

    id: str
    created: int
    model: str
    text: str
    turn: int
    affect: Affect | None
    outcome: Outcome | None
    conversation: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What goes into the headers: how it ended, once it has, and where it is kept."""
        found = {}
        if self.outcome:
            found["X-Simcustomer-Outcome"] = self.outcome.value
        if self.conversation:
            found["X-Simcustomer-Conversation"] = self.conversation
        return found

    @property
    def extra(self) -> dict[str, Any]:
        """What the protocol has no place for: turn, outcome, tension (0-100) and band, where it is kept."""
        felt = affect_view(self.affect) if self.affect else None
        return {
            "turn": self.turn,
            "outcome": self.outcome.value if self.outcome else None,
            "tension": felt["tension"] if felt else None,
            "band": felt["band"] if felt else None,
            "conversation": self.conversation,
        }


def completion(said: Said) -> dict[str, Any]:
    """The answer whole. Without ``usage``: nobody counted tokens."""
    message = {"role": "assistant", "content": said.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _head(said, "chat.completion") | {"choices": [choice], "simcustomer": said.extra}


def chunks(said: Said, *, with_usage: bool) -> Iterator[str]:
    """The answer as server-sent events: the whole line, the end, then [DONE].

    ``with_usage`` adds the chunk of token numbers, all 0 because the protocol wants integers there: not measured.
    """
    head = _head(said, "chat.completion.chunk")
    yield _event(head | {"choices": [_delta({"role": "assistant", "content": said.text}, None)]})
    yield _event(head | {"choices": [_delta({}, "stop")], "simcustomer": said.extra})
    if with_usage:
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        yield _event(head | {"choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def error_body(message: str, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    """An error in the protocol's shape."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _head(said: Said, kind: str) -> dict[str, Any]:
    return {"id": said.id, "object": kind, "created": said.created, "model": said.model}


def _delta(delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
