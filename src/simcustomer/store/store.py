"""The store: what the product keeps, in short sessions.

No session is open while a model is waited for. Each method keeps all of what it is given, or nothing, and raises
``StoreUnavailable`` when the database is locked, full or out of reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from simcustomer.domain.conversation import Mode, Outcome, Turn
from simcustomer.errors import ConversationOver, NotFound, StoreUnavailable, TurnConflict
from simcustomer.library import Content
from simcustomer.llm.ledger import ModelCall
from simcustomer.store.database import LOCK_WAIT_S, Database
from simcustomer.store.records import (
    FIRST_BRANCH,
    ConversationRecord,
    ListedConversation,
    NewConversation,
    Page,
    ScorecardStatus,
)
from simcustomer.store.rows import conversation_record, turn_of, turn_row
from simcustomer.store.runs import Runs
from simcustomer.store.scorecards import Scorecards
from simcustomer.store.sessions import insert_missing, locked_branch, new_id, now, part_of
from simcustomer.store.tables import (
    BranchRow,
    ContentRow,
    ConversationRow,
    FrozenRow,
    ModelCallRow,
    PersonRow,
    ScorecardRow,
    TurnRow,
)
from simcustomer.store.workers import Workers

LOCAL_PERSON = "local"
"""Name of the one person there is until people can sign in."""

PAGE_SIZE = 20
"""Conversations on one page of a list: a screen and a half."""


class Store(Scorecards, Runs, Workers):
    """Keeps conversations, scorecards, what they cost, and evaluation runs. Made by ``Store.open``."""

    def __init__(self, database: Database, person_id: str) -> None:
        self.database = database
        self.person_id = person_id

    @classmethod
    async def open(cls, url: str, *, lock_wait_s: float = LOCK_WAIT_S) -> Self:
        """Connect, bring the tables up to date and make the local person.

        ``lock_wait_s`` is how long a write waits for another process's. Raises ``ConfigError`` for a URL that cannot
        be used or a database of a newer release, ``StoreUnavailable``.
        """
        database = Database(url, lock_wait_s)
        try:
            await database.migrate()
            async with database.write() as session:
                local = PersonRow(id=new_id(), name=LOCAL_PERSON, created_at=now())
                await insert_missing(session, [local])
                found = await session.scalars(select(PersonRow).where(col(PersonRow.name) == LOCAL_PERSON))
                person_id = found.one().id
        except BaseException:
            await database.close()
            raise
        return cls(database, person_id)

    async def close(self) -> None:
        """Close all connections."""
        await self.database.close()

    async def is_ready(self) -> bool:
        """True when the database answers."""
        try:
            async with self.database.read() as session:
                await session.execute(select(1))
        except StoreUnavailable:
            return False
        return True

    # --- conversations --------------------------------------------------------------------------------------------

    async def add_conversation(self, new: NewConversation) -> ConversationRecord:
        """Keep a conversation that begins, with the content it is frozen with."""
        began, conversation, persona = now(), new.conversation, new.conversation.persona
        row = ConversationRow(
            id=new_id(),
            person_id=new.person_id or self.person_id,
            mode=new.mode.value,
            difficulty=conversation.difficulty,
            persona=persona.id,
            language=persona.language,
            title=persona.title,
            opening=conversation.opening,
            players=dict(new.players),
            started_at=began,
        )
        bodies = {content.hash: ContentRow(hash=content.hash, body=content.body) for content in new.content}
        async with self.database.write() as session:
            await insert_missing(session, [bodies[key] for key in sorted(bodies)])
            session.add(row)
            await session.flush()
            session.add(BranchRow(conversation_id=row.id, number=FIRST_BRANCH, from_turn=1, opened_at=began))
            session.add_all(
                FrozenRow(conversation_id=row.id, kind=content.kind, name=content.name, hash=content.hash)
                for content in new.content
            )
        return await self.load(row.id)

    async def load(self, conversation_id: str, branch: int | None = None) -> ConversationRecord:
        """A conversation along a branch, the newest one by default. Raises ``NotFound``."""
        if "\0" in conversation_id:  # which PostgreSQL does not take in a text
            raise NotFound(f"no conversation {conversation_id!r}")
        async with self.database.read() as session:
            row = await session.get(ConversationRow, conversation_id)
            frozen = (
                await session.scalars(part_of(conversation_id, FrozenRow).order_by("kind", "name"))
            ).all()
            persona = next((f.hash for f in frozen if f.kind == "persona"), None)
            if row is None or persona is None:
                raise NotFound(f"no conversation {conversation_id!r}")
            body = (await session.get_one(ContentRow, persona)).body
            branches = (await session.scalars(part_of(conversation_id, BranchRow).order_by("number"))).all()
            turns = (await session.scalars(part_of(conversation_id, TurnRow).order_by("index"))).all()
        number = branch or branches[-1].number
        if number not in {found.number for found in branches}:
            raise NotFound(f"no branch {number} in this conversation; there are {len(branches)}")
        return conversation_record(row, body, branches, turns, frozen, number)

    async def frozen(self, conversation_id: str, kind: str) -> Content:
        """The one content of a kind ("persona", "rubric") that a conversation started with. Raises ``NotFound``."""
        query = (
            select(FrozenRow, ContentRow)
            .join(ContentRow, col(ContentRow.hash) == col(FrozenRow.hash))
            .where(col(FrozenRow.conversation_id) == conversation_id, col(FrozenRow.kind) == kind)
        )
        async with self.database.read() as session:
            found = (await session.execute(query)).first()
        if found is None:
            raise NotFound(f"no {kind} of a conversation {conversation_id!r}")
        link, content = found
        return Content(kind=kind, name=link.name, hash=content.hash, body=content.body)

    async def list_conversations(
        self, person_id: str | None = None, *, limit: int = PAGE_SIZE, offset: int = 0
    ) -> Page:
        """Some conversations of a person (None: the local one), newest first, each with its newest branch."""
        whose = col(ConversationRow.person_id) == (person_id or self.person_id)
        newest = (
            select(func.max(BranchRow.number))
            .where(col(BranchRow.conversation_id) == ConversationRow.id)
            .correlate(ConversationRow)
            .scalar_subquery()
        )
        query = (
            select(ConversationRow, BranchRow, ScorecardRow)
            .join(
                BranchRow,
                (col(BranchRow.conversation_id) == ConversationRow.id) & (col(BranchRow.number) == newest),
            )
            .outerjoin(
                ScorecardRow,
                (col(ScorecardRow.conversation_id) == ConversationRow.id)
                & (col(ScorecardRow.branch) == BranchRow.number),
            )
            .where(whose)
            .order_by(col(ConversationRow.started_at).desc(), col(ConversationRow.id))
            .limit(limit)
            .offset(offset)
        )
        async with self.database.read() as session:
            total = await session.scalar(select(func.count()).select_from(ConversationRow).where(whose))
            rows = (await session.execute(query)).all()
        return Page(items=tuple(_listed(*row) for row in rows), total=total or 0)

    # --- turns and branches ---------------------------------------------------------------------------------------

    async def keep_turn(
        self, conversation_id: str, branch: int, turn: Turn, client_turn_id: str, csat: int | None = None
    ) -> Turn:
        """Keep a turn; one that has an outcome ends the branch with it, satisfaction ``csat``.

        Returns the turn that was kept first when the same client turn id was sent twice. Raises ``NotFound``,
        ``ConversationOver``, or ``TurnConflict`` when another reply took this place.
        """
        try:
            async with self.database.write() as session:
                row = await locked_branch(session, conversation_id, branch)
                same = part_of(conversation_id, TurnRow).where(col(TurnRow.client_turn_id) == client_turn_id)
                if kept := (await session.scalars(same)).first():
                    return turn_of(kept)
                if row.ended_at is not None:
                    raise ConversationOver("the conversation has ended; no further reply is taken")
                session.add(turn_row(conversation_id, branch, turn, client_turn_id, now()))
                if turn.outcome:
                    _end(session, row, turn.outcome, csat)
        except IntegrityError as error:
            raise TurnConflict("another reply was kept first; read the customer's answer to it") from error
        return turn

    async def add_branch(self, conversation_id: str, parent: int, from_turn: int) -> int:
        """Open a new branch that keeps the parent's turns before ``from_turn``; returns its number.

        Raises ``NotFound``, or ``TurnConflict`` when another one was opened at the same time.
        """
        query = select(func.max(BranchRow.number)).where(col(BranchRow.conversation_id) == conversation_id)
        try:
            async with self.database.write() as session:
                await locked_branch(session, conversation_id, parent)
                number = (await session.scalar(query) or FIRST_BRANCH) + 1
                session.add(
                    BranchRow(
                        conversation_id=conversation_id,
                        number=number,
                        parent=parent,
                        from_turn=from_turn,
                        opened_at=now(),
                    )
                )
        except IntegrityError as error:
            raise TurnConflict(
                "another branch was opened at the same time; look at that one first"
            ) from error
        return number

    async def end(self, conversation_id: str, branch: int, outcome: Outcome, csat: int) -> None:
        """End a branch, and with that ask for its scorecard. A branch that has ended stays as it is."""
        async with self.database.write() as session:
            row = await locked_branch(session, conversation_id, branch)
            if row.ended_at is None:
                _end(session, row, outcome, csat)

    async def count_hint(self, conversation_id: str, branch: int) -> None:
        """Count one more hint that was given on a branch."""
        async with self.database.write() as session:
            row = await locked_branch(session, conversation_id, branch)
            row.hints_used += 1

    async def keep_calls(
        self,
        conversation_id: str,
        calls: Sequence[ModelCall],
        *,
        branch: int | None = None,
        turn: int | None = None,
    ) -> None:
        """Keep what model calls cost; ``turn`` is the index of the turn they were made for."""
        if not calls:
            return
        kept_at = now()
        async with self.database.write() as session:
            session.add_all(
                ModelCallRow(
                    id=new_id(),
                    conversation_id=conversation_id,
                    branch=branch,
                    turn=turn,
                    purpose=call.purpose,
                    model=call.model,
                    ok=call.ok,
                    seconds=call.seconds,
                    input_tokens=call.input_tokens,
                    output_tokens=call.output_tokens,
                    cost_usd=call.cost_usd,
                    error=call.error,
                    kept_at=kept_at,
                )
                for call in calls
            )


# --- rows ---------------------------------------------------------------------------------------------------------


def _end(session: AsyncSession, row: BranchRow, outcome: Outcome, csat: int | None) -> None:
    """End a branch in the transaction of ``session``, and ask for its scorecard."""
    row.ended_at, row.outcome, row.csat = now(), outcome.value, csat
    session.add(
        ScorecardRow(
            conversation_id=row.conversation_id,
            branch=row.number,
            status=ScorecardStatus.PENDING.value,
            ended_at=row.ended_at,
        )
    )


def _listed(row: ConversationRow, branch: BranchRow, scorecard: ScorecardRow | None) -> ListedConversation:
    return ListedConversation(
        id=row.id,
        mode=Mode(row.mode),
        persona=row.persona,
        language=row.language,
        title=row.title,
        difficulty=row.difficulty,
        started_at=row.started_at,
        branches=branch.number,
        ended_at=branch.ended_at,
        outcome=Outcome(branch.outcome) if branch.outcome else None,
        status=ScorecardStatus(scorecard.status) if scorecard else None,
        overall=scorecard.overall if scorecard else None,
    )
