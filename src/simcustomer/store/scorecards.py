"""Scorecards in the store: asked for when a branch ends, kept once, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import col

from simcustomer.domain.rubric import Scorecard
from simcustomer.errors import NotFound
from simcustomer.store.database import Database
from simcustomer.store.records import ScorecardRecord, ScorecardStatus
from simcustomer.store.rows import scorecard_of, scorecard_record, scorecard_rows
from simcustomer.store.sessions import locked_branch, now, part_of
from simcustomer.store.tables import BranchRow, ItemAnswerRow, ScorecardRow, VerdictRow


class Scorecards:
    """The part of ``Store`` that keeps scorecards and says where they stand."""

    database: Database

    async def scorecard(self, conversation_id: str, branch: int) -> ScorecardRecord:
        """The scorecard of a branch, or where it stands. Raises ``NotFound`` when there is no such branch, or it is
        open."""
        async with self.database.read() as session:
            row = await session.get(ScorecardRow, (conversation_id, branch))
            ended = await session.get(BranchRow, (conversation_id, branch))
            if row is None or ended is None:
                raise NotFound("no scorecard: there is no such conversation, or it has not ended yet")
            if row.body is None:
                return scorecard_record(row)
            verdicts = await session.scalars(
                part_of(conversation_id, VerdictRow).where(col(VerdictRow.branch) == branch)
            )
            answers = await session.scalars(
                part_of(conversation_id, ItemAnswerRow).where(col(ItemAnswerRow.branch) == branch)
            )
            return scorecard_record(row, scorecard_of(row.body, verdicts.all(), answers.all()), ended.survey)

    async def keep_scorecard(
        self, conversation_id: str, branch: int, scorecard: Scorecard, survey: str
    ) -> None:
        """Keep a scorecard and the survey's sentence. A scorecard that is there already stays as it is."""
        body, verdicts, answers = scorecard_rows(conversation_id, branch, scorecard)
        async with self.database.write() as session:
            ended = await locked_branch(session, conversation_id, branch)
            row = await session.get(ScorecardRow, (conversation_id, branch))
            if row is None:
                raise NotFound("the conversation has not ended yet; there is nothing to score")
            if row.status == ScorecardStatus.READY:
                return
            row.status, row.cause, row.next_try_at = ScorecardStatus.READY.value, "", None
            row.overall, row.body, row.scored_at = scorecard.overall, body, now()
            ended.survey = survey
            session.add_all(verdicts)
            await session.flush()
            session.add_all(answers)

    async def set_scorecard_waiting(
        self,
        conversation_id: str,
        branch: int,
        cause: str,
        *,
        tries: int = 1,
        next_try_at: datetime | None = None,
    ) -> None:
        """Note why a scorecard is not there yet; without a next try it is given up. A ready one stays ready."""
        changes = {"status": ScorecardStatus.WAITING.value, "cause": cause, "tries": tries}
        await self._change_scorecard(
            conversation_id,
            branch,
            [ScorecardStatus.PENDING, ScorecardStatus.WAITING],
            changes | {"next_try_at": next_try_at},
        )

    async def ask_again(self, conversation_id: str, branch: int) -> bool:
        """Ask anew for a scorecard that is waiting; False when it is not waiting."""
        changes = {"status": ScorecardStatus.PENDING.value, "cause": "", "tries": 0, "next_try_at": None}
        asked = {"asked": ScorecardRow.asked + 1}
        return await self._change_scorecard(
            conversation_id, branch, [ScorecardStatus.WAITING], changes | asked
        )

    async def unscored(self, by: datetime, limit: int = 500) -> list[ScorecardRecord]:
        """The scorecards that are to be tried by that time, oldest first."""
        pending = col(ScorecardRow.status) == ScorecardStatus.PENDING
        due = (col(ScorecardRow.status) == ScorecardStatus.WAITING) & (col(ScorecardRow.next_try_at) <= by)
        query = select(ScorecardRow).where(pending | due).order_by(col(ScorecardRow.ended_at)).limit(limit)
        async with self.database.read() as session:
            return [scorecard_record(row) for row in await session.scalars(query)]

    async def _change_scorecard(
        self, conversation_id: str, branch: int, only: Sequence[ScorecardStatus], changes: dict[str, object]
    ) -> bool:
        statement = (
            update(ScorecardRow)
            .where(
                col(ScorecardRow.conversation_id) == conversation_id,
                col(ScorecardRow.branch) == branch,
                col(ScorecardRow.status).in_([status.value for status in only]),
            )
            .values(changes)
            .returning(col(ScorecardRow.branch))
        )
        async with self.database.write() as session:
            return (await session.scalar(statement)) is not None
