"""What is being answered right now, and who wants to know.

A reply that is being answered belongs to the server, not to the request that brought it: a browser that goes away and
comes back, or a second tab, finds it here. This is what one process knows; what was kept is in the store.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from simcustomer.domain.affect import Affect
from simcustomer.domain.conversation import Turn
from simcustomer.errors import TurnConflict


@dataclass(frozen=True)
class Event:
    """Something that the listeners of a conversation are told. ``id`` is set on what can be asked for again."""

    name: str
    data: Mapping[str, Any]
    id: str | None = None


@dataclass
class InFlight:
    """A reply that is being answered: what was sent, and how the customer feels about it once that is known."""

    client_turn_id: str
    text: str
    felt: Affect | None = None
    task: asyncio.Task[Turn] = field(init=False)


class Live:
    """Replies in flight, listeners and the last hints, by conversation. One for each process."""

    def __init__(self) -> None:
        self._in_flight: dict[str, InFlight] = {}
        self._listeners: dict[str, set[asyncio.Queue[Event | None]]] = defaultdict(set)
        self._hints: dict[str, tuple[str, str]] = {}
        self._closing = False

    def in_flight(self, conversation_id: str) -> InFlight | None:
        """The reply that is being answered in this conversation, if there is one."""
        return self._in_flight.get(conversation_id)

    async def answer(
        self,
        conversation_id: str,
        client_turn_id: str,
        text: str,
        run: Callable[[InFlight], Coroutine[Any, Any, Turn]],
    ) -> Turn:
        """Run the answer to a reply, or wait for the one that is on its way to the same client turn id.

        The reply is known here before anything is awaited. Being cancelled (the browser went away) does not stop the
        answer. Raises ``TurnConflict`` while another reply is being answered, and what ``run`` raises.
        """
        flight = self._in_flight.get(conversation_id)
        if flight and flight.client_turn_id != client_turn_id:
            raise TurnConflict("the customer is still answering your last reply; wait for the answer")
        if flight is None:
            flight = self._in_flight[conversation_id] = InFlight(client_turn_id, text)
            flight.task = asyncio.create_task(run(flight))
            flight.task.add_done_callback(lambda _: self._landed(conversation_id))
        return await asyncio.shield(flight.task)

    def tell(self, conversation_id: str, event: Event) -> None:
        """Tell every listener of a conversation."""
        for queue in self._listeners.get(conversation_id, ()):
            queue.put_nowait(event)

    @contextmanager
    def listening(self, conversation_id: str) -> Iterator[asyncio.Queue[Event | None]]:
        """A queue of this conversation's events from now on; None when the server stops."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        listeners = self._listeners[conversation_id]
        listeners.add(queue)
        if self._closing:
            queue.put_nowait(None)
        try:
            yield queue
        finally:
            listeners.discard(queue)
            if not listeners:
                self._listeners.pop(conversation_id, None)

    def remember_hint(self, conversation_id: str, at: str, hint: str) -> None:
        """Keep the hint given at a point of the conversation, for a page that is loaded again."""
        self._hints[conversation_id] = (at, hint)

    def hint_at(self, conversation_id: str, at: str) -> str | None:
        """The hint given at this point of the conversation, if one was."""
        given_at, hint = self._hints.get(conversation_id, ("", ""))
        return hint if given_at == at else None

    def forget_hint(self, conversation_id: str) -> None:
        """No hint is needed any more."""
        self._hints.pop(conversation_id, None)

    def hang_up(self) -> None:
        """Let every listener go, now and from now on."""
        self._closing = True
        for queues in self._listeners.values():
            for queue in queues:
                queue.put_nowait(None)

    async def close(self) -> None:
        """Let every listener go, and wait no longer for answers."""
        self.hang_up()
        tasks = [flight.task for flight in self._in_flight.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, conversation_id: str) -> None:
        """The answer is kept, or there is none: either way nothing is in flight, and the listeners may look."""
        flight = self._in_flight.pop(conversation_id)
        if not flight.task.cancelled():
            flight.task.exception()  # looked at, so that nobody has to wait for it
        self.tell(conversation_id, Event("done", {}))
