"""Background work: a conversation that has ended is scored, whatever happens on the way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simcustomer.domain.rubric import Scorecard
from simcustomer.errors import (
    ConfigError,
    ModelOutputInvalid,
    ModelRefused,
    ModelUnavailable,
    NotFound,
    StoreUnavailable,
)
from simcustomer.library import Library
from simcustomer.practice import Practice
from simcustomer.settings import Settings
from simcustomer.store.records import ScorecardRecord, ScorecardStatus
from simcustomer.store.store import Store
from simcustomer.work import HEARTBEAT_S, Pauses, Work, cause_of, work_url
from tests.fakes import FakeJudge, Gate, a_cast, a_library

ROOT = Path(__file__).parent.parent
PATIENCE_S = 60.0
"""How long a test waits for something that must happen; far above what it takes on a busy machine."""
AT_ONCE = Pauses(down=[timedelta(0)] * 2, wrong=[timedelta(0)])


class WatchedStore(Store):
    """Says what became of a scorecard."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.changes: asyncio.Queue[str] = asyncio.Queue()
        self.errors: list[Exception] = []
        self.pulse_errors: list[Exception] = []

    async def unscored(self, by: datetime, limit: int = 500) -> list[ScorecardRecord]:
        if self.pulse_errors:
            raise self.pulse_errors.pop()
        return await super().unscored(by, limit)

    async def keep_scorecard(
        self, conversation_id: str, branch: int, scorecard: Scorecard, survey: str
    ) -> None:
        await super().keep_scorecard(conversation_id, branch, scorecard, survey)
        self.changes.put_nowait("ready")

    async def set_scorecard_waiting(
        self, conversation_id: str, branch: int, cause: str, **more: object
    ) -> None:
        if self.errors:
            raise self.errors.pop()
        await super().set_scorecard_waiting(conversation_id, branch, cause, **more)  # type: ignore[arg-type]
        self.changes.put_nowait("waiting")

    async def next_change(self) -> str:
        """What happens next."""
        return await asyncio.wait_for(self.changes.get(), PATIENCE_S)


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look into the queue more often: tests would mostly wait."""
    monkeypatch.setattr("simcustomer.work.POLL_S", 0.05)


on_both = pytest.mark.parametrize(
    "url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: a SQLite file, or PostgreSQL where the test says so."""
    if getattr(request, "param", "sqlite") == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite+aiosqlite:///{tmp_path}/test.db"


@pytest.fixture
async def store(url: str) -> AsyncIterator[WatchedStore]:
    """A store that says what happens."""
    store = await WatchedStore.open(url)
    yield store
    await store.close()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """The content, also for other processes."""
    return a_library(tmp_path / "content")


@pytest.fixture
def judge() -> FakeJudge:
    """The judge of this process."""
    return FakeJudge()


@pytest.fixture
def practice(store: WatchedStore, library: Library, judge: FakeJudge) -> Practice:
    """A practice with fake players."""
    return Practice(store, library, a_cast(judge=judge))


@pytest.fixture
async def start(practice: Practice, store: WatchedStore, url: str) -> AsyncIterator[Callable[[], object]]:
    """Starts work in this process, and stops what was started."""
    started: list[Work] = []

    async def start_work() -> Work:
        work = Work(store, practice, Settings(database_url=url), pauses=AT_ONCE)
        started.append(work)
        await work.start()
        return work

    yield start_work
    for work in started:
        await work.stop()


async def ended(practice: Practice) -> str:
    """The id of a conversation that has ended and is not scored."""
    record = await practice.begin("missing-kettle", "en", 3)
    await practice.take_turn(record.id, "I see the kettle is late.", f"c-{record.id}")
    await practice.finish(record.id)
    return record.id


# --- the ordinary way ---------------------------------------------------------------------------------------------


@on_both
async def test_a_conversation_that_ended_is_scored(start, practice: Practice, store: WatchedStore) -> None:
    """Queued after its end it is scored in the background, with the survey's sentence."""
    work = await start()
    conversation = await ended(practice)
    await work.enqueue(conversation, 1)
    assert await store.next_change() == "ready"
    found = await store.scorecard(conversation, 1)
    assert found.scorecard is not None
    assert found.scorecard.overall == 5.0
    assert found.survey


