"""Migrations: they make the tables that the code has, once, whoever comes first."""

from __future__ import annotations

import asyncio
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, select, text

from simcustomer.errors import ConfigError
from simcustomer.store.store import Store
from simcustomer.store.tables import PersonRow, Table

OPEN = "import asyncio, sys; from simcustomer.store.store import Store; asyncio.run(Store.open(sys.argv[1]))"


def differences(connection: Connection) -> list[object]:
    """What autogenerate would write."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Table.metadata))


async def test_migrations_and_tables_agree(store: Store) -> None:
    """After all migrations there is nothing left that autogenerate would change."""
    async with store.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_processes_that_start_at_once_do_not_collide(url: str) -> None:
    """Four processes open an empty database at the same time: all succeed, and there is one local person."""
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", OPEN, url) for _ in range(4)]
    assert [await process.wait() for process in processes] == [0, 0, 0, 0]
    store = await Store.open(url)
    async with store.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(PersonRow)) == 1
    await store.close()


async def test_a_database_of_a_newer_release_is_refused(store: Store, url: str) -> None:
    """A revision that this release does not know is a configuration error that says so, and stays as it is."""
    async with store.database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"newer simcustomer.*9999"):
        await Store.open(url)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("mysql://root@host/x", "'mysql' is not supported; allowed: sqlite"),
        ("nonsense", "cannot be read as a URL; allowed: sqlite"),
        ("sqlite+aiosqlite://", "names no database; allowed: sqlite"),
    ],
)
async def test_a_wrong_url_says_what_is_allowed(wrong: str, message: str) -> None:
    """A database URL that cannot be used is a configuration error that names the setting and what is allowed."""
    with pytest.raises(ConfigError, match=f"SIMCUSTOMER_DATABASE_URL: .*{message}"):
        await Store.open(wrong)
