"""``persona test`` and what it changes in the other persona commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from simcustomer.cli import main, persona
from simcustomer.domain.persona import Persona
from simcustomer.errors import ModelUnavailable
from simcustomer.library import check
from simcustomer.settings import content_dir
from tests.evals.gates import SCRIPTS, CueAppraiser, gate_cast
from tests.people import persona_fields


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]
STEADFAST = {
    "temperament": persona_fields()["temperament"] | {"patience": 100, "reactivity": 0.5},
    "limits": {"max_turns": 8},
}
"""A customer whom hostility does not drive away."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two personas, of which the second fails the gate, with their ladders; the settings point to them."""
    (tmp_path / "personas").mkdir()
    (tmp_path / "evals" / "trainees").mkdir(parents=True)
    for name, changes in {"missing-kettle": {}, "steadfast": STEADFAST}.items():
        write_persona(tmp_path, name, status="tested", **changes)
        ladder = tmp_path / "evals" / "trainees" / f"{name}.en.yaml"
        ladder.write_text(yaml.safe_dump(SCRIPTS), encoding="utf-8")
    monkeypatch.setenv("SIMCUSTOMER_PERSONAS_DIR", str(tmp_path / "personas"))
    monkeypatch.setenv("SIMCUSTOMER_EVALS_DIR", str(tmp_path / "evals"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_persona(folder: Path, name: str, **changes: Any) -> Path:
    """The small persona under another id."""
    path = folder / "personas" / f"{name}.en.yaml"
    path.write_text(yaml.safe_dump(persona_fields(id=name, **changes)), encoding="utf-8")
    return path


@pytest.fixture
def appraiser(monkeypatch: pytest.MonkeyPatch) -> CueAppraiser:
    """The appraiser of the gate; give it an error."""
    appraiser = CueAppraiser()
    monkeypatch.setattr(persona, "cast_from", lambda settings: gate_cast(appraiser))
    return appraiser


@pytest.fixture
def run(
    folder: Path, appraiser: CueAppraiser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run one command in this process."""

    def command(*args: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["simcustomer", "persona", *args])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())

    return command


def test_a_gate_that_passes_is_printed_stored_and_counts(run: Run, folder: Path) -> None:
    """Exit code 0, a row for each script, every check; with --write the persona counts as tested from then on."""
    ran = run("test", "missing-kettle", "--write")
    assert ran.code == 0
    assert "expert" in ran.out
    assert "yes hostility_ends_it" in ran.out
    assert "passed" in ran.out
    stored = json.loads(
        (folder / "personas" / "gates" / "missing-kettle.en.json").read_text(encoding="utf-8")
    )
    assert stored["passed"] is True
    assert len(stored["rows"]) == 16
    assert {"persona_hash", "players", "difficulty", "date", "checks"} <= set(stored)
    listed = json.loads(run("list", "--json").out)
    assert [one["tested"] for one in listed] == [True, False]


def test_a_gate_that_fails_names_the_check(run: Run, folder: Path) -> None:
    """Exit code 1; stored, the result says that it did not pass."""
    ran = run("test", "steadfast", "--write")
    assert ran.code == 1
    assert "NO  hostility_ends_it" in ran.out
    assert "did not pass" in run("list").out
    assert (folder / "personas" / "gates" / "steadfast.en.json").is_file()


def test_without_write_nothing_is_stored(run: Run, folder: Path) -> None:
    """A test leaves the folder as it was."""
    assert run("test", "--all").code == 1
    assert not (folder / "personas" / "gates").exists()


def test_a_model_that_fails_is_an_error_and_stores_nothing(
    run: Run, appraiser: CueAppraiser, folder: Path
) -> None:
    """Exit code 2 and the reason; an earlier result stays as it was."""
    run("test", "missing-kettle", "--write")
    stored = folder / "personas" / "gates" / "missing-kettle.en.json"
    before = stored.read_text(encoding="utf-8")
    appraiser.error = ModelUnavailable("the provider is down")
    ran = run("test", "missing-kettle", "--write")
    assert ran.code == 2
    assert "error: missing-kettle (en) is undecided: the provider is down" in ran.err
    assert stored.read_text(encoding="utf-8") == before


def test_json_is_the_results_and_nothing_else(run: Run) -> None:
    """Several personas, by id and by file, in one list."""
    ran = run("test", "steadfast", "personas/missing-kettle.en.yaml", "--json", "--write")
    gates = {gate["persona"]: gate for gate in json.loads(ran.out)}
    assert {name: gate["passed"] for name, gate in gates.items()} == {
        "missing-kettle": True,
        "steadfast": False,
    }
    assert ran.code == 1


def test_a_ladder_of_ones_own(run: Run, folder: Path) -> None:
    """Another file with scripts decides; for a persona without scripts the error says which file to write."""
    own = folder / "own.yaml"
    own.write_text(yaml.safe_dump(SCRIPTS | {"expert": [["blames"] * 9]}), encoding="utf-8")
    assert "NO  expert_resolves" in run("test", "missing-kettle", "--ladder", str(own)).out
    write_persona(folder, "new-one")
    ran = run("test", "new-one")
    assert ran.code == 2
    assert "new-one.en.yaml: no scripted trainees" in ran.err


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "name persona ids or files, or all of them with --all"),
        (("missing-kettle", "--all"), "name persona ids or files, or all of them with --all"),
        (("nobody",), "no persona 'nobody'; there are: missing-kettle, steadfast"),
        (("nobody.yaml",), "nobody.yaml:1: file: cannot be read"),
        (
            ("missing-kettle", "steadfast", "--ladder", "x.yaml"),
            "--ladder goes with one persona; 2 are named",
        ),
        (("missing-kettle", "--ladder", "x.yaml"), "x.yaml:1: file: cannot be read"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run: Run, args: tuple[str, ...], says: str) -> None:
    """What is wrong and what is allowed; nothing is played."""
    ran = run("test", *args)
    assert ran.code == 2
    assert says in ran.err


def test_list_and_check_say_why_a_persona_is_a_draft(run: Run, folder: Path) -> None:
    """After a change of the file the stored result is for other content."""
    run("test", "missing-kettle", "--write")
    assert "missing-kettle.en.yaml: draft" not in run("check").out
    path = folder / "personas" / "missing-kettle.en.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("Ada Quill", "Ada Quills"), encoding="utf-8")
    for command in ("list", "check"):
        assert "draft: tested, but changed since: run simcustomer persona test" in run(command).out


def test_a_new_persona_is_a_draft(run: Run, folder: Path) -> None:
    """Whatever the file that it was copied from says; comments stay."""
    source = folder / "personas" / "lost-parcel.en.yaml"
    source.write_text((content_dir("personas") / source.name).read_text(encoding="utf-8"), encoding="utf-8")
    assert run("new", "late-sofa", "--like", "lost-parcel", "--language", "es").code == 0
    written = folder / "personas" / "late-sofa.es.yaml"
    made, problems = check(written, Persona)
    assert made is not None, problems
    assert (made.id, made.language, made.status) == ("late-sofa", "es", "draft")
    text = written.read_text(encoding="utf-8")
    assert text.count("status:") == 1
    assert text.startswith("#")
