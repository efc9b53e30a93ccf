"""The commands as a user types them, on the built-in players."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from simcustomer.cli import main

GOOD = "I can see why you are upset, the parcel says delivered and you have nothing in your hands.\n"
BAD = "Our system says it was delivered, so there is nothing we can do.\n"


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run one command in this process, in an empty folder, with no model set."""
    monkeypatch.chdir(tmp_path)
    for name in ("MODEL", "CUSTOMER_MODEL", "APPRAISER_MODEL", "JUDGE_MODEL", "PERSONAS_DIR", "PROMPTS_DIR"):
        monkeypatch.delenv(f"SIMCUSTOMER_{name}", raising=False)

    def command(*args: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["simcustomer", *args])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return command


def script(tmp_path: Path, *replies: str) -> str:
    path = tmp_path / "replies.txt"
    path.write_text("".join(replies), encoding="utf-8")
    return str(path)


def test_play_prints_one_document_with_every_turn_explained(run: Run, tmp_path: Path) -> None:
    """The result holds players, opening, turns with cues and effects, outcome, satisfaction and scorecard."""
    ran = run("play", "lost-parcel", "--replies", script(tmp_path, GOOD, BAD), "--json")
    played = ran.json
    assert ran.code == 0
    assert (played["persona"], played["language"], played["difficulty"]) == ("lost-parcel", "en", 3)
    assert played["players"] == {"customer": "built-in", "appraiser": "built-in", "judge": "built-in"}
    first, second = played["turns"]
    assert {"index", "trainee", "customer", "cues", "effects", "affect", "needs_met"} <= set(first)
    assert {"tension", "trust", "patience", "anger", "anxiety", "confusion", "band"} == set(first["affect"])
    assert first["affect"]["tension"] < played["start"]["tension"]
    assert second["affect"]["tension"] > first["affect"]["tension"]
    assert sum(e["delta"] for e in second["effects"]) == pytest.approx(
        second["affect"]["tension"] - first["affect"]["tension"], abs=0.01
    )
    assert 1 <= played["csat"] <= 5
    assert played["survey"]
    assert played["scorecard"]["judge"]["model"] == "built-in"
    assert played["outcome"] == "abandoned"


def test_replies_after_the_end_are_reported_as_unused(run: Run, tmp_path: Path) -> None:
    """A customer who has left answers nothing more, and the rest of the script is listed."""
    rude = [f"Calm down. That is your own fault, number {n}.\n" for n in range(30)]
    played = run("play", "lost-parcel", "-r", script(tmp_path, *rude), "--no-judge", "--json").json
    assert played["outcome"] in ("left", "supervisor")
    assert len(played["turns"]) + len(played["unused"]) == 30
    assert played["unused"]
    assert played["scorecard"] is None


def test_the_same_script_gives_the_same_document(run: Run, tmp_path: Path) -> None:
    """The built-in players are deterministic."""
    args = ("play", "lost-parcel", "-r", script(tmp_path, GOOD, BAD, GOOD), "--json")
    assert run(*args).out == run(*args).out


