"""``eval run``, ``eval list`` and ``eval show`` as a user types them, on the built-in players."""

from __future__ import annotations

import asyncio
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
    assert "stopped: budget" in " ".join(run("eval", "list").out.split())
    write_suite(tmp_path, SUITE)
    assert run("eval", "run", "tiny", "--resume", path.stem).code == 0
    assert read_run(path).finished_at
    assert log_paths(tmp_path / "runs") == [path]


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
