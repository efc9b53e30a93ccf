"""The tables. Rows only: what they mean is in ``domain``, how they are read and kept is in ``store.py``.

Keys say what a row belongs to: a turn is (conversation, branch, index), so that two different replies can never be
kept in one place. Whatever is a list or a mapping of values is one JSON column.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKeyConstraint, MetaData, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""How constraints are named: a migration can only change what has a name."""


class Utc(TypeDecorator[datetime]):
    """A time with its zone, in UTC. SQLite forgets zones, so they are put back when a row is read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse a time without a zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be kept")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text as people and models wrote it. What no database can hold (NUL, half a surrogate pair) becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace only what cannot be kept."""
        if value is None:
            return None
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Table(SQLModel):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMES)


class PersonRow(Table, table=True):
    """Who practises. One local person until people can sign in."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = Field(sa_type=Utc)


class ContentRow(Table, table=True):
    """A persona, rubric or prompt as it once was, kept once whoever uses it. ``hash`` is SHA-256 of the body."""

    __tablename__ = "content"

    hash: str = Field(primary_key=True)
    body: str = Field(sa_type=Words)


class ConversationRow(Table, table=True):
    """One trainee with one persona. Persona id, title and language stand here for lists; the persona is content."""

    __tablename__ = "conversation"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    mode: str
    difficulty: int
    persona: str
    language: str
    title: str = Field(sa_type=Words)
    opening: str = Field(sa_type=Words)
    players: dict[str, str] = Field(sa_type=JSON)
    started_at: datetime = Field(sa_type=Utc, index=True)


class FrozenRow(Table, table=True):
    """Which content a conversation started with."""

    __tablename__ = "conversation_content"

    conversation_id: str = Field(primary_key=True, foreign_key="conversation.id")
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    hash: str = Field(foreign_key="content.hash", index=True)


class BranchRow(Table, table=True):
    """One way through a conversation. It has its parent's turns before ``from_turn``, and then its own."""

    __tablename__ = "branch"
    __table_args__ = (
        ForeignKeyConstraint(["conversation_id", "parent"], ["branch.conversation_id", "branch.number"]),
    )

    conversation_id: str = Field(primary_key=True, foreign_key="conversation.id")
    number: int = Field(primary_key=True)
    parent: int | None = None
    from_turn: int
    opened_at: datetime = Field(sa_type=Utc)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    outcome: str | None = None
    csat: int | None = None
    survey: str | None = Field(default=None, sa_type=Words)
    hints_used: int = 0


class TurnRow(Table, table=True):
    """One reply and its answer. The same client turn id never yields two turns of a conversation."""

    __tablename__ = "turn"
    __table_args__ = (
        ForeignKeyConstraint(["conversation_id", "branch"], ["branch.conversation_id", "branch.number"]),
        UniqueConstraint("conversation_id", "client_turn_id"),
    )

    conversation_id: str = Field(primary_key=True)
    branch: int = Field(primary_key=True)
    index: int = Field(primary_key=True)
    client_turn_id: str = Field(sa_type=Words)
    trainee: str = Field(sa_type=Words)
    customer: str = Field(sa_type=Words)
    appraisal: dict[str, Any] = Field(sa_type=JSON)
    effects: list[dict[str, Any]] = Field(sa_type=JSON)
    affect: dict[str, Any] = Field(sa_type=JSON)
    outcome: str | None = None
    spoken_by: str
    discarded: list[str] = Field(sa_type=JSON)
    kept_at: datetime = Field(sa_type=Utc)


