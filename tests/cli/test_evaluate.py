"""``eval run``, ``eval list`` and ``eval show`` as a user types them, on the built-in players."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from simcustomer.cli import main
from simcustomer.cli.later import Evaluation, Later, Simcustomer
from simcustomer.evals.log import log_paths, read_run
from simcustomer.store.store import Store
from tests.evals.engine import MODEL, settings_in, write_content, write_suite

SUITE = {
    "id": "tiny",
    "languages": ["en"],
    "trainees": ["expert", "dismissive"],
    "limits": {"seconds": 600},
}


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run one command in this process, with small content and no model set."""
    write_content(tmp_path, SUITE)
    monkeypatch.chdir(tmp_path)
    for name, value in settings_in(tmp_path).items():
        monkeypatch.setenv(name, value)

    def command(*args: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["simcustomer", *args])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())

    return command


def test_a_suite_is_run_by_its_name_and_prints_one_row_a_trainee(run: Run, tmp_path: Path) -> None:
    """The estimate first, then the table and where the log is; the database has the run too."""
    ran = run("eval", "run", "tiny")
    assert ran.code == 0
    (path,) = log_paths(tmp_path / "runs")
    found = read_run(path)
    assert "2 conversations to play, no language model takes part" in ran.err
    assert f"log: {path}" in ran.out
    rows = {line.split("│")[1].strip(): line.split("│")[2:] for line in ran.out.splitlines() if "│" in line}
    for result in found.results:
        number, tension = rows[result.sample.trainee][:2]
        assert number.strip() == "1"
        assert tension.strip() == f"{result.end_tension:.1f}"

    async def kept() -> int:
        store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/runs.db")
        try:
            return len((await store.run(found.id)).samples)
        finally:
            await store.close()

    assert asyncio.run(kept()) == 2


def test_runs_are_listed_and_shown_sample_by_sample(run: Run, tmp_path: Path) -> None:
    """The list says what is complete; a sample is shown by its number or id, with the tension of each turn."""
    run("eval", "run", "tiny")
    (path,) = log_paths(tmp_path / "runs")
    found = read_run(path)
    listed = run("eval", "list")
    assert "2 of 2" in listed.out
    assert "complete" in listed.out
    assert all(result.sample.trainee in run("eval", "show", found.id).out for result in found.results)
    by_number = run("eval", "show", "latest", "2")
    second = found.results[1]
    assert by_number.out == run("eval", "show", found.id, second.sample.id).out
    words = " ".join(by_number.out.split())
    assert f"1 customer (tension {second.turns[0].affect.tension:.0f}): {second.turns[0].customer}" in words
    assert "Outcome:" in words
    assert "judge built-in:" in words
    unknown = run("eval", "show", "latest", "99")
    assert (unknown.code, unknown.out) == (2, "")
    assert "no result of a sample '99'" in unknown.err


def test_what_people_and_models_wrote_does_nothing_in_the_terminal(run: Run, tmp_path: Path) -> None:
    """Mark-up and control characters in replies are shown as text."""
    ladder = tmp_path / "evals" / "trainees" / "missing-kettle.en.yaml"
    text = ladder.read_text(encoding="utf-8").replace(
        "It is only a kettle.", '"[red]only[/red] \\e[2Ja kettle"'
    )
    ladder.write_text(text, encoding="utf-8")
    run("eval", "run", "tiny")
    shown = run("eval", "show", "latest", "2").out
    assert "[red]only[/red]" in shown
    assert "\x1b" not in shown


def test_a_limit_stops_with_a_code_of_its_own_and_says_how_to_go_on(run: Run, tmp_path: Path) -> None:
    """Exit code 3; the run goes on with the command that was printed once the limit is raised."""
    write_suite(tmp_path, {**SUITE, "limits": {"seconds": 1e-9}})
    stopped = run("eval", "run", "tiny")
    (path,) = log_paths(tmp_path / "runs")
    assert stopped.code == 3
    assert "limits.seconds" in stopped.err
    assert f"simcustomer eval run tiny --resume {path.stem}" in stopped.err
    assert read_run(path).stopped == "budget"
    listed = run("eval", "list").out
    assert path.stem in listed
    assert {"stopped:", "budget"} <= set(listed.split())
    write_suite(tmp_path, SUITE)
    assert run("eval", "run", "tiny", "--resume", path.stem).code == 0
    assert read_run(path).finished_at
    assert log_paths(tmp_path / "runs") == [path]


