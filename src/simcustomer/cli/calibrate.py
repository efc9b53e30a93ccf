"""``calibrate``: how far judge or appraiser agree with people, fitted level tables, drift from accepted figures."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from simcustomer.cast.casting import cast_from
from simcustomer.cli.inputs import library_of, print_json, read_text, write_text
from simcustomer.cli.screen import error_console, show_table, shown
from simcustomer.domain.rubric import Rubric
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.appraiser import AppraiserReport, appraise_all, appraiser_report
from simcustomer.evals.calibration.cases import Case, cases_of
from simcustomer.evals.calibration.drift import Accepted, Drifted, drifted, read_accepted
from simcustomer.evals.calibration.fit import Fit, fit
from simcustomer.evals.calibration.judge import JudgeReport, judge_report
from simcustomer.evals.calibration.judgements import Asked, JudgementLog, collect, whose
from simcustomer.evals.calibration.rated import Labelled, read_labelled
from simcustomer.evals.calibration.rubric_text import with_fit
from simcustomer.evals.calibration.tables import appraiser_tables, drift_table, fit_tables, judge_tables
from simcustomer.evals.figures import Titled
from simcustomer.evals.statistics import require
from simcustomer.settings import Settings, load_settings

DRIFTED = 1
"""Exit code when a figure lies outside its accepted interval. What cannot be done at all is 2, as everywhere."""


def calibrate(
    files: Annotated[
        list[Path], typer.Argument(help="JSON lines of rated conversations, or of labelled replies")
    ],
    rubric: Annotated[str | None, typer.Option(help="name in prompts/rubrics, or a YAML file")] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, max=9, help="passes of the judge; two or more show how steady it is")
    ] = None,
    raters: Annotated[
        list[str] | None,
        typer.Option(help="name under which a label holds people's ratings; may be repeated"),
    ] = None,
    ratings: Annotated[
        list[Path] | None, typer.Option(help="file of one rater {id, overall, criteria}; may be repeated")
    ] = None,
    source: Annotated[str | None, typer.Option(help="only the lines with this source")] = None,
    judgements: Annotated[
        Path | None,
        typer.Option(help="log of judgements to go on with: nothing in it is asked again; unset: a new one"),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="whose judgements of the log count; only the judge that is set is asked"),
    ] = None,
    learn: Annotated[bool, typer.Option("--fit", help="learn level tables, and say what that gains")] = False,
    write: Annotated[bool, typer.Option("--write", help="with --fit: write them into the rubric")] = False,
    accept_as: Annotated[
        Path | None, typer.Option("--accept", help="keep these figures as the accepted ones")
    ] = None,
    accepted: Annotated[
        Path | None, typer.Option(help="compare with accepted figures; exit code 1 outside their intervals")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="write the tables as JSON, for eval report --calibration")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else")] = False,
) -> None:
    """Agreement with people: of the judge on rated conversations, of the appraiser on labelled replies."""
    if write and not learn:
        raise ConfigError("--write writes what --fit learned: give both")
    settings = load_settings()
    require()
    old = read_accepted(accepted) if accepted else None
    used = library_of(settings).rubric(rubric)
    labelled = read_labelled(files, used, raters=raters or (), ratings=ratings or (), source=source)
    for note in labelled.notes:
        error_console.print(f"note: {shown(note)}", soft_wrap=True)
    if labelled.replies and learn:
        raise ConfigError("--fit learns the level tables of a rubric: give it rated conversations")
    report: JudgeReport | AppraiserReport
    learned = None
    if labelled.replies:
        report = _appraised(settings, labelled)
    else:
        log = JudgementLog(judgements or _new_log(settings, used))
        report, cases = _judged(settings, rubric, labelled, log, judge, repeats)
        learned = fit(used, cases) if learn else None
        if learned and write:
            _write(
                library_of(settings).rubric_path(rubric),
                used,
                learned,
                report.judge,
                [*files, *(ratings or ())],
            )
    _deliver(report, learned, old, accept_as, out, as_json)


def _deliver(
    report: JudgeReport | AppraiserReport,
    learned: Fit | None,
    old: Accepted | None,
    accept_as: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write what is to be written and show the rest. Raises ``typer.Exit`` when a figure has drifted."""
    if accept_as:
        write_text(accept_as, report.to_accept().model_dump_json(indent=2) + "\n")
    drift = drifted(old, report.to_accept()) if old else []
    tables = _tables(report, learned) + ([drift_table(old, report.to_accept(), drift)] if old else [])
    if out:
        written = [table.model_dump(mode="json") for table in tables]
        write_text(out, json.dumps(written, ensure_ascii=False, indent=2) + "\n")
    if as_json:
        print_json(_document(report, learned, old, drift))
    else:
        for table in tables:
            show_table(table)
    if drift:
        raise typer.Exit(DRIFTED)


