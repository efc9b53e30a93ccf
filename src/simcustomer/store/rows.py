"""Rows to values and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from simcustomer.domain.conversation import Conversation, Mode, Outcome, Turn
from simcustomer.domain.persona import Persona
from simcustomer.domain.rubric import Scorecard
from simcustomer.store.records import (
    Branch,
    ConversationRecord,
    Frozen,
    ScorecardRecord,
    ScorecardStatus,
    Worker,
    origin,
)
from simcustomer.store.tables import (
    BranchRow,
    ConversationRow,
    FrozenRow,
    ItemAnswerRow,
    ScorecardRow,
    TurnRow,
    VerdictRow,
    WorkerRow,
)


def conversation_record(
    row: ConversationRow,
    persona_body: str,
    branch_rows: Sequence[BranchRow],
    turn_rows: Sequence[TurnRow],
    frozen_rows: Sequence[FrozenRow],
    number: int,
) -> ConversationRecord:
    """The conversation along branch ``number``, from all rows of the conversation."""
    branches = {branch.number: branch_of(branch) for branch in branch_rows}
    own = next(branch for branch in branch_rows if branch.number == number)
    kept = {(turn.branch, turn.index): turn_of(turn) for turn in turn_rows}
    turns: list[Turn] = []
    while turn := kept.get((origin(branches, number, len(turns) + 1), len(turns) + 1)):
        turns.append(turn)
    conversation = Conversation(
        persona=Persona.model_validate_json(persona_body),
        difficulty=row.difficulty,
        opening=row.opening,
        turns=tuple(turns),
        abandoned=own.ended_at is not None and not (turns and turns[-1].outcome),
    )
    return ConversationRecord(
        id=row.id,
        person_id=row.person_id,
        mode=Mode(row.mode),
        branch=number,
        branches=tuple(branches.values()),
        conversation=conversation,
        players=row.players,
        content=tuple(Frozen(frozen.kind, frozen.name, frozen.hash) for frozen in frozen_rows),
        started_at=row.started_at,
        opened_at=own.opened_at,
        ended_at=own.ended_at,
        csat=own.csat,
        survey=own.survey,
        hints_used=own.hints_used,
        sent={turn.client_turn_id: kept[turn.branch, turn.index] for turn in turn_rows},
    )


def branch_of(row: BranchRow) -> Branch:
    """A branch from its row."""
    outcome = Outcome(row.outcome) if row.outcome else None
    return Branch(row.number, row.parent, row.from_turn, row.opened_at, row.ended_at, outcome)


def turn_of(row: TurnRow) -> Turn:
    """A turn from its row."""
    fields = {name: getattr(row, name) for name in Turn.model_fields}
    return Turn.model_validate(fields)


def turn_row(conversation_id: str, branch: int, turn: Turn, client_turn_id: str, now: datetime) -> TurnRow:
    """The row of a turn."""
    return TurnRow(
        conversation_id=conversation_id,
        branch=branch,
        client_turn_id=client_turn_id,
        kept_at=now,
        **turn.model_dump(mode="json"),
    )


def scorecard_rows(
    conversation_id: str, branch: int, scorecard: Scorecard
) -> tuple[dict[str, Any], list[VerdictRow], list[ItemAnswerRow]]:
    """The body, verdicts and item answers of a scorecard; together they are all of it, and nothing stands twice."""
    key: dict[str, Any] = {"conversation_id": conversation_id, "branch": branch}
    verdicts, answers = [], []
    for place, (criterion, verdict) in enumerate(scorecard.criteria.items()):
        fields = verdict.model_dump(mode="json", exclude={"items"})
        verdicts.append(VerdictRow(**key, criterion=criterion, position=place, **fields))
        for position, item in enumerate(verdict.items):
            fields = item.model_dump(mode="json", exclude={"id"})
            answers.append(
                ItemAnswerRow(**key, criterion=criterion, item=item.id, position=position, **fields)
            )
    return scorecard.model_dump(mode="json", exclude={"criteria"}), verdicts, answers


def scorecard_of(
    body: Mapping[str, Any], verdicts: Sequence[VerdictRow], answers: Sequence[ItemAnswerRow]
) -> Scorecard:
    """The scorecard from its rows, as it was kept."""
    criteria = {}
    for verdict in sorted(verdicts, key=lambda row: row.position):
        own = sorted((a for a in answers if a.criterion == verdict.criterion), key=lambda row: row.position)
        items = [
            {"id": a.item} | a.model_dump(include={"met", "answer", "reason", "evidence", "votes"})
            for a in own
        ]
        fields = verdict.model_dump(include={"level", "reason", "votes", "from_items", "anchored", "flags"})
        criteria[verdict.criterion] = fields | {"items": items}
    return Scorecard.model_validate({**body, "criteria": criteria})


def scorecard_record(
    row: ScorecardRow, scorecard: Scorecard | None = None, survey: str | None = None
) -> ScorecardRecord:
    """Where a scorecard stands, from its row."""
    return ScorecardRecord(
        conversation_id=row.conversation_id,
        branch=row.branch,
        status=ScorecardStatus(row.status),
        asked=row.asked,
        tries=row.tries,
        cause=row.cause,
        next_try_at=row.next_try_at,
        scorecard=scorecard,
        survey=survey,
    )


def worker_of(row: WorkerRow) -> Worker:
    """A worker from its row."""
    return Worker(row.id, row.host, row.pid, row.seen_at)
