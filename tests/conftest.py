"""What every test can rely on: a clean environment, a scratch PostgreSQL database, and Chromium.

Tests that need a server or a browser are skipped where there is none, and the last lines of the run say so.
With SIMCUSTOMER_REQUIRE_ALL=1 such a skip is a failure. Fixtures to ask for:

    postgres_url   SQLAlchemy URL (postgresql+asyncpg) of an empty database of the test's own
    browser, page  Playwright's async API, driving the machine's own Chromium
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page
    from sqlalchemy import URL

ROOT = Path(__file__).parent.parent
REQUIRE_ALL = os.environ.get("SIMCUSTOMER_REQUIRE_ALL") == "1"
CHROMIUM = os.environ.get("SIMCUSTOMER_TEST_CHROMIUM", "/usr/bin/chromium")
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
POSTGRES = os.environ.get("SIMCUSTOMER_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@dataclass(frozen=True)
class Need:
    """Something a machine may lack: a test asks for it by fixture or by folder, and gets the marker."""

    marker: str
    title: str
    fixtures: frozenset[str]
    how: str


OPTIONAL = [
    Need(
        "browser",
        "browser",
        frozenset({"chromium", "browser", "page"}),
        "install Chromium (Debian, Ubuntu: apt install chromium), "
        "or set SIMCUSTOMER_TEST_CHROMIUM to the path of one",
    ),
    Need(
        "postgres",
        "PostgreSQL",
        frozenset({"postgres_server", "postgres_url"}),
        "start a server on 127.0.0.1:5432 that trusts the user postgres, "
        "or set SIMCUSTOMER_TEST_POSTGRES_URL=postgresql://user:password@host:5432/postgres",
    ),
]

# The developer's own settings must not decide what a test sees, and no test asks the network for a price list.
for _name in [name for name in os.environ if name.startswith("SIMCUSTOMER_")]:
    if not _name.startswith(("SIMCUSTOMER_TEST_", "SIMCUSTOMER_REQUIRE_ALL")):
        del os.environ[_name]
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

# A busy machine is no reason to fail; a required run is the same run every time.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".cache" / "hypothesis"))
hypothesis.settings.register_profile("simcustomer", deadline=None, derandomize=REQUIRE_ALL)
hypothesis.settings.load_profile("simcustomer")


def _lacking(reason: str, asked_for: str) -> NoReturn:
    """Skip; but what a setting names must be there."""
    if asked_for in os.environ:
        pytest.fail(f"{reason}, which {asked_for} names", pytrace=False)
    pytest.skip(reason)


# ---- PostgreSQL -------------------------------------------------------------------------------


def _execute(server: URL, *statements: str) -> list[Any]:
    """Run statements outside any transaction, in a loop of its own: async tests need a plain fixture too."""
    import asyncpg

    async def execute() -> list[Any]:
        dsn = server.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            return [row for statement in statements for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: asyncio.run(execute())).result()


@pytest.fixture(scope="session")
def postgres_server() -> URL:
    """A PostgreSQL server on which databases may be created."""
    import asyncpg
    from sqlalchemy import make_url

    server = make_url(POSTGRES)
    failure: Exception | None = None
    try:
        _execute(server, "SELECT 1")
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        failure = error
    if failure:
        _lacking(f"no PostgreSQL at {server} ({failure})", asked_for="SIMCUSTOMER_TEST_POSTGRES_URL")
    return server


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """An empty database of the test's own; it goes afterwards, with any that were derived from its name."""
    name = f"simcustomer_test_{uuid.uuid4().hex[:12]}"
    _execute(postgres_server, f'CREATE DATABASE "{name}"')
    url = postgres_server.set(drivername="postgresql+asyncpg", database=name)
    yield url.render_as_string(hide_password=False)
    leftovers = _execute(
        postgres_server, f"SELECT datname FROM pg_database WHERE starts_with(datname, '{name}')"
    )
    for (database,) in leftovers:
        _execute(postgres_server, f'DROP DATABASE "{database}" WITH (FORCE)')


# ---- Chromium ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that Playwright can drive."""
    path = shutil.which(CHROMIUM)
    if path is None:
        _lacking(f"no Chromium at {CHROMIUM}", asked_for="SIMCUSTOMER_TEST_CHROMIUM")
    return path


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A browser of the test's own, in the test's own event loop, with a home of its own."""
    from playwright.async_api import async_playwright

    # Chromium puts a socket into its temporary folder, and a socket's path has room for 107 characters.
    parent = tempfile.gettempdir() if len(tempfile.gettempdir()) <= 40 else "/tmp"
    with tempfile.TemporaryDirectory(prefix="chromium-", dir=parent, ignore_cleanup_errors=True) as home:
        own = dict.fromkeys(("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), home)
        async with async_playwright() as playwright:
            running = await playwright.chromium.launch(
                executable_path=chromium, args=CHROMIUM_FLAGS, env={**os.environ, **own}
            )
            try:
                yield running
            finally:
                await running.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A blank page; an error that a script on it does not catch fails the test."""
    errors: list[str] = []
    blank = await browser.new_page()
    blank.on("pageerror", lambda error: errors.append(str(error)))
    yield blank
    assert not errors, f"script errors on the page: {errors}"


# ---- what was skipped, and whether it may be ---------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need something optional, by their fixtures or by the folder they are in."""
    for item in items:
        for need in OPTIONAL:
            asked = need.fixtures & set(getattr(item, "fixturenames", ()))
            if asked or item.path.is_relative_to(ROOT / "tests" / need.marker):
                item.add_marker(need.marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which optional things a skipped test needed; where all is required, a skip is a failure."""
    report = yield
    needs = [need for need in OPTIONAL if item.get_closest_marker(need.marker)]
    if needs and report.skipped and not hasattr(report, "wasxfail"):
        _refuse_or_note(item.config, report, needs)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that skips itself."""
    report = yield
    needs = [n for n in OPTIONAL if collector.path.is_relative_to(ROOT / "tests" / n.marker)]
    if needs and report.skipped:
        _refuse_or_note(collector.config, report, needs)
    return report


SKIPPED = pytest.StashKey[dict[tuple[str, str, str], list[str]]]()


def _refuse_or_note(
    config: pytest.Config, report: pytest.TestReport | pytest.CollectReport, needs: list[Need]
) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if REQUIRE_ALL:
        report.outcome = "failed"
        report.longrepr = f"skipped, but SIMCUSTOMER_REQUIRE_ALL=1: {reason}"
        return
    skipped = config.stash.setdefault(SKIPPED, defaultdict(list))
    for need in needs:
        skipped[need.title, reason, need.how].append(report.nodeid.split("::")[0])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None, None, None]:
    """Say last, after every other section, what this machine could not run and how to run it."""
    yield
    for (title, reason, how), files in config.stash.get(SKIPPED, {}).items():
        where = ", ".join(f"{file} ({files.count(file)})" for file in dict.fromkeys(files))
        terminalreporter.write_line(f"skipped {title} tests: {len(files)}: {reason}", yellow=True)
        terminalreporter.write_line(f"    in {where}")
        terminalreporter.write_line(f"    to run them: {how}")
