"""A persona as a harness's simulated user: which there are, a conversation replayed from messages, a kept one.

Without an id of the client's own the messages are the conversation: every reply in them is appraised, and nothing is
kept but what saves appraising it again. With one it is a practice conversation like any other, in the store.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from simcustomer.cast.parts import Cast, Spoken
from simcustomer.domain.affect import DEFAULT_DIFFICULTY
from simcustomer.domain.conversation import Conversation, Direction, Mode, Turn
from simcustomer.domain.persona import Persona
from simcustomer.errors import NotFound, TurnConflict
from simcustomer.practice import answer, clean_reply, open_conversation
from simcustomer.store.records import ConversationRecord
from simcustomer.web.completions import Dialogue, Exchange, Said
from simcustomer.web.desk import Desk

PREFIX = "simcustomer/"
"""What stands before a persona in a model's name; a client that cuts it off is understood too."""
REMEMBERED = 1_000
"""Conversations of each kind that one process remembers: replayed ones as they stood, and whose id belongs to which. The
longest unused are forgotten first. Far more than any harness holds at once; a replayed one is some 50 kB at most."""
REPLAYED = "replayed"
"""Who spoke a line that came with the messages."""
_NAME = re.compile(r"(?P<persona>[^@]+?)(?:@(?P<difficulty>[1-5]))?")
_KEPT_ID = re.compile(r"chatcmpl-(?P<conversation>[0-9a-z-]+)\.(?P<turn>\d{1,4})")
SHOWN_CHARS = 128
"""How much of a name that is not known is told back, characters."""
V = TypeVar("V")


class ModelNotFound(NotFound):
    """There is no customer of that name."""


class Mismatch(TurnConflict):
    """The messages do not fit the conversation that is kept under their id. Sending them again does not help."""


@dataclass(frozen=True)
class Model:
    """A persona at a difficulty."""

    persona: Persona
    difficulty: int

    @property
    def name(self) -> str:
        """What a client calls it; the everyday difficulty goes without saying."""
        return _name(self.persona) + ("" if self.difficulty == DEFAULT_DIFFICULTY else f"@{self.difficulty}")


class _Recent(OrderedDict[str, V]):
    """The latest ``REMEMBERED`` values by key."""

    def recall(self, key: str) -> V | None:
        """The value, which now counts as used."""
        if key in self:
            self.move_to_end(key)
        return self.get(key)

    def remember(self, key: str, value: V) -> None:
        """Keep a value, and forget what was not used for longest."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > REMEMBERED:
            self.popitem(last=False)


# --- stateless: the messages are the conversation --------------------------------------------------------------------


@dataclass(frozen=True)
class _AlreadySaid:
    """The customer of a replay: says what the messages say it said."""

    text: str
    name: str = REPLAYED

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:  # noqa: ARG002
        return Spoken(self.text, REPLAYED)

    async def answer_survey(self, conversation: Conversation, csat: int) -> Spoken:
        raise NotImplementedError("a replay is not surveyed")


class Replays:
    """Conversations as they stood after what was said so far, by a hash of it: a turn costs one appraisal, not all."""

    def __init__(self) -> None:
        self._known: _Recent[Conversation] = _Recent()

    async def say(self, cast: Cast, model: Model, dialogue: Dialogue) -> Said:
        """The customer's next line. Raises ``ConversationOver``, ``InvalidReply`` or ``ModelError``."""
        talk = open_conversation(model.persona, model.difficulty, dialogue.opening)
        if not dialogue.exchanges:
            return _said_now(model, talk)
        *past, last = dialogue.exchanges
        keys = _keys(model, talk.opening, past)
        known = next((n for n in range(len(past), 0, -1) if keys[n] in self._known), 0)
        talk = self._known.recall(keys[known]) or talk
        for number in range(known, len(past)):
            talk = await _heard(talk, past[number].reply, _spoken_already(cast, past[number]))
            self._known.remember(keys[number + 1], talk)
        talk = await _heard(talk, last.reply, cast)
        answered = replace(last, answer=talk.turns[-1].customer)
        self._known.remember(_key(keys[-1], answered), talk)
        return _said_now(model, talk)


def _spoken_already(cast: Cast, exchange: Exchange) -> Cast:
    return replace(cast, customer=_AlreadySaid(exchange.answer or ""))


async def _heard(talk: Conversation, reply: str, cast: Cast) -> Conversation:
    """The conversation with one more turn."""
    turn = await answer(talk, reply, cast)
    return talk.model_copy(update={"turns": (*talk.turns, turn)})


def _keys(model: Model, opening: str, exchanges: Sequence[Exchange]) -> list[str]:
    """A key for the opening and one after each exchange; each covers all that came before it."""
    keys = [_digest(model.name, opening)]
    for exchange in exchanges:
        keys.append(_key(keys[-1], exchange))
    return keys


def _key(before: str, exchange: Exchange) -> str:
    return _digest(before, exchange.reply, exchange.answer or "")


def _digest(*texts: str) -> str:
    return hashlib.sha256("".join(f"{len(text)}:{text}" for text in texts).encode()).hexdigest()


def _said_now(model: Model, talk: Conversation) -> Said:
    return Said(
        id=f"chatcmpl-{uuid.uuid4().hex}",
        created=int(time.time()),
        model=model.name,
        text=talk.turns[-1].customer if talk.turns else talk.opening,
        turn=len(talk.turns),
        affect=talk.affect,
        outcome=talk.outcome,
    )


