"""Every error that simcustomer raises on purpose.

    SimCustomerError
      ConfigError            settings or a content file is wrong; says file, line, field and what is allowed
      InvalidReply           a trainee reply that cannot be taken (empty, too long)
      NotFound               no such persona, conversation, branch or turn
      ConversationOver       the conversation has ended; no further reply is taken
      TurnConflict           another reply is being answered, or was kept first
      Forbidden              this person may not see or do that
      BudgetExceeded         the money or token limit is used up
      StoreUnavailable       the database is locked, full or out of reach; nothing was kept
      ModelError             a model call failed; carries model, purpose and attempts
        ModelUnavailable     timeout, rate limit or server error, after the retries
        ModelRefused         content filter or refusal
        ModelOutputInvalid   the output did not fit the schema after one repair

The web edge maps each class to one HTTP status in one table; the terminal prints ``error: ...`` and exits 2.
"""

from __future__ import annotations


class SimCustomerError(Exception):
    """Base of all errors that simcustomer raises on purpose."""


class ConfigError(SimCustomerError):
    """Settings or a content file is wrong. The message says where and what is allowed."""


class InvalidReply(SimCustomerError):
    """A trainee reply that cannot be taken: empty or too long."""


class NotFound(SimCustomerError):
    """No such persona, conversation, branch or turn."""


class ConversationOver(SimCustomerError):
    """The conversation has ended; no further reply is taken."""


class TurnConflict(SimCustomerError):
    """Another reply is being answered, or another reply was kept first."""


class Forbidden(SimCustomerError):
    """This person may not see or do that."""


class BudgetExceeded(SimCustomerError):
    """The money or token limit is used up."""


class StoreUnavailable(SimCustomerError):
    """The database is locked, full or out of reach. What was being kept was not kept, not even in part."""


class ModelError(SimCustomerError):
    """A model call failed.

    ``model`` is the litellm model name, ``purpose`` the act (appraise, customer, judge, coach),
    ``attempts`` how many requests were made.
    """

    def __init__(self, message: str, *, model: str = "", purpose: str = "", attempts: int = 0) -> None:
        super().__init__(message)
        self.model = model
        self.purpose = purpose
        self.attempts = attempts


class ModelUnavailable(ModelError):
    """Timeout, rate limit or server error after all retries. ``retry_after_s`` is the provider's wish, if any."""

    def __init__(
        self,
        message: str,
        *,
        model: str = "",
        purpose: str = "",
        attempts: int = 0,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, model=model, purpose=purpose, attempts=attempts)
        self.retry_after_s = retry_after_s


class ModelRefused(ModelError):
    """The provider's content filter or the model itself refused."""


class ModelOutputInvalid(ModelError):
    """The output did not fit the schema, and the one repair did not mend it."""
