"""The report: figures that can be checked by hand, a page that needs nothing else, and text that stays text."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from simcustomer.cli.readings import report as command
from simcustomer.domain.conversation import Outcome
from simcustomer.domain.persona import Language
from simcustomer.errors import ConfigError
from simcustomer.evals import statistics
from simcustomer.evals.figures import Report, Titled
from simcustomer.evals.page import LOCALE, body_of, page_of
from simcustomer.evals.report import report_of
from simcustomer.evals.results import Judged, Run, SampleResult, Spent
from simcustomer.evals.suite import ModelTrainee, Suite
from simcustomer.evals.worst import worst_of
from simcustomer.web.runs import report_styles
from tests.evals.runs import a_result, a_run, a_sample, output_of, played_run, write_log

HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} {% raw %} \"'&lt; %(name)s"
SUITE = Suite(id="small", title="A small run", trainees=("expert", "competent", "hostile"))


def a_ladder_run() -> Run:
    """Three trainees, two of them on the wrong side of each other; one sample failed, one judge failed."""
    expert, competent = a_sample(trainee="expert"), a_sample(trainee="competent")
    results: list[SampleResult] = [
        a_result(expert, [60, 50], overall=4.0),
        a_result(competent, [60, 40, 20], Outcome.RESOLVED, overall=3.0),
        a_result(a_sample(trainee="hostile"), [90], overall=1.0),
        a_result(a_sample(trainee="expert", variant=2), [30], Outcome.RESOLVED).model_copy(
            update={"judged": (Judged(judge="built-in", failure="the judge was asleep"),)}
        ),
        a_result(a_sample(trainee="hostile", variant=2), [80], failure="ModelUnavailable: asleep"),
    ]
    return a_run(results, suite=SUITE)


def words(page: str) -> str:
    """A page's text, roughly as a person reads it."""
    body = re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def whole(run: Run, **more: tuple[Titled, ...]) -> str:
    """The page of a run."""
    return page_of(report_of(run, **more), report_styles())


# --- figures ------------------------------------------------------------------------------------------------------


def test_the_ladder_is_the_mean_of_what_was_scored() -> None:
    """Experts ended at 50 and 30: 40 on average, 2 of 2; of the hostile ones 1 of 2 was scored, at 90."""
    found = {rung.trainee: rung.figures[0] for rung in report_of(a_ladder_run()).ladder}
    assert list(found) == ["expert", "competent", "hostile"]
    assert (found["expert"].value, found["expert"].n, found["expert"].of) == (40.0, 2, 2)
    assert (found["hostile"].value, found["hostile"].n, found["hostile"].of) == (90.0, 1, 2)


def test_a_curve_stays_where_its_conversation_ended() -> None:
    """Experts went 73.5, 60, 50 and 73.5, 30: on average 73.5, 45, 40, the second one held at 30."""
    (panel,) = report_of(a_ladder_run()).panels
    expert = next(curve for curve in panel.curves if curve.trainee == "expert")
    assert expert.tensions == pytest.approx((73.5, 45.0, 40.0))
    assert expert.n == 2


def test_the_matrix_has_a_row_a_persona_and_a_column_a_cell() -> None:
    """Two customers and two personas make a table of all and each; what was not scored is no number."""
    samples = [
        a_sample(persona, customer=customer, variant=variant)
        for persona in ("missing-kettle", "lost-lamp")
        for customer in ("built-in", "other/model")
        for variant in (1, 2)
    ]
    tensions = [10, 30, 20, 40, 50, 70, None, None]
    run = a_run(
        [
            a_result(sample, [tension] if tension else [], failure="" if tension else "asleep")
            for sample, tension in zip(samples, tensions, strict=True)
        ]
    )
    matrix = next(m for m in report_of(run).matrices if m.measure == "end_tension")
    means = {row.persona: [figure.value for figure in row.figures] for row in matrix.rows}
    assert means == {None: [40.0, 30.0], "missing-kettle": [20.0, 30.0], "lost-lamp": [60.0, None]}
    assert [(f.n, f.of) for f in matrix.rows[0].figures] == [(4, 4), (2, 4)]


def test_costs_are_summed_by_purpose_and_an_unknown_price_is_not_nothing() -> None:
    """Requests of known and unknown price are told apart; a purpose without any known price has no sum of money."""
    known = Spent(
        requests=4, failed_requests=1, input_tokens=1200, output_tokens=20, cost_usd=0.5, seconds=8.0
    )
    unknown = Spent(requests=2, unpriced_requests=2, seconds=1.0)
    run = a_run(
        [
            a_result(a_sample(variant=1), [50], spent={"customer": known, "judge": unknown}),
            a_result(a_sample(variant=2), [50], failure="asleep", spent={"customer": known + unknown}),
        ]
    )
    costs = {cost.purpose: cost for cost in report_of(run).costs}
    assert (costs["customer"].spent.requests, costs["customer"].cost_usd) == (10, 1.0)
    assert costs["judge"].cost_usd is None
    text = words(whole(run))
    assert "1.0000 and 2 requests of unknown price" in text
    assert "price not known" in text
    assert "2,400" in text
    assert "No model was asked, so nothing was spent." in words(whole(a_ladder_run()))


