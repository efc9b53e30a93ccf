"""A model over real HTTP: what happens when all goes well, and in every kind of trouble."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest
from pydantic import BaseModel

from simcustomer.errors import ModelError, ModelOutputInvalid, ModelRefused, ModelUnavailable
from simcustomer.llm.dialect import Dialect
from simcustomer.llm.ledger import recording
from simcustomer.llm.litellm_model import (
    LONG_OUTPUT_TOKENS,
    OUTPUT_TOKENS,
    TRUNCATED_FACTOR,
    LiteLLMModel,
    close_clients,
)
from simcustomer.llm.model import Message
from simcustomer.llm.prompts import fence
from simcustomer.llm.retry import LONGEST_WAIT_S
from tests.fake_provider import SLOW_S, FakeProvider, as_text

from .conftest import ASK, Line, MakeModel

HASTE_S = 0.3
"""Timeout of the tests in which nobody answers, seconds."""


class Observed(BaseModel):
    """What the fake provider answers to an appraiser."""

    cues: list[dict[str, str]]
    questions: list[dict[str, str]]


class Judged(BaseModel):
    """What the fake provider answers to a judge without a rubric."""

    items: list[str]
    levels: list[str]


async def ask(model: LiteLLMModel, purpose: str = "customer") -> Line:
    return await model.complete(ASK, schema=Line, purpose=purpose)


async def failure(model: LiteLLMModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await ask(model)
    return caught.value


async def test_an_answer_comes_in_the_schema(model: LiteLLMModel, provider: FakeProvider) -> None:
    """One request, with the schema as a strict response format and the messages as they were given."""
    assert (await ask(model)).line
    [body] = provider.requests
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["line"]
    assert [message["content"] for message in body["messages"]] == [message.text for message in ASK]


async def test_every_request_is_noted(model: LiteLLMModel, provider: FakeProvider) -> None:
    """Purpose, model, tokens and seconds of each request; a cost that nobody knows is None and not 0."""
    with recording() as calls:
        await ask(model)
    [call] = calls
    assert (call.purpose, call.model, call.ok, call.error) == ("customer", "hosted_vllm/fake", True, "")
    assert call.input_tokens == len(as_text(provider.requests[0]).split())
    assert call.output_tokens
    assert call.cost_usd is None
    assert call.seconds > 0


async def test_tokens_that_nobody_counted_are_unknown(model: LiteLLMModel, provider: FakeProvider) -> None:
    """A provider that does not count gives None and not 0."""
    provider.will("no_usage")
    with recording() as calls:
        await ask(model)
    assert (calls[0].input_tokens, calls[0].output_tokens, calls[0].cost_usd) == (None, None, None)


async def test_a_rate_limit_is_waited_out_as_long_as_wished(
    model: LiteLLMModel, provider: FakeProvider, waits: list[float]
) -> None:
    """429 with Retry-After: the request is made again after that time, and both requests are noted."""
    provider.will("rate_limited", times=2, retry_after="7")
    with recording() as calls:
        assert (await ask(model)).line
    assert waits == [7.0, 7.0]
    assert [call.ok for call in calls] == [False, False, True]
    assert calls[0].error == "RateLimitError"


async def test_a_rate_limit_without_end_is_given_up(
    model: LiteLLMModel, provider: FakeProvider, waits: list[float]
) -> None:
    """After the last attempt the provider's wish is handed on, for whoever answers the trainee."""
    provider.will("rate_limited", times=99, retry_after="7")
    error = await failure(model)
    assert isinstance(error, ModelUnavailable)
    assert error.retry_after_s == 7.0
    assert (error.attempts, error.purpose, error.model) == (3, "customer", "hosted_vllm/fake")
    assert provider.counts["customer"] == 3
    assert len(waits) == 2
    assert error.__cause__ is not None


async def test_nobody_waits_for_an_hour(
    model: LiteLLMModel, provider: FakeProvider, waits: list[float]
) -> None:
    """A wish beyond the longest wait ends the call at once, and says when to come back."""
    provider.will("rate_limited", times=99, retry_after="3600")
    error = await failure(model)
    assert isinstance(error, ModelUnavailable)
    assert error.retry_after_s == 3600.0
    assert provider.counts["customer"] == 1
    assert waits == []


async def test_a_server_error_is_tried_again_by_one_retrier_only(
    model: LiteLLMModel, provider: FakeProvider, waits: list[float]
) -> None:
    """500 for ever costs exactly the attempts that were allowed, with growing waits."""
    provider.will("server_error", times=99)
    error = await failure(model)
    assert isinstance(error, ModelUnavailable)
    assert provider.counts["customer"] == 3
    assert waits[0] < waits[1] < LONGEST_WAIT_S


