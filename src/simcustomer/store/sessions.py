"""What every part of the store does to rows: lock, find, insert what is missing; ids and the clock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from simcustomer.errors import NotFound
from simcustomer.store.tables import (
    BranchRow,
    FrozenRow,
    ItemAnswerRow,
    Table,
    TurnRow,
    VerdictRow,
)

Part = TypeVar("Part", BranchRow, TurnRow, FrozenRow, VerdictRow, ItemAnswerRow)
"""The rows that a conversation consists of."""


def new_id() -> str:
    """An id that nobody can guess: 122 random bits, in hexadecimal."""
    return uuid.uuid4().hex


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def part_of(conversation_id: str, table: type[Part]) -> Select[Part]:
    """The rows of one table that belong to a conversation."""
    return select(table).where(col(table.conversation_id) == conversation_id)


async def locked_branch(session: AsyncSession, conversation_id: str, number: int) -> BranchRow:
    """A branch that nobody else changes until the session ends. Raises ``NotFound``.

    PostgreSQL locks the row; on SQLite the session already holds the one write lock.
    """
    row = await session.get(BranchRow, (conversation_id, number), with_for_update=True)
    if row is None:
        raise NotFound(f"no branch {number} of a conversation {conversation_id!r}")
    return row


async def insert_missing(session: AsyncSession, rows: Sequence[Table]) -> None:
    """Insert the rows, of one table, whose key is not there yet, also when another process inserts them just now."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    if rows:
        values = [row.model_dump() for row in rows]
        await session.execute(insert(type(rows[0])).values(values).on_conflict_do_nothing())
