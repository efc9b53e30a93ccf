"""What the terminal shows of a conversation."""

from __future__ import annotations

import pytest

from simcustomer.cli.screen import show_turn
from simcustomer.domain.conversation import Conversation
from tests.people import a_persona, persona_fields


@pytest.mark.parametrize(
    ("weights", "word"),
    [
        ({"anger": 1.0}, "furious"),
        ({"anger": 0.2, "anxiety": 1.0}, "panicked"),
        ({"anger": 0, "confusion": 1}, "lost"),
    ],
)
def test_the_feeling_is_in_the_words_of_the_foremost_one(
    weights: dict[str, float], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same five bands read as anger, fear or confusion, whichever is foremost in the persona."""
    felt = {"anger": 85, "anxiety": 90, "confusion": 70, "weights": weights}
    persona = a_persona(temperament=persona_fields()["temperament"] | felt)
    show_turn(Conversation(persona=persona, difficulty=3, opening="Where is it?"))
    assert f"({word} " in capsys.readouterr().out
