"""Slots: a request holds one while it is under way, and at no other time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from simcustomer.errors import ModelUnavailable
from simcustomer.evals.seats import Slots, provider_of
from simcustomer.evals.suite import Concurrency
from simcustomer.llm.ledger import recording
from simcustomer.llm.litellm_model import LiteLLMModel
from tests.evals.providers import CountingProvider
from tests.llm.conftest import ASK, Line


@pytest.fixture(scope="module")
def warm() -> None:
    """litellm loaded and used once: its first call takes seconds, which no test of a timeout should pay."""
    with CountingProvider() as running:
        asyncio.run(LiteLLMModel("hosted_vllm/fake", running.api_base).ping())


@pytest.fixture
def provider(warm: None) -> Iterator[CountingProvider]:
    with CountingProvider() as running:
        yield running


async def asked(model: LiteLLMModel) -> str:
    return (await model.complete(ASK, schema=Line, purpose="customer")).line


async def test_a_retry_holds_no_slot(provider: CountingProvider) -> None:
    """While one call waits before its next request, another gets the only slot and is answered."""
    slots = asyncio.Semaphore(1)
    other = LiteLLMModel("hosted_vllm/fake", provider.api_base, slots=slots)
    meanwhile: list[str] = []

    async def ask_meanwhile(_: float) -> None:
        meanwhile.append(await asyncio.wait_for(asked(other), timeout=20.0))

    waiting = LiteLLMModel("hosted_vllm/fake", provider.api_base, sleep=ask_meanwhile, slots=slots)
    provider.will("rate_limited", "customer", retry_after="1")
    assert await asked(waiting)
    assert len(meanwhile) == 1
    assert provider.counts["customer"] == 3
    assert provider.most_under_way == 1


async def test_never_more_under_way_than_slots(provider: CountingProvider) -> None:
    """Ten calls at once through three slots: the provider sees three at a time, and all are answered."""
    slots = asyncio.Semaphore(3)
    model = LiteLLMModel("hosted_vllm/fake", provider.api_base, slots=slots)
    provider.hold_until(3)
    lines = await asyncio.gather(*(asked(model) for _ in range(10)))
    assert len(lines) == 10
    assert provider.most_under_way == 3


async def test_a_failed_request_gives_its_slot_back(provider: CountingProvider) -> None:
    """After a call that failed for good the slot is free."""
    slots = asyncio.Semaphore(1)
    model = LiteLLMModel("hosted_vllm/fake", provider.api_base, slots=slots)
    provider.will("wrong_key", "customer")
    with pytest.raises(ModelUnavailable):
        await asked(model)
    assert not slots.locked()


async def test_queueing_for_a_slot_is_no_part_of_a_request(provider: CountingProvider) -> None:
    """A call that queues for longer than all its time is answered, retry included; its seconds are those of requests."""
    timeout_s, queued_s = 2.0, 4.2
    slots = asyncio.Semaphore(1)

    async def no_sleep(_: float) -> None:
        return None

    model = LiteLLMModel("hosted_vllm/fake", provider.api_base, timeout_s, sleep=no_sleep, slots=slots)
    provider.will("server_error", "customer")
    await slots.acquire()
    asyncio.get_running_loop().call_later(queued_s, slots.release)
    with recording() as calls:
        assert await asked(model)
    assert [call.ok for call in calls] == [False, True]
    assert sum(call.seconds for call in calls) < queued_s


def test_every_provider_has_slots_of_its_own() -> None:
    """What stands before the first slash is the provider; an endpoint is one by its host."""
    slots = Slots(Concurrency(requests=4, providers={"openai": 2, "bot.test:8000": 1}))
    assert slots.of(provider_of("openai/gpt-4o", None)) is slots.of(provider_of("openai/other", None))
    assert slots.of("openai") is not slots.of("anthropic")
    assert [slots.size(name) for name in ("openai", "anthropic", "gpt-4o")] == [2, 4, 4]
    assert slots.size(provider_of("openai/bot", "http://bot.test:8000/v1")) == 1
    assert slots.size(provider_of("gpt-4o", None)) == 4
