"""The pairs of ``evals/pairs``: for each persona and language the untrained reply must raise tension, the trained lower it.

The pairs were written by people who had not seen the appraiser's rules. The score is printed in every run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from simcustomer.cast.builtin.appraiser import observe
from simcustomer.domain.affect import DEFAULT_DIFFICULTY, first_affect, next_affect
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.persona import Persona
from simcustomer.library import read_personas
from tests.cast.builtin.labelled import direction

ROOT = Path(__file__).parent.parent
PAIRS_A_PERSONA = 12
PAIRS_RIGHT = 0.88
"""Share of the pairs that must go right. All did while only rules were worked on with them; the trained model, which has read
thousands of other replies, gets some wrong that the rules had been made to fit (measured: 129 of 141)."""
REPLIES_RIGHT = 0.95
"""Share of the labelled replies that must be read as labelled (measured: 326 of 335; the model has learned from them)."""


@dataclass(frozen=True)
class Pair:
    """Two replies to the opening of one persona."""

    persona: Persona
    id: str
    kind: str
    hard: bool
    untrained: str
    trained: str

    def change(self, reply: str) -> float:
        """Points by which a reply moves this customer's tension."""
        opening = Utterance(role="customer", text=self.persona.openings[0])
        start = first_affect(self.persona, DEFAULT_DIFFICULTY)
        seen = observe(self.persona, self.persona.language, [opening], reply).only_quoted_from(reply)
        return next_affect(start, seen, self.persona, DEFAULT_DIFFICULTY).affect.tension - start.tension

    def goes_right(self) -> bool:
        """True when the untrained reply raises tension and the trained one lowers it."""
        return self.change(self.untrained) > 0 > self.change(self.trained)


@cache
def _personas() -> list[Persona]:
    personas, problems = read_personas(sorted((ROOT / "personas").glob("*.yaml")))
    assert not problems, problems
    return [persona for _, persona in personas]


def _pairs() -> Iterator[Pair]:
    for persona in _personas():
        path = ROOT / "evals" / "pairs" / f"{persona.id}.{persona.language}.yaml"
        for row in yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else []:
            yield Pair(persona, row["id"], row["kind"], row["hard"], row["untrained"], row["trained"])


PAIRS = list(_pairs())


def test_nearly_all_pairs_go_right() -> None:
    """The untrained reply raises tension and the trained one lowers it."""
    wrong = [f"{pair.id}: {pair.kind}" for pair in PAIRS if not pair.goes_right()]
    assert len(wrong) <= (1 - PAIRS_RIGHT) * len(PAIRS), wrong


@pytest.mark.parametrize("persona", _personas(), ids=lambda persona: f"{persona.id}.{persona.language}")
def test_examples_of_the_persona(persona: Persona) -> None:
    """The persona's own two example replies do what they are examples of."""
    pair = Pair(persona, "", "example", False, persona.examples.untrained, persona.examples.trained)
    assert pair.goes_right(), (pair.change(pair.untrained), pair.change(pair.trained))


def _replies() -> Iterator[dict[str, Any]]:
    for path in sorted((ROOT / "evals" / "appraise").glob("*.jsonl")):
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def _as_labelled(row: dict[str, Any]) -> bool:
    persona = next(p for p in _personas() if (p.id, p.language) == (row["persona"], row["language"]))
    history = [Utterance.model_validate(said) for said in row["history"]]
    start = first_affect(persona, DEFAULT_DIFFICULTY)
    seen = observe(persona, persona.language, history, row["reply"])
    change = next_affect(start, seen, persona, DEFAULT_DIFFICULTY).affect.tension - start.tension
    return direction(change) == row["effect"]


def test_nearly_all_labelled_replies_are_read_as_labelled() -> None:
    """The replies of ``evals/appraise`` calm or escalate their customers as labelled."""
    rows = list(_replies())
    wrong = [row["id"] for row in rows if not _as_labelled(row)]
    assert len(wrong) <= (1 - REPLIES_RIGHT) * len(rows), wrong


def test_score_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Every persona has enough pairs, half of them hard, and the score stands in the terminal."""
    by_file: dict[str, list[Pair]] = {}
    for pair in PAIRS:
        by_file.setdefault(f"{pair.persona.id}.{pair.persona.language}", []).append(pair)
    assert set(by_file) == {f"{persona.id}.{persona.language}" for persona in _personas()}
    with capsys.disabled():
        print(f"\n\n{'pairs that go right (built-in appraiser)':42}{'all':>9}{'hard':>9}")
        for name, pairs in [*sorted(by_file.items()), ("together", PAIRS)]:
            hard = [pair for pair in pairs if pair.hard]
            print(f"  {name:40}{_share(pairs):>9}{_share(hard):>9}")
    for name, pairs in by_file.items():
        assert len(pairs) >= PAIRS_A_PERSONA, name
        assert sum(pair.hard for pair in pairs) * 2 >= len(pairs), name


def _share(pairs: list[Pair]) -> str:
    return f"{sum(pair.goes_right() for pair in pairs)}/{len(pairs)}"
