"""What a suite names: found by name, read whole, hashed in all its parts."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from simcustomer.errors import ConfigError
from simcustomer.evals.budget import models_of
from simcustomer.evals.material import Material, material_of, read_suite
from simcustomer.evals.suite import SKILLS
from simcustomer.library import Library
from simcustomer.settings import Settings
from tests.evals.engine import LADDER, a_suite
from tests.fakes import a_library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A small library, with a ladder beside it."""
    made = a_library(tmp_path)
    (tmp_path / "evals" / "trainees").mkdir(parents=True)
    ladder = yaml.safe_dump(dict(LADDER))
    (tmp_path / "evals" / "trainees" / "missing-kettle.en.yaml").write_text(ladder, encoding="utf-8")
    return made


def read(folder: Path, **changes: Any) -> Material:
    """The small suite with the content of this folder, read anew."""
    library = Library(folder / "personas", folder / "prompts", rubric_name="small")
    return material_of(a_suite(**changes), library, folder / "evals")


def test_everything_that_shapes_a_result_has_its_hash(library: Library, tmp_path: Path) -> None:
    """Persona, rubric, every prompt of every set, ladder, and the built-in players' own files."""
    shutil.copytree(tmp_path / "prompts", tmp_path / "other")
    material = read(tmp_path, prompts={"default": None, "other": tmp_path / "other"})
    assert set(material.content) == {
        "persona:missing-kettle.en",
        "rubric:small",
        "prompt:default/judge",
        "prompt:other/judge",
        "ladder:missing-kettle.en",
        "lexicon",
        "lines",
    }
    assert material.content["prompt:default/judge"] == material.content["prompt:other/judge"]


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("personas/missing-kettle.en.yaml", "persona:missing-kettle.en"),
        ("prompts/rubrics/small.yaml", "rubric:small"),
        ("prompts/judge.j2", "prompt:default/judge"),
        ("evals/trainees/missing-kettle.en.yaml", "ladder:missing-kettle.en"),
    ],
)
def test_a_changed_file_changes_its_own_hash_and_no_other(
    library: Library, tmp_path: Path, file: str, key: str
) -> None:
    """So that a run that goes on, or is compared, knows what is not the same."""
    before = read(tmp_path).content
    path = tmp_path / file
    path.write_text(
        path.read_text(encoding="utf-8").replace("kettle", "teapot") + "\n# x\n", encoding="utf-8"
    )
    if key.startswith("persona"):
        path.write_text(
            path.read_text(encoding="utf-8").replace("missing-teapot", "missing-kettle"), encoding="utf-8"
        )
    after = read(tmp_path).content
    assert {name for name in before if before[name] != after[name]} == {key}


def test_ladders_are_read_only_where_a_script_takes_part(library: Library, tmp_path: Path) -> None:
    """A suite of models needs no ladder; one of scripts says which file is missing."""
    shutil.rmtree(tmp_path / "evals" / "trainees")
    material = read(tmp_path, trainees=[{"model": "openai/some"}])
    assert not any(key.startswith("ladder") for key in material.content)
    with pytest.raises(ConfigError, match=r"missing-kettle\.en\.yaml: no scripted trainees"):
        read(tmp_path)


def test_a_prompt_set_without_prompts_is_refused(library: Library, tmp_path: Path) -> None:
    """The message names the folder and the set."""
    with pytest.raises(ConfigError, match="'mine' holds no"):
        read(tmp_path, prompts={"mine": tmp_path / "evals"})


def test_a_suite_is_found_by_name_or_path(tmp_path: Path) -> None:
    """An unknown one is answered with those that there are."""
    (tmp_path / "tiny.yaml").write_text("id: tiny\n", encoding="utf-8")
    (tmp_path / "other.yaml").write_text("attacks: []\n", encoding="utf-8")
    assert read_suite("tiny", tmp_path) == read_suite(str(tmp_path / "tiny.yaml"), tmp_path / "none")
    with pytest.raises(ConfigError, match=r"no such suite; .* holds: tiny;"):
        read_suite("quick", tmp_path)


def test_the_shipped_suites_cover_every_persona_with_the_whole_ladder() -> None:
    """Both need no model as they stand; the quick one is at the usual difficulty, the full one at three."""
    settings = Settings()
    library = Library(settings.personas_dir, settings.prompts_dir)
    for name, difficulties in (("quick", {3}), ("full", {1, 3, 5})):
        material = material_of(read_suite(name, settings.evals_dir), library, settings.evals_dir)
        wanted = itertools.product(library.personas(), SKILLS, difficulties)
        planned = {(s.persona, s.language, s.trainee, s.difficulty) for s in material.planned}
        assert planned == {(p.id, p.language, skill, difficulty) for p, skill, difficulty in wanted}
        assert models_of(material) == frozenset()
