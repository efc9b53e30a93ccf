"""What was measured by hand is read whole or not at all, and an error says which field of which file is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simcustomer.errors import ConfigError
from simcustomer.evals.fidelity.stored import Opened, Stored, noise_of, read_opened, read_stored
from simcustomer.settings import content_dir

README = content_dir("evals") / "fidelity" / "README.md"


def a_stored(**changes: Any) -> dict[str, Any]:
    """One measurement as its file holds it."""
    return {
        "id": "first",
        "section": "feedback",
        "title": "The coach before",
        "made_on": "2026-01-30",
        "n": 3,
        "of": "conversations",
        "tables": [{"title": "What held", "columns": ["what", "share"], "rows": [["length", 0.5]]}],
        **changes,
    }


def write(folder: Path, *given: dict[str, Any]) -> Path:
    """The measurements as files, each called as its id."""
    for one in given:
        (folder / f"{one['id']}.json").write_text(json.dumps(one), encoding="utf-8")
    return folder


def test_the_examples_in_the_readme_are_read() -> None:
    """Whoever copies them has a measurement and an opening that the command takes."""
    opened, stored = re.findall(r"```json\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert Opened.model_validate_json(opened).command == "simcustomer eval fidelity"
    assert Stored.model_validate_json(stored).section == "calls"


def test_what_is_shipped_is_whole() -> None:
    """Every file of evals/fidelity can be read."""
    read_stored(README.parent)
    read_opened(README.parent)


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    """Nothing stored is no error, and a reporting part of which nobody says so is closed."""
    assert read_stored(tmp_path / "none") == ()
    assert read_opened(tmp_path / "none") is None


def test_measurements_stand_by_day(tmp_path: Path) -> None:
    """Before comes before after; who answered is said even where the file leaves it out."""
    found = read_stored(write(tmp_path, a_stored(id="after"), a_stored(id="before", made_on="2026-01-02")))
    assert [one.id for one in found] == ["before", "after"]
    assert found[0].player == "a hosted model, by hand"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"section": "moods"}, r"first\.json: section: "),
        ({"made_on": "yesterday"}, r"first\.json: made_on: "),
        ({"n": 0}, r"first\.json: n: "),
        ({"colour": "red"}, r"first\.json: colour: "),
        (
            {"tables": [{"title": "T", "columns": ["a", "b"], "rows": [["only one"]]}]},
            r"first\.json: .*'T': row 1 has 1 cells for 2 columns",
        ),
    ],
)
def test_an_error_names_file_and_field(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    """So that it can be mended without reading code."""
    with pytest.raises(ConfigError, match=says):
        read_stored(write(tmp_path, a_stored(**changes)))


def test_a_file_is_called_as_its_id(tmp_path: Path) -> None:
    """A copy that nobody renamed inside would be shown twice."""
    (tmp_path / "copy.json").write_text(json.dumps(a_stored()), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"copy\.json: id: must be 'copy'"):
        read_stored(tmp_path)


def test_there_is_one_noise_to_compare_with(tmp_path: Path) -> None:
    """Two of them would leave open which one the page means."""
    noise = {"overall": 0.2, "low": 0.1, "high": 0.3, "n": 20}
    found = read_stored(write(tmp_path, a_stored(judge_noise=noise), a_stored(id="second")))
    assert noise_of(found) == found[0].judge_noise
    with pytest.raises(ConfigError, match="judge_noise: stands in first and third"):
        read_stored(write(tmp_path, a_stored(id="third", judge_noise=noise)))


def test_an_opening_says_day_and_command(tmp_path: Path) -> None:
    """Without a command nobody could do it again."""
    (tmp_path / "opened.json").write_text('{"opened_on": "2026-01-31"}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"opened\.json: command: "):
        read_opened(tmp_path)
