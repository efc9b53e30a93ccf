"""A content file that is wrong is refused with its place and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simcustomer.domain.persona import Persona
from simcustomer.domain.text import mentions
from simcustomer.errors import ConfigError, NotFound
from simcustomer.library import Library, check, read_personas
from simcustomer.settings import Settings, content_dir
from tests.people import a_persona, persona_fields

SHIPPED = Library(content_dir("personas"), content_dir("prompts")).personas()


def written(folder: Path, name: str = "one.yaml", **changes: Any) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(persona_fields(**changes), sort_keys=False), encoding="utf-8")
    return path


def line_of(path: Path, start: str) -> int:
    return next(
        i for i, line in enumerate(path.read_text().splitlines(), 1) if line.strip().startswith(start)
    )


def test_a_right_file_is_a_persona(tmp_path: Path) -> None:
    """What was written is what is read."""
    persona, problems = check(written(tmp_path), Persona)
    assert persona is not None
    assert persona.name == "Ada Quill"
    assert not problems


@pytest.mark.parametrize(
    ("changes", "field", "line_start", "says"),
    [
        ({"colour": "red"}, "colour", "colour:", "not a known field"),
        ({"language": "fr"}, "language", "language:", "'en' or 'es'"),
        ({"id": "Big Id"}, "id", "id:", "pattern"),
        ({"openings": []}, "openings", "openings:", "at least 1"),
        ({"limits": {"max_turns": "many"}}, "limits.max_turns", "max_turns:", "'many'"),
        ({"temperament": {"anger": 170, "anxiety": 1, "confusion": 1}}, "temperament.anger", "anger:", "100"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(
    tmp_path: Path, changes: dict[str, Any], field: str, line_start: str, says: str
) -> None:
    """The problem names file, line and field and says what is allowed."""
    path = written(tmp_path, **changes)
    persona, problems = check(path, Persona)
    assert persona is None
    problem = next(p for p in problems if p.field == field)
    assert problem.line == line_of(path, line_start)
    assert says in str(problem)
    assert str(problem).startswith(f"{path}:{problem.line}: {field}: ")


def test_an_unknown_cue_is_named_where_it_stands(tmp_path: Path) -> None:
    """A cue that does not exist is found inside its need, and the allowed ones are listed."""
    path = written(tmp_path)
    path.write_text(path.read_text().replace("- time_commitment", "- time_travel"), encoding="utf-8")
    _, problems = check(path, Persona)
    assert [(p.line, p.field) for p in problems] == [(line_of(path, "- - time_travel"), "needs.1.met_by.1.0")]
    assert "time_commitment" in problems[0].message


def test_an_unsettling_cue_cannot_meet_a_need(tmp_path: Path) -> None:
    """A need that blame would meet is refused in words."""
    path = written(tmp_path)
    path.write_text(path.read_text().replace("- time_commitment", "- blames"), encoding="utf-8")
    _, problems = check(path, Persona)
    assert "settling cues only, not blames" in problems[0].message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id: [1, 2", "is not valid YAML"),
        ("", "must be a mapping"),
        ("- a\n- b", "must be a mapping"),
        ("id: a\nid: b", "stands twice"),
    ],
)
def test_a_file_that_is_not_a_mapping_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """Broken YAML, an empty file, a list and a repeated key each say what is wrong and where."""
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    persona, problems = check(path, Persona)
    assert persona is None
    assert any(says in p.message for p in problems)


def test_a_file_in_another_encoding_is_refused_not_guessed(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are an error with the file's name."""
    path = tmp_path / "latin.yaml"
    path.write_bytes("name: Peña".encode("latin-1"))
    assert "cannot be read" in str(check(path, Persona)[1][0])


def test_two_files_with_one_id_and_language_are_told(tmp_path: Path) -> None:
    """The second file is a problem that names the first; the same id in another language is not."""
    first, second = written(tmp_path, "a.yaml"), written(tmp_path, "b.yaml")
    written(tmp_path, "c.yaml", language="es")
    personas, problems = read_personas(sorted(tmp_path.glob("*.yaml")))
    assert len(personas) == 2
    assert [p.path for p in problems] == [second]
    assert str(first) in problems[0].message


def test_a_library_with_a_broken_file_says_so_and_serves_nothing(tmp_path: Path) -> None:
    """A broken persona is an error at once, not a persona that is silently missing."""
    written(tmp_path, "a.yaml")
    (tmp_path / "b.yaml").write_text("id: x", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"b\.yaml:1"):
        Library(tmp_path, tmp_path).personas()


def test_an_unknown_persona_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    """The error lists what there is."""
    written(tmp_path)
    with pytest.raises(NotFound, match=r"missing-kettle \(en\)"):
        Library(tmp_path, tmp_path).persona("nobody")


def test_a_missing_folder_is_told_with_its_setting(tmp_path: Path) -> None:
    """A folder that is not there names the variable that points to it."""
    with pytest.raises(ConfigError, match="SIMCUSTOMER_PERSONAS_DIR"):
        Library(tmp_path / "no", tmp_path).personas()


def test_a_missing_rubric_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    """The error lists the rubrics of the folder."""
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "mine.yaml").write_text("id: mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="there are: mine"):
        Library(tmp_path, tmp_path).rubric("yours")


@pytest.mark.parametrize("persona", SHIPPED, ids=lambda persona: f"{persona.id}-{persona.language}")
def test_no_locked_keyword_stands_where_everybody_reads_it(persona: Persona) -> None:
    """A word that would give a locked fact away is not in what the customer may speak of from the start."""
    open_texts = (persona.case_file.organisation, persona.who, persona.situation)
    locked = [word for fact in persona.facts if fact.unlock for word in fact.keywords]
    assert locked
    assert not [word for word in locked for text in open_texts if mentions(text, word)]


def prompts_of(folder: Path) -> dict[str, str]:
    """Name and hash of every prompt that is frozen into a conversation started now."""
    content = Library(Settings().personas_dir, folder).frozen(a_persona())
    return {part.name: part.hash for part in content if part.kind == "prompt"}


def test_the_hash_of_a_frozen_prompt_changes_with_its_text(tmp_path: Path) -> None:
    """A template's hash is that of its content."""
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "deescalation.yaml").write_text("id: any", encoding="utf-8")
    (tmp_path / "act.j2").write_text("one", encoding="utf-8")
    before = prompts_of(tmp_path)
    (tmp_path / "act.j2").write_text("other", encoding="utf-8")
    after = prompts_of(tmp_path)
    assert set(before) == {"act"} == set(after)
    assert before["act"] != after["act"]


def test_every_act_has_its_prompt() -> None:
    """The acts that the players perform have their templates in the shipped folder, and are frozen with a conversation."""
    assert set(prompts_of(Settings().prompts_dir)) == {
        "appraise",
        "customer",
        "survey",
        "judge",
        "coach",
        "hint",
        "grade",
        "trainee",
    }