def test_the_way_to_go_on_names_the_runs_folder_that_was_given(run: Run, tmp_path: Path) -> None:
    """The printed command finds the run: it holds the --runs-dir of the first start, quoted for a shell."""
    write_suite(tmp_path, {**SUITE, "limits": {"seconds": 1e-9}})
    err = run("eval", "run", "tiny", "--runs-dir", "my runs").err
    (path,) = log_paths(tmp_path / "my runs")
    told = err.partition("to go on: ")[2].strip()
    assert shlex.split(told)[-2:] == ["--runs-dir", "my runs"]
    write_suite(tmp_path, SUITE)
    assert run(*shlex.split(told)[1:]).code == 0
    assert read_run(path).finished_at


def test_a_log_that_cannot_be_read_does_not_hide_the_others(run: Run, tmp_path: Path) -> None:
    """The list shows whole ids of all that can be read, then names the broken log and its line; exit code 2."""
    run("eval", "run", "tiny")
    (path,) = log_paths(tmp_path / "runs")
    (tmp_path / "runs" / "a-broken.jsonl").write_text(
        path.read_text(encoding="utf-8") + "oops\n", encoding="utf-8"
    )
    ran = run("eval", "list")
    assert ran.code == 2
    assert path.stem in ran.out
    lines = len(path.read_text(encoding="utf-8").split("\n"))
    assert f"a-broken.jsonl:{lines}: " in ran.err


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"epoch": 3}, "epoch: is not a known field; allowed: id, title, personas"),
        ({"limits": {"cost": 3}}, "limits.cost: is not a known field; allowed: samples, cost_usd"),
        ({"concurrency": {"providers": {"openai": 0}}}, "concurrency.providers.openai: "),
        ({"trainees": ["exprt"]}, "trainees.0.skill: Input should be 'expert', 'competent'"),
        ({"trainees": [{"model": "m", "skill": "good"}]}, "trainees.0.model.skill: Input should be"),
        ({"trainees": [{"endpoint": "ftp://bot"}]}, "trainees.0.endpoint.endpoint: "),
        ({"languages": ["es"]}, "suite 'tiny' comes to no sample: no persona in"),
    ],
)
def test_a_wrong_suite_is_refused_with_the_field_and_what_is_allowed(
    run: Run, tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    """Nothing is begun. A provider with no slot at all would let every request wait for ever."""
    write_suite(tmp_path, SUITE | changes)
    ran = run("eval", "run", "tiny")
    assert ran.code == 2
    assert says in ran.err
    assert not log_paths(tmp_path / "runs")


def test_a_long_name_of_a_trainee_takes_no_figure_from_the_table(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address of an endpoint is folded, in the summary and in the list of samples; every column stays readable."""
    address = f"http://127.0.0.1:9/{'support-bot/' * 8}v1"
    write_suite(tmp_path, SUITE | {"trainees": ["keyword_stuffer", {"endpoint": address}]})
    monkeypatch.setenv("SIMCUSTOMER_MODEL_ATTEMPTS", "1")
    assert run("eval", "run", "tiny", "--yes").code == 0
    table = run("eval", "show", "latest").out
    cells = [
        line.replace("┃", "│").split("│")[1:-1] for line in table.splitlines() if "│" in line or "┃" in line
    ]
    assert address in "".join(row[0].strip() for row in cells if len(row) == 7)
    assert address in "".join(row[1].strip() for row in cells if len(row) == 6)
    assert any(row[0].strip() == "keyword_stuffer" and row[1].strip() == "1" for row in cells)


def test_a_run_in_which_everything_failed_has_a_code_of_its_own(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that is not there: the failures are listed, and a script can tell that nothing was measured."""
    monkeypatch.setenv("SIMCUSTOMER_MODEL_ATTEMPTS", "1")
    write_suite(tmp_path, SUITE | {"trainees": [{"endpoint": "http://127.0.0.1:9/v1"}]})
    assert run("eval", "run", "tiny", "--yes").code == 4
    assert "failed" in run("eval", "show", "latest").out


@pytest.mark.parametrize("amount", ["0", "-1", "nan", "inf"])
def test_a_limit_that_is_no_amount_of_money_is_refused(run: Run, tmp_path: Path, amount: str) -> None:
    """Nothing is begun: such a limit would end the run at once or never, and its log could not be read again."""
    ran = run("eval", "run", "tiny", "--limit-cost", amount)
    assert ran.code == 2
    assert f"--limit-cost {amount}" in ran.err
    assert not log_paths(tmp_path / "runs")


@pytest.mark.parametrize("command", [("list",), ("show", "latest"), ("show", "latest", "1")])
def test_a_terminal_without_utf_8_gets_what_it_can_show(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Characters that the terminal lacks are question marks; no command crashes on them."""
    write_suite(tmp_path, SUITE | {"title": "Años"})
    run("eval", "run", "tiny")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "60"}
    ran = subprocess.run(
        [sys.executable, "-m", "simcustomer", "eval", *command],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.isascii()


def test_an_export_is_utf_8_whatever_the_terminal_shows(run: Run) -> None:
    """A pipe gets the same bytes as a file: no character is replaced in data."""
    run("eval", "run", "tiny")
    export = [sys.executable, "-m", "simcustomer", "eval", "export", "latest", "--turns"]
    given = [
        subprocess.run(
            export, env=os.environ | {"PYTHONIOENCODING": encoding}, capture_output=True, check=True
        ).stdout
        for encoding in ("ascii", "utf-8")
    ]
    assert given[0] == given[1]
    assert given[0]


def test_a_changed_persona_cannot_go_on(run: Run, tmp_path: Path) -> None:
    """The message says what changed; nothing is written."""
    run("eval", "run", "tiny")
    (path,) = log_paths(tmp_path / "runs")
    before = path.read_bytes()
    persona = tmp_path / "personas" / "missing-kettle.en.yaml"
    persona.write_text(persona.read_text(encoding="utf-8").replace("A baker", "A painter"), encoding="utf-8")
    ran = run("eval", "run", "tiny", "--resume", "latest")
    assert ran.code == 2
    assert "Changed since it began: persona:missing-kettle.en." in ran.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("run", "nothing"), "no such suite"),
        (("run", "tiny", "--resume", "nothing"), "no run 'nothing'"),
        (("run", "tiny", "--retry-failed"), "--retry-failed needs --resume"),
        (("show", "nothing"), "no run 'nothing'"),
        (("nothing",), "No such command"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(run: Run, args: tuple[str, ...], says: str) -> None:
    """What is wrong, on standard error; nothing on standard output."""
    ran = run("eval", *args)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_money_cannot_be_limited_where_no_price_is_known(run: Run, tmp_path: Path) -> None:
    """Refused before anything is asked or written."""
    write_suite(tmp_path, {**SUITE, "customers": [MODEL]})
    ran = run("eval", "run", "tiny", "--limit-cost", "1")
    assert ran.code == 2
    assert f"nobody knows the price of {MODEL}; set limits.tokens instead" in ran.err
    assert log_paths(tmp_path / "runs") == []


def test_nobody_is_asked_where_nobody_is_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal a run with models waits for a yes; a no asks and writes nothing. Elsewhere, and with --yes, it goes on."""
    asked: list[str] = []

    def no(question: str, **_: object) -> None:
        asked.append(question)
        raise SystemExit(1)

    write_suite(tmp_path, {**SUITE, "customers": [MODEL], "limits": {"tokens": 1, "seconds": 1e-9}})
    monkeypatch.setattr("typer.confirm", no)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert run("eval", "run", "tiny").code == 1
    assert asked == ["Go ahead?"]
    assert log_paths(tmp_path / "runs") == []
    assert run("eval", "run", "tiny", "--yes").code == 3
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert run("eval", "run", "tiny").code == 3
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("name", "later"),
    [*Simcustomer.later.items(), *Evaluation.later.items()],
    ids=[*Simcustomer.later, *Evaluation.later],
)
def test_a_command_that_is_loaded_later_says_the_same_in_lists_as_itself(name: str, later: Later) -> None:
    """The line in the list is the first line of the command's own help."""
    command = later.loaded(name)
    assert command.name == name
    assert command.help.splitlines()[0] == later.help


def test_help_loads_nothing_of_evaluation() -> None:
    """The list of commands is there without any of their modules."""
    code = (
        "import sys; sys.argv = ['simcustomer', '--help']\n"
        "from simcustomer.cli import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith(('simcustomer.evals', 'litellm', 'scipy', 'dbos'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "calibrate" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
