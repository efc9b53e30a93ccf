"""The scorecard: the page, the downloads, and asking again for one that did not come."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from simcustomer.domain.persona import Language
from simcustomer.domain.rubric import Rubric, Scorecard
from simcustomer.evals.export import harmless
from simcustomer.library import rubric_from
from simcustomer.store.records import ConversationRecord, ScorecardRecord
from simcustomer.web.api import Index, conversation_view, scorecard_record_view
from simcustomer.web.deps import DeskDep
from simcustomer.web.desk import Desk
from simcustomer.web.language import language_of
from simcustomer.web.result import Earlier, ended_branches, result_page
from simcustomer.web.templating import render

router = APIRouter(include_in_schema=False)


@router.get("/c/{conversation_id}/scorecard")
async def scorecard(
    request: Request, desk: DeskDep, conversation_id: str, branch: Index | None = None
) -> Response:
    """The scorecard, or where it stands."""
    record = await desk.practice.store.load(conversation_id, branch)
    if record.ended_at is None:
        return RedirectResponse(f"/c/{conversation_id}?branch={record.branch}", 303)
    card = await desk.practice.store.scorecard(record.id, record.branch)
    rubric = await _rubric(desk, record.id, language_of(request))
    seconds = round((record.ended_at - record.opened_at).total_seconds())
    earlier = await _earlier(desk, record)
    return render(request, "scorecard.html", result_page(record, card, rubric, seconds, earlier))


@router.post("/c/{conversation_id}/scorecard")
async def ask_again(desk: DeskDep, conversation_id: str, branch: Annotated[Index, Form()]) -> Response:
    """Ask anew for a scorecard that was given up."""
    await desk.work.retry(conversation_id, branch)
    return RedirectResponse(f"/c/{conversation_id}/scorecard?branch={branch}", 303)


@router.get("/c/{conversation_id}/scorecard.json")
async def as_json(desk: DeskDep, conversation_id: str, branch: Index | None = None) -> Response:
    """The conversation and its scorecard as one JSON document."""
    record, card = await _both(desk, conversation_id, branch)
    body = {"conversation": conversation_view(record), **scorecard_record_view(record, card)}
    return JSONResponse(body, headers=_download(record, "json"))


@router.get("/c/{conversation_id}/scorecard.csv")
async def as_csv(desk: DeskDep, conversation_id: str, branch: Index | None = None) -> Response:
    """The scorecard as a table: a line for each answer, its quotes beside it."""
    record, card = await _both(desk, conversation_id, branch)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["criterion", "level", "item", "answer", "message", "quote", "reason"])
    if card.scorecard:
        writer.writerows([harmless(cell) for cell in row] for row in _lines(card.scorecard))
    # The mark at the beginning tells spreadsheets that the text is UTF-8.
    return Response(
        "\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=_download(record, "csv")
    )


def _lines(card: Scorecard) -> Iterator[list[Any]]:
    yield ["overall", card.overall, "", "", "", "", card.reason]
    for gate in card.gates:
        yield ["overall", "", gate.id, "gate", "", "", gate.why]
    for name, verdict in card.criteria.items():
        yield [name, verdict.level, "", "", "", "", verdict.reason]
        for item in verdict.items:
            for proof in item.evidence or (None,):
                place = (proof.message, proof.quote) if proof else ("", "")
                yield [name, "", item.id, item.answer.value, *place, item.reason]
    for advice in card.feedback:
        yield ["feedback", "", "", "said", advice.message, advice.said, advice.why]
        yield ["feedback", "", "", "better", advice.message, advice.better, ""]


def _download(record: ConversationRecord, ending: str) -> dict[str, str]:
    name = f"scorecard-{record.conversation.persona.id}-{record.id[:8]}-{record.branch}.{ending}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


async def _both(
    desk: Desk, conversation_id: str, branch: int | None
) -> tuple[ConversationRecord, ScorecardRecord]:
    record = await desk.practice.store.load(conversation_id, branch)
    return record, await desk.practice.store.scorecard(record.id, record.branch)


async def _earlier(desk: Desk, record: ConversationRecord) -> Earlier | None:
    """The version that was ended before this one, with its score if it has one."""
    before = [number for number in ended_branches(record) if number < record.branch]
    if not before:
        return None
    card = await desk.practice.store.scorecard(record.id, before[-1])
    number = ended_branches(record).index(before[-1]) + 1
    return Earlier(number, card.scorecard.overall if card.scorecard else None)


async def _rubric(desk: Desk, conversation_id: str, language: Language) -> Rubric:
    """The rubric as it was when the conversation began, to be read in ``language``."""
    content = await desk.practice.store.frozen(conversation_id, "rubric")
    return rubric_from(content.body).read_in(language)
