"""Small rated sets for tests: conversations with a hidden quality, people who see it, and a judge who sees it askew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simcustomer.domain.conversation import Utterance
from simcustomer.domain.persona import Language
from simcustomer.domain.rubric import AnchoredLevel, Answer, Evidence, ItemAnswer, Judgement, Rubric

ANCHORS = dict.fromkeys(("harmful", "weak", "adequate", "good", "exemplary"), "As it says.")
ITEMS = 8
"""Good items of each criterion of the rubric below, a point each."""


def a_rubric(**changes: Any) -> Rubric:
    """One criterion of good items and one of harms only, whose scale people use the other way round."""
    fields: dict[str, Any] = {
        "id": "askew",
        "title": "Askew",
        "anchored_share": 0.0,
        "criteria": [
            {
                "id": "care",
                "name": "Care",
                "asks": "Was there care?",
                "cutoffs": [0.2, 0.4, 0.6, 0.8],
                "items": [{"id": f"care_{n}", "ask": f"Care {n}?", "points": 1} for n in range(ITEMS)],
                "anchors": ANCHORS,
                "next_step": "Care.",
            },
            {
                "id": "peace",
                "name": "Peace",
                "asks": "Was there peace?",
                "rated_as": "war",
                "rated_reversed": True,
                "cutoffs": [0.2, 0.4, 0.6, 0.8],
                "items": [{"id": f"war_{n}", "ask": f"War {n}?", "points": -1} for n in range(ITEMS)],
                "anchors": ANCHORS,
                "next_step": "Rest.",
            },
        ],
    }
    return Rubric.model_validate(fields | changes)


def a_conversation(number: int, care: Any = None, war: Any = None, **fields: Any) -> dict[str, Any]:
    """A line of a file; the trainee's text tells the fake judge its number."""
    labels = {name: value for name, value in (("care", care), ("war", war)) if value is not None}
    turns = [
        {"role": "customer", "text": "Where is it?"},
        {"role": "agent", "text": f"This is reply {number}."},
    ]
    return {"id": f"c{number}", "turns": turns, "labels": labels} | fields


def write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@dataclass
class AskewJudge:
    """Meets so many items of each criterion, and gives so high an anchored level, as the tables say for a reply's number.

    ``good`` is how many items of care are met, ``harm`` how many of war; ``level`` the anchored level of both.
    """

    good: dict[int, int]
    harm: dict[int, int]
    level: dict[int, int] = field(default_factory=dict)
    errors: dict[int, Exception] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    name: str = "askew"

    async def judge(self, rubric: Rubric, utterances: Sequence[Utterance], language: Language) -> Judgement:
        number = int(utterances[1].text.removesuffix(".").split()[-1])
        self.asked.append(number)
        if number in self.errors:
            raise self.errors.pop(number)
        met = {f"care_{n}" for n in range(self.good.get(number, 0))}
        met |= {f"war_{n}" for n in range(self.harm.get(number, 0))}
        proof = (Evidence(message=1, quote="This is reply"),)
        answers = tuple(
            ItemAnswer(item=i, answer=Answer.MET, evidence=proof)
            if i in met
            else ItemAnswer(item=i, answer=Answer.NOT_MET)
            for i in rubric.items()
        )
        level = self.level.get(number)
        anchored = tuple(AnchoredLevel(criterion=c.id, level=level) for c in rubric.criteria) if level else ()
        return Judgement(answers=answers, anchored=anchored)

    async def judge_again(
        self,
        rubric: Rubric,
        utterances: Sequence[Utterance],
        language: Language,
        first: Judgement,
        items: Sequence[str],
    ) -> Judgement:
        raise AssertionError("every quote of this judge holds")