def test_an_over_long_reply_stops_the_script_and_keeps_what_was_played(run: Run, tmp_path: Path) -> None:
    """Exit code 2, the turns so far, and an error that names the reply."""
    ran = run("play", "lost-parcel", "-r", script(tmp_path, GOOD, "x" * 20_000 + "\n"), "--json")
    assert ran.code == 2
    assert len(ran.json["turns"]) == 1
    assert "reply 2" in ran.json["error"]
    assert "20000 characters" in ran.json["error"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("play", "nobody", "-r", "-"), "no persona 'nobody'"),
        (("play", "lost-parcel", "-r", "missing.txt"), "missing.txt: cannot be read"),
        (("play", "lost-parcel", "-r", "-", "--difficulty", "9"), "allowed: 1, 2, 3, 4, 5"),
        (("play", "lost-parcel", "-r", "-", "--language", "fr"), "allowed: en, es"),
        (("judge", "missing.json"), "missing.json: cannot be read"),
        (("persona", "show", "nobody"), "there are: "),
        (("persona", "new", "x", "--like", "nobody"), "persona list"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(run: Run, args: tuple[str, ...], says: str) -> None:
    """What is wrong and what is allowed, on standard error; nothing on standard output."""
    ran = run(*args)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert says in ran.err


def test_appraise_answers_one_for_one_in_order(run: Run, tmp_path: Path) -> None:
    """Each line gives one line with its id; what the trainee said before is felt first."""
    opening = {"role": "customer", "text": "Where is my parcel?"}
    lines = [
        {"id": "a", "persona": "lost-parcel", "language": "en", "history": [opening], "reply": GOOD},
        {"id": 7, "persona": "lost-parcel", "language": "en", "history": [opening], "reply": BAD},
        {
            "id": "c",
            "persona": "lost-parcel",
            "history": [opening, {"role": "trainee", "text": BAD}, {"role": "customer", "text": "What?"}],
            "reply": "Hello.",
        },
    ]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    ran = run("appraise", str(path), "--json")
    a, b, c = map(json.loads, ran.out.splitlines())
    assert [a["id"], b["id"], c["id"]] == ["a", 7, "c"]
    assert (a["effect"], b["effect"]) == ("calms", "escalates")
    assert c["tension_before"] == b["tension_after"]
    assert all(cue["quote"] for cue in a["cues"])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{not json}", "2: document"),
        ('{"id": "x", "persona": "lost-parcel"}', "2: reply"),
        (
            '{"id": "x", "persona": "lost-parcel", "history": [{"role": "agent", "text": "a"}], "reply": "b"}',
            "2: history",
        ),
    ],
)
def test_a_bad_line_is_named_before_anything_is_appraised(
    run: Run, tmp_path: Path, line: str, says: str
) -> None:
    """The error says file, line and field, and no output was started."""
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": 1, "persona": "lost-parcel", "reply": "Hello."}\n' + line, encoding="utf-8")
    ran = run("appraise", str(path), "--json")
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def conversation(tmp_path: Path, *texts: str, **fields: Any) -> str:
    roles = ["customer", "trainee"]
    messages = [{"role": roles[i % 2], "text": text} for i, text in enumerate(texts)]
    path = tmp_path / "conversation.json"
    path.write_text(json.dumps({"language": "en", "messages": messages} | fields), encoding="utf-8")
    return str(path)


def test_judge_scores_a_conversation_from_anywhere_with_quotes(run: Run, tmp_path: Path) -> None:
    """Every item that is met has a quote that stands in the trainee message it names; feedback points to messages."""
    texts = (
        "Where is my parcel?",
        GOOD.strip(),
        "And now?",
        "I will open a trace now and write to you by six today.",
    )
    card = run("judge", conversation(tmp_path, *texts), "--json").json["scorecard"]
    assert {"active_listening", "empathy", "composure", "positive_language", "ownership_and_solution", "clarity",
            "escalation_judgement"} <= set(card["criteria"])  # fmt: skip
    met = [item for c in card["criteria"].values() for item in c["items"] if item["met"]]
    assert met
    for item in met:
        for evidence in item["evidence"]:
            assert evidence["message"] in (1, 3)
            assert evidence["quote"] in texts[evidence["message"]]
    for criterion in card["criteria"].values():
        assert criterion["level"] in (None, 1, 2, 3, 4, 5)
        assert criterion["level"] or criterion["reason"]
    assert card["feedback"] or card["went_well"]


