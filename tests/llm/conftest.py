"""The fake provider, and a model that talks to it over HTTP and notes its waits instead of waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

import pytest
from pydantic import BaseModel, ConfigDict

from simcustomer.llm.litellm_model import LiteLLMModel
from simcustomer.llm.model import Message
from tests.fake_provider import FakeProvider


class Line(BaseModel):
    """What the tests ask for: the schema of a customer's line."""

    model_config = ConfigDict(extra="forbid")

    line: str


ASK = [Message("system", "You are the customer."), Message("user", "Stage direction: The chat goes on.")]


class MakeModel(Protocol):
    def __call__(
        self, name: str = ..., api_base: str | None = ..., timeout_s: float = ..., attempts: int = ...
    ) -> LiteLLMModel: ...


@pytest.fixture(scope="session")
def warm() -> None:
    """litellm loaded and used once: its first call takes seconds, which no test of a timeout should pay."""
    with FakeProvider() as running:
        asyncio.run(LiteLLMModel("hosted_vllm/fake", running.api_base).ping())


@pytest.fixture
def provider(warm: None) -> Iterator[FakeProvider]:
    with FakeProvider() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """The waits between requests, seconds, as they were asked for."""
    return []


@pytest.fixture
def make_model(provider: FakeProvider, waits: list[float]) -> MakeModel:
    async def no_sleep(seconds: float) -> None:
        waits.append(seconds)

    def make(
        name: str = "hosted_vllm/fake",
        api_base: str | None = None,
        timeout_s: float = 20.0,
        attempts: int = 3,
    ) -> LiteLLMModel:
        return LiteLLMModel(name, api_base or provider.api_base, timeout_s, attempts, sleep=no_sleep)

    return make


@pytest.fixture
def model(make_model: MakeModel) -> LiteLLMModel:
    return make_model()
