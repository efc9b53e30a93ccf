"""Runs that are killed: the program itself, over HTTP, ended by the system at random requests, and gone on with."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from simcustomer.evals.log import read_run, read_story
from tests.evals.engine import MODEL, log_of, settings_in, told, write_content, write_suite
from tests.evals.fork_server import ForkServer
from tests.evals.providers import CountingProvider

KILLS = 10
SLOTS = 3
"""Requests under way at once: so many questions at most are put again after each kill."""
SUITE = {
    "id": "killed",
    "languages": ["en"],
    "customers": [MODEL],
    "judges": [MODEL],
    "judge_passes": 2,
    "difficulties": [1, 3, 5],
    "trainees": ["expert", "solution_only", "dismissive", "hostile"],
    "concurrency": {"requests": SLOTS},
}


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as running:
        yield running


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A folder with one persona, the small rubric, the shipped prompts, a ladder and the suite."""
    write_content(tmp_path, SUITE)
    return tmp_path


class Starts:
    """Starts ``eval run killed`` over and over, and ends it when the provider sees the request that it is told."""

    def __init__(self, server: ForkServer, content: Path) -> None:
        self.server = server
        self.content = content
        self.asked = 0
        self._pid = 0
        self._end_at: tuple[int, int] | None = None

    def count(self, number: int) -> None:
        """What the provider calls at each request, before it answers."""
        self.asked = number
        if self._end_at and number >= self._end_at[0]:
            os.kill(self._pid, self._end_at[1])
            self._end_at = None

    def run(
        self,
        provider: CountingProvider,
        runs: Path,
        *,
        resume: bool,
        end_at: int = 0,
        by: int = signal.SIGKILL,
    ) -> int:
        """One start; with ``end_at`` it is sent the signal ``by`` at that request, counted over all starts."""

        def started(pid: int) -> None:
            self._pid = pid
            self._end_at = (end_at, by) if end_at else None

        env = {
            **settings_in(self.content),
            "SIMCUSTOMER_API_BASE": provider.api_base,
            "SIMCUSTOMER_RUNS_DIR": str(runs),
            "SIMCUSTOMER_DATABASE_URL": f"sqlite+aiosqlite:///{runs}.db",
        }
        argv = ["eval", "run", "killed", "--yes", *(["--resume", "latest"] if resume else [])]
        return self.server.run(argv, env, self.content / "out.txt", started)


def test_ten_kills_change_nothing_and_nothing_is_asked_twice(server: ForkServer, content: Path) -> None:
    """The results equal an uninterrupted run's, and the provider saw no question again but those in flight at a kill."""
    starts = Starts(server, content)
    with CountingProvider() as provider:
        assert starts.run(provider, content / "whole", resume=False) == 0
        uninterrupted = Counter(provider.asked)
    expected = read_run(log_of(content / "whole"))
    assert expected.failures == ()

    dice = random.Random(3)
    runs = content / "killed"
    with CountingProvider(on_request=starts.count) as provider:
        starts.asked, in_flight, done = 0, 0, 0
        for kill in range(KILLS):
            seen = starts.asked
            left = uninterrupted.total() - done - (KILLS - kill) * SLOTS
            end_at = seen + dice.randint(1, max(1, 2 * left // (KILLS - kill + 1)))
            code = starts.run(provider, runs, resume=kill > 0, end_at=end_at)
            assert code == -signal.SIGKILL, (content / "out.txt").read_text(encoding="utf-8")
            kept = len(read_story(log_of(runs)).calls)
            lost = (starts.asked - seen) - (kept - done)
            assert 1 <= lost <= SLOTS
            in_flight, done = in_flight + lost, kept
        assert starts.run(provider, runs, resume=True) == 0, (content / "out.txt").read_text()
        asked = Counter(provider.asked)

    story = read_story(log_of(runs))
    assert told(story.run()) == told(expected)
    questions = [(call.sample, call.asked, call.nth) for call in story.calls]
    assert len(questions) == len(set(questions)) == uninterrupted.total()
    assert all(call.answer is not None for call in story.calls)
    assert asked.total() == uninterrupted.total() + in_flight
    assert set(asked) == set(uninterrupted)


def test_ctrl_c_is_written_down_and_gone_on_from(server: ForkServer, content: Path) -> None:
    """Exit code 130, the way to go on is said, the log says interrupted; then it ends as an uninterrupted run."""
    starts = Starts(server, content)
    with CountingProvider(on_request=starts.count) as provider:
        assert starts.run(provider, content / "whole", resume=False) == 0
        expected = read_run(log_of(content / "whole"))
        code = starts.run(provider, content / "cut", resume=False, end_at=starts.asked + 9, by=signal.SIGINT)
        said = (content / "out.txt").read_text(encoding="utf-8")
        assert code == 130
        cut = read_run(log_of(content / "cut"))
        assert f"--resume {cut.id}" in said
        assert cut.stopped == "interrupted"
        assert starts.run(provider, content / "cut", resume=True) == 0
    run = read_run(log_of(content / "cut"))
    assert [result.turns for result in run.results] == [result.turns for result in expected.results]
    assert [result.judged for result in run.results] == [result.judged for result in expected.results]


def test_faults_at_five_percent_end_complete_with_failures_listed(server: ForkServer, content: Path) -> None:
    """Every sample has a result; what failed is listed with its reason and has no score."""
    suite = {**SUITE, "epochs": 4, "concurrency": {"requests": 8}}
    write_suite(content, suite)
    starts = Starts(server, content)
    with CountingProvider(share=0.05) as provider:
        assert starts.run(provider, content / "faulty", resume=False) == 0
        assert provider.failed.total() > 0
        lasting = provider.failed["refusal"] + provider.failed["content_filter"]
    run = read_run(log_of(content / "faulty"))
    assert run.finished_at
    assert len(run.results) == len(run.planned) == 48
    assert lasting > 0
    assert 0 < len(run.failures) <= lasting
    for result in run.results:
        assert bool(result.failure) == (result.outcome is None)
        assert not (result.failure and result.judged)
    said = (content / "out.txt").read_text(encoding="utf-8")
    assert said.count("failed ") >= len(run.failures)
