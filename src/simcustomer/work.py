"""Durable background work: a conversation that has ended is scored, also after a crash or while the judge is down.

One workflow is one try. It is queued under an id made of conversation, branch and the number of the try, so that
queueing it twice is the same as once. A try that fails leaves the reason, and when the next one is, in the database,
where the trainee can see it; the next try is queued when its time has come, by whichever process is alive. A waiting
conversation takes no place in the queue, and nothing sleeps in memory. A try that was killed runs again from its
beginning: nothing but the cost of its calls was kept, and a scorecard that is there is never made anew.

With several processes on one database each has its own name (host and number), a free one of its host if there is
one, so that a process that is started again finds its own unfinished work at once. Each says regularly that it is
alive. Whoever sees that another one is gone (its process, on the same host; its silence, on another) takes over its
name and what it had begun. Two clocks that differ by more than ``SILENT_AFTER_S`` can make a live process look dead:
then a conversation may be judged twice, and the first scorecard is kept.

The only module that knows DBOS, which is imported when work starts.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import URL, create_engine

from simcustomer.errors import ModelUnavailable, SimCustomerError, StoreUnavailable
from simcustomer.practice import Practice
from simcustomer.settings import Settings
from simcustomer.store.database import LOCK_WAIT_S, parse_url, unavailable_as_ours
from simcustomer.store.records import ScorecardRecord, ScorecardStatus, Worker
from simcustomer.store.store import Store

logger = logging.getLogger(__name__)

QUEUE = "scoring"
APPLICATION = "simcustomer"
VERSION = "1"
"""Of the workflow's shape (its arguments and steps), not of the program: a new release goes on with the old one's
work. Raise it only when a workflow begun before cannot be finished by the new code; those tries begin anew then."""

AT_ONCE = 4
"""Conversations that one process judges at the same time: bounds the load on a provider that also serves trainees."""
POLL_S = 0.5
"""Seconds between looks into the queue; the most that scoring starts late."""
HEARTBEAT_S = 15.0
"""Seconds between signs of life, and between looks for tries whose time has come."""
SILENT_AFTER_S = 60.0
"""Seconds of silence after which a process on another host counts as gone: four missed signs of life."""
THREADS = 16
"""Most threads DBOS uses: one for each workflow that runs, and some for its tables."""

BROKEN = ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""States of a workflow that ended without having said why."""

_S, _M, _H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
PAUSES_DOWN = (30 * _S, 2 * _M, 10 * _M, 30 * _M) + (_H,) * 48
"""Pauses before the next try while a model or the database is out of reach: short ones for a hiccup, then each hour for
two days, which outlasts a weekend's outage of a provider."""
PAUSES_WRONG = (1 * _M, 10 * _M)
"""Pauses after an answer that cannot be used. Models are not deterministic, so another try may help; many will not."""


@dataclass(frozen=True)
class Pauses:
    """How long to wait before the next try, by what went wrong; after the last pause it is given up."""

    down: Sequence[timedelta] = PAUSES_DOWN
    wrong: Sequence[timedelta] = PAUSES_WRONG

    def after(self, error: Exception, tries: int) -> timedelta | None:
        """The pause after the failed try number ``tries`` (1 is the first), or None to give up."""
        down = isinstance(error, (ModelUnavailable, StoreUnavailable))
        pauses = self.down if down else self.wrong
        if tries > len(pauses):
            return None
        wished = error.retry_after_s if isinstance(error, ModelUnavailable) else None
        return max(pauses[tries - 1], timedelta(seconds=wished or 0))


