"""The pages of evaluation runs as a trainer's browser gets them."""

from __future__ import annotations

import html
import re

import httpx
from fastapi import FastAPI

from simcustomer.evals.kept import record_of
from simcustomer.evals.report import report_of
from simcustomer.evals.results import Run
from simcustomer.store.runs import SAMPLES_PAGE
from simcustomer.store.store import Store
from tests.evals.runs import a_result, a_run, a_sample, played_run

HOSTILE = "</p><script>alert(1)</script>{{ 7*7 }} %(name)s"


def words(page: str) -> str:
    """A page's text, roughly as a person reads it."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


async def keep(app: FastAPI, run: Run) -> None:
    """Keep a run as the terminal does when it ends."""
    store: Store = app.state.desk.practice.store
    await store.keep_run(record_of(run))


async def test_there_are_no_runs_yet(client: httpx.AsyncClient) -> None:
    """An empty list says what will be there and how a run is started; every page leads to it."""
    page = await client.get("/runs")
    assert "No runs yet" in words(page.text)
    assert "simcustomer eval run" in words(page.text)
    assert 'href="/runs"' in (await client.get("/")).text


async def test_a_run_is_listed_and_read(app: FastAPI, client: httpx.AsyncClient) -> None:
    """From the list to the report to a sample's transcript: each page links to the next and shows what was kept."""
    await keep(app, played_run())
    listed = await client.get("/runs")
    assert "16 of 16 samples" in words(listed.text)
    assert 'href="/runs/played"' in listed.text
    page = await client.get("/runs/played")
    text = words(page.text)
    assert "Built-in practice engine, no language model" in text
    assert "The ladder" in text
    assert "All samples" in text
    assert 'href="/runs/played/samples/16"' in page.text
    sample = await client.get("/runs/played/samples/1")
    first = played_run().results[0]
    for turn in first.turns:
        assert turn.trainee in words(sample.text)
    assert "Scored by the built-in practice engine" in words(sample.text)
    assert "Turn 1, trainee" in words(sample.text)


async def test_the_worst_samples_of_a_report_lead_to_their_transcripts(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    """Inside the product failures and worst samples are links, which the page that stands alone cannot have."""
    run = played_run()
    await keep(app, run)
    page = (await client.get("/runs/played")).text
    for worst in report_of(run).worst:
        assert f'<a href="/runs/played/samples/{worst.position}">' in page


async def test_the_report_is_the_one_that_was_worked_out(app: FastAPI, client: httpx.AsyncClient) -> None:
    """The page shows the figures as they were when the run was kept: intervals that were missing then stay missing."""
    run = played_run()
    report = report_of(run).model_copy(update={"no_intervals": "scipy is not installed"})
    store: Store = app.state.desk.practice.store
    await store.keep_run(record_of(run, report))
    page = await client.get("/runs/played")
    assert page.status_code == 200
    assert "Intervals are missing because" in words(page.text)
    assert "scipy is not installed" in page.text


async def test_the_pages_keep_to_the_policy(app: FastAPI, client: httpx.AsyncClient) -> None:
    """No script and no style stands inside the pages: the content security policy would refuse both."""
    await keep(app, played_run())
    for path in ("/runs", "/runs/played", "/runs/played/samples/1"):
        page = (await client.get(path)).text
        assert "<script" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert page.count("<main") == page.count("<h1") == 1
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))


async def test_hostile_text_stays_text(app: FastAPI, client: httpx.AsyncClient) -> None:
    """What was said, and why it failed, is shown as text on every page."""
    results = [
        a_result(a_sample(customer=HOSTILE), [90], said=HOSTILE, overall=None, levels={"empathy": None}),
        a_result(a_sample(trainee=HOSTILE, customer=HOSTILE), [90], failure=HOSTILE),
    ]
    await keep(app, a_run(results, run_id="hostile"))
    for path in ("/runs/hostile", "/runs/hostile/samples/1", "/runs/hostile/samples/2"):
        page = (await client.get(path)).text
        assert "<script" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "{{ 7*7 }}" in page


async def test_a_failed_sample_says_so(app: FastAPI, client: httpx.AsyncClient) -> None:
    """A conversation that could not be finished shows how far it went and why, and counts for nothing."""
    await keep(app, a_run([a_result(a_sample(), [90, 80], failure="ModelUnavailable: asleep")]))
    text = words((await client.get("/runs/first/samples/1")).text)
    assert (
        "This conversation could not be finished, and no figure counts it: ModelUnavailable: asleep" in text
    )
    assert "Answer 2." in text
    assert "Nothing was scored." in words((await client.get("/runs/first")).text)


async def test_a_run_that_has_not_begun_can_be_read(app: FastAPI, client: httpx.AsyncClient) -> None:
    """A run that was stopped before its first result has a page without a single figure, and no error."""
    await keep(app, a_run([], planned=[a_sample(), a_sample(language="es")]))
    text = words((await client.get("/runs/first")).text)
    assert "Only 0 of 2 samples have a result" in text
    assert "No sample has a result yet." in text


async def test_many_samples_stand_on_pages(app: FastAPI, client: httpx.AsyncClient) -> None:
    """More samples than fit one page are reached by the next one."""
    results = [a_result(a_sample(variant=v), [50]) for v in range(1, SAMPLES_PAGE + 2)]
    await keep(app, a_run(results))
    first = (await client.get("/runs/first")).text
    assert f'href="?offset={SAMPLES_PAGE}#samples"' in first
    assert f"Sample {SAMPLES_PAGE + 1}<" not in first
    second = (await client.get(f"/runs/first?offset={SAMPLES_PAGE}")).text
    assert f"Sample {SAMPLES_PAGE + 1}<" in second
    assert 'href="?offset=0#samples"' in second


async def test_what_is_not_there_is_not_found(app: FastAPI, client: httpx.AsyncClient) -> None:
    """An unknown run or sample is a page with status 404."""
    await keep(app, a_run([a_result(a_sample(), [50])]))
    for path in ("/runs/nothing", "/runs/nothing/samples/1", "/runs/first/samples/2"):
        assert (await client.get(path)).status_code == 404
    assert (await client.get("/runs/first/samples/0")).status_code == 422


async def test_the_pages_in_spanish(app: FastAPI, client: httpx.AsyncClient) -> None:
    """List, report and sample are in Spanish with a decimal comma; what was said keeps its own language."""
    await keep(app, played_run())
    await client.post("/preferences", data={"language": "es"})
    assert "Pruebas" in words((await client.get("/runs")).text)
    page = (await client.get("/runs/played")).text
    text = words(page)
    for told in (
        "Motor de práctica integrado, sin modelo de lenguaje",
        "La escala",
        "Intervalo del 95 %",
        "experto",
    ):
        assert told in text
    assert re.search(r"\d,\d a \d+,\d", text)
    assert not re.search(r"\b(The ladder|Worst samples|All samples|By persona|Scored)\b", text)
    sample = (await client.get("/runs/played/samples/1")).text
    assert "Turno 1, participante" in words(sample)
    assert '<p class="text" dir="auto" lang="en">' in sample
