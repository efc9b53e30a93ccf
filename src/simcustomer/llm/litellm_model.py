"""Any model that litellm knows: structured answers, the repair round, costs, and one mapping of its errors to ours.

The only file that imports litellm, and only when the first request is made: the import takes seconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, NamedTuple

from pydantic import BaseModel, ConfigDict
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from simcustomer.errors import ModelError, ModelOutputInvalid, ModelRefused, ModelUnavailable
from simcustomer.llm.answer import UnusableAnswer, read_answer
from simcustomer.llm.dialect import Dialect
from simcustomer.llm.failures import Failures, short
from simcustomer.llm.ledger import note
from simcustomer.llm.model import Message, Prose, T, Usage
from simcustomer.llm.retry import is_worth_waiting, wait_s
from simcustomer.llm.wire import ledger_entry, refusal_in, usage_of, wire

OUTPUT_TOKENS = 4096
"""Ceiling on one answer, tokens: several times the longest line or appraisal; a runaway answer ends here."""
LONG_OUTPUT_TOKENS = 12288
"""The same for the acts whose answers grow with the rubric: about 50 items with a quote and a reason each."""
LONG_ACTS = frozenset({"judge", "coach"})
LONG_PATIENCE = 3
"""Multiple of the timeout that they have: 4,000 tokens take 80 s from a model that writes 50 a second."""
TRUNCATED_FACTOR = 4
"""A truncated answer is asked for again with this multiple: models that reason spend most of the ceiling unseen."""

TIMEOUTS_A_CALL = 2
"""No retry begins once a call has taken this multiple of one request's timeout: a hang is tried twice, not ten times."""

ECHO_CHARS = 4000
"""How much of a useless answer is shown to the model that shall mend it, characters."""


class LiteLLMModel:
    """One model by its litellm name, as a ``ChatModel``.

    ``timeout_s`` is the longest wait for one request in seconds (``LONG_ACTS`` wait longer), ``attempts`` the most
    requests for one answer (a repair is a second answer), ``sleep`` what waits between them. ``slots`` bounds how many
    requests are under way at once, across all models that share it: a request waits for its slot before its clock
    starts, and holds it only while it is under way.
    """

    def __init__(
        self,
        model: str,
        api_base: str | None = None,
        timeout_s: float = 60.0,
        attempts: int = 4,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        slots: asyncio.Semaphore | None = None,
    ) -> None:
        self.name = model
        self.api_base = api_base
        self.timeout_s = timeout_s
        self.attempts = attempts
        self.sleep = sleep
        self.slots = slots
        self.dialect = Dialect()

    async def complete(self, messages: Sequence[Message], *, schema: type[T], purpose: str) -> T:
        """The answer in ``schema``, mended once if need be.

        Raises ``ModelUnavailable``, ``ModelRefused`` or ``ModelOutputInvalid``; each carries the number of requests.
        """
        await asyncio.to_thread(_litellm)
        is_long = purpose in LONG_ACTS
        call = _Call(
            model=self,
            schema=schema,
            purpose=purpose,
            ceiling=LONG_OUTPUT_TOKENS if is_long else OUTPUT_TOKENS,
            timeout_s=self.timeout_s * (LONG_PATIENCE if is_long else 1),
        )
        try:
            return await call.answer(messages)
        except ModelError as error:
            error.model, error.purpose, error.attempts = self.name, purpose, call.requests
            raise

    async def ping(self) -> float:
        """Ask for one word, once; the seconds it took. Raises ``ModelError`` when the model does not answer."""
        once = LiteLLMModel(self.name, self.api_base, self.timeout_s, attempts=1)
        await asyncio.to_thread(_litellm)
        started = time.monotonic()
        await once.complete([Message("user", _PING)], schema=_Pong, purpose="ping")
        return time.monotonic() - started


_PING = 'Are you there? Answer with the JSON object {"here": true}.'


class _Pong(BaseModel):
    model_config = ConfigDict(extra="forbid")

    here: bool


class Price(NamedTuple):
    """What a model costs, US dollars a token."""

    input_usd: float
    output_usd: float


def price_of(model: str) -> Price | None:
    """The price of a model by its litellm name, from the list that litellm ships; None where nobody knows. Imports litellm."""
    known = _info(model)
    if known.get("input_cost_per_token") is None or known.get("output_cost_per_token") is None:
        return None
    return Price(float(known["input_cost_per_token"]), float(known["output_cost_per_token"]))


async def close_clients() -> None:
    """Close the connections that litellm holds, if it was ever used. For the end of a program."""
    if litellm := sys.modules.get("litellm"):
        await litellm.close_litellm_async_clients()


# --- one answer: requests, retries, the repair ---------------------------------------------------------------------


class _Truncated(UnusableAnswer):
    """The answer was cut off at the ceiling."""


