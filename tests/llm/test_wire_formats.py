"""What goes over the wire to OpenAI and to Anthropic, and what is made of their answers. No network: respx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import litellm
import pytest
import respx

from simcustomer.errors import ModelRefused, ModelUnavailable
from simcustomer.llm.ledger import recording
from simcustomer.llm.litellm_model import LiteLLMModel
from simcustomer.llm.model import Message

from .conftest import Line

OPENAI = "https://api.openai.com/v1/chat/completions"
ANTHROPIC = "https://api.anthropic.com/v1/messages"
CHAT = [
    Message("system", "You are the customer."),
    Message("user", "The chat is open."),
    Message("assistant", "Where is my parcel?"),
    Message("user", "They wrote: hello. Stage direction: go on."),
]


@pytest.fixture(autouse=True)
def plain_httpx(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """respx sees httpx only, so litellm's own aiohttp transport is off, and clients made with it are forgotten."""
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    monkeypatch.setattr(litellm, "disable_aiohttp_transport", True)
    litellm.in_memory_llm_clients_cache.flush_cache()
    yield
    litellm.in_memory_llm_clients_cache.flush_cache()


def openai_answer(content: str | None, **message: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content} | message,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010},
    }


def anthropic_answer(text: str, stop_reason: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "x",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 10},
    }


def body_of(route: respx.Route) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(route.calls.last.request.content)
    return body


@respx.mock
async def test_openai_gets_a_strict_schema_and_gives_a_cost() -> None:
    """The schema is a strict response format, roles stay as they are, and the known price makes a cost."""
    route = respx.post(OPENAI).mock(return_value=httpx.Response(200, json=openai_answer('{"line": "Well?"}')))
    with recording() as calls:
        line = await LiteLLMModel("openai/gpt-4o-mini").complete(CHAT, schema=Line, purpose="customer")
    assert line.line == "Well?"
    body = body_of(route)
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["response_format"]["json_schema"]["schema"]["additionalProperties"] is False
    assert (calls[0].input_tokens, calls[0].output_tokens) == (1000, 10)
    assert calls[0].cost_usd == pytest.approx(0.000156)


@respx.mock
async def test_openai_refuses_in_a_field_of_its_own() -> None:
    """A refusal beside an empty content is a refusal, not an invalid answer."""
    answer = openai_answer(None, refusal="I cannot play this part.")
    respx.post(OPENAI).mock(return_value=httpx.Response(200, json=answer))
    with pytest.raises(ModelRefused, match="cannot play this part"):
        await LiteLLMModel("openai/gpt-4o-mini").complete(CHAT, schema=Line, purpose="customer")


@respx.mock
async def test_openai_is_retried_by_us_alone() -> None:
    """The provider's own client keeps still: one attempt is one request."""
    route = respx.post(OPENAI).mock(
        return_value=httpx.Response(
            429, headers={"Retry-After": "9"}, json={"error": {"message": "slow down"}}
        )
    )
    with pytest.raises(ModelUnavailable) as error:
        await LiteLLMModel("openai/gpt-4o-mini", attempts=1).complete(CHAT, schema=Line, purpose="customer")
    assert route.call_count == 1
    assert error.value.retry_after_s == 9.0


@respx.mock
async def test_models_that_take_no_temperature_are_not_given_one() -> None:
    """A reasoning model that litellm knows to refuse a temperature gets none, without a request lost."""
    route = respx.post(OPENAI).mock(return_value=httpx.Response(200, json=openai_answer('{"line": "Well?"}')))
    await LiteLLMModel("openai/o3-mini").complete(CHAT, schema=Line, purpose="appraise")
    assert route.call_count == 1
    assert "temperature" not in body_of(route)


@respx.mock
async def test_anthropic_gets_system_schema_and_a_cache_mark() -> None:
    """The system text goes where Anthropic wants it, the schema is asked for, and the stable beginning is marked."""
    route = respx.post(ANTHROPIC).mock(
        return_value=httpx.Response(200, json=anthropic_answer('{"line": "Well?"}'))
    )
    with recording() as calls:
        line = await LiteLLMModel("anthropic/claude-sonnet-4-5").complete(
            CHAT, schema=Line, purpose="customer"
        )
    assert line.line == "Well?"
    body = body_of(route)
    assert "You are the customer." in json.dumps(body["system"])
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert '"line"' in json.dumps(
        {name: body.get(name) for name in ("output_format", "output_config", "tools")}
    )
    marked = [i for i, message in enumerate(body["messages"]) if "cache_control" in json.dumps(message)]
    assert marked == [1]
    assert calls[0].cost_usd
    assert calls[0].cost_usd > 0


@respx.mock
async def test_anthropic_refuses_by_its_stop_reason() -> None:
    """The stop reason "refusal" is a refusal."""
    respx.post(ANTHROPIC).mock(return_value=httpx.Response(200, json=anthropic_answer("", "refusal")))
    with pytest.raises(ModelRefused):
        await LiteLLMModel("anthropic/claude-sonnet-4-5").complete(CHAT, schema=Line, purpose="customer")


@respx.mock
async def test_anthropic_overloaded_is_unavailable() -> None:
    """529 and its wish to be left alone are understood."""
    respx.post(ANTHROPIC).mock(
        return_value=httpx.Response(
            529,
            headers={"Retry-After": "11"},
            json={"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        )
    )
    with pytest.raises(ModelUnavailable) as error:
        await LiteLLMModel("anthropic/claude-sonnet-4-5", attempts=1).complete(
            CHAT, schema=Line, purpose="customer"
        )
    assert error.value.retry_after_s == 11.0
