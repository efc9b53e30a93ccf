"""Alembic's environment. The connection, and the transaction it is in, come from ``store/database.py``."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from simcustomer.store.tables import Table


def plain_type(kind: str, column_type: Any, _context: object) -> str | Literal[False]:
    """Write SQLAlchemy's own type, not one of ours: what a migration did must not change with today's code."""
    return f"sa.{column_type.impl!r}" if kind == "type" and isinstance(column_type, TypeDecorator) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    # SQLite changes a column only by writing the table anew.
    render_as_batch=True,
    render_item=plain_type,
)
context.run_migrations()