class Work:
    """Scores conversations in the background. One of these at a time in a process.

    ``start`` and ``stop`` belong to the edge that built it; between them work that was begun is finished.
    """

    def __init__(
        self, store: Store, practice: Practice, settings: Settings, *, pauses: Pauses | None = None
    ) -> None:
        self._store = store
        self._practice = practice
        self._url = work_url(settings)
        self._pauses = pauses or Pauses()
        self._host = socket.gethostname()
        self.name = ""
        self._workflow: Callable[[str, int, int, int], Coroutine[Any, Any, None]] | None = None
        self._tries: set[asyncio.Task[Any]] = set()
        self._pulse: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to work: first what was begun before, then what was never begun. Raises ``StoreUnavailable``."""
        self.name = await self._take_name()
        try:
            with unavailable_as_ours(self._url):
                await self._launch()
                await self.take_over()
                await self.recover()
        except BaseException:
            await self.stop()
            raise
        self._pulse = asyncio.create_task(self._beat())

    async def _launch(self) -> None:
        from dbos import DBOS, DBOSConfig

        config = DBOSConfig(
            name=APPLICATION,
            system_database_url=self._url.render_as_string(hide_password=False),
            executor_id=self.name,
            application_version=VERSION,
            log_level="CRITICAL",
            sys_db_pool_size=AT_ONCE + 2,
            max_executor_threads=THREADS,
        )
        if self._url.get_backend_name() == "sqlite":
            _prepare_sqlite(self._url)
        DBOS(config=config)

        @DBOS.workflow(name="score_conversation")
        async def score_conversation(conversation_id: str, branch: int, asked: int, number: int) -> None:
            await self._try(conversation_id, branch, asked, number)

        self._workflow = score_conversation
        DBOS.launch()  # from the event loop on purpose: workflows then run in it, where the store's connections are
        await DBOS.register_queue_async(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLL_S)
        DBOS.logger.setLevel(logging.WARNING)

    async def stop(self) -> None:
        """Stop within seconds. Tries that are under way are dropped; they begin anew at the next start.

        The name is left standing: should there be no next start on this host, others find by it what was dropped.
        """
        from dbos import DBOS

        if self._pulse:
            self._pulse.cancel()
            await asyncio.gather(self._pulse, return_exceptions=True)
        DBOS.logger.setLevel(logging.CRITICAL)  # it would report each dropped try as an error
        for task in self._tries:
            task.cancel()
        await asyncio.gather(*self._tries, return_exceptions=True)
        with ThreadPoolExecutor(max_workers=1) as thread:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(thread, lambda: DBOS.destroy(destroy_registry=True))
        # DBOS made its own threads the loop's, and has just ended them.
        loop.set_default_executor(ThreadPoolExecutor())

    async def enqueue(self, conversation_id: str, branch: int) -> None:
        """Have a branch that has ended scored. Any number of times is the same as once.

        Raises ``NotFound`` when the branch is open, or ``StoreUnavailable``; then ``recover`` queues it later.
        """
        await self._queue([await self._store.scorecard(conversation_id, branch)])

    async def retry(self, conversation_id: str, branch: int) -> None:
        """Try again now for a scorecard that waits or was given up. Raises ``NotFound`` when the branch is open."""
        await self._store.ask_again(conversation_id, branch)
        await self.enqueue(conversation_id, branch)

    async def recover(self) -> None:
        """Queue every try whose time has come, and whatever a process that was killed did not get to queue."""
        await self._queue(await self._store.unscored(datetime.now(UTC)))

    # --- one try --------------------------------------------------------------------------------------------------

    async def _try(self, conversation_id: str, branch: int, asked: int, number: int) -> None:
        """Judge once. What is not the next try any more does nothing."""
        standing = await self._store.scorecard(conversation_id, branch)
        next_try = (standing.asked, standing.tries + 1)
        if standing.status is ScorecardStatus.READY or next_try != (asked, number):
            return
        task = asyncio.current_task()
        assert task is not None
        self._tries.add(task)
        try:
            await self._practice.score(conversation_id, branch)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the trainee must not wait without a word
            await self._note_failure(standing, number, error)
        finally:
            self._tries.discard(task)

    async def _note_failure(self, standing: ScorecardRecord, number: int, error: Exception) -> None:
        """Say why there is no scorecard yet, and when the next try is."""
        if isinstance(error, SimCustomerError):
            logger.warning("scoring %s/%s failed: %s", standing.conversation_id, standing.branch, error)
        else:
            logger.error("scoring %s/%s failed", standing.conversation_id, standing.branch, exc_info=error)
        pause = self._pauses.after(error, number)
        await self._store.set_scorecard_waiting(
            standing.conversation_id,
            standing.branch,
            cause_of(error),
            tries=number,
            next_try_at=datetime.now(UTC) + pause if pause is not None else None,
        )

    # --- the queue ------------------------------------------------------------------------------------------------

    async def _queue(self, wanted: Sequence[ScorecardRecord]) -> None:
        """Queue the next try of each scorecard whose time has come, unless it is queued already."""
        due = {_workflow_id(standing): standing for standing in wanted if standing.is_due(datetime.now(UTC))}
        if due:
            with unavailable_as_ours(self._url):
                await self._queue_due(due)

    async def _queue_due(self, due: Mapping[str, ScorecardRecord]) -> None:
        from dbos import DBOS, SetWorkflowID

        assert self._workflow is not None, "work has not been started"
        known = await DBOS.list_workflows_async(workflow_ids=list(due), load_input=False, load_output=False)
        status = {workflow.workflow_id: workflow.status for workflow in known}
        for workflow_id, standing in due.items():
            if status.get(workflow_id) in BROKEN:
                # It could not even say why it failed (the database was away): begin it anew under the same id.
                await DBOS.delete_workflow_async(workflow_id)
            elif workflow_id in status:
                continue
            key = (standing.conversation_id, standing.branch, standing.asked, standing.tries + 1)
            with SetWorkflowID(workflow_id):
                await DBOS.enqueue_workflow_async(QUEUE, self._workflow, *key)

    # --- several processes ----------------------------------------------------------------------------------------

    async def _take_name(self) -> str:
        """The first name of this host that no living process has."""
        taken = {worker.id: worker for worker in await self._store.workers()}
        for number in itertools.count(1):
            name = f"{self._host}-{number}"
            holder = taken.get(name)
            if (holder is None or self._is_gone(holder)) and await self._says_alive(name, over=holder):
                return name
        raise AssertionError("itertools.count does not end")

    async def _says_alive(self, name: str, over: Worker | None = None) -> bool:
        return await self._store.heartbeat(name, self._host, os.getpid(), over=over)

    def _is_gone(self, worker: Worker) -> bool:
        """True when a worker is silent, or its process on this host has ended."""
        silent = datetime.now(UTC) - worker.seen_at > timedelta(seconds=SILENT_AFTER_S)
        return silent or (worker.host == self._host and not _is_running(worker.pid))

    async def _beat(self) -> None:
        """Say that this process is alive, and pick up what others, or a locked database, left lying."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                await self._says_alive(self.name)
                await self.take_over()
                await self.recover()
            except Exception as error:  # noqa: BLE001 - a database that is away for a while must not end the pulse
                logger.warning("background work could not look for more work: %s", error)

    async def take_over(self) -> None:
        """Go on with what processes that are gone had begun."""
        from dbos import DBOS

        for worker in await self._store.workers():
            if worker.id == self.name or not self._is_gone(worker):
                continue
            if not await self._says_alive(worker.id, over=worker):
                continue  # another process was quicker
            begun = await DBOS.list_workflows_async(
                status=["PENDING"], executor_id=worker.id, load_input=False, load_output=False
            )
            for workflow in begun:
                await DBOS.resume_workflow_async(workflow.workflow_id, queue_name=QUEUE)
            await self._store.forget_worker(worker.id)