def _tables(report: JudgeReport | AppraiserReport, learned: Fit | None) -> list[Titled]:
    if isinstance(report, AppraiserReport):
        return appraiser_tables(report)
    return judge_tables(report) + (fit_tables(learned) if learned else [])


def _document(
    report: JudgeReport | AppraiserReport, learned: Fit | None, old: Accepted | None, drift: Sequence[Drifted]
) -> dict[str, Any]:
    document = report.model_dump(mode="json")
    if learned:
        document["fit"] = learned.model_dump(mode="json")
    if old:
        document["drift"] = [entry.model_dump(mode="json") | {"way": entry.way} for entry in drift]
    return document


def _appraised(settings: Settings, labelled: Labelled) -> AppraiserReport:
    library, appraiser = library_of(settings), cast_from(settings).appraiser
    with _progress(f"appraised by {appraiser.name}", len(labelled.replies)) as step:
        found = asyncio.run(appraise_all(appraiser, labelled.replies, library.persona, step))
    return appraiser_report(appraiser.name, labelled, found)


def _judged(
    settings: Settings,
    rubric: str | None,
    labelled: Labelled,
    log: JudgementLog,
    wanted: str | None,
    repeats: int | None,
) -> tuple[JudgeReport, list[Case]]:
    library, player = library_of(settings), cast_from(settings).judge
    name = whose(log, player.name, wanted)
    prompt = read_text(str(settings.prompts_dir / "judge.j2"))
    asked = Asked.of(library.rubric(rubric), library.rubric_hash(rubric), name, prompt)
    configured = player if name == player.name else None
    with _progress(f"judged by {name}", len(labelled.conversations) * (repeats or 1)) as step:
        judged = asyncio.run(collect(name, configured, asked, labelled.conversations, log, repeats, step))
    cases = cases_of(asked.rubric, asked.rubric_hash, labelled.conversations, judged)
    error_console.print(f"judgements: {shown(str(log.path))}", soft_wrap=True)
    return judge_report(asked, labelled, judged, cases), cases


def _write(path: Path, rubric: Rubric, learned: Fit, judge: str, data: Sequence[Path]) -> None:
    """Put the tables fitted on everything into the rubric file, with where they come from."""
    if not learned.learned:
        error_console.print(f"nothing was learned that agrees more: {shown(str(path))} is as it was")
        return
    today = datetime.now(UTC).date().isoformat()
    hashes = [(each.name, hashlib.sha256(each.read_bytes()).hexdigest()) for each in data]
    text = with_fit(read_text(str(path)), rubric, learned, learned.provenance(judge, hashes, today))
    write_text(path, text)
    error_console.print(f"written: {shown(str(path))}", soft_wrap=True)


def _new_log(settings: Settings, rubric: Rubric) -> Path:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return settings.runs_dir / "calibration" / f"{rubric.id}-{now}.jsonl"


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error; what it gives is called for each step."""
    with Progress(console=error_console, transient=True) as bar:
        task = bar.add_task(shown(what), total=total)
        yield lambda: bar.advance(task)
