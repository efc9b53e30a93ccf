"""``eval fidelity`` and ``eval keep`` as a user types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from simcustomer.cli.failures import failures
from simcustomer.cli.fidelity import fidelity, keep
from simcustomer.cli.later import Evaluation
from simcustomer.errors import ConfigError
from simcustomer.settings import content_dir
from tests.evals.runs import a_result, a_run, a_sample, write_log


@pytest.fixture
def evals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of evaluation content that may be written to: the gold set and the failures, and no cue set."""
    folder = tmp_path / "evals"
    for name in ("gold", "failures"):
        shutil.copytree(content_dir("evals") / name, folder / name)
    monkeypatch.setenv("SIMCUSTOMER_EVALS_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def test_both_are_commands_of_eval() -> None:
    """They are loaded when they are called."""
    assert Evaluation.later["fidelity"].loaded("fidelity")
    assert Evaluation.later["keep"].loaded("keep")


def test_one_part_alone_is_shown_and_no_page_written(evals: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page with holes would stand in the place of a whole one."""
    fidelity(only=["judge", "labels"])
    out = capsys.readouterr().out
    assert "Order of the gold set" in out
    assert "labels: not measured: evals/cues/labels has no passes yet" in out
    assert not Path("docs").exists()


def test_a_page_with_some_parts_says_what_was_left_out(evals: Path) -> None:
    """Where somebody asks for it. Twice gives the same bytes."""
    first, second = Path("first.md"), Path("second.md")
    fidelity(out=first, only=["judge"])
    fidelity(out=second, only=["judge"])
    assert first.read_bytes() == second.read_bytes()
    page = first.read_text(encoding="utf-8")
    assert "**Order of the gold set**" in page
    assert "left out of this run" in page


def test_an_unknown_part_is_refused(evals: Path) -> None:
    """With those that there are."""
    with pytest.raises(ConfigError, match="--only 'moods' is not known; allowed: appraiser, labels"):
        fidelity(only=["moods"])


def test_what_is_kept_stands_on_the_page(evals: Path, tmp_path: Path) -> None:
    """A failures run and the log of a run, each in its section."""
    failures(only=["keyword_stuffing"], out=tmp_path / "out.json")
    keep("failures", [tmp_path / "out.json"], name="provoked", made_on="2026-01-30", note="Two | readers.")
    log = write_log(a_run([a_result(a_sample(), [60, 50])]), tmp_path)
    keep("run", [log], name="talks", made_on="2026-01-31")
    assert json.loads((evals / "fidelity" / "talks.json").read_text(encoding="utf-8"))["n"] == 1
    fidelity(out=Path("page.md"), only=["labels"])
    page = Path("page.md").read_text(encoding="utf-8")
    assert "### Failures, provoked (2026-01-30, a hosted model, by hand" in page
    assert "Two \\| readers." in page
    assert "**How conversations ended, by trainee**" in page
    assert page.count("has no file for this section yet") == 1


@pytest.mark.parametrize(
    ("kind", "files", "day", "says"),
    [
        ("moods", ["x"], "2026-01-30", "'moods' is not known; allowed: failures, run, rewordings"),
        ("run", ["x", "y"], "2026-01-30", "2 files: give the one of the run"),
        ("failures", ["x"], "today", "--made-on 'today' is no date"),
    ],
)
def test_what_cannot_be_kept_is_said(evals: Path, kind: str, files: list[str], day: str, says: str) -> None:
    """In one line, and nothing is written."""
    with pytest.raises(ConfigError, match=says):
        keep(kind, [Path(name) for name in files], name="x", made_on=day)
    assert not (evals / "fidelity").exists()


@pytest.mark.parametrize("name", ["../x", "Two Calls", "a--b", "", "opened"])
def test_what_is_kept_takes_an_id_of_its_own(evals: Path, name: str) -> None:
    """Neither a path nor the file that says when the reporting part was opened."""
    with pytest.raises(ConfigError, match=r"--as .* cannot be an id; allowed: small letters"):
        keep("failures", [Path("x")], name=name, made_on="2026-01-30")


def test_somebody_answered(evals: Path) -> None:
    """A figure without a player is refused."""
    with pytest.raises(ConfigError, match="--player: must not be empty"):
        keep("failures", [Path("x")], name="x", made_on="2026-01-30", player=" ")


def test_a_page_that_cannot_be_written_is_noticed_first(evals: Path) -> None:
    """Before minutes of measuring."""
    Path("file").touch()
    with pytest.raises(ConfigError, match="file: cannot be written"):
        fidelity(out=Path("file/page.md"))
