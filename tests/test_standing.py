"""A persona counts as tested when its file says so and a stored gate bears it out for this very content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from simcustomer.domain.persona import Persona
from simcustomer.library import Library, check, gate_file, persona_hash, standing_of
from tests.fakes import a_library
from tests.people import a_persona, persona_fields


def test_a_tested_persona_whose_gate_passed_counts_as_tested(tmp_path: Path) -> None:
    """Nothing is lacking."""
    library = a_library(tmp_path)
    standing = library.standing(library.persona("missing-kettle"))
    assert (standing.tested, standing.why) == (True, "")


@pytest.mark.parametrize(
    ("stamp", "says"),
    [
        (None, "not tested yet"),
        ({"persona_hash": "0" * 64, "passed": True}, "changed since: run simcustomer persona test"),
        ({"persona_hash": "own", "passed": False}, "did not pass"),
        ({"persona_hash": "own", "passed": None}, "not a gate result"),
        ("{", "not a gate result"),
    ],
)
def test_without_a_passed_gate_for_this_content_it_is_a_draft(
    tmp_path: Path, stamp: dict[str, object] | str | None, says: str
) -> None:
    """No gate, one for other content, one that failed or is undecided, a file that is none: each says why."""
    persona = a_persona(status="tested")
    if stamp is not None:
        if isinstance(stamp, dict) and stamp["persona_hash"] == "own":
            stamp = stamp | {"persona_hash": persona_hash(persona)}
        gate_file(tmp_path, persona).parent.mkdir()
        gate_file(tmp_path, persona).write_text(stamp if isinstance(stamp, str) else json.dumps(stamp))
    standing = standing_of(persona, tmp_path)
    assert not standing.tested
    assert says in standing.why


def test_a_file_that_says_draft_is_one_whatever_its_gate_says(tmp_path: Path) -> None:
    """The author has the last word."""
    library = a_library(tmp_path, status="draft")
    assert "status: draft" in library.standing(library.persona("missing-kettle")).why


def test_a_change_of_content_makes_a_tested_persona_a_draft(tmp_path: Path) -> None:
    """One word in the file is enough."""
    library = a_library(tmp_path)
    path = library.personas_dir / "missing-kettle.en.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Third line.", "Fourth line.", 1), encoding="utf-8"
    )
    again = Library(library.personas_dir, library.prompts_dir)
    assert "changed since" in again.standing(again.persona("missing-kettle")).why


def test_the_hash_is_of_the_content_and_not_of_the_file(tmp_path: Path) -> None:
    """Comments, order of fields, quoting, defaults written out and the status leave it as it is."""
    fields = persona_fields(
        voice=persona_fields()["voice"] | {"reactions": {"blames": ["No."], "jargon": ["What?"]}}
    )
    turned = dict(reversed(fields.items())) | {"status": "tested", "limits": {"max_words": 70}}
    turned["voice"] = fields["voice"] | {"reactions": {"jargon": ["What?"], "blames": ["No."]}}
    paths = tmp_path / "one.yaml", tmp_path / "other.yaml"
    paths[0].write_text(yaml.safe_dump(fields), encoding="utf-8")
    paths[1].write_text(
        "# a comment\n" + yaml.safe_dump(turned, sort_keys=False, default_style='"'), encoding="utf-8"
    )
    one, other = (check(path, Persona)[0] for path in paths)
    assert one is not None
    assert other is not None
    assert persona_hash(one) == persona_hash(other)
    assert persona_hash(one) != persona_hash(one.model_copy(update={"name": "Ada Quills"}))


def test_a_conversation_is_frozen_with_that_hash(tmp_path: Path) -> None:
    """The persona that is kept with a conversation is the content that the gate was made for, and reads back."""
    library = a_library(tmp_path)
    persona = library.persona("missing-kettle")
    kept = next(content for content in library.frozen(persona) if content.kind == "persona")
    assert kept.hash == persona_hash(persona)
    assert Persona.model_validate_json(kept.body) == persona.model_copy(update={"status": "draft"})
