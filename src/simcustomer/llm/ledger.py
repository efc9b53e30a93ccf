"""What model calls cost: every call made inside ``recording()`` is noted, also those that failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class ModelCall:
    """One request to a provider. Tokens and cost (US dollars) are None where the provider did not say: None is not 0."""

    purpose: str
    model: str
    ok: bool
    seconds: float
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    error: str = ""


_calls: ContextVar[list[ModelCall] | None] = ContextVar("simcustomer_model_calls", default=None)


@contextmanager
def recording() -> Iterator[list[ModelCall]]:
    """Collect the calls made in this block (and in tasks started from it)."""
    calls: list[ModelCall] = []
    token = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(token)


def note(call: ModelCall) -> None:
    """Note a call, if somebody records."""
    calls = _calls.get()
    if calls is not None:
        calls.append(call)
