"""The product's acts as the edge performs them: in the background of the request, with everybody told."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from simcustomer.domain.conversation import Direction, Mode, Turn
from simcustomer.domain.persona import Language, Persona
from simcustomer.errors import NotFound, SimCustomerError
from simcustomer.practice import Practice
from simcustomer.store.records import ConversationRecord
from simcustomer.views import TurnView, affect_view, turn_view
from simcustomer.web.live import Event, InFlight, Live
from simcustomer.web.problems import body_of

log = logging.getLogger(__name__)


class Scoring(Protocol):
    """Background work that scores what has ended; ``work.Work`` is the durable one."""

    async def start(self) -> None:
        """Begin to work."""

    async def stop(self) -> None:
        """Stop within seconds."""

    async def enqueue(self, conversation_id: str, branch: int) -> None:
        """Have a branch that has ended scored; any number of times is the same as once."""

    async def retry(self, conversation_id: str, branch: int) -> None:
        """Try again now for a scorecard that waits or was given up."""


@dataclass(frozen=True)
class Desk:
    """Practice, with listeners told and scoring begun. ``shows_drafts``: trainees see personas that are drafts too."""

    practice: Practice
    live: Live
    work: Scoring
    shows_drafts: bool = False

    def personas(self) -> list[Persona]:
        """The customers that a trainee may choose from."""
        return [p for p in self.practice.library.personas() if self.shows_drafts or not self.is_draft(p)]

    def persona(self, persona_id: str, language: Language) -> Persona:
        """A customer that a trainee may choose. Raises ``NotFound``, also for a draft while drafts are not shown."""
        found = self.practice.library.persona(persona_id, language)
        if self.is_draft(found) and not self.shows_drafts:
            why = self.practice.library.standing(found).why
            raise NotFound(f"persona {persona_id!r} in language {language!r} is a draft ({why})")
        return found

    def is_draft(self, persona: Persona) -> bool:
        """Has this persona not been tested as it stands?"""
        return not self.practice.library.standing(persona).tested

    async def begin(
        self, persona_id: str, language: Language, difficulty: int, mode: Mode
    ) -> ConversationRecord:
        """Start a conversation. Raises ``NotFound`` for a customer that the trainee may not choose."""
        self.persona(persona_id, language)
        return await self.practice.begin(persona_id, language, difficulty, mode)

    async def reply(
        self, conversation_id: str, text: str, client_turn_id: str, heard: int | None = None
    ) -> Turn:
        """Answer a reply; listeners hear of it, of the new feeling, of the answer or the error, and of the end.

        ``heard`` as in ``practice.answer``.
        """
        record = await self.practice.store.load(conversation_id)
        if kept := record.turn_of(client_turn_id):
            return kept

        async def run(flight: InFlight) -> Turn:
            return await self._answer(record, flight, heard)

        return await self.live.answer(conversation_id, client_turn_id, text, run)

    async def branch(self, conversation_id: str, from_turn: int, of: int | None = None) -> ConversationRecord:
        """Go back to a turn; other tabs learn that there is something new to look at."""
        record = await self.practice.branch(conversation_id, from_turn, of)
        self.live.tell(conversation_id, Event("done", {"branch": record.branch}, cursor_of(record)))
        return record

    async def finish(self, conversation_id: str) -> ConversationRecord:
        """End the conversation and have it scored in the background."""
        record = await self.practice.finish(conversation_id)
        await self._ended(record)
        self.live.tell(conversation_id, Event("done", {}))
        return record

    async def hint(self, conversation_id: str) -> str:
        """A hint for the next reply."""
        hint = await self.practice.hint(conversation_id)
        record = await self.practice.store.load(conversation_id)
        self.live.remember_hint(conversation_id, cursor_of(record), hint)
        self.live.tell(conversation_id, Event("hint", {"hint": hint}))
        return hint

    async def _answer(self, record: ConversationRecord, flight: InFlight, heard: int | None) -> Turn:
        sent = {"client_turn_id": flight.client_turn_id, "text": flight.text}
        self.live.tell(record.id, Event("reply", sent))

        async def felt(direction: Direction) -> None:
            if not is_withheld(record):
                flight.felt = direction.affect
                self.live.tell(record.id, Event("affect", affect_view(direction.affect)))

        try:
            turn = await self.practice.take_turn(record.id, flight.text, flight.client_turn_id, felt, heard)
        except SimCustomerError as error:
            self.live.tell(record.id, Event("error", body_of(error)))
            raise
        kept = await self.practice.store.load(record.id, record.branch)
        self.live.tell(record.id, Event("message", shown_turn(kept, turn), cursor_of(kept)))
        if kept.ended_at is not None:
            await self._ended(kept)
        return turn

    async def _ended(self, record: ConversationRecord) -> None:
        self.live.forget_hint(record.id)
        try:
            await self.work.enqueue(record.id, record.branch)
        except SimCustomerError as error:
            # The end is kept, and background work looks for unscored conversations by itself.
            log.warning("conversation %s is not queued for scoring yet: %s", record.id, error)
        outcome = record.conversation.outcome
        self.live.tell(record.id, Event("ended", {"outcome": outcome.value if outcome else None}))


def is_withheld(record: ConversationRecord) -> bool:
    """True while the trainee may not see how the customer feels: an assessment that is still open."""
    return record.mode is Mode.ASSESSMENT and record.ended_at is None


def cursor_of(record: ConversationRecord) -> str:
    """The point up to which a reader knows a conversation: branch and number of turns."""
    return f"{record.branch}.{len(record.conversation.turns)}"


def shown_turn(record: ConversationRecord, turn: Turn) -> TurnView:
    """A turn of this conversation as its trainee may see it now."""
    before = record.conversation.cut_after(turn.index - 1).affect
    return turn_view(turn, before, open=record.ended_at is None, withheld=is_withheld(record))
