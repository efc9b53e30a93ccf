"""The story of the product: begin, take a turn, branch, finish, score.

A turn is kept whole or not at all: a failed model call keeps nothing, and the trainee sends again. The same client
turn id sent twice yields the one turn.
"""

from __future__ import annotations

import asyncio
import random
import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simcustomer.cast.parts import Appraiser, Cast
from simcustomer.domain.affect import DEFAULT_DIFFICULTY, DIFFICULTIES, Affect, first_affect, next_affect
from simcustomer.domain.bursts import interruption, messages_of
from simcustomer.domain.conversation import (
    MAX_REPLY_CHARS,
    Conversation,
    Direction,
    Mode,
    Outcome,
    Turn,
    Utterance,
    direction_for,
    simulated_csat,
)
from simcustomer.domain.cues import Appraisal
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.text import fold
from simcustomer.errors import ConfigError, ConversationOver, Forbidden, InvalidReply, NotFound, TurnConflict
from simcustomer.judging import judge_conversation
from simcustomer.library import Library, rubric_from
from simcustomer.llm.ledger import recording
from simcustomer.store.records import ConversationRecord, NewConversation

if TYPE_CHECKING:
    # Only a type here: `play` and `chat` answer without a database, and need not load one.
    from simcustomer.store.store import Store

_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

Felt = Callable[[Direction], Awaitable[None]]
"""Called as soon as the customer's new feeling is known, before the line is."""


def clean_reply(text: str) -> str:
    """The reply as it is kept: every line break is a plain one, control characters other than it and tabs are out,
    ends are trimmed. Half of a surrogate pair is out too: it is no character and cannot be stored.

    Raises ``InvalidReply`` for an over-long reply and for one in which nothing can be seen.
    """
    text = _LINE_BREAK.sub("\n", text)
    text = "".join(ch for ch in text if ch in "\n\t" or unicodedata.category(ch) not in ("Cc", "Cs")).strip()
    if not fold(text):
        raise InvalidReply("the reply is empty: write something to the customer")
    if len(text) > MAX_REPLY_CHARS:
        raise InvalidReply(
            f"the reply has {len(text)} characters; at most {MAX_REPLY_CHARS} are taken: shorten it"
        )
    return text


def open_conversation(persona: Persona, difficulty: int, opening: str | None = None) -> Conversation:
    """A conversation that has only its opening. Raises ``ConfigError`` for a difficulty outside 1-5."""
    if difficulty not in DIFFICULTIES:
        raise ConfigError(
            f"difficulty {difficulty} is not known; allowed: {', '.join(map(str, DIFFICULTIES))}"
        )
    return Conversation(persona=persona, difficulty=difficulty, opening=opening or persona.openings[0])


async def answer(
    conversation: Conversation, reply: str, cast: Cast, felt: Felt | None = None, heard: int | None = None
) -> Turn:
    """The flow of one turn: appraise, feel, speak. Nothing is stored here.

    ``heard`` is how many messages of the customer's last line were there when the reply was sent; None means all.
    Raises ``ConversationOver``, ``InvalidReply`` or ``ModelError``.
    """
    if conversation.outcome:
        raise ConversationOver(
            f"the conversation has ended ({conversation.outcome}); start a new one or go back to a turn"
        )
    reply = clean_reply(reply)
    persona = conversation.persona
    observed = await cast.appraiser.appraise(persona, persona.language, conversation.utterances, reply)
    appraisal = observed.only_quoted_from(reply)
    if heard is not None and heard < len(messages_of(conversation.utterances[-1].text, persona.voice.bursts)):
        appraisal = appraisal.with_cue(interruption(reply))
    reaction = next_affect(conversation.affect, appraisal, persona, conversation.difficulty)
    direction = direction_for(conversation, appraisal, reaction)
    if felt:
        await felt(direction)
    spoken = await cast.customer.speak(conversation, reply, direction)
    return Turn(
        index=len(conversation.turns) + 1,
        trainee=reply,
        customer=spoken.text,
        appraisal=appraisal,
        effects=reaction.effects,
        affect=reaction.affect,
        outcome=direction.outcome,
        spoken_by=spoken.by,
        discarded=spoken.discarded,
    )


