"""The content that evaluations run on is complete and well-formed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from simcustomer.library import Library
from simcustomer.settings import Settings

EVALS = Path(__file__).parent.parent / "evals"
LADDER = (
    "expert",
    "competent",
    "solution_only",
    "hollow_empathy",
    "dismissive",
    "hostile",
    "keyword_stuffer",
    "injector",
)
PERSONAS = [
    f"{p.id}.{p.language}" for p in Library(Settings().personas_dir, Settings().prompts_dir).personas()
]


def lines(name: str) -> list[dict[str, Any]]:
    """The objects of a JSON lines file."""
    return [json.loads(line) for line in (EVALS / name).read_text(encoding="utf-8").splitlines()]


CONVERSATIONS = lines("gold/conversations.en.jsonl") + lines("gold/conversations.es.jsonl")


@pytest.mark.parametrize("persona", PERSONAS)
def test_every_persona_has_the_whole_ladder(persona: str) -> None:
    """Eight levels of skill, each in two variants of at least six replies, none of them twice."""
    ladder = yaml.safe_load((EVALS / "trainees" / f"{persona}.yaml").read_text(encoding="utf-8"))
    assert tuple(ladder) == LADDER
    replies = [reply for variants in ladder.values() for variant in variants for reply in variant]
    assert all(len(variants) == 2 for variants in ladder.values())
    assert all(len(variant) >= 6 for variants in ladder.values() for variant in variants)
    assert len(set(replies)) == len(replies)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: c["id"])
def test_a_gold_conversation_can_be_judged(conversation: dict[str, Any]) -> None:
    """It belongs to a persona, begins with the customer, and the parties take turns."""
    assert f"{conversation['persona']}.{conversation['language']}" in PERSONAS
    roles = [message["role"] for message in conversation["messages"]]
    assert roles == [("customer", "trainee")[i % 2] for i in range(len(roles))]
    assert all(message["text"].strip() for message in conversation["messages"])


@pytest.mark.parametrize("name", ["gold/scores.a.jsonl", "gold/scores.b.jsonl"])
def test_every_gold_conversation_is_scored_in_both_passes(name: str) -> None:
    """Each pass gives every conversation an overall score and the levels of every criterion of the standard rubric."""
    scores = {score["id"]: score for score in lines(name)}
    rubric = Library(Settings().personas_dir, Settings().prompts_dir).rubric()
    assert set(scores) == {conversation["id"] for conversation in CONVERSATIONS}
    for score in scores.values():
        assert 1 <= score["overall"] <= 5
        assert set(score["criteria"]) == {criterion.id for criterion in rubric.criteria}
        assert set(score["criteria"].values()) <= {None, 1, 2, 3, 4, 5}