# --- stateful: a conversation in the store ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """The conversation behind an id, and the greeting that it began with."""

    conversation: str
    greeting: str


class Kept:
    """Which id of a client belongs to which conversation in the store. This process knows, until it ends."""

    def __init__(self) -> None:
        self._known: _Recent[_Known] = _Recent()
        self._beginning = asyncio.Lock()

    async def say(self, desk: Desk, model: Model, conversation_id: str, dialogue: Dialogue) -> Said:
        """The customer's answer to the last reply; the same for the same request.

        Raises ``NotFound`` for an id that is not known (any more) and has a past, ``Mismatch``, and what a turn raises.
        """
        known = await self._conversation(desk, model, conversation_id, dialogue)
        record = await desk.practice.store.load(known.conversation)
        reply = dialogue.exchanges[-1].reply if dialogue.exchanges else dialogue.greeting
        is_greeting = not record.conversation.turns and reply == known.greeting
        if not reply or (not dialogue.exchanges and (dialogue.opening is not None or is_greeting)):
            return _said_then(record, model, None)
        place = _place(record, dialogue, clean_reply(reply))
        sent = f"v1-{place}-{_digest(clean_reply(reply))[:16]}"
        turns = record.conversation.turns
        turn = turns[place - 1] if place <= len(turns) else await desk.reply(record.id, reply, sent)
        return _said_then(record, model, turn)

    async def _conversation(
        self, desk: Desk, model: Model, conversation_id: str, dialogue: Dialogue
    ) -> _Known:
        key = _digest(model.name, conversation_id)
        async with self._beginning:
            if known := self._known.recall(key):
                return known
            if len(dialogue.exchanges) > 1:
                raise NotFound(
                    f"conversation id {conversation_id!r} is not known for {model.name}, but its messages have a past "
                    f"(ids are remembered until the server stops, the latest {REMEMBERED} of them): begin again with "
                    f"another id, or leave the header out and the messages are replayed"
                )
            persona = model.persona
            record = await desk.begin(persona.id, persona.language, model.difficulty, Mode.PRACTICE)
            known = _Known(record.id, dialogue.greeting if dialogue.opening is None else "")
            self._known.remember(key, known)
            return known


def _place(record: ConversationRecord, dialogue: Dialogue, reply: str) -> int:
    """Which turn a reply is, from 1: by its place among the messages, or, sent alone, the next one or the last again."""
    turns = record.conversation.turns
    if not dialogue.exchanges:
        return len(turns) if turns and turns[-1].trainee == reply else len(turns) + 1
    place = len(dialogue.exchanges)
    if place > len(turns) + 1:
        raise Mismatch(
            f"this is reply {place}, but the conversation under this id has only {len(turns)} turns"
        )
    if place <= len(turns) and turns[place - 1].trainee != reply:
        raise Mismatch(
            f"reply {place} of this conversation was another one; send all messages or only the last, "
            f"or begin again with another id"
        )
    return place


def _said_then(record: ConversationRecord, model: Model, turn: Turn | None) -> Said:
    """What the customer said in a turn of a kept conversation; in the opening for None."""
    number = turn.index if turn else 0
    return Said(
        id=f"chatcmpl-{record.id}.{number}",
        created=int(record.started_at.timestamp()),
        model=model.name,
        text=turn.customer if turn else record.conversation.opening,
        turn=number,
        affect=turn.affect if turn else record.conversation.start,
        outcome=turn.outcome if turn else None,
        conversation=record.id,
    )


# --- models ----------------------------------------------------------------------------------------------------------


def models(desk: Desk) -> dict[str, Persona]:
    """Name -> persona, for every customer that trainees may see."""
    return {_name(persona): persona for persona in desk.personas()}


def model_of(desk: Desk, asked: str) -> Model:
    """The model of this name. Raises ``ModelNotFound`` with the names that there are."""
    known = models(desk)
    found = _NAME.fullmatch(asked)
    name = f"{PREFIX}{found['persona'].removeprefix(PREFIX)}" if found else ""
    if found is None or name not in known:
        raise ModelNotFound(
            f"no model {asked[:SHOWN_CHARS]!r}; there are: {', '.join(known) or 'none that is tested'}; "
            f"each may end in @1 to @5, how hard the customer is"
        )
    return Model(known[name], int(found["difficulty"] or DEFAULT_DIFFICULTY))


def said_before(record: ConversationRecord, completion_id: str) -> Said:
    """The answer of this id in a kept conversation. Raises ``NotFound``."""
    found = _KEPT_ID.fullmatch(completion_id)
    talk = record.conversation
    turn = int(found["turn"]) if found else -1
    if record.mode is not Mode.PRACTICE or not 0 <= turn <= len(talk.turns):
        raise NotFound(f"no kept answer {completion_id[:SHOWN_CHARS]!r}")
    return _said_then(record, Model(talk.persona, talk.difficulty), talk.turns[turn - 1] if turn else None)


def conversation_of(completion_id: str) -> str:
    """The id of the conversation in which this answer was given. Raises ``NotFound`` for one that is not kept."""
    found = _KEPT_ID.fullmatch(completion_id)
    if found is None:
        raise NotFound(
            f"no kept answer {completion_id[:SHOWN_CHARS]!r}; answers are kept with X-Conversation-Id only"
        )
    return found["conversation"]


def _name(persona: Persona) -> str:
    """The id, with the language behind it where that is not English."""
    language = "" if persona.language == "en" else f"-{persona.language}"
    return f"{PREFIX}{persona.id}{language}"
