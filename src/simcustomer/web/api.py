"""The JSON API. The same objects as in the terminal; what a trainee may not see yet is in none of them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, Strict
from typing_extensions import TypedDict

from simcustomer.domain.affect import DEFAULT_DIFFICULTY, first_affect
from simcustomer.domain.bursts import MOST_MESSAGES
from simcustomer.domain.conversation import Mode
from simcustomer.domain.persona import CaseFile, Language, Persona
from simcustomer.store.records import ConversationRecord, ScorecardRecord
from simcustomer.views import AffectView, TurnView, View, affect_view, scorecard_view, turns_view
from simcustomer.web.deps import DeskDep
from simcustomer.web.desk import is_withheld, shown_turn
from simcustomer.web.talk import parts_of

router = APIRouter(prefix="/api/v1", tags=["practice"])

Difficulty = Annotated[int, Field(ge=1, le=5)]
ClientTurnId = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x20-\x7e]+$")]
MAX_INDEX = 10_000
"""Largest number of a turn or branch that is looked up; no conversation comes near it, and no database overflows."""
Index = Annotated[int, Field(ge=1, le=MAX_INDEX)]


Heard = Annotated[int, Field(ge=1, le=MOST_MESSAGES)]
"""How many messages of the customer's last line were there; more than it has is all of them."""


class _Asked(BaseModel):
    """A request body: nothing beyond the declared fields."""

    model_config = ConfigDict(extra="forbid")


class Begin(_Asked):
    """Which customer, how hard, for practice or assessment."""

    persona: str
    language: Language = "en"
    difficulty: Difficulty = DEFAULT_DIFFICULTY
    mode: Mode = Mode.PRACTICE


class Reply(_Asked):
    """What the trainee writes. The same ``client_turn_id`` sent again yields the same turn.

    ``heard`` is for a client that shows a line message after message: how many of ``last_messages`` were shown when this
    was sent. Fewer than all is an interruption; left out, all were.
    """

    text: str
    client_turn_id: ClientTurnId
    heard: Annotated[Heard, Strict()] | None = None


class GoBack(_Asked):
    """The turn to try again, on which branch (the newest by default)."""

    from_turn: Index
    branch: Index | None = None


class StartView(TypedDict):
    """How the customer feels at the opening, at the everyday difficulty."""

    tension: float
    band: str


class PersonaView(TypedDict):
    """What a trainee may know of a persona beforehand."""

    id: str
    language: Language
    name: str
    title: str
    summary: str
    goal: str
    case_file: CaseFile
    starts: StartView
    draft: bool


class BranchView(TypedDict):
    """One way through the conversation: it keeps its parent's turns before ``from_turn``."""

    branch: int
    parent: int | None
    from_turn: int


class MessageView(TypedDict):
    """One message of a line, and how long the customer writes it (seconds) after the one before."""

    text: str
    pause_s: float


class ConversationView(TypedDict):
    """A conversation along one branch, as its trainee may see it now."""

    id: str
    persona: str
    name: str
    title: str
    language: Language
    difficulty: int
    mode: str
    players: dict[str, str]
    branch: int
    branches: list[BranchView]
    opening: str
    affect: AffectView | None
    turns: list[TurnView]
    last_messages: list[MessageView]
    outcome: str | None
    csat: int | None
    survey: str | None
    hints_used: int
    started_at: str
    ended_at: str | None


class HintView(TypedDict):
    """A coach's nudge."""

    hint: str


class ScorecardView(TypedDict):
    """Where a scorecard stands, why it waits if it does, and the scorecard once it is there."""

    status: Literal["pending", "ready", "waiting"]
    reason: str
    scorecard: View | None
    outcome: str | None
    csat: int | None
    survey: str | None
    hints_used: int
    given_up: bool


@router.get("/personas")
async def personas(desk: DeskDep) -> list[PersonaView]:
    """The customers there are: what a trainee may know before the conversation."""
    return [persona_view(persona, draft=desk.is_draft(persona)) for persona in desk.personas()]


@router.post("/conversations", status_code=201)
async def begin(desk: DeskDep, asked: Begin, response: Response) -> ConversationView:
    """Start a conversation."""
    record = await desk.begin(asked.persona, asked.language, asked.difficulty, asked.mode)
    response.headers["Location"] = f"{router.prefix}/conversations/{record.id}"
    return conversation_view(record)


@router.get("/conversations/{conversation_id}")
async def conversation(desk: DeskDep, conversation_id: str, branch: Index | None = None) -> ConversationView:
    """A conversation along a branch, the newest one by default."""
    return conversation_view(await desk.practice.store.load(conversation_id, branch))


