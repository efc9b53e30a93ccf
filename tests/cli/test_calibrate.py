"""``calibrate`` as a user types it, on the built-in players and on logs of others."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
import yaml

from simcustomer.cli.calibrate import calibrate
from simcustomer.domain.rubric import Rubric
from simcustomer.errors import SimCustomerError
from simcustomer.evals import statistics
from simcustomer.library import load
from simcustomer.settings import content_dir
from tests.evals.calibration.rated_people import ITEMS, a_conversation, a_rubric, write_lines

GOOD = "I am sorry the parcel is lost. I can see how upset you are. I will send a new one today and call you by six."
BAD = "Calm down. That is your own fault, and there is nothing we can do."


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """How sharp an interval is is not what these tests are about: a tenth of the draws will do."""
    monkeypatch.setattr(statistics, "RESAMPLES", 100)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run the command in this process, in an empty folder, with no model set; errors as the terminal has them."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "MODEL",
        "APPRAISER_MODEL",
        "JUDGE_MODEL",
        "PERSONAS_DIR",
        "PROMPTS_DIR",
        "RUBRIC",
        "RUNS_DIR",
    ):
        monkeypatch.delenv(f"SIMCUSTOMER_{name}", raising=False)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(calibrate)

    def command(*args: str) -> Ran:
        code = 0
        try:
            app(list(args))
        except SimCustomerError as error:
            print(f"error: {error}", file=sys.stderr)
            code = 2
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return command


@pytest.fixture
def gold(tmp_path: Path) -> list[str]:
    """Twelve conversations with the shipped personas' kind of text, and two raters."""
    rows, a, b = [], [], []
    for n in range(12):
        text = GOOD if n % 2 else BAD
        rows.append(
            {
                "id": f"g{n}",
                "messages": [
                    {"role": "customer", "text": f"Where is parcel {n}? I am furious."},
                    {"role": "trainee", "text": text},
                ],
            }
        )
        level = 4 if n % 2 else 1
        a.append({"id": f"g{n}", "overall": level, "criteria": {"empathy": level, "composure": level}})
        b.append({"id": f"g{n}", "overall": level, "criteria": {"empathy": level + 1, "composure": level}})
    names = ("rated.jsonl", "a.jsonl", "b.jsonl")
    paths = [
        str(write_lines(tmp_path / name, given)) for name, given in zip(names, (rows, a, b), strict=True)
    ]
    return [paths[0], "--ratings", paths[1], "--ratings", paths[2]]