@dataclass
class _Call(Generic[T]):
    """One answer that was asked for, however many requests it takes.

    ``said`` is the text of the latest one, ``waited_s`` how long requests queued for their
    slots since the question was put, seconds.
    """

    model: LiteLLMModel
    schema: type[T]
    purpose: str
    ceiling: int
    timeout_s: float
    requests: int = 0
    said: str = ""
    waited_s: float = 0.0

    async def answer(self, messages: Sequence[Message]) -> T:
        try:
            return await self._supported(messages)
        except UnusableAnswer as error:
            if isinstance(error, _Truncated):
                self.ceiling *= TRUNCATED_FACTOR
            # Who writes prose talks to a customer and would take a complaint for theirs: it is asked the same again.
            if self.schema is not Prose:
                echo = Message("assistant", self.said[:ECHO_CHARS].strip() or "(no answer)")
                messages = [*messages, echo, Message("user", _REPAIR.format(problem=error))]
        try:
            return await self._supported(messages)
        except UnusableAnswer as error:
            raise ModelOutputInvalid(
                f"{self.model.name}: no usable answer, also after one repair: {error}"
            ) from error

    async def _supported(self, messages: Sequence[Message]) -> T:
        """Ask with what the provider takes: what it refuses by name is left out, and the question put again."""
        while True:
            asked_in = self.model.dialect.known
            try:
                return await self._retrying()(self._request, messages)
            except ModelUnavailable as error:
                if not failures().is_bad_request(error):
                    raise
                learnt_meanwhile = asked_in != self.model.dialect.known
                if not learnt_meanwhile and not self.model.dialect.do_without(str(error.__cause__)):
                    raise

    def _retrying(self) -> AsyncRetrying:
        """The only retrier: litellm and its clients are told to do none."""
        model, self.waited_s = self.model, 0.0
        return AsyncRetrying(
            stop=self._is_given_up,
            wait=_wait,
            retry=retry_if_exception(_may_pass),
            sleep=model.sleep,
            reraise=True,
        )

    def _is_given_up(self, state: RetryCallState) -> bool:
        """True after the last attempt, and when the call has taken too long; queueing for slots does not count."""
        took_s = (state.seconds_since_start or 0.0) - self.waited_s
        return state.attempt_number >= self.model.attempts or took_s >= TIMEOUTS_A_CALL * self.timeout_s

    async def _request(self, messages: Sequence[Message]) -> T:
        """One request, once there is a slot for it."""
        slot: AbstractAsyncContextManager[None] = self.model.slots or nullcontext()
        queued = time.monotonic()
        async with slot:
            self.waited_s += time.monotonic() - queued
            return await self._noted_request(messages)

    async def _noted_request(self, messages: Sequence[Message]) -> T:
        """One request, noted in the ledger whatever becomes of it."""
        self.requests += 1
        started, usage, error = time.monotonic(), Usage(), "cancelled"
        try:
            response = await self._send(messages)
            usage = usage_of(response)
            value = self._read(response)
            error = ""
            return value
        except (UnusableAnswer, ModelRefused) as unusable:
            error = short(unusable)
            raise
        except Exception as foreign:
            error = type(foreign).__name__
            if (failure := failures().of(foreign, self.model.name)) is None:
                raise
            raise failure from foreign
        finally:
            seconds = time.monotonic() - started
            note(ledger_entry(self.purpose, self.model.name, seconds, usage, error))

    async def _send(self, messages: Sequence[Message]) -> Any:
        name, dialect = self.model.name, self.model.dialect
        ceiling = min(self.ceiling, _most_output_tokens(name))
        async with asyncio.timeout(self.timeout_s):
            return await _litellm().acompletion(
                model=name,
                messages=wire(dialect.messages(messages, self.schema), _takes_cache_marks(name)),
                timeout=self.timeout_s,
                max_retries=0,
                num_retries=0,
                drop_params=True,
                **dialect.options(self.schema, self.purpose, ceiling),
                **self._address(),
            )

    def _address(self) -> dict[str, str]:
        """Where the model is, if not at its provider's own address."""
        if not self.model.api_base:
            return {}
        if self.model.name.startswith("openai/") and not os.environ.get("OPENAI_API_KEY"):
            # A local server wants no key, but the client insists on one.
            return {"api_base": self.model.api_base, "api_key": "none"}
        return {"api_base": self.model.api_base}

    def _read(self, response: Any) -> T:
        choice = response.choices[0]
        self.said = choice.message.content or ""
        if refusal := refusal_in(choice):
            raise ModelRefused(f"{self.model.name} refused to answer: {short(refusal)}")
        if choice.finish_reason == "length":
            raise _Truncated("the answer was cut off before its end; keep it shorter")
        return read_answer(self.said, self.schema)


_REPAIR = (
    "That answer cannot be used: {problem}. Answer the same task again, whole. "
    "Write one JSON object in the given schema and nothing around it."
)


# --- the foreign side ------------------------------------------------------------------------------------------------


@cache
def _litellm() -> Any:
    """litellm, imported once: no price list from the network, no .env file, no telemetry, prints or prompts in errors."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    logging.getLogger("LiteLLM").setLevel(logging.ERROR)
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    litellm.redact_messages_in_exceptions = True
    litellm.callbacks = []
    return litellm


@cache
def failures() -> Failures:
    """What litellm's errors mean."""
    return Failures(_litellm().exceptions)


def _may_pass(error: BaseException) -> bool:
    """True when the next request may fare better, and soon enough."""
    return (
        isinstance(error, ModelUnavailable)
        and is_worth_waiting(error.retry_after_s)
        and failures().is_passing(error)
    )


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return wait_s(state.attempt_number, error.retry_after_s if isinstance(error, ModelUnavailable) else None)


@cache
def _most_output_tokens(model: str) -> int:
    """The longest answer that this model gives, tokens; the ceiling itself where it is not known."""
    return int(_info(model).get("max_output_tokens") or TRUNCATED_FACTOR * LONG_OUTPUT_TOKENS)


def _info(model: str) -> Mapping[str, Any]:
    """What litellm's own list says of a model; nothing for one that is not in it."""
    try:
        known: Mapping[str, Any] = _litellm().get_model_info(model)
    except Exception:  # noqa: BLE001 - litellm raises a bare Exception for a model that is not in its list
        return {}
    return known


@cache
def _takes_cache_marks(model: str) -> bool:
    """True for models whose provider reuses a prompt's beginning only where it is marked."""
    return "claude" in model and bool(_litellm().utils.supports_prompt_caching(model))
