"""The event stream of a conversation: what happens in it, for every tab that has it open.

A reader that comes back says how much it knows (``Last-Event-ID``, or ``after`` in the address) as branch and number
of turns, ``1.4``; it is told the turns it missed. ``done`` closes each answer; a stream that ends without it was cut.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from simcustomer.store.records import ConversationRecord
from simcustomer.views import affect_view
from simcustomer.web.deps import DeskDep
from simcustomer.web.desk import cursor_of, shown_turn
from simcustomer.web.live import Event, Live

router = APIRouter(prefix="/api/v1", tags=["practice"])

CURSOR = r"^\d+\.\d+$"
RETRY_MS = 2000
"""How long a browser waits before it connects again."""


def _known(
    after: Annotated[str | None, Query(pattern=CURSOR, max_length=24)] = None,
    last_event_id: Annotated[str | None, Header(pattern=CURSOR, max_length=24)] = None,
) -> str | None:
    """The cursor that the reader came with; the header is the newer one."""
    return last_event_id or after


async def _record(
    desk: DeskDep, conversation_id: str, known: Annotated[str | None, Depends(_known)]
) -> ConversationRecord:
    """The conversation, looked up before the stream begins: an error can still have its own status.

    204 tells a browser to come back no more: the conversation has ended and the reader knows all of it.
    """
    record = await desk.practice.store.load(conversation_id)
    if record.ended_at is not None and known == cursor_of(record):
        raise HTTPException(204)
    return record


@router.get(
    "/conversations/{conversation_id}/events", response_class=EventSourceResponse, response_model=None
)
async def events(
    desk: DeskDep,
    record: Annotated[ConversationRecord, Depends(_record)],
    known: Annotated[str | None, Depends(_known)],
) -> AsyncIterator[ServerSentEvent]:
    """Events ``reply``, ``affect``, ``message``, ``hint``, ``ended``, ``error`` and ``done``, each with JSON data."""
    yield ServerSentEvent(comment="simcustomer", retry=RETRY_MS)
    with desk.live.listening(record.id) as queue:
        # Read again now that nothing can be missed between the look and the listening.
        record = await desk.practice.store.load(record.id)
        seen = set()
        for event in _missed(record, known, desk.live):
            seen.add(event.id)
            yield _sent(event)
        if record.ended_at is not None:
            return
        while (told := await queue.get()) is not None:
            if told.name == "message" and told.id in seen:
                continue
            yield _sent(told)
            if told.name == "done" and (await desk.practice.store.load(record.id)).ended_at is not None:
                return


def _missed(record: ConversationRecord, known: str | None, live: Live) -> list[Event]:
    """What a reader that knows a conversation up to ``known`` has to be told first."""
    turns = record.conversation.turns
    branch, count = (int(part) for part in known.split(".")) if known else (record.branch, len(turns))
    if branch == record.branch:
        new = [(f"{branch}.{turn.index}", turn) for turn in turns[count:]]
        missed = [Event("message", shown_turn(record, turn), cursor) for cursor, turn in new]
    else:
        missed = [Event("done", {"branch": record.branch}, cursor_of(record))]
    if flight := live.in_flight(record.id):
        missed.append(Event("reply", {"client_turn_id": flight.client_turn_id, "text": flight.text}))
        if flight.felt:
            missed.append(Event("affect", affect_view(flight.felt)))
    elif missed and record.ended_at is None:
        missed.append(Event("done", {}))
    if record.ended_at is not None:
        outcome = record.conversation.outcome
        missed.append(Event("ended", {"outcome": outcome.value if outcome else None}))
        missed.append(Event("done", {}))
    return missed


def _sent(event: Event) -> ServerSentEvent:
    return ServerSentEvent(event=event.name, data=event.data, id=event.id)