@pytest.fixture
def askew(tmp_path: Path) -> list[str]:
    """Forty rated conversations, a rubric file, and the log of a judge whose levels are off and whose order is right."""
    rubric = tmp_path / "askew.yaml"
    fields = a_rubric(anchored_share=0.5).model_dump(mode="json", exclude_defaults=True)
    rubric.write_text("# By hand.\n" + yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")
    rows, log = [], []
    for n in range(40):
        level = n % 5 + 1
        rows.append(a_conversation(n, care={"experts": [level, level]}, war={"experts": [6 - level] * 2}))
        met = {f"care_{i}" for i in range(3 + level)} | {f"war_{i}" for i in range(5 - level)}
        proof = [{"message": 1, "quote": "This is reply"}]
        answers = [
            {
                "item": item,
                "answer": "met" if item in met else "not_met",
                "evidence": proof if item in met else [],
            }
            for item in (*(f"care_{i}" for i in range(ITEMS)), *(f"war_{i}" for i in range(ITEMS)))
        ]
        for repeat in (1, 2):
            log.append(
                {
                    "id": f"c{n}",
                    "repeat": repeat,
                    "judge": "hosted",
                    "rubric_hash": "x",
                    "judgement": {"answers": answers},
                }
            )
    data = write_lines(tmp_path / "rated.jsonl", rows)
    kept = write_lines(tmp_path / "log.jsonl", log)
    return [str(data), "--rubric", str(rubric), "--raters", "experts", "--judgements", str(kept)]


def test_the_judge_on_conversations_with_two_raters(run: Run, gold: list[str], tmp_path: Path) -> None:
    """One document: who judged what with which rubric, figures with intervals, failures; the judgements are kept."""
    ran = run(*gold, "--json")
    document = ran.json
    assert ran.code == 0
    assert (document["kind"], document["judge"], document["rubric"]) == ("judge", "built-in", "deescalation")
    assert document["failures"] == []
    empathy = next(c for c in document["figures"]["criteria"] if c["id"] == "empathy")
    assert empathy["kappa"]["combined"]["n"] == 12
    assert empathy["kappa"]["combined"]["value"] > 0.5
    assert document["figures"]["raters"] == 2
    log = list((tmp_path / "runs" / "calibration").glob("*.jsonl"))
    assert len(log) == 1
    assert len(log[0].read_text(encoding="utf-8").splitlines()) == 12
    assert str(log[0].name) in ran.err.replace("\n", "")


def test_tables_on_the_terminal_and_for_the_page(run: Run, gold: list[str], tmp_path: Path) -> None:
    """The same tables are printed and, with --out, written for the report of a run."""
    ran = run(*gold, "--out", str(tmp_path / "tables.json"))
    assert ran.code == 0
    assert "Judge built-in on rubric deescalation" in " ".join(ran.out.split())
    tables = json.loads((tmp_path / "tables.json").read_text(encoding="utf-8"))
    assert all(set(table) == {"title", "note", "columns", "rows"} for table in tables)
    for table in tables:
        assert all(len(row) == len(table["columns"]) for row in table["rows"])


def test_a_log_of_another_judge_is_read_and_nothing_is_asked(run: Run, askew: list[str]) -> None:
    """The judge in the log is reported; its file is as it was."""
    log = Path(askew[-1])
    before = log.read_bytes()
    document = run(*askew, "--json").json
    assert (document["judge"], document["figures"]["conversations"], document["figures"]["passes"]) == (
        "hosted",
        40,
        2,
    )
    assert document["other_rubric"] == 80
    assert log.read_bytes() == before


def test_fit_writes_the_tables_into_the_rubric(run: Run, askew: list[str]) -> None:
    """The gain is reported out of fold; the file then holds the tables, and judging with them agrees."""
    path = Path(askew[2])
    document = run(*askew, "--fit", "--write", "--json").json
    held = document["fit"]["out_of_fold"]["mean_kappa"]
    assert held["after"]["value"] > held["before"]["value"] + 0.2
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# By hand.\n")
    rubric = load(path, Rubric)
    assert list(rubric.criteria[0].cutoffs) == document["fit"]["fitted"]["cutoffs"]["care"]
    assert "rated.jsonl (SHA-256" in rubric.provenance
    assert "judged by hosted" in rubric.provenance
    assert run(*askew, "--json").json["figures"]["mean_kappa"]["combined"]["value"] == pytest.approx(1.0)


def test_fit_alone_leaves_the_rubric(run: Run, askew: list[str]) -> None:
    """Without --write nothing is written; the tables of before and after are printed."""
    path = Path(askew[2])
    before = path.read_bytes()
    ran = run(*askew, "--fit")
    assert "Out of fold" in ran.out
    assert path.read_bytes() == before


def test_drift_is_exit_code_1_and_names_the_figure(run: Run, askew: list[str], tmp_path: Path) -> None:
    """The same run passes; a worse one fails and says which figures; another set is an error."""
    accepted = tmp_path / "accepted.json"
    assert run(*askew, "--accept", str(accepted)).code == 0
    same = run(*askew, "--accepted", str(accepted), "--json")
    assert (same.code, same.json["drift"]) == (0, [])
    figures = json.loads(accepted.read_text(encoding="utf-8"))
    figures["figures"]["care.kappa"] |= {"low": 0.97, "value": 0.98, "high": 0.99}
    accepted.write_text(json.dumps(figures), encoding="utf-8")
    worse = run(*askew, "--accepted", str(accepted))
    assert worse.code == 1
    assert "care.kappa" in worse.out
    assert "below" in worse.out
    rated = Path(askew[0])
    rated.write_text("\n".join(rated.read_text(encoding="utf-8").splitlines()[:30]), encoding="utf-8")
    other = run(*askew, "--accepted", str(accepted))
    assert other.code == 2
    assert "another set" in other.err


def test_the_appraiser_on_labelled_replies(run: Run, tmp_path: Path) -> None:
    """Replies with a shipped persona and without any; the figures are of the appraiser."""
    rows = [
        {"id": f"{n}", "reply": GOOD if n % 2 else BAD, "effect": "calms" if n % 2 else "escalates"}
        | ({"persona": "lost-parcel"} if n < 4 else {})
        for n in range(8)
    ]
    path = write_lines(tmp_path / "replies.jsonl", rows)
    document = run(str(path), "--json").json
    assert (document["kind"], document["appraiser"]) == ("appraiser", "built-in")
    assert document["figures"]["direction"] | {"low": 0, "high": 0} == {
        "value": 1.0, "low": 0, "high": 0, "n": 8, "groups": 8,
    }  # fmt: skip
    assert "macro-F1" in run(str(path)).out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--write"], "--write writes what --fit learned"),
        (["--source", "nobody"], "--source nobody: no such line"),
        (["--rubric", "nowhere"], "no such rubric"),
        (["--judge", "nobody"], "--judge nobody: not in"),
        (["--accepted", "nowhere.json"], "nowhere.json: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line_and_exit_code_2(
    run: Run, gold: list[str], options: list[str], says: str
) -> None:
    """Nothing is judged before what is wrong is said."""
    ran = run(*gold, *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert says in ran.err


def test_replies_cannot_be_fitted(run: Run, tmp_path: Path) -> None:
    """Tables belong to rubrics, and rubrics to conversations."""
    path = write_lines(tmp_path / "replies.jsonl", [{"id": 1, "reply": GOOD, "effect": "calms"}])
    ran = run(str(path), "--fit")
    assert ran.code == 2
    assert "give it rated conversations" in ran.err


def test_what_a_model_wrote_is_text_on_the_terminal(run: Run, askew: list[str]) -> None:
    """Mark-up and control characters in the reason of a failure do nothing."""
    log = Path(askew[-1])
    lines = log.read_text(encoding="utf-8").splitlines()[2:]
    bad = {"id": "c0", "repeat": 1, "judge": "hosted", "rubric_hash": "x", "error": "[red]\x1b[2Jgone[/red]"}
    log.write_text("\n".join([json.dumps(bad), *lines]) + "\n", encoding="utf-8")
    out = run(*askew).out
    assert "[red]" in out
    assert "\x1b[2J" not in out


# --- the project's own gold set -------------------------------------------------------------------------------------

GOLD = content_dir("evals") / "gold"
RATED = [str(GOLD / "conversations.en.jsonl"), str(GOLD / "conversations.es.jsonl")]
RATINGS = ["--ratings", str(GOLD / "scores.a.jsonl"), "--ratings", str(GOLD / "scores.b.jsonl")]
ACCEPTED = str(content_dir("evals") / "accepted" / "gold.built-in.json")


def test_the_built_in_judge_agrees_with_the_gold_set_as_it_did_when_it_was_accepted(run: Run) -> None:
    """The drift check of the project itself. Moved on purpose? Accept it anew: evals/README.md says how."""
    told = run(
        *RATED, *RATINGS, "--accepted", content_dir("evals") / "accepted" / "gold.built-in.json", "--json"
    )
    assert told.json["drift"] == []
    assert told.code == 0


def test_the_answers_of_a_hosted_model_on_the_gold_set_can_be_read_again(run: Run, tmp_path: Path) -> None:
    """They are kept beside the set, so that a changed level table can be measured without asking anybody."""
    log = tmp_path / "judgements.jsonl"
    log.write_text((GOLD / "judgements.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    told = run(*RATED, *RATINGS, "--judgements", str(log), "--json").json
    assert told["judge"] == "hosted model, by hand"
    assert told["failures"] == []
    assert told["figures"]["composite"]["combined"]["value"] > 0.9


def test_length_does_not_order_the_gold_set(run: Run, tmp_path: Path) -> None:
    """Spearman of the trainee's words with the raters' score lies within .2 of none."""
    log = tmp_path / "judgements.jsonl"
    log.write_text((GOLD / "judgements.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    words = run(*RATED, *RATINGS, "--judgements", str(log), "--json").json["figures"]["words_with_raters"]
    assert abs(words["value"]) < 0.2
