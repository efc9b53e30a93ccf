"""What goes wrong at a provider, in our own errors. The one place that maps litellm's exceptions.

litellm itself is not imported here: its module of exceptions is handed in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from simcustomer.errors import ModelError, ModelOutputInvalid, ModelRefused, ModelUnavailable
from simcustomer.llm.retry import retry_after_s

DETAIL_CHARS = 300
"""How much of a provider's own words goes into an error message, characters."""


class Kind(NamedTuple):
    """What a foreign error means here: our class, whether it may pass by itself, and in words."""

    ours: type[ModelError]
    passing: bool
    words: str


class Failures:
    """Maps foreign errors to ours. ``exceptions`` is litellm's module of exceptions."""

    def __init__(self, exceptions: Any) -> None:
        self._kinds = _kinds(exceptions)
        self._bad_requests = (exceptions.BadRequestError, exceptions.UnprocessableEntityError)

    def of(self, error: Exception, model: str) -> ModelError | None:
        """The error of ours to raise from ``error``; None when it is none that a provider or litellm means."""
        if (kind := self._kind(error)) is None:
            return None
        failure = kind.ours(f"{model}: {kind.words} ({_detail(error)})", model=model)
        if isinstance(failure, ModelUnavailable):
            failure.retry_after_s = retry_after_s(_headers(error))
        return failure

    def is_passing(self, failure: BaseException) -> bool:
        """True when what caused ``failure`` may have gone with the next request."""
        kind = self._kind(failure.__cause__)
        return kind is not None and kind.passing

    def is_bad_request(self, failure: BaseException) -> bool:
        """True when the provider found fault with the request itself."""
        return isinstance(failure.__cause__, self._bad_requests)

    def _kind(self, error: BaseException | None) -> Kind | None:
        return next((kind for foreign, kind in self._kinds if isinstance(error, foreign)), None)


def short(words: object) -> str:
    """The beginning of foreign words, on one line."""
    line = " ".join(str(words).split())
    return line if len(line) <= DETAIL_CHARS else line[: DETAIL_CHARS - 1] + "…"


def _detail(error: Exception) -> str:
    """The provider's own words, without the class names, the JSON and the objects that libraries put around them."""
    words = re.sub(r"\A(?:(?:litellm\.)?\w*(?:Error|Exception|Timeout)(?:: | - ))+", "", str(error))
    words = re.sub(r" ssl:(?:<[^>]*>|\w+)", "", words)
    if said := re.search(r'"message": ?("(?:[^"\\]|\\.)*")', words):
        words = json.loads(said.group(1), strict=False)
    return short(words) or type(error).__name__


def _headers(error: BaseException) -> Mapping[str, str]:
    own = getattr(error, "litellm_response_headers", None)
    return own or getattr(getattr(error, "response", None), "headers", None) or {}


def _kinds(e: Any) -> tuple[tuple[type[BaseException], Kind], ...]:
    """Foreign error classes, the special before the general.

    A wrong key or an unknown model is unavailable rather than a wrong setting: what waits for it (a scorecard) goes on
    when the operator has put it right.
    """
    refused = Kind(ModelRefused, False, "the request was refused")
    late = Kind(ModelUnavailable, True, "no answer in time")
    unpaid = Kind(ModelUnavailable, False, "the provider's account has no budget left")
    unknown = Kind(ModelUnavailable, False, "there is no such model")
    wrong_key = Kind(ModelUnavailable, False, "the provider does not accept the key")
    too_long = Kind(ModelUnavailable, False, "the conversation is too long for this model")
    not_taken = Kind(ModelUnavailable, False, "the provider does not take the request")
    no_package = Kind(ModelUnavailable, False, "a package that this provider needs is missing")
    trouble = Kind(ModelUnavailable, True, "the provider has trouble")
    table: list[tuple[Kind, list[type[BaseException]]]] = [
        (late, [TimeoutError, e.Timeout]),
        (Kind(ModelUnavailable, True, "too many requests"), [e.RateLimitError]),
        (refused, [e.ContentPolicyViolationError, e.RejectedRequestError, e.GuardrailRaisedException]),
        (refused, [e.BlockedPiiEntityError, e.ModifyResponseException, e.SensitiveDataRouteException]),
        (too_long, [e.ContextWindowExceededError]),
        (unpaid, [e.PaymentRequiredError, e.BudgetExceededError]),
        (unknown, [e.LiteLLMUnknownProvider, e.NotFoundError, e.ModelNotMappedError]),
        (wrong_key, [e.AuthenticationError, e.PermissionDeniedError]),
        (not_taken, [e.BadRequestError, e.InvalidRequestError, e.UnprocessableEntityError]),
        (Kind(ModelOutputInvalid, False, "the response cannot be read"), [e.APIResponseValidationError]),
        (Kind(ModelUnavailable, True, "no connection"), [e.APIConnectionError]),
        (
            trouble,
            [e.InternalServerError, e.ServiceUnavailableError, e.BadGatewayError, e.openai.OpenAIError],
        ),
        (no_package, [ImportError]),
    ]
    return tuple((foreign, kind) for kind, classes in table for foreign in classes)
