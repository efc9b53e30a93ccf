"""One database: its engine, its short sessions, its migrations, and its errors as ours."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from simcustomer.errors import ConfigError, StoreUnavailable

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
"""What a database URL may begin with, and the driver that is used."""

LOCK_WAIT_S = 30.0
"""How long a write waits for another one, and a statement for its answer: far above any healthy one (milliseconds)."""

CONNECT_TIMEOUT_S = 10.0
"""How long a connection to PostgreSQL may take."""

MIGRATION_LOCK = 0x51AC0570
"""Key of the PostgreSQL advisory lock under which one process at a time migrates; any number of our own."""

_BUGS = (IntegrityError, ProgrammingError, DataError)
"""Database errors that are ours to mend; every other one means that the database could not do its work."""


def parse_url(url: str, setting: str = "SIMCUSTOMER_DATABASE_URL") -> URL:
    """A database URL with the driver that is used; raises ``ConfigError`` that names the setting and what is allowed."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(_not_a_url(setting, "it cannot be read as a URL")) from error
    if parsed.drivername not in DRIVERS:
        raise ConfigError(_not_a_url(setting, f"{parsed.drivername!r} is not supported"))
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError(_not_a_url(setting, "it names no database"))
    return parsed.set(drivername=DRIVERS[parsed.drivername])


def _not_a_url(setting: str, problem: str) -> str:
    allowed = "sqlite+aiosqlite:///file.db or postgresql+asyncpg://user:password@host/name"
    return f"{setting}: {problem}; allowed: {allowed}"


class Database:
    """An engine and two kinds of session. A session is as short as its ``async with`` block: no model is waited for
    in one."""

    def __init__(self, url: str, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.url = parse_url(url)
        self._lock_wait_s = lock_wait_s
        self.engine = make_engine(self.url, lock_wait_s)
        self._readers = async_sessionmaker(self.engine, expire_on_commit=False)
        self._writers = async_sessionmaker(
            self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE"), expire_on_commit=False
        )

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that reads. Raises ``StoreUnavailable``."""
        with unavailable_as_ours(self.url):
            async with self._readers() as session:
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session that writes: all of it is kept, or nothing. Raises ``StoreUnavailable``.

        On SQLite it takes the write lock at once: a reader that turns writer would fail without any waiting.
        """
        with unavailable_as_ours(self.url):
            async with self._writers.begin() as session:
                yield session

    async def migrate(self) -> None:
        """Bring the tables to the newest revision, one process at a time.

        Raises ``ConfigError`` when the folder of a SQLite file does not exist or the database was written by a newer
        release, ``StoreUnavailable``.
        """
        _check_folder(self.url)
        engine = make_engine(self.url, self._lock_wait_s, foreign_keys=False)
        try:
            with unavailable_as_ours(self.url):
                writing = engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
                async with writing.begin() as connection:
                    if connection.dialect.name == "postgresql":
                        await connection.execute(
                            text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK}
                        )
                    await connection.run_sync(upgrade)
        finally:
            await engine.dispose()

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _check_folder(url: URL) -> None:
    """Say plainly what SQLite would call "unable to open database file"."""
    if url.get_backend_name() == "sqlite":
        folder = Path(str(url.database)).absolute().parent
        if not folder.is_dir():
            raise ConfigError(
                f"SIMCUSTOMER_DATABASE_URL: there is no folder {folder}; make it, or name another"
            )


def make_engine(url: URL, lock_wait_s: float, *, foreign_keys: bool = True) -> AsyncEngine:
    """The engine for a URL. Foreign keys are off only to migrate: SQLite writes a table anew to change it."""
    if url.get_backend_name() == "postgresql":
        timeouts = {"timeout": CONNECT_TIMEOUT_S, "command_timeout": lock_wait_s}
        return create_async_engine(url, pool_pre_ping=True, connect_args=timeouts)
    engine = create_async_engine(url)
    pragmas = (
        f"busy_timeout={int(lock_wait_s * 1000)}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver would begin late and commit before a change of tables
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

    return engine


@contextmanager
def unavailable_as_ours(url: URL) -> Iterator[None]:
    """Turn a database that cannot do its work into ``StoreUnavailable``."""
    try:
        yield
    except _BUGS:
        raise
    except (DBAPIError, PoolTimeout, OSError) as error:
        cause = getattr(error, "orig", None) or error
        # The address is for who runs the server, not for the trainee who reads the message.
        log.warning("%s: %s", url.render_as_string(hide_password=True), cause)
        raise StoreUnavailable(f"the database does not answer ({cause}); nothing was kept") from error


# --- migrations ---------------------------------------------------------------------------------------------------


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for a connection: the scripts beside this file, no ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest revision, in the transaction of ``connection``."""
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError as error:
        raise ConfigError(f"SIMCUSTOMER_DATABASE_URL: written by a newer simcustomer ({error})") from error


def write_revision(message: str) -> None:
    """Write a migration from the newest revision to the tables as they are now, for a developer to check."""
    from alembic import command
    from alembic.script import ScriptDirectory

    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/scratch.db")
        with engine.begin() as connection:
            upgrade(connection)
            config = alembic_config(connection)
            count = len(list(ScriptDirectory.from_config(config).walk_revisions()))
            command.revision(config, message, autogenerate=True, rev_id=f"{count + 1:04d}")
        engine.dispose()


if __name__ == "__main__":
    write_revision(" ".join(sys.argv[1:]))