def work_url(settings: Settings) -> URL:
    """Where the background work is kept: as set, else beside a SQLite file or in the same PostgreSQL database.

    The URL is for DBOS, which uses other drivers. Raises ``ConfigError``.
    """
    own = settings.work_database_url
    url = parse_url(own, "SIMCUSTOMER_WORK_DATABASE_URL") if own else parse_url(settings.database_url)
    assert url.database is not None
    if url.get_backend_name() == "postgresql":
        query = {("sslmode" if key == "ssl" else key): value for key, value in url.query.items()}
        return url.set(drivername="postgresql+psycopg", query=query)
    if own:
        return url.set(drivername="sqlite")
    stem, suffix = os.path.splitext(url.database)
    return url.set(drivername="sqlite", database=f"{stem}-work{suffix}")


def cause_of(error: Exception) -> str:
    """Why there is no scorecard, as the trainee reads it."""
    if isinstance(error, ModelUnavailable):
        return f"the judge's model is not answering: {error}"
    if isinstance(error, SimCustomerError):
        return f"the judge could not score this conversation: {error}"
    return f"scoring failed on an error of the program ({type(error).__name__}); its log says more"


def _workflow_id(standing: ScorecardRecord) -> str:
    return (
        f"score-v{VERSION}-{standing.conversation_id}-{standing.branch}-{standing.asked}-{standing.tries + 1}"
    )


def _prepare_sqlite(url: URL) -> None:
    """Write-ahead logging, before DBOS opens the file: it does not set it, and is several times slower without."""
    engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_S})
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    engine.dispose()


def _is_running(pid: int) -> bool:
    """True when another process with this id runs on this host, or nobody can tell.

    Our own id means that the holder is gone: it was reused, as in a container that was started again.
    """
    if pid == os.getpid():
        return False
    if os.name != "posix":
        return True  # there is no harmless signal
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