@on_both
async def test_queueing_twice_judges_once(
    start, practice: Practice, store: WatchedStore, judge: FakeJudge
) -> None:
    """Queued three times, before, during and after judging, the judge is asked once."""
    work = await start()
    judge.gate = Gate()
    conversation = await ended(practice)
    await asyncio.gather(work.enqueue(conversation, 1), work.enqueue(conversation, 1))
    await asyncio.wait_for(judge.gate.reached.wait(), PATIENCE_S)
    await work.enqueue(conversation, 1)
    await work.recover()
    judge.gate.open.set()
    assert await store.next_change() == "ready"
    await work.enqueue(conversation, 1)
    other = await ended(practice)
    await work.enqueue(other, 1)
    assert await store.next_change() == "ready"
    assert len(judge.rubrics) == 2, "one for each conversation"


async def test_an_open_conversation_is_not_queued(start, practice: Practice) -> None:
    """There is nothing to score before the end."""
    work = await start()
    record = await practice.begin("missing-kettle", "en", 3)
    for act in (work.enqueue, work.retry):
        with pytest.raises(NotFound):
            await act(record.id, 1)


async def test_what_was_never_queued_is_scored_at_the_next_start(
    start, practice: Practice, store: WatchedStore
) -> None:
    """A process was killed between the end of a conversation and queueing it: the next start does it."""
    conversation = await ended(practice)
    await start()
    assert await store.next_change() == "ready"
    assert (await store.scorecard(conversation, 1)).scorecard


# --- a judge in trouble -------------------------------------------------------------------------------------------


async def test_while_the_judge_is_down_the_scorecard_says_so_and_comes_later(
    start, practice: Practice, store: WatchedStore, judge: FakeJudge
) -> None:
    """Two tries fail, and each leaves the reason; the third, which nobody asks for, brings the scorecard."""
    work = await start()
    judge.errors = [ModelUnavailable("connection refused"), ModelUnavailable("connection refused")]
    conversation = await ended(practice)
    await work.enqueue(conversation, 1)
    seen: list[ScorecardRecord] = []
    for _ in range(2):
        assert await store.next_change() == "waiting"
        seen.append(await store.scorecard(conversation, 1))
        await work.recover()  # as the pulse does
    assert [found.tries for found in seen] == [1, 2]
    assert seen[0].reason.startswith(
        "the judge's model is not answering: connection refused; tried once; next try at"
    )
    assert await store.next_change() == "ready"
    assert (await store.scorecard(conversation, 1)).status is ScorecardStatus.READY