def test_failures_of_conversations_and_judges_are_listed() -> None:
    """Each failure stands there with its sample and reason, and says that no figure counts it."""
    found = report_of(a_ladder_run())
    assert [(f.position, f.reason) for f in found.failures] == [
        (4, "judge built-in: the judge was asleep"),
        (5, "ModelUnavailable: asleep"),
    ]
    assert (found.kept, found.failed) == (5, 1)
    assert "2 failures of conversations or of judges. They are in no figure." in words(whole(a_ladder_run()))


def test_the_worst_sample_is_the_one_that_contradicts_the_ladder() -> None:
    """An expert at 50 above a competent one at 20 is on the wrong side by 30 points, and so is the other one below."""
    first, second = worst_of(a_ladder_run())[:2]
    assert (first.sample, first.gap, first.against, first.rivals) == (
        a_sample(trainee="competent").id,
        20.0,
        2,
        3,
    )
    assert (second.sample, second.gap, second.against, second.rivals) == (a_sample().id, 30.0, 1, 2)
    assert first.transcript.exchanges[2].tension == 20.0


def test_an_expert_who_settles_nobody_is_told_even_in_the_right_order() -> None:
    """Nothing contradicts the order, yet an expert's customer who is left unsettled is shown; a settled one is not."""
    run = a_run(
        [
            a_result(a_sample(trainee="expert"), [35]),
            a_result(a_sample("lost-lamp", trainee="expert"), [20], Outcome.RESOLVED),
            a_result(a_sample(trainee="hostile"), [90]),
        ]
    )
    (only,) = worst_of(run)
    assert (only.sample, only.against, only.gap) == (a_sample().id, 0, 0.0)
    assert "In the order of the ladder, but the customer was not settled." in words(whole(run))
    assert "No sample contradicts the ladder." in words(whole(a_run(run.results[1:])))


def test_a_model_told_its_skill_stands_on_the_ladder_and_a_bot_does_not() -> None:
    """A model as expert that leaves a customer tenser than a hostile script is shown; a bot of unknown skill never is."""
    model = ModelTrainee(model="some/model", skill="expert")
    suite = Suite(id="small", trainees=(model, "hostile"))
    results = [
        a_result(a_sample(trainee=model.label), [95]),
        a_result(a_sample(trainee="hostile"), [80]),
        a_result(a_sample(trainee="bot at http://x"), [99]),
    ]
    found = worst_of(a_run(results, suite=suite))
    assert {worst.trainee for worst in found} == {model.label, "hostile"}


def test_a_report_survives_as_json() -> None:
    """What was worked out can be kept and read again, and is the same."""
    found = report_of(played_run())
    assert Report.model_validate_json(found.model_dump_json()) == found


# --- the page -----------------------------------------------------------------------------------------------------


def test_the_page_needs_nothing_else() -> None:
    """There is no script, no handler, no style attribute, and no address of anything outside the page."""
    page = whole(played_run())
    assert "<script" not in page
    assert not re.search(r"\son\w+\s*=", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))
    assert not re.search(r"<(link|img|iframe|object|embed|base|form)\b", page)
    assert " style=" not in page
    assert not re.search(r"@import|@font-face|https?://|//cdn", page)
    assert {m for m in re.findall(r'href="([^"]*)"', page) if not m.startswith("#")} == set()
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {"#tension"}


def test_the_page_is_well_formed() -> None:
    """Every link inside it leads somewhere, no id stands twice, and every header cell says what it heads."""
    page = whole(a_ladder_run(), calibration=(Titled(title="Judge", columns=("a",)),))
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in re.findall(r'href="([^"]*)"', page)} <= set(ids)
    assert not re.search(r"<th(?![^>]*\bscope=)(\s[^>]*)?>", page)
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert page.count("<main") == page.count("<h1") == 1


def test_the_page_says_that_no_model_took_part() -> None:
    """Where only built-in players and scripts took part that is said plainly, else who played is named."""
    assert "Built-in practice engine, no language model" in words(whole(played_run()))
    run = a_run([a_result(a_sample(customer="some/model"), [50])])
    assert "Built-in practice engine, no language model" not in words(whole(run))
    assert "Played by some/model, the rest by the built-in practice engine" in words(whole(run))


def test_the_page_says_how_far_the_run_went() -> None:
    """A run that was stopped says so, and of how many samples its figures are."""
    results = a_ladder_run().results
    planned = [result.sample for result in results] + [a_sample(trainee="dismissive")]
    text = words(whole(a_run(results, planned=planned)))
    assert "Interrupted" in text
    assert "Only 5 of 6 samples have a result" in text


