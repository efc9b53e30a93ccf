"""A process of its own that scores conversations with fake players: run, watched and killed by ``test_work.py``.

    python -m tests.scoring_process DATABASE_URL CONTENT_FOLDER hold|score

It prints "started NAME", then "judging" when the judge is asked, and "scored" when a scorecard was kept. With ``hold``
the judge never answers. It works until its standard input is closed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from simcustomer.domain.rubric import Scorecard
from simcustomer.library import Library
from simcustomer.practice import Practice
from simcustomer.settings import Settings
from simcustomer.store.store import Store
from simcustomer.work import Work
from tests.fakes import FakeJudge, Gate, a_cast


class TalkingGate(Gate):
    """Says that the judge was asked."""

    async def pass_through(self) -> None:
        print("judging", flush=True)
        await super().pass_through()


class TalkingStore(Store):
    """Says that a scorecard was kept."""

    async def keep_scorecard(
        self, conversation_id: str, branch: int, scorecard: Scorecard, survey: str
    ) -> None:
        await super().keep_scorecard(conversation_id, branch, scorecard, survey)
        print("scored", flush=True)


async def main(url: str, folder: str, what: str) -> None:
    """Work until standard input is closed."""
    store = await TalkingStore.open(url)
    gate = TalkingGate()
    if what == "score":
        gate.open.set()
    library = Library(Path(folder) / "personas", Path(folder) / "prompts", rubric_name="small")
    practice = Practice(store, library, a_cast(judge=FakeJudge(gate=gate)))
    work = Work(store, practice, Settings(database_url=url))
    await work.start()
    print(f"started {work.name}", flush=True)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    await work.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
