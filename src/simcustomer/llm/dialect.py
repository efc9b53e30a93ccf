"""What a provider takes: the schema as a parameter or in words, a temperature, a ceiling. Learnt from its refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from simcustomer.llm.answer import strict_schema
from simcustomer.llm.model import Message, Prose

TEMPERATURE: Mapping[str, float] = {"appraise": 0.0}
"""Only the observer is asked to be steady. The judge is not: the spread of its passes is the stated uncertainty."""

_FORMATS = ("json_schema", "json_object", "none")
"""How the schema is passed, best first. The second and third put it into the prompt."""
_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "format": (
        "response_format",
        "json_schema",
        "json_object",
        "output_format",
        "output_config",
        "structured output",
    ),
    "temperature": ("temperature",),
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens"),
}
"""What can be left out, and the words by which a refusal names it."""
_IN_WORDS = (
    "\n\nAnswer with one JSON object, nothing around it, that is valid under this JSON Schema:\n{schema}"
)


class Dialect:
    """How one provider wants to be asked. What it turns out not to take is remembered and left out from then on."""

    def __init__(self) -> None:
        self.format = _FORMATS[0]
        self.left_out: frozenset[str] = frozenset()

    @property
    def known(self) -> tuple[str, frozenset[str]]:
        """What is known so far, to be compared with what was known when a request was made."""
        return self.format, self.left_out

    def do_without(self, refusal: str) -> bool:
        """Leave out from now on what this refusal names; False when it names nothing that can still be left out."""
        for name, words in _NAMED_BY.items():
            if name in self.left_out or not any(word in refusal.casefold() for word in words):
                continue
            if name == "format":
                self.format = _FORMATS[_FORMATS.index(self.format) + 1]
            if name != "format" or self.format == _FORMATS[-1]:
                self.left_out |= {name}
            return True
        return False

    def options(self, schema: type[BaseModel], purpose: str, ceiling: int) -> dict[str, Any]:
        """The parameters of a request for an answer in ``schema`` of at most ``ceiling`` tokens; ``Prose`` has no format."""
        options: dict[str, Any] = {}
        if "max_tokens" not in self.left_out:
            options["max_tokens"] = ceiling
        if purpose in TEMPERATURE and "temperature" not in self.left_out:
            options["temperature"] = TEMPERATURE[purpose]
        if schema is Prose:
            return options
        if self.format == "json_schema":
            named = {"name": purpose, "schema": strict_schema(schema), "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self.format == "json_object":
            options["response_format"] = {"type": "json_object"}
        return options

    def messages(self, messages: Sequence[Message], schema: type[BaseModel]) -> Sequence[Message]:
        """The messages, with the schema in the first one where the provider does not take it as a parameter."""
        if self.format == "json_schema" or schema is Prose:
            return messages
        first, *rest = messages
        words = _IN_WORDS.format(schema=json.dumps(strict_schema(schema), ensure_ascii=False))
        return [Message(first.role, first.text + words), *rest]