async def test_the_pulse_brings_what_waits_and_outlives_trouble(
    start, practice: Practice, store: WatchedStore, judge: FakeJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks again, and the database is locked when the pulse first looks: the scorecard comes all the same."""
    monkeypatch.setattr("simcustomer.work.HEARTBEAT_S", 0.05)
    work = await start()
    judge.errors = [ModelUnavailable("timeout")]
    store.pulse_errors = [StoreUnavailable("locked")]
    await work.enqueue(await ended(practice), 1)
    assert [await store.next_change(), await store.next_change()] == ["waiting", "ready"]
    assert store.pulse_errors == []


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ModelUnavailable("timeout"), "the judge's model is not answering: timeout"),
        (ModelRefused("content filter"), "the judge could not score this conversation: content filter"),
        (
            RuntimeError("secret detail"),
            "scoring failed on an error of the program (RuntimeError); its log says more",
        ),
    ],
)
def test_the_cause_is_told_in_plain_words(error: Exception, cause: str) -> None:
    """A trainee reads what went wrong; the detail of a bug is for the log alone."""
    assert cause_of(error) == cause


@pytest.mark.parametrize("error", [ModelOutputInvalid("not JSON"), RuntimeError("a bug")])
async def test_after_some_useless_answers_it_is_given_up_until_asked_again(
    start, practice: Practice, store: WatchedStore, judge: FakeJudge, error: Exception
) -> None:
    """A refusal, bad output or a bug is tried a bounded number of times, says so, and can be asked for again."""
    work = await start()
    judge.errors = [error, error]
    conversation = await ended(practice)
    await work.enqueue(conversation, 1)
    for _ in range(2):
        assert await store.next_change() == "waiting"
        await work.recover()
    found = await store.scorecard(conversation, 1)
    assert found.given_up
    assert "tried 2 times; given up, ask again" in found.reason
    await work.enqueue(conversation, 1)
    await work.retry(conversation, 1)
    assert await store.next_change() == "ready"
    assert len(judge.rubrics) == 3, "given up means that only asking again brings another try"


async def test_waiting_is_not_tried_before_its_time(
    practice: Practice, store: WatchedStore, judge: FakeJudge, url: str
) -> None:
    """With an hour to wait neither queueing nor the pulse tries again; asking does, at once."""
    work = Work(store, practice, Settings(database_url=url), pauses=Pauses(down=[timedelta(hours=1)]))
    await work.start()
    judge.errors = [ModelUnavailable("timeout")]
    conversation = await ended(practice)
    await work.enqueue(conversation, 1)
    assert await store.next_change() == "waiting"
    await work.enqueue(conversation, 1)
    await work.recover()
    other = await ended(practice)
    await work.enqueue(other, 1)
    assert await store.next_change() == "ready"
    assert (await store.scorecard(conversation, 1)).tries == 1
    await work.retry(conversation, 1)
    assert await store.next_change() == "ready"
    await work.stop()


async def test_a_try_that_cannot_even_say_why_it_failed_begins_anew(
    start, practice: Practice, store: WatchedStore, judge: FakeJudge
) -> None:
    """Judge and database fail together: the conversation is not forgotten, the next pulse tries again."""
    from dbos import DBOS

    work = await start()
    judge.errors = [ModelUnavailable("timeout")]
    store.errors = [StoreUnavailable("disk full")]
    conversation = await ended(practice)
    await work.enqueue(conversation, 1)
    [workflow] = await DBOS.list_workflows_async()
    with pytest.raises(StoreUnavailable):
        await (await DBOS.retrieve_workflow_async(workflow.workflow_id)).get_result()
    await work.recover()
    assert await store.next_change() == "ready"


@pytest.mark.parametrize(
    ("error", "tries", "pause"),
    [
        (ModelUnavailable("x"), 1, timedelta(seconds=30)),
        (StoreUnavailable("x"), 2, timedelta(minutes=2)),
        (ModelUnavailable("x", retry_after_s=90), 1, timedelta(seconds=90)),
        (ModelUnavailable("x", retry_after_s=1), 1, timedelta(seconds=30)),
        (ModelUnavailable("x"), 52, timedelta(hours=1)),
        (ModelUnavailable("x"), 53, None),
        (ModelRefused("x"), 2, timedelta(minutes=10)),
        (ModelRefused("x"), 3, None),
        (RuntimeError("x"), 3, None),
    ],
)
def test_pauses_grow_and_end(error: Exception, tries: int, pause: timedelta | None) -> None:
    """An outage is waited out for two days, a provider's wish is respected, and useless answers are given up soon."""
    assert Pauses().after(error, tries) == pause


def test_pauses_are_longer_than_a_pulse() -> None:
    """The pulse queues the next try, so a pause shorter than it would be longer than it says."""
    assert min(*Pauses().down, *Pauses().wrong) > timedelta(seconds=HEARTBEAT_S)


# --- a process in trouble -----------------------------------------------------------------------------------------


async def spawn(url: str, library: Library, what: str) -> Process:
    """Another process that scores."""
    arguments = ("-m", "tests.scoring_process", url, str(library.personas_dir.parent), what)
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )


async def says(process: Process) -> str:
    """Its next line."""
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode().strip()
    if not line:
        assert process.stderr is not None
        pytest.fail((await process.stderr.read()).decode())
    return line


async def leave(process: Process) -> str:
    """Ask it to stop; what it wrote to its error output."""
    _, errors = await asyncio.wait_for(process.communicate(b""), PATIENCE_S)
    assert process.returncode == 0
    return errors.decode()


@on_both
async def test_a_process_killed_while_judging_scores_after_its_restart(
    practice: Practice, store: WatchedStore, url: str, library: Library
) -> None:
    """kill -9 in the middle of judging; started again at once under the same name, it scores the conversation."""
    conversation = await ended(practice)
    killed = await spawn(url, library, "hold")
    lines = [await says(killed), await says(killed)]
    assert "judging" in lines
    killed.kill()
    await killed.wait()
    assert (await store.scorecard(conversation, 1)).status is ScorecardStatus.PENDING

    again = await spawn(url, library, "score")
    lines_again = {await says(again) for _ in range(3)}
    assert lines_again == {max(lines), "judging", "scored"}, "the same name, and judged anew"
    assert (await store.scorecard(conversation, 1)).scorecard
    assert await leave(again) == "", "it starts, recovers and stops without a word"


@on_both
async def test_another_process_goes_on_with_a_dead_ones_work(
    start, practice: Practice, store: WatchedStore, url: str, library: Library
) -> None:
    """Two processes work; one is killed while judging, and the living one scores its conversation."""
    conversation = await ended(practice)
    killed = await spawn(url, library, "hold")
    lines = {await says(killed), await says(killed)}
    assert "judging" in lines
    work = await start()
    assert f"started {work.name}" not in lines, "each process has a name of its own"
    await work.take_over()
    assert len(await store.workers()) == 2, "a living process keeps its work"
    killed.kill()
    await killed.wait()
    await work.take_over()
    assert await store.next_change() == "ready"
    assert (await store.scorecard(conversation, 1)).scorecard
    assert [worker.id for worker in await store.workers()] == [work.name]


