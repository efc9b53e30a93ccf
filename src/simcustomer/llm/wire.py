"""The shapes that litellm takes and gives: messages on the way out; refusals, tokens and costs on the way in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simcustomer.llm.ledger import ModelCall
from simcustomer.llm.model import Message, Usage


def wire(messages: Sequence[Message], cache_marks: bool) -> list[dict[str, Any]]:
    """The messages as litellm takes them.

    ``cache_marks``: the provider reuses a prompt only up to a mark. It is set at the last message but one, because
    the last one ends in what changes.
    """
    wired: list[dict[str, Any]] = [{"role": message.role, "content": message.text} for message in messages]
    if cache_marks and len(wired) > 1:
        mark = {"type": "ephemeral"}
        wired[-2]["content"] = [{"type": "text", "text": messages[-2].text, "cache_control": mark}]
    return wired


def refusal_in(choice: Any) -> str:
    """Why the provider or the model refused, in its own words; empty when it did not."""
    fields = getattr(choice.message, "provider_specific_fields", None) or {}
    said = getattr(choice.message, "refusal", None) or fields.get("refusal")
    return str(said or ("content filter" if choice.finish_reason == "content_filter" else ""))


def usage_of(response: Any) -> Usage:
    """What the request used; None for what the provider did not say (litellm then gives 0 tokens in all)."""
    used = getattr(response, "usage", None)
    if not getattr(used, "total_tokens", 0):
        used = None
    hidden = getattr(response, "_hidden_params", None) or {}
    return Usage(
        input_tokens=getattr(used, "prompt_tokens", None),
        output_tokens=getattr(used, "completion_tokens", None),
        cost_usd=hidden.get("response_cost") if used else None,
    )


def ledger_entry(purpose: str, model: str, seconds: float, usage: Usage, error: str) -> ModelCall:
    """One request for the ledger; ``error`` is empty when it went well."""
    return ModelCall(
        purpose=purpose,
        model=model,
        ok=not error,
        seconds=seconds,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=usage.cost_usd,
        error=error,
    )
