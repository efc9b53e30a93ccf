"""The pages. Every form works without scripts: it posts, and comes back to a page with the finished result."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit
from uuid import uuid4

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from simcustomer.domain.affect import first_affect
from simcustomer.domain.conversation import Mode
from simcustomer.domain.persona import Language
from simcustomer.errors import InvalidReply, SimCustomerError
from simcustomer.store.store import PAGE_SIZE
from simcustomer.web.api import ClientTurnId, Difficulty, Heard, Index
from simcustomer.web.deps import DeskDep
from simcustomer.web.desk import Desk, cursor_of
from simcustomer.web.language import COOKIE, COOKIE_LIFE_S, LANGUAGES, language_of
from simcustomer.web.problems import body_of, headers_of, status_of
from simcustomer.web.talk import conversation_page, initials
from simcustomer.web.templating import THEME_COOKIE, THEMES, render

router = APIRouter(include_in_schema=False)


@router.get("/")
async def choose(request: Request, desk: DeskDep, language: Language | None = None) -> Response:
    """Choose a customer."""
    personas = desk.personas()
    there = {persona.language for persona in personas}
    chosen = language or _own_language(request, there)
    customers = [
        {
            "persona": p,
            "initials": initials(p.name),
            "start": first_affect(p, 3),
            "draft": desk.is_draft(p),
        }
        for p in personas
        if p.language == chosen
    ]
    return render(
        request,
        "choose.html",
        {"customers": customers, "chosen": chosen, "players": desk.practice.cast.names()},
    )


@router.get("/brief")
async def brief(
    request: Request,
    desk: DeskDep,
    persona: str,
    language: Language = "en",
    difficulty: Difficulty = 3,
    mode: Mode = Mode.PRACTICE,
) -> Response:
    """What the trainee knows before the first word."""
    found = desk.persona(persona, language)
    return render(
        request,
        "brief.html",
        {
            "persona": found,
            "initials": initials(found.name),
            "start": first_affect(found, difficulty),
            "draft": desk.is_draft(found),
            "difficulty": difficulty,
            "mode": mode.value,
            "players": desk.practice.cast.names(),
        },
    )


@router.post("/conversations")
async def begin(
    desk: DeskDep,
    persona: Annotated[str, Form()],
    language: Annotated[Language, Form()] = "en",
    difficulty: Annotated[Difficulty, Form()] = 3,
    mode: Annotated[Mode, Form()] = Mode.PRACTICE,
) -> Response:
    """Start a conversation and go there."""
    record = await desk.begin(persona, language, difficulty, mode)
    return _see(f"/c/{record.id}")


@router.get("/conversations")
async def conversations(
    request: Request, desk: DeskDep, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> Response:
    """My conversations, newest first."""
    page = await desk.practice.store.list_conversations(limit=PAGE_SIZE, offset=offset)
    return render(request, "conversations.html", {"page": page, "offset": offset, "size": PAGE_SIZE})


@router.get("/c/{conversation_id}")
async def conversation(
    request: Request, desk: DeskDep, conversation_id: str, branch: int | None = None
) -> Response:
    """The conversation."""
    return await _conversation(request, desk, conversation_id, branch)


@router.post("/c/{conversation_id}/turns")
async def take_turn(
    request: Request,
    desk: DeskDep,
    conversation_id: str,
    client_turn_id: Annotated[ClientTurnId, Form()],
    text: Annotated[str, Form()] = "",
    heard: Annotated[Heard | None, Form()] = None,
) -> Response:
    """Send a reply; the page that comes back holds the answer, or the text and what went wrong."""
    try:
        await desk.reply(conversation_id, text, client_turn_id, heard)
    except SimCustomerError as error:
        return await _failed(request, desk, conversation_id, error, text, client_turn_id)
    record = await desk.practice.store.load(conversation_id)
    return _see(f"/c/{conversation_id}#m{len(record.conversation.turns) * 2}")


@router.post("/c/{conversation_id}/hint")
async def hint(request: Request, desk: DeskDep, conversation_id: str) -> Response:
    """Ask the coach."""
    try:
        await desk.hint(conversation_id)
    except SimCustomerError as error:
        return await _failed(request, desk, conversation_id, error)
    return _see(f"/c/{conversation_id}#hint")


@router.post("/c/{conversation_id}/branches")
async def go_back(
    desk: DeskDep,
    conversation_id: str,
    from_turn: Annotated[Index, Form()],
    branch: Annotated[Index | None, Form()] = None,
) -> Response:
    """Try a turn again; the first version is kept."""
    await desk.branch(conversation_id, from_turn, branch)
    return _see(f"/c/{conversation_id}")


@router.post("/c/{conversation_id}/finish")
async def finish(desk: DeskDep, conversation_id: str) -> Response:
    """End the conversation and go to where the scorecard will be."""
    record = await desk.finish(conversation_id)
    return _see(f"/c/{conversation_id}/scorecard?branch={record.branch}")


@router.post("/preferences")
async def preferences(
    request: Request,
    back: Annotated[str, Form()] = "/",
    theme: Annotated[str | None, Form()] = None,
    language: Annotated[str | None, Form()] = None,
) -> Response:
    """Keep a theme or a language in a cookie and come back."""
    response = _see(_within(back))
    secure = request.url.scheme == "https"
    for name, value, allowed in (
        (THEME_COOKIE, theme, THEMES),
        (COOKIE, language, tuple(LANGUAGES)),
    ):
        if value and value in allowed:
            response.set_cookie(
                name, value, max_age=COOKIE_LIFE_S, httponly=True, samesite="lax", secure=secure
            )
    return response


async def _conversation(
    request: Request,
    desk: Desk,
    conversation_id: str,
    branch: int | None = None,
    *,
    error: SimCustomerError | None = None,
    draft: str = "",
    client_turn_id: str = "",
) -> Response:
    record = await desk.practice.store.load(conversation_id, branch)
    newest = max(branch.number for branch in record.branches)
    hint = desk.live.hint_at(record.id, cursor_of(record))
    page = conversation_page(record, newest, desk.live.in_flight(record.id), hint)
    page |= {
        "error": body_of(error) if error else None,
        "draft": draft,
        "client_turn_id": client_turn_id or uuid4().hex,
    }
    status = status_of(error) if error else 200
    return render(
        request, "conversation.html", page, status=status, headers=headers_of(error) if error else None
    )


async def _failed(
    request: Request,
    desk: Desk,
    conversation_id: str,
    error: SimCustomerError,
    draft: str = "",
    sent_as: str = "",
) -> Response:
    """The conversation again, with what went wrong and nothing of the text lost."""
    if isinstance(error, InvalidReply):
        sent_as = ""  # the next text is another reply
    return await _conversation(
        request, desk, conversation_id, error=error, draft=draft, client_turn_id=sent_as
    )


def _see(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303)


def _within(address: str) -> str:
    """The address if it leads to this site, else the first page."""
    parts = urlsplit(address)
    inside = (
        not parts.scheme
        and not parts.netloc
        and address.startswith("/")
        and not address.startswith(("//", "/\\"))
    )
    return address if inside else "/"


def _own_language(request: Request, there: set[Language]) -> Language:
    """The language of the pages if there are customers who speak it, else English, else any."""
    wish = language_of(request)
    return next((code for code in (wish, "en", *sorted(there)) if code in there), "en")