async def test_a_hang_ends(make_model: MakeModel, provider: FakeProvider) -> None:
    """A provider that never answers is left after the timeout, tried once more, and reported."""
    provider.will("hang", times=99)
    error = await asyncio.wait_for(failure(make_model(timeout_s=HASTE_S, attempts=10)), timeout=10 * HASTE_S)
    assert isinstance(error, ModelUnavailable)
    assert "no answer in time" in str(error)
    assert error.attempts <= 3


async def test_a_call_that_is_cancelled_is_noted(make_model: MakeModel, provider: FakeProvider) -> None:
    """Who goes away while a model thinks leaves an entry, because the request may still cost."""
    provider.will("hang", times=99)
    with recording() as calls, pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(make_model()), timeout=HASTE_S)
    assert [call.error for call in calls] == ["cancelled"]


async def test_a_refused_connection_is_unavailable(make_model: MakeModel) -> None:
    """Where nobody listens, the error says so after the attempts."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        error = await failure(make_model(api_base=base))
    assert isinstance(error, ModelUnavailable)
    assert error.attempts == 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [("wrong_key", "does not accept the key"), ("no_such_model", "no such model")],
)
async def test_what_will_not_pass_is_asked_once(
    model: LiteLLMModel, provider: FakeProvider, fault: str, words: str
) -> None:
    """A wrong key or an unknown model is reported at once, in words that say what to put right."""
    provider.will(fault, times=99)
    error = await failure(model)
    assert isinstance(error, ModelUnavailable)
    assert words in str(error)
    assert provider.counts["customer"] == 1


@pytest.mark.parametrize("fault", ["truncated", "not_json", "empty", "thinks_in_field", "cut_off"])
async def test_an_unusable_answer_is_mended_once(
    model: LiteLLMModel, provider: FakeProvider, fault: str
) -> None:
    """The model sees its answer and what is wrong with it; the second answer counts, and both are paid for."""
    provider.will(fault)
    with recording() as calls:
        assert (await ask(model)).line
    assert [call.ok for call in calls] == [False, True]
    assert all(call.output_tokens for call in calls)
    first, second = (body["messages"] for body in provider.requests)
    assert second[: len(first)] == first
    assert [message["role"] for message in second[len(first) :]] == ["assistant", "user"]
    assert second[-2]["content"]
    assert "cannot be used" in second[-1]["content"]


@pytest.mark.parametrize("fault", ["truncated", "not_json", "empty", "thinks_in_field", "cut_off"])
async def test_a_second_unusable_answer_is_an_error(
    model: LiteLLMModel, provider: FakeProvider, fault: str
) -> None:
    """There is one repair and no more, and nothing is fished out of prose."""
    provider.will(fault, times=99)
    error = await failure(model)
    assert isinstance(error, ModelOutputInvalid)
    assert error.attempts == 2
    assert provider.counts["customer"] == 2


async def test_a_cut_off_answer_gets_more_room(model: LiteLLMModel, provider: FakeProvider) -> None:
    """Truncation at the ceiling: the repair has a multiple of it, because thoughts may have used it up."""
    provider.will("cut_off")
    await ask(model)
    ceilings = [body["max_tokens"] for body in provider.requests]
    assert ceilings == [OUTPUT_TOKENS, OUTPUT_TOKENS * TRUNCATED_FACTOR]


async def test_long_acts_have_more_room(model: LiteLLMModel, provider: FakeProvider) -> None:
    """A judgement is as long as its rubric."""
    with pytest.raises(ModelOutputInvalid):
        await ask(model, purpose="judge")
    assert provider.requests[0]["max_tokens"] == LONG_OUTPUT_TOKENS


@pytest.mark.parametrize("fault", ["refusal", "content_filter"])
async def test_a_refusal_is_a_refusal(model: LiteLLMModel, provider: FakeProvider, fault: str) -> None:
    """A refusal is neither mended nor retried, and it is noted with its tokens."""
    provider.will(fault, times=99)
    with recording() as calls:
        error = await failure(model)
    assert isinstance(error, ModelRefused)
    assert provider.counts["customer"] == 1
    assert not calls[0].ok
    assert calls[0].input_tokens


@pytest.mark.parametrize("fault", ["thinks", "fenced"])
async def test_wrappings_cost_no_second_request(
    model: LiteLLMModel, provider: FakeProvider, fault: str
) -> None:
    """Reasoning before the answer and a fence around it are taken off; the line holds neither."""
    provider.will(fault)
    line = (await ask(model)).line
    assert "<think>" not in line
    assert "`" not in line
    assert provider.counts["customer"] == 1


async def test_a_page_instead_of_an_answer_is_unavailable(
    model: LiteLLMModel, provider: FakeProvider
) -> None:
    """HTML with status 200, as proxies send it, is trouble at the provider's side."""
    provider.will("html", times=99)
    assert isinstance(await failure(model), ModelUnavailable)


