"""From the text of a model to a value of a schema, strictly: an answer is JSON and nothing else, or it is not used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from simcustomer.llm.model import Prose, T

MAX_PROBLEMS = 8
"""Problems listed to a model that is asked to mend its answer; more only make the prompt longer."""

_THINKING = r"think(?:ing)?|thought|reasoning"
_THOUGHT_FIRST = re.compile(rf"\A\s*(?![{{`]).*?</(?:{_THINKING})>", re.DOTALL | re.IGNORECASE)
_THOUGHT_BEFORE_PROSE = re.compile(
    rf"\A\s*(?:<(?:{_THINKING})>)?(?:(?!<(?:{_THINKING})>).)*?</(?:{_THINKING})>", re.DOTALL | re.IGNORECASE
)
"""As the one above, but never from the middle: what stands before the opening mark may be part of the text."""
_THINKING_MARK = re.compile(rf"</?\s*(?:{_THINKING})\s*>", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Characters that no one writes in a chat; a database may refuse them, and a terminal obeys them."""
_WHOLLY_FENCED = re.compile(r"\A```(?:json)?\s*\n(.*)\n```\Z", re.DOTALL | re.IGNORECASE)


class UnusableAnswer(Exception):
    """The text is no answer in the schema; the message says why, for the model that wrote it."""


def read_answer(text: str, schema: type[T]) -> T:
    """The answer in ``text``.

    Two wrappings are taken off, because models put them around an answer that is otherwise whole: reasoning between
    ``<think>`` marks before it, and one fenced block around all of it. JSON is never searched for in prose. For
    ``Prose`` the text itself is the answer, fences and all. Raises ``UnusableAnswer``.
    """
    is_prose = schema is Prose
    text = (_THOUGHT_BEFORE_PROSE if is_prose else _THOUGHT_FIRST).sub("", text, count=1).strip()
    if not is_prose and (fenced := _WHOLLY_FENCED.match(text)):
        text = fenced.group(1)
    if not text:
        raise UnusableAnswer("the answer is empty")
    try:
        value = (
            schema.model_validate({"text": text})
            if is_prose
            else schema.model_validate_json(text, strict=True)
        )
    except ValidationError as error:
        raise UnusableAnswer(_problems(error)) from error
    strings = list(_strings(value.model_dump()))
    if any(_THINKING_MARK.search(string) for string in strings):
        raise UnusableAnswer("a field holds reasoning between <think> marks; fields hold the answer only")
    if any(_CONTROL.search(string) for string in strings):
        raise UnusableAnswer("a field holds control characters")
    return value


def strict_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of ``schema`` without prose, as providers' strict modes take it.

    Strict modes want each object closed and each field required: ``schema`` forbids extra fields and has no defaults.
    """
    schema_of: dict[str, Any] = _without_prose(schema.model_json_schema())
    return schema_of


def _without_prose(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_prose(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _without_prose(part) for name, part in value.items()}
        if key in ("properties", "$defs")
        else _without_prose(value)
        for key, value in node.items()
        if key not in ("title", "description")
    }


def _problems(error: ValidationError) -> str:
    found = [
        f"{'.'.join(map(str, problem['loc'])) or 'the answer'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    ]
    more = [f"and {len(found) - MAX_PROBLEMS} more"] if len(found) > MAX_PROBLEMS else []
    return "; ".join(found[:MAX_PROBLEMS] + more)


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for part in node.values():
            yield from _strings(part)
    elif isinstance(node, (list, tuple)):
        for part in node:
            yield from _strings(part)