async def received(
    appraiser: Appraiser, persona: Persona | None, feels: Persona, history: Sequence[Utterance], reply: str
) -> tuple[Affect, Affect, Appraisal]:
    """How a single reply is received after a history: affect before and after it, and what was observed in it.

    Earlier trainee messages are felt first. The appraiser is told of ``persona``, if there is one; ``feels`` is whose
    temperament the arithmetic uses. No customer answers, nothing is stored. Raises ``ModelError``.
    """
    before = after = first_affect(feels, DEFAULT_DIFFICULTY)
    appraisal = Appraisal()
    said = [*history, Utterance(role="trainee", text=reply)]
    for i, utterance in enumerate(said):
        if utterance.role == "trainee":
            observed = await appraiser.appraise(persona, feels.language, said[:i], utterance.text)
            before, appraisal = after, observed.only_quoted_from(utterance.text)
            after = next_affect(before, appraisal, feels, DEFAULT_DIFFICULTY).affect
    return before, after, appraisal


@dataclass(frozen=True)
class _UnderWay:
    """A reply that is being answered."""

    client_turn_id: str
    task: asyncio.Task[Turn]


@dataclass(frozen=True)
class Practice:
    """The product's acts on stored conversations. Holds what the edges built, and which replies it is answering."""

    store: Store
    library: Library
    cast: Cast
    practice_passes: int = 1
    assessment_passes: int = 3
    _under_way: dict[tuple[str, int], _UnderWay] = field(default_factory=dict, init=False, repr=False)

    async def begin(
        self, persona_id: str, language: Language, difficulty: int, mode: Mode = Mode.PRACTICE
    ) -> ConversationRecord:
        """Start a conversation; persona, rubric, prompts and player names are frozen into it."""
        persona = self.library.persona(persona_id, language)
        conversation = open_conversation(persona, difficulty, random.choice(persona.openings))
        return await self.store.add_conversation(
            NewConversation(
                conversation=conversation,
                mode=mode,
                players=self.cast.names(),
                content=self.library.frozen(persona),
            )
        )

    async def take_turn(
        self,
        conversation_id: str,
        text: str,
        client_turn_id: str,
        felt: Felt | None = None,
        heard: int | None = None,
    ) -> Turn:
        """Answer a trainee reply on the open branch and keep the turn, also when the caller stops waiting for it.

        ``heard`` as in ``answer``.

        The same client turn id sent again joins the answer that is under way, or yields the turn that was kept.
        Raises ``NotFound``, ``ConversationOver``, ``TurnConflict``, ``InvalidReply``, ``ModelError`` or
        ``StoreUnavailable``; then nothing was kept.
        """
        record = await self.store.load(conversation_id)
        if kept := record.turn_of(client_turn_id):
            return kept
        key = (conversation_id, record.branch)
        under_way = self._under_way.get(key)
        if under_way is None:
            task = asyncio.create_task(self._answer_and_keep(record, text, client_turn_id, felt, heard))
            under_way = self._under_way[key] = _UnderWay(client_turn_id, task)
            task.add_done_callback(lambda _: self._under_way.pop(key))
        elif under_way.client_turn_id != client_turn_id:
            raise TurnConflict("the customer is still answering your last reply; wait for the answer")
        return await asyncio.shield(under_way.task)

    async def _answer_and_keep(
        self,
        record: ConversationRecord,
        text: str,
        client_turn_id: str,
        felt: Felt | None,
        heard: int | None,
    ) -> Turn:
        """One turn, kept whole or not at all; the database is not touched while a model is being waited for.

        Within one process ``take_turn`` lets one reply in at a time. Between processes the store does: of two turns
        with the same place it keeps the first.
        """
        conversation = record.conversation
        place = {"branch": record.branch, "turn": len(conversation.turns) + 1}
        with recording() as calls:
            try:
                turn = await answer(conversation, text, self.cast, felt, heard)
            finally:
                await self.store.keep_calls(record.id, calls, **place)
        after = conversation.model_copy(update={"turns": (*conversation.turns, turn)})
        csat = simulated_csat(after) if turn.outcome else None
        return await self.store.keep_turn(record.id, record.branch, turn, client_turn_id, csat)

    async def branch(self, conversation_id: str, from_turn: int, of: int | None = None) -> ConversationRecord:
        """Go back: a new branch that keeps the turns before ``from_turn`` (1 or later) and opens there again.

        ``of`` is the branch to go back on, the newest one by default. Raises ``NotFound``, or ``Forbidden`` in an
        assessment, which is taken once.
        """
        record = await self.store.load(conversation_id, of)
        if record.mode is Mode.ASSESSMENT:
            raise Forbidden("an assessment is taken once; begin a practice conversation to try a reply again")
        if not 1 <= from_turn <= len(record.conversation.turns):
            raise NotFound(
                f"no turn {from_turn} to go back to; allowed: 1 to {len(record.conversation.turns)}"
            )
        number = await self.store.add_branch(conversation_id, record.branch, from_turn)
        return await self.store.load(conversation_id, number)

    async def finish(self, conversation_id: str) -> ConversationRecord:
        """End the conversation now. Finishing twice is the same as once."""
        record = await self.store.load(conversation_id)
        if record.ended_at is None:
            left = record.conversation.model_copy(update={"abandoned": True})
            await self.store.end(conversation_id, record.branch, Outcome.ABANDONED, simulated_csat(left))
        return await self.store.load(conversation_id, record.branch)

    async def hint(self, conversation_id: str) -> str:
        """A coach's hint for the next reply; that it was used is kept and shown on the scorecard.

        Raises ``NotFound``, ``ConversationOver``, ``ModelError``, or ``Forbidden`` in an assessment.
        """
        record = await self.store.load(conversation_id)
        if record.mode is Mode.ASSESSMENT:
            raise Forbidden("an assessment has no hints")
        if record.conversation.outcome:
            raise ConversationOver("the conversation has ended; there is nothing more to hint at")
        with recording() as calls:
            try:
                hint = await self.cast.coach.hint(record.conversation)
            finally:
                await self.store.keep_calls(conversation_id, calls, branch=record.branch)
        await self.store.count_hint(conversation_id, record.branch)
        return hint

    async def score(self, conversation_id: str, branch: int) -> None:
        """Judge a branch that has ended, by the rubric it started with, and keep scorecard and survey.

        A scorecard that is there already is never made anew. Raises ``NotFound`` when the branch is open, ``ModelError``
        when judge, coach or customer cannot answer; then nothing but the cost was kept.
        """
        standing = await self.store.scorecard(conversation_id, branch)
        if standing.scorecard:
            return
        record = await self.store.load(conversation_id, branch)
        content = await self.store.frozen(conversation_id, "rubric")
        assert record.csat is not None
        with recording() as calls:
            try:
                scorecard = await judge_conversation(
                    self.cast.judge,
                    self.cast.coach,
                    rubric=rubric_from(content.body),
                    rubric_hash=content.hash,
                    utterances=record.conversation.utterances,
                    language=record.conversation.persona.language,
                    persona=record.conversation.persona,
                    outcome=record.conversation.outcome,
                    passes=self.assessment_passes if record.mode is Mode.ASSESSMENT else self.practice_passes,
                )
                survey = await self.cast.customer.answer_survey(record.conversation, record.csat)
            finally:
                await self.store.keep_calls(conversation_id, calls, branch=branch)
        await self.store.keep_scorecard(conversation_id, branch, scorecard, survey.text)