def test_hostile_text_stays_text() -> None:
    """What trainees, customers, failures and models' names say is shown as it is and does nothing."""
    suite = Suite(id="small", title=HOSTILE, trainees=("expert", "hostile"))
    sample = a_sample(customer=HOSTILE, prompts=HOSTILE)
    run = a_run(
        [
            a_result(sample, [99], said=HOSTILE, answer=HOSTILE.replace("{", "{{").replace("}", "}}")),
            a_result(sample.model_copy(update={"trainee": "hostile"}), [5], failure=HOSTILE),
        ],
        suite=suite,
    )
    table = Titled(title=HOSTILE, note=HOSTILE, columns=(HOSTILE, "b"), rows=((HOSTILE, 1),))
    page = whole(run, calibration=(table,), robustness=(table,))
    assert "<script>" not in page
    assert "<img" not in page
    assert html.escape(HOSTILE, quote=False).replace('"', "&#34;").replace("'", "&#39;") in page
    assert page.count("{{ 7*7 }}") > 10


def test_without_the_statistics_intervals_are_missing_and_it_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The means are the same, each interval is a dash, and one line says what to install."""
    with_intervals = report_of(played_run())

    def missing(name: str) -> None:
        raise ImportError(name=name)

    monkeypatch.setattr(statistics, "import_module", missing)
    without = report_of(played_run())
    assert [rung.figures[0].value for rung in without.ladder] == pytest.approx(
        [rung.figures[0].value for rung in with_intervals.ladder]
    )
    assert all(figure.low is None for rung in without.ladder for figure in rung.figures)
    assert "Intervals are missing because" in words(page_of(without, ""))
    assert "pip install 'simcustomer[evals]'" in words(page_of(without, ""))
    assert "Intervals are missing" not in words(page_of(with_intervals, ""))


def test_tables_from_elsewhere_stand_as_they_are() -> None:
    """Calibration and attacks have a section only when given: title, note, columns, and a dash for what is unknown."""
    table = Titled(
        title="On the gold set",
        note="44 of them",
        columns=("criterion", "kappa"),
        rows=(("empathy", 0.4567), ("clarity", None)),
    )
    text = words(whole(played_run(), calibration=(table,)))
    assert "On the gold set 44 of them" in text
    assert "empathy 0.46 clarity —" in text
    assert "Attacks and rewording" not in text


# --- the command, and Spanish -------------------------------------------------------------------------------------


def written(*arguments: str) -> str:
    """Output of the command."""
    return output_of(command, *arguments)


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page stands beside the log or where --out says, with the tables of the files that were given."""
    monkeypatch.setenv("SIMCUSTOMER_RUNS_DIR", str(tmp_path))
    write_log(a_ladder_run(), tmp_path)
    told = written("first")
    assert "5 of 5 samples, 1 failed" in told
    assert (tmp_path / "first.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    tables = tmp_path / "tables.json"
    one = {"title": "Kappa", "columns": ["a", "b"], "rows": [["x", 1.5]]}
    target = tmp_path / "page.html"
    for given in (one, [one, one]):
        tables.write_text(json.dumps(given), encoding="utf-8")
        written("latest", "--out", str(target), "--calibration", str(tables), "--robustness", str(tables))
        assert "Attacks and rewording" in target.read_text(encoding="utf-8")
    tables.write_text('{"title": "Kappa", "columns": []}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"tables.json: .*allowed: a table \{title, note, columns, rows\}"):
        written("first", "--calibration", str(tables))
    with pytest.raises(ConfigError, match="cannot be written"):
        written("first", "--out", str(tmp_path / "no" / "page.html"))


def key(message: Message) -> str:
    """The singular of a message's text."""
    return message.id if isinstance(message.id, str) else message.id[0]


def test_every_text_of_a_report_is_translated() -> None:
    """The template of the catalogue holds exactly the texts of the report, and Spanish has every one of them."""
    with (LOCALE / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(str(LOCALE.parent), methods, options)
    texts = {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}
    for name in ("messages.pot", "es/LC_MESSAGES/messages.po"):
        with (LOCALE / name).open("rb") as file:
            messages = [message for message in read_po(file) if message.id]
        assert {key(message) for message in messages} == texts
        for message in messages if name.endswith(".po") else ():
            strings = [message.string] if isinstance(message.string, str) else message.string
            assert all(strings), key(message)
            assert not message.fuzzy
            for string in strings:
                assert set(re.findall(r"%\(\w+\)s", string)) == set(re.findall(r"%\(\w+\)s", key(message)))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("Tension at the end", "40.0", "Nothing failed.")),
        ("es", ("Tensión al final", "40,0", "No falló nada.")),
    ],
)
def test_a_body_reads_in_its_language(language: Language, said: tuple[str, ...]) -> None:
    """Texts, decimal marks and dates are the language's own; what scorers say stays English and is marked so."""
    body = body_of(
        report_of(a_run([a_result(a_sample(), [40])])), language=language, samples="/runs/x/samples/"
    )
    for text in said:
        assert text in words(body)
    assert 'lang="en">tension after the last turn' in body