def test_judging_a_conversation_without_a_trainee_is_refused(run: Run, tmp_path: Path) -> None:
    """There is nothing to score, and the error says so."""
    ran = run("judge", conversation(tmp_path, "Hello?"), "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "no message with role 'trainee'" in ran.err


def test_check_prints_file_line_and_field(run: Run, tmp_path: Path) -> None:
    """A broken persona file is listed by place; the command fails."""
    path = tmp_path / "bad.yaml"
    path.write_text("id: bad\nlanguage: fr\n", encoding="utf-8")
    ran = run("persona", "check", str(path))
    assert ran.code == 2
    assert f"{path}:2: language:" in ran.out
    assert "problems in 1 files" in ran.err


def test_every_persona_that_ships_is_right_and_comes_in_both_languages(run: Run) -> None:
    """The five personas exist in English and in Spanish, and the whole folder passes the check."""
    assert run("persona", "check").code == 0
    listed = {(p["id"], p["language"]) for p in run("persona", "list", "--json").json}
    ids = ("lost-parcel", "confused-patient", "fraud-victim", "utility-outage", "saas-outage")
    assert {(i, language) for i in ids for language in ("en", "es")} <= listed


def test_a_new_persona_is_a_right_file_at_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy passes the check, is listed, and can be played without any code naming it."""
    source = run("persona", "list", "--json")
    assert source.code == 0
    original = Path(__file__).parents[2] / "personas" / "lost-parcel.en.yaml"
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / original.name).write_text(original.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("SIMCUSTOMER_PERSONAS_DIR", str(folder))
    assert run("persona", "new", "late-sofa", "--like", "lost-parcel").code == 0
    assert run("persona", "check").code == 0
    assert [p["id"] for p in run("persona", "list", "--json").json] == ["late-sofa", "lost-parcel"]
    assert (
        run("play", "late-sofa", "-r", script(tmp_path, GOOD), "--no-judge", "--json").json["persona"]
        == "late-sofa"
    )
    assert run("persona", "new", "late-sofa").code == 2


def test_a_new_persona_needs_one_to_start_from(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder without personas that is said, in one line."""
    monkeypatch.setenv("SIMCUSTOMER_PERSONAS_DIR", str(tmp_path))
    ran = run("persona", "new", "late-sofa")
    assert ran.code == 2
    assert "holds no persona to start from" in ran.err


def test_what_stands_in_a_persona_file_is_text_on_the_terminal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control characters in a title, a fact or a wrong field's name neither colour the terminal nor name its window."""
    text = (Path(__file__).parents[2] / "personas" / "lost-parcel.en.yaml").read_text(encoding="utf-8")
    evil = re.sub(
        "^title: .*$", r'title: "\\e[31mred \\e]0;mine\\a [bold]x[/bold]"', text, flags=re.MULTILINE
    )
    assert evil != text
    (tmp_path / "lost-parcel.en.yaml").write_text(evil, encoding="utf-8")
    monkeypatch.setenv("SIMCUSTOMER_PERSONAS_DIR", str(tmp_path))
    (tmp_path / "wrong.yml").write_text(evil + '"\\e[31mcolour": red\n', encoding="utf-8")
    commands = (["list"], ["show", "lost-parcel"], ["check", "wrong.yml"], ["test", "wrong.yml"])
    told = [run("persona", *command) for command in commands]
    assert [ran.code for ran in told] == [0, 0, 2, 2]
    for ran in told:
        assert not {"\x1b", "\x07"} & set(ran.out + ran.err)
    assert "[bold]x[/bold]" in told[1].out


def test_the_schema_is_a_json_schema_that_knows_the_cues(run: Run) -> None:
    """Editors get a schema with every field described by the model itself."""
    schema = run("persona", "schema").json
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "acknowledges_feeling" in json.dumps(schema)


def test_models_says_that_the_built_in_players_answer(run: Run) -> None:
    """With nothing set, every part is built in and answers."""
    rows = run("models", "--json").json
    assert {row["part"] for row in rows} == {"customer", "appraiser", "judge", "coach"}
    assert {row["player"] for row in rows} == {"built-in"}


def test_a_setting_that_is_wrong_is_named_by_its_variable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the environment variable, not a field of ours."""
    monkeypatch.setenv("SIMCUSTOMER_MODEL_ATTEMPTS", "many")
    ran = run("models")
    assert ran.code == 2
    assert "SIMCUSTOMER_MODEL_ATTEMPTS" in ran.err


def test_help_and_the_keyless_commands_do_not_import_litellm_or_dbos() -> None:
    """Importing litellm takes seconds: nothing pays for it that does not ask a model."""
    code = (
        "import sys, simcustomer.cli as cli\n"
        "sys.argv = ['simcustomer', 'persona', 'check']\n"
        "cli.main() if False else cli.app(standalone_mode=False)\n"
        "heavy = {'litellm', 'dbos', 'fastapi', 'sqlmodel', 'uvicorn'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
