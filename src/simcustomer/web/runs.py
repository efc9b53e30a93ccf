"""Evaluation runs for trainers: the list, the report as it was worked out when the run was kept, and each sample."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from simcustomer.evals.kept import report_in, result_of, run_of
from simcustomer.evals.page import body_of, transcript_html
from simcustomer.evals.worst import transcript_of
from simcustomer.store.runs import RUNS_PAGE, SAMPLES_PAGE
from simcustomer.web.api import Index
from simcustomer.web.deps import DeskDep
from simcustomer.web.language import language_of
from simcustomer.web.templating import render

router = APIRouter(include_in_schema=False)

CSS = Path(__file__).parent / "static" / "css"
SHEETS = ("tokens.css", "base.css", "pages.css", "runs.css")
"""The style sheets of a report's own page, in the order in which the product's pages load them."""
_FONT_FACE = re.compile(r"@font-face\s*{[^}]*}\s*")

Offset = Annotated[int, Query(ge=0, le=1_000_000)]


def report_styles() -> str:
    """The style of a report on a page of its own: the product's, with the reader's fonts, since nothing is loaded."""
    return "\n".join(_FONT_FACE.sub("", (CSS / name).read_text(encoding="utf-8")) for name in SHEETS)


@router.get("/runs")
async def runs(request: Request, desk: DeskDep, offset: Offset = 0) -> Response:
    """All runs, newest first."""
    page = await desk.practice.store.runs(limit=RUNS_PAGE, offset=offset)
    return render(request, "runs.html", {"page": page, "offset": offset, "size": RUNS_PAGE})


@router.get("/runs/{run_id}")
async def run(request: Request, desk: DeskDep, run_id: str, offset: Offset = 0) -> Response:
    """The report of a run, and its samples."""
    record = await desk.practice.store.run_report(run_id)
    page = await desk.practice.store.run_samples(run_id, limit=SAMPLES_PAGE, offset=offset)
    body = body_of(
        report_in(record), language=language_of(request), samples=f"/runs/{quote(run_id)}/samples/"
    )
    return render(
        request,
        "run.html",
        {"run": record, "body": body, "page": page, "offset": offset, "size": SAMPLES_PAGE},
    )


@router.get("/runs/{run_id}/samples/{position}")
async def sample(request: Request, desk: DeskDep, run_id: str, position: Index) -> Response:
    """One sample: what was said, the tension after each turn, and what the judges gave."""
    record = await desk.practice.store.run_report(run_id)
    kept = await desk.practice.store.run_sample(run_id, position)
    result = result_of(kept)
    transcript = transcript_html(transcript_of(result, run_of(record)), language=language_of(request))
    return render(
        request,
        "sample.html",
        {"run": record, "kept": kept, "result": result, "transcript": transcript},
    )