@pytest.mark.parametrize(
    ("fault", "format_used", "requests"),
    [("no_schema", "json_object", 2), ("no_response_format", None, 3)],
)
async def test_without_schema_support_the_schema_goes_into_the_prompt(
    model: LiteLLMModel, provider: FakeProvider, fault: str, format_used: str | None, requests: int
) -> None:
    """A provider that refuses the format is asked with the schema in words, and from then on without the detour."""
    provider.will(fault, times=99)
    assert (await ask(model)).line
    assert len(provider.requests) == requests
    assert (provider.requests[-1].get("response_format") or {}).get("type") == format_used
    assert '"required": ["line"]' in provider.requests[-1]["messages"][0]["content"]
    await ask(model)
    assert len(provider.requests) == requests + 1


async def test_answers_asked_for_at_once_learn_together(model: LiteLLMModel, provider: FakeProvider) -> None:
    """Three refusals of the same format at the same time are one lesson: the model still uses the next best."""
    provider.will("no_schema", times=99)
    await asyncio.gather(*(ask(model) for _ in range(3)))
    assert model.dialect.format == "json_object"


def test_what_a_refusal_names_is_left_out_once() -> None:
    """Temperature and ceiling are given up when a refusal names them; a refusal that names nothing changes nothing."""
    dialect = Dialect()
    assert dialect.do_without("'temperature' does not support 0 with this model")
    assert not dialect.do_without("'temperature' does not support 0 with this model")
    assert dialect.do_without("max_tokens is too large: 4096")
    assert not dialect.do_without("messages: at least one is required")
    assert set(dialect.options(Line, "appraise", 100)) == {"response_format"}


async def test_long_acts_have_more_time(make_model: MakeModel, provider: FakeProvider) -> None:
    """A judgement that takes longer than a line may take is waited for."""
    provider.will("slow", times=99)
    answer = await make_model(timeout_s=SLOW_S / 2).complete(ASK, schema=Judged, purpose="judge")
    assert answer.items == []
    assert isinstance(await failure(make_model(timeout_s=SLOW_S / 2)), ModelUnavailable)


async def test_only_the_appraiser_is_asked_to_be_steady(model: LiteLLMModel, provider: FakeProvider) -> None:
    """The observer has temperature 0; the customer and the judge keep the provider's own."""
    await ask(model)
    seen = [*ASK, Message("user", fence("Where is it?", "data-0123456789ab", "reply"))]
    await model.complete(seen, schema=Observed, purpose="appraise")
    assert [body.get("temperature") for body in provider.requests] == [None, 0.0]


async def test_ping_says_how_long_an_answer_took(model: LiteLLMModel, provider: FakeProvider) -> None:
    """A model that answers gives its seconds, with one request."""
    assert await model.ping() > 0
    assert provider.counts == {"ping": 1}


async def test_ping_does_not_insist(model: LiteLLMModel, provider: FakeProvider) -> None:
    """A model that does not answer is reported after one request."""
    provider.will("server_error", times=99)
    with pytest.raises(ModelUnavailable):
        await model.ping()
    assert provider.counts == {"ping": 1}


async def test_a_local_server_needs_no_key(make_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an API base of one's own, a model named openai/... works without a key in the environment."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert (await ask(make_model("openai/fake"))).line


async def test_clients_can_be_closed_and_used_again(model: LiteLLMModel) -> None:
    """Closing the connections at the end of a program leaves nothing broken behind."""
    await ask(model)
    await close_clients()
    assert (await ask(model)).line


def test_litellm_is_not_imported_before_it_is_needed() -> None:
    """Making a model, its prompts and its players does not load litellm: the built-in product starts at once."""
    code = (
        "import sys; import simcustomer.cast.customer, simcustomer.cast.judge, simcustomer.cast.coach, "
        "simcustomer.cast.appraiser; from simcustomer.llm.litellm_model import LiteLLMModel; "
        "LiteLLMModel('openai/x'); sys.exit('litellm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_messages_reach_the_provider_unchanged(model: LiteLLMModel, provider: FakeProvider) -> None:
    """Mark-up, right-to-left characters and quotes in a message arrive byte for byte."""
    odd = 'a "quoted" <b>line</b> {{ 7*7 }} \u202eabc\u202c ñ é 🙂'
    await model.complete([Message("system", "s"), Message("user", odd)], schema=Line, purpose="customer")
    assert provider.requests[0]["messages"][1]["content"] == odd