class ScorecardRow(Table, table=True):
    """The scorecard of a branch that has ended: pending, waiting (with the cause) or ready.

    ``asked`` counts how often scoring was asked for, ``tries`` the failed tries since it was last asked for; waiting
    without a next try means given up. ``body`` is the scorecard without its verdicts, which are rows of their own.
    """

    __tablename__ = "scorecard"
    __table_args__ = (
        ForeignKeyConstraint(["conversation_id", "branch"], ["branch.conversation_id", "branch.number"]),
    )

    conversation_id: str = Field(primary_key=True)
    branch: int = Field(primary_key=True)
    status: str = Field(index=True)
    asked: int = 1
    tries: int = 0
    cause: str = Field(default="", sa_type=Words)
    next_try_at: datetime | None = Field(default=None, sa_type=Utc)
    ended_at: datetime = Field(sa_type=Utc)
    overall: float | None = None
    body: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    scored_at: datetime | None = Field(default=None, sa_type=Utc)


class VerdictRow(Table, table=True):
    """One criterion's level, or None with the reason."""

    __tablename__ = "verdict"
    __table_args__ = (
        ForeignKeyConstraint(
            ["conversation_id", "branch"], ["scorecard.conversation_id", "scorecard.branch"]
        ),
    )

    conversation_id: str = Field(primary_key=True)
    branch: int = Field(primary_key=True)
    criterion: str = Field(primary_key=True)
    position: int
    level: int | None = None
    reason: str = Field(sa_type=Words)
    votes: list[int | None] = Field(sa_type=JSON)
    from_items: int | None = None
    anchored: int | None = None
    flags: list[str] = Field(sa_type=JSON)


class ItemAnswerRow(Table, table=True):
    """One yes/no item of a criterion. ``met`` is None when it did not apply or was not scored; ``reason`` says why."""

    __tablename__ = "item_answer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["conversation_id", "branch", "criterion"],
            ["verdict.conversation_id", "verdict.branch", "verdict.criterion"],
        ),
    )

    conversation_id: str = Field(primary_key=True)
    branch: int = Field(primary_key=True)
    item: str = Field(primary_key=True)
    criterion: str
    position: int
    met: bool | None = None
    answer: str
    reason: str = Field(sa_type=Words)
    evidence: list[dict[str, Any]] = Field(sa_type=JSON)
    votes: list[str] = Field(sa_type=JSON)


class ModelCallRow(Table, table=True):
    """One request to a provider, also a failed one. Tokens and cost (US dollars) are None where they are unknown.

    ``turn`` is the index of the turn that the call was made for, which need not have been kept.
    """

    __tablename__ = "model_call"

    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    branch: int | None = None
    turn: int | None = None
    purpose: str
    model: str
    ok: bool
    seconds: float
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    error: str = Field(default="", sa_type=Words)
    kept_at: datetime = Field(sa_type=Utc)


class WorkerRow(Table, table=True):
    """A process that scores conversations, and when it was last seen."""

    __tablename__ = "worker"

    id: str = Field(primary_key=True)
    host: str
    pid: int
    seen_at: datetime = Field(sa_type=Utc)


class EvalRunRow(Table, table=True):
    """An evaluation run. ``header`` is the run without its results, ``report`` what was worked out when it was kept.

    The counts stand here for lists, which need neither of the two.
    """

    __tablename__ = "eval_run"

    id: str = Field(primary_key=True)
    suite: str
    title: str = Field(sa_type=Words)
    status: str
    started_at: datetime = Field(sa_type=Utc, index=True)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
    planned: int
    failed: int
    kept: int
    header: dict[str, Any] = Field(sa_type=JSON)
    report: dict[str, Any] = Field(sa_type=JSON)


class EvalSampleRow(Table, table=True):
    """One sample of a run as it went. ``position`` counts from 1, in the order of the plan; ``body`` is all of it."""

    __tablename__ = "eval_sample"

    run_id: str = Field(primary_key=True, foreign_key="eval_run.id")
    position: int = Field(primary_key=True)
    sample: str = Field(sa_type=Words)
    persona: str
    language: str
    difficulty: int
    customer: str = Field(sa_type=Words)
    prompts: str = Field(sa_type=Words)
    trainee: str = Field(sa_type=Words)
    variant: int
    epoch: int
    outcome: str | None = None
    end_tension: float | None = None
    failure: str = Field(default="", sa_type=Words)
    body: dict[str, Any] = Field(sa_type=JSON)