@router.post("/conversations/{conversation_id}/turns")
async def take_turn(desk: DeskDep, conversation_id: str, reply: Reply) -> TurnView:
    """Send a reply and wait for the customer's answer. Sending it again is safe."""
    turn = await desk.reply(conversation_id, reply.text, reply.client_turn_id, reply.heard)
    return shown_turn(await desk.practice.store.load(conversation_id), turn)


@router.post("/conversations/{conversation_id}/hints")
async def hint(desk: DeskDep, conversation_id: str) -> HintView:
    """A coach's nudge for the next reply; it is counted and shown with the scorecard."""
    return {"hint": await desk.hint(conversation_id)}


@router.post("/conversations/{conversation_id}/branches", status_code=201)
async def go_back(desk: DeskDep, conversation_id: str, asked: GoBack) -> ConversationView:
    """Go back to before a turn and go on from there; the first version is kept."""
    return conversation_view(await desk.branch(conversation_id, asked.from_turn, asked.branch))


@router.post("/conversations/{conversation_id}/finish", status_code=202)
async def finish(desk: DeskDep, conversation_id: str) -> ConversationView:
    """End the conversation; judging goes on in the background."""
    return conversation_view(await desk.finish(conversation_id))


@router.get("/conversations/{conversation_id}/scorecard")
async def scorecard(desk: DeskDep, conversation_id: str, branch: Index | None = None) -> ScorecardView:
    """The scorecard, or where it stands and why."""
    record = await desk.practice.store.load(conversation_id, branch)
    return scorecard_record_view(record, await desk.practice.store.scorecard(record.id, record.branch))


@router.post("/conversations/{conversation_id}/scorecard", status_code=202)
async def score_again(desk: DeskDep, conversation_id: str, branch: Index | None = None) -> ScorecardView:
    """Ask anew for a scorecard that was given up."""
    record = await desk.practice.store.load(conversation_id, branch)
    await desk.work.retry(record.id, record.branch)
    return scorecard_record_view(record, await desk.practice.store.scorecard(record.id, record.branch))


def persona_view(persona: Persona, *, draft: bool) -> PersonaView:
    """What a trainee may know of a persona: who it seems to be, the case file and the goal; nothing that is hidden."""
    start = first_affect(persona, DEFAULT_DIFFICULTY)
    return {
        "id": persona.id,
        "language": persona.language,
        "name": persona.name,
        "title": persona.title,
        "summary": persona.summary,
        "goal": persona.goal,
        "case_file": persona.case_file,
        "starts": {"tension": round(start.tension, 1), "band": start.band.value},
        "draft": draft,
    }


def conversation_view(record: ConversationRecord) -> ConversationView:
    """A conversation as its trainee may see it now."""
    talk, withheld, is_open = record.conversation, is_withheld(record), record.ended_at is None
    return {
        "id": record.id,
        "persona": talk.persona.id,
        "name": talk.persona.name,
        "title": talk.persona.title,
        "language": talk.persona.language,
        "difficulty": talk.difficulty,
        "mode": record.mode.value,
        "players": dict(record.players),
        "branch": record.branch,
        "branches": [
            {"branch": branch.number, "parent": branch.parent, "from_turn": branch.from_turn}
            for branch in record.branches
        ],
        "opening": talk.opening,
        "affect": None if withheld else affect_view(talk.affect),
        "turns": turns_view(talk.turns, talk.start, open=is_open, withheld=withheld),
        "last_messages": [
            {"text": part.text, "pause_s": part.pause_s}
            for part in parts_of(talk.utterances[-1].text, talk.persona)
        ],
        "outcome": talk.outcome.value if talk.outcome else None,
        "csat": record.csat,
        "survey": record.survey,
        "hints_used": record.hints_used,
        "started_at": record.started_at.isoformat(),
        "ended_at": record.ended_at.isoformat() if record.ended_at else None,
    }


def scorecard_record_view(record: ConversationRecord, card: ScorecardRecord) -> ScorecardView:
    """Where a scorecard stands, and the scorecard once it is there."""
    return {
        "status": card.status.value,
        "reason": card.reason,
        "scorecard": scorecard_view(card.scorecard) if card.scorecard else None,
        "outcome": record.conversation.outcome.value if record.conversation.outcome else None,
        "csat": record.csat,
        "survey": card.survey or record.survey,
        "hints_used": record.hints_used,
        "given_up": card.given_up,
    }
