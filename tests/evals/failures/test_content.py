"""The situations of the failure table: complete, loadable, and wrong ones are named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from simcustomer.domain.affect import next_affect
from simcustomer.domain.conversation import Outcome, direction_for
from simcustomer.errors import ConfigError
from simcustomer.evals.failures.content import (
    FAILURES,
    FEWEST,
    MOST,
    Failure,
    appraisal_of,
    read_failures,
    staged,
)
from simcustomer.library import Library
from simcustomer.settings import content_dir

FOLDER = content_dir("evals") / "failures"
LIBRARY = Library(content_dir("personas"), content_dir("prompts"))
TABLES = read_failures(FOLDER, LIBRARY, LIBRARY.rubric())
MOST_REQUESTS = 140
"""Answers that one measurement on a model may take; somebody may write them by hand."""


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_has_its_file_of_situations_in_both_languages(failure: Failure) -> None:
    """Six to ten situations, in English and in Spanish, with at least three personas."""
    table = next(table for table in TABLES if table.failure == failure)
    assert FEWEST <= len(table.situations) <= MOST
    assert {situation.language for situation in table.situations} == {"en", "es"}
    assert len({situation.persona for situation in table.situations}) >= 3
    assert table.prevented_by


def test_every_file_is_of_a_failure() -> None:
    """Nothing else lies in the folder, and no id stands twice in it."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(FAILURES)
    ids = [situation.id for table in TABLES for situation in table.situations]
    assert len(ids) == len(set(ids))


def test_one_measurement_is_small_enough_to_answer_by_hand() -> None:
    """Lines, replies to appraise, judgements and grades together."""
    situations = [(table.failure, s) for table in TABLES for s in table.situations]
    requests = sum(len(s.replies) or 1 for _, s in situations)
    requests += sum(failure == "invents_facts" for failure, _ in situations)
    assert 80 <= requests <= MOST_REQUESTS


def test_the_last_lines_of_who_never_leaves_are_last_ones() -> None:
    """Code lets the customer leave there; every other line is said in a chat that goes on."""
    for table in TABLES:
        for situation in table.situations:
            if situation.reply is None:
                continue
            conversation = staged(situation, LIBRARY.persona(situation.persona, situation.language))
            observed = appraisal_of(situation.reply, situation.did, situation.touched)
            reaction = next_affect(conversation.affect, observed, conversation.persona, 3)
            outcome = direction_for(conversation, observed, reaction).outcome
            leaves = table.failure == "never_leaves"
            assert outcome == (Outcome.LEFT if leaves else None), situation.id


def broken(folder: Path, change: Any) -> str:
    """The error after ``change`` on the fields of one file."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    path = folder / "role_reversal.yaml"
    fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(fields)
    path.write_text(yaml.safe_dump(fields), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_failures(folder, LIBRARY, LIBRARY.rubric())
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f["situations"][0].pop("reply"), "exactly one of: reply, replies, transcript"),
        (lambda f: f["situations"][0].update(touched=["nothing"]), "has no nothing"),
        (lambda f: f["situations"][0].update(did=["shouts"]), "situations.0.did.0"),
        (lambda f: f.update(failure="repeats"), "must be role_reversal"),
        (lambda f: f["situations"][1].update(id=f["situations"][0]["id"]), "used twice"),
        (lambda f: f.update(situations=f["situations"][:2]), "situations"),
        (lambda f: f["situations"][0].update(expects={}), "replies and expects belong together"),
        (
            lambda f: f["situations"][0]["said"][0].update(did=["ends_conversation"]),
            "the conversation is over (abandoned)",
        ),
        (
            lambda f: f["situations"].append(
                {
                    "id": "x",
                    "persona": "lost-parcel",
                    "language": "en",
                    "why": "x",
                    "transcript": [{"role": "trainee", "text": "Hi."}],
                    "judged": {"nothing_done": True, "not_met": ["flies"]},
                }
            ),
            "has no flies",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: Any, says: str) -> None:
    """A wrong file is refused with its name and what is wrong."""
    error = broken(tmp_path, change)
    assert "role_reversal.yaml" in error
    assert says in error
