"""Every error that litellm can raise has its meaning here."""

from __future__ import annotations

import inspect
from typing import Any

import litellm
import pytest

from simcustomer.errors import ModelError, ModelOutputInvalid, ModelRefused, ModelUnavailable
from simcustomer.llm.failures import DETAIL_CHARS, Failures, short

FAILURES = Failures(litellm.exceptions)

OPENAI_ERROR = litellm.exceptions.openai.OpenAIError


def classes_in(module: Any, base: type[Exception]) -> set[type[Exception]]:
    """The exception classes in a module that derive from ``base``."""
    classes = [value for value in list(vars(module).values()) if inspect.isclass(value)]
    return {error for error in classes if issubclass(error, base) and error.__module__ != "builtins"}


FOREIGN = sorted(
    classes_in(litellm.exceptions, Exception)
    | classes_in(litellm.exceptions.openai, OPENAI_ERROR)
    | set(litellm.LITELLM_EXCEPTION_TYPES),
    key=lambda error: f"{error.__module__}.{error.__name__}",
)


def instance(error: type[Exception]) -> Exception:
    """An instance without its constructor: only its class counts here, and each wants other arguments."""
    made = error.__new__(error)
    made.args = ("it said no",)
    vars(made).update(message="it said no", num_retries=None, max_retries=None, original_exception=None)
    return made


@pytest.mark.parametrize("error", FOREIGN, ids=lambda error: f"{error.__module__}.{error.__name__}")
def test_no_foreign_error_is_unmapped(error: type[Exception]) -> None:
    """A class that a new litellm brings along fails here until somebody says what it means."""
    assert isinstance(FAILURES.of(instance(error), "m"), ModelError)


def test_the_walk_sees_the_classes() -> None:
    """The walk above is not over an empty list."""
    assert {"RateLimitError", "BudgetExceededError", "APITimeoutError"} <= {
        error.__name__ for error in FOREIGN
    }


@pytest.mark.parametrize(
    ("name", "ours", "passing"),
    [
        ("RateLimitError", ModelUnavailable, True),
        ("Timeout", ModelUnavailable, True),
        ("InternalServerError", ModelUnavailable, True),
        ("ServiceUnavailableError", ModelUnavailable, True),
        ("APIConnectionError", ModelUnavailable, True),
        ("AuthenticationError", ModelUnavailable, False),
        ("NotFoundError", ModelUnavailable, False),
        ("BadRequestError", ModelUnavailable, False),
        ("ContextWindowExceededError", ModelUnavailable, False),
        ("BudgetExceededError", ModelUnavailable, False),
        ("ContentPolicyViolationError", ModelRefused, False),
        ("JSONSchemaValidationError", ModelOutputInvalid, False),
    ],
)
def test_what_a_foreign_error_means(name: str, ours: type[ModelError], passing: bool) -> None:
    """What passes by itself is tried again; a wrong key, an unknown model or a refusal is not."""
    foreign = instance(getattr(litellm.exceptions, name))
    failure = FAILURES.of(foreign, "m")
    assert type(failure) is ours
    failure.__cause__ = foreign
    assert FAILURES.is_passing(failure) is passing


def test_a_bug_is_not_a_failure_of_the_model() -> None:
    """An error that neither litellm nor a provider means is left as it is."""
    assert FAILURES.of(ZeroDivisionError("division by zero"), "m") is None


def test_foreign_words_are_cut_to_one_short_line() -> None:
    """A provider's page of HTML does not become our message."""
    assert len(short("word\n" * 1000)) == DETAIL_CHARS
    assert "\n" not in short("a\nb")
