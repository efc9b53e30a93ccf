"""Free text from a model: no schema is asked for, and what comes is taken as it is."""

from __future__ import annotations

import pytest

from simcustomer.errors import ModelOutputInvalid
from simcustomer.llm.answer import UnusableAnswer, read_answer
from simcustomer.llm.litellm_model import LiteLLMModel
from simcustomer.llm.model import Message, Prose
from tests.fake_provider import FakeProvider

ASK = [Message("user", "Where is my kettle?"), Message("assistant", "On its way."), Message("user", "Since?")]


async def prose(model: LiteLLMModel) -> str:
    return (await model.complete(ASK, schema=Prose, purpose="trainee")).text


async def test_no_format_is_asked_for(model: LiteLLMModel, provider: FakeProvider) -> None:
    """The request holds the messages as they are: no format, no schema, no instruction."""
    assert await prose(model)
    [body] = provider.requests
    assert "response_format" not in body
    assert [(m["role"], m["content"]) for m in body["messages"]] == [(m.role, m.text) for m in ASK]


async def test_what_a_provider_does_not_take_changes_nothing(
    model: LiteLLMModel, provider: FakeProvider
) -> None:
    """Also after the provider refused formats, no schema gets into the messages."""
    model.dialect.format = "none"
    await prose(model)
    assert [m["content"] for m in provider.requests[0]["messages"]] == [m.text for m in ASK]


async def test_an_empty_answer_is_asked_for_once_more(model: LiteLLMModel, provider: FakeProvider) -> None:
    """The same question again, unchanged: a bot would take a complaint about formats for the customer's."""
    provider.will("empty")
    assert await prose(model)
    first, second = provider.requests
    assert first["messages"] == second["messages"]


async def test_a_second_empty_answer_is_an_error(model: LiteLLMModel, provider: FakeProvider) -> None:
    """It is invalid output, not an empty reply."""
    provider.will("empty", times=2)
    with pytest.raises(ModelOutputInvalid, match="empty"):
        await prose(model)
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("  On its way.\n", "On its way."),
        ('{"line": "JSON is text too"}', '{"line": "JSON is text too"}'),
        ("```\nfenced\n```", "```\nfenced\n```"),
        ("<think>They are upset.</think>\nOn its way.", "On its way."),
        ("They are upset.</think>\nOn its way.", "On its way."),
    ],
    ids=["trimmed", "JSON", "fenced", "thoughts first", "thoughts without a beginning"],
)
def test_text_is_taken_as_it_is(text: str, read: str) -> None:
    """Only white space around it and reasoning before it are left out."""
    assert read_answer(text, Prose).text == read


@pytest.mark.parametrize("text", ["", " \n", "<think>hm</think>", "Wait <think>hm</think> yes", "a\x1b[2Jb"])
def test_what_no_one_writes_in_a_chat_is_unusable(text: str) -> None:
    """Nothing at all, reasoning in the middle, control characters."""
    with pytest.raises(UnusableAnswer):
        read_answer(text, Prose)