async def test_a_silent_process_on_another_host_counts_as_gone(start, store: WatchedStore) -> None:
    """Its host cannot be asked, so silence decides: after a minute it is forgotten, before that it is not."""
    work = await start()
    await store.heartbeat("elsewhere-1", "elsewhere", 1)
    await work.take_over()
    assert len(await store.workers()) == 2
    async with store.database.write() as session:
        from sqlalchemy import update

        from simcustomer.store.tables import WorkerRow

        long_ago = datetime.now(UTC) - timedelta(seconds=61)
        await session.execute(update(WorkerRow).where(WorkerRow.id == "elsewhere-1").values(seen_at=long_ago))
    await work.take_over()
    assert [worker.id for worker in await store.workers()] == [work.name]


async def test_what_a_stopped_process_dropped_is_picked_up_by_another(
    start, practice: Practice, store: WatchedStore, url: str, library: Library
) -> None:
    """An orderly stop in the middle of judging, and no restart: a living process scores the conversation."""
    conversation = await ended(practice)
    stopped = await spawn(url, library, "hold")
    assert "judging" in {await says(stopped), await says(stopped)}
    work = await start()
    assert await leave(stopped) == "", "it drops the try without a word"
    await work.take_over()
    assert await store.next_change() == "ready"
    assert (await store.scorecard(conversation, 1)).scorecard


@on_both
async def test_stopping_drops_a_try_and_the_next_start_repeats_it(
    start, practice: Practice, store: WatchedStore, judge: FakeJudge
) -> None:
    """A stop does not wait for the judge; nothing is lost, and nothing is reported as a failure."""
    work = await start()
    gate = judge.gate = Gate()
    conversation = await ended(practice)
    await work.enqueue(conversation, 1)
    await asyncio.wait_for(gate.reached.wait(), PATIENCE_S)
    await asyncio.wait_for(work.stop(), PATIENCE_S)
    assert (await store.scorecard(conversation, 1)).status is ScorecardStatus.PENDING
    assert await asyncio.to_thread(lambda: "threads still work") == "threads still work"
    judge.gate = None
    await start()
    assert await store.next_change() == "ready"


@pytest.mark.parametrize(
    "elsewhere", ["postgresql://me:s3cret@127.0.0.1:1/x", "sqlite:////nowhere/at/all.db"]
)
async def test_work_that_cannot_start_says_so_and_can_be_started_later(
    practice: Practice, store: WatchedStore, tmp_path: Path, elsewhere: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The database of the background work is out of reach: one clear error, no trace on the screen, nothing half."""
    failing = Work(store, practice, Settings(work_database_url=elsewhere))
    with pytest.raises(StoreUnavailable) as caught:
        await failing.start()
    assert "s3cret" not in str(caught.value)
    assert capfd.readouterr().err == ""
    working = Work(store, practice, Settings(work_database_url=f"sqlite:///{tmp_path}/here.db"))
    conversation = await ended(practice)
    await working.start()
    assert await store.next_change() == "ready"
    assert (await store.scorecard(conversation, 1)).scorecard
    await working.stop()


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("database", "work", "expected"),
    [
        ("sqlite+aiosqlite:///simcustomer.db", None, "sqlite:///simcustomer-work.db"),
        ("sqlite+aiosqlite:////data/a.b/simcustomer", None, "sqlite:////data/a.b/simcustomer-work"),
        ("sqlite:///x.db", "sqlite:///elsewhere.db", "sqlite:///elsewhere.db"),
        ("postgresql+asyncpg://me:pw@db:5432/x", None, "postgresql+psycopg://me:pw@db:5432/x"),
        ("postgresql://db/x?ssl=require", None, "postgresql+psycopg://db/x?sslmode=require"),
    ],
)
def test_work_is_kept_beside_the_conversations(database: str, work: str | None, expected: str) -> None:
    """Its own file beside a SQLite file, or the same PostgreSQL database, unless it is set."""
    settings = Settings(database_url=database, work_database_url=work)
    assert work_url(settings).render_as_string(hide_password=False) == expected


def test_a_wrong_work_database_is_refused() -> None:
    """A URL that cannot be used is a configuration error."""
    with pytest.raises(ConfigError):
        work_url(Settings(work_database_url="redis://x"))


def test_importing_work_does_not_import_dbos() -> None:
    """Commands that do not work in the background start without it."""
    code = "import sys, simcustomer.work; sys.exit('dbos' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
