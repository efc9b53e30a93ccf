"""An answer is JSON in the schema and nothing else, or it is not used."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from simcustomer.llm.answer import UnusableAnswer, read_answer, strict_schema


class Size(StrEnum):
    SMALL = "small"


class Part(BaseModel):
    """A description that the wire does not need."""

    model_config = ConfigDict(extra="forbid")

    title: str
    size: Size


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    line: str
    count: int
    level: Literal[1, 2] | None
    parts: list[Part]


RIGHT = {"line": "Where is it?", "count": 2, "level": None, "parts": [{"title": "t", "size": "small"}]}


def text(**changes: object) -> str:
    return json.dumps(RIGHT | changes)


def test_an_answer_in_the_schema_is_read() -> None:
    """Enums and lists come from their JSON forms."""
    answer = read_answer(text(), Answer)
    assert answer.line == "Where is it?"
    assert answer.parts == [Part(title="t", size=Size.SMALL)]


@pytest.mark.parametrize(
    "wrapped",
    [
        f"```json\n{text()}\n```",
        f"```\n{text()}\n```",
        f"<think>They want {{}} from me.</think>\n{text()}",
        f"They want an answer from me.</think>{text()}",
        f"<THINKING>hm</THINKING>\n```json\n{text()}\n```",
    ],
    ids=["fenced", "fenced without a name", "thoughts first", "thoughts without a beginning", "both"],
)
def test_what_models_put_around_a_whole_answer_is_taken_off(wrapped: str) -> None:
    """Reasoning before the answer, and one fence around all of it, do not make it unusable."""
    assert read_answer(wrapped, Answer).count == 2


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("<think>only thoughts</think>", "empty"),
        ("<think>thoughts without an end", "JSON"),
        (f"Here it is: {text()}", "JSON"),
        (f"{text()} I hope that helps!", "JSON"),
        (f"Sure:\n```json\n{text()}\n```", "JSON"),
        (text()[:-5], "JSON"),
        (text(count="2"), "count"),
        (text(count=2.5), "count"),
        (text(level=3), "level"),
        (text(parts=[{"title": "t", "size": "huge"}]), "parts.0.size"),
        (text(score=5), "score"),
        ('{"line": "no more"}', "count"),
        ("[]", "the answer"),
        (text(line="<think>calm them</think>Hello"), "reasoning"),
        (text(parts=[{"title": "</think> hm", "size": "small"}]), "reasoning"),
    ],
)
def test_anything_else_is_unusable_and_says_why(wrong: str, why: str) -> None:
    """JSON is not searched for in prose, types are not bent, fields are neither missing nor added, thoughts not shown."""
    with pytest.raises(UnusableAnswer, match=why):
        read_answer(wrong, Answer)


def test_only_the_first_problems_are_listed() -> None:
    """A model that got everything wrong is told the beginning of it, and how much more there is."""
    many = text(parts=[{"title": 1, "size": "huge"}] * 10)
    with pytest.raises(UnusableAnswer, match="and 12 more"):
        read_answer(many, Answer)


def objects(node: Any) -> list[dict[str, Any]]:
    found = [node] if isinstance(node, dict) and node.get("type") == "object" else []
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return found + [deeper for child in children for deeper in objects(child)]


def test_the_schema_is_one_that_strict_modes_take() -> None:
    """Each object is closed and requires all its fields; titles and descriptions are gone, a field named so is not."""
    schema = strict_schema(Answer)
    assert len(objects(schema)) == 2
    for part in objects(schema):
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])
    assert set(schema["$defs"]["Part"]["properties"]) == {"title", "size"}
    assert "description" not in json.dumps(schema)
