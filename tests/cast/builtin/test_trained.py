"""The trained model in plain Python: how it cuts texts, and that it computes what scikit-learn fitted."""

from __future__ import annotations

import math
from importlib import resources
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

from simcustomer.cast.builtin.trained import Dense, Linear, letters, trained_for, without_courtesies, words
from simcustomer.domain.persona import Language
from simcustomer.evals.training import Features

MAX_BYTES = 10_000_000
"""What the models of all languages may weigh together in the package."""
CLOSE = 0.1
"""How far a score may be from scikit-learn's: weights are rounded and tiny ones left out."""
TEXTS = [
    "I have put a block on the card now",
    "you should have read the letter",
    "the crew is there at six and I will call you",
    "that is not my job",
    "I am sorry that nobody came on Tuesday",
    "it is only two days",
] * 4
EFFECTS = ["calms", "escalates"] * 12


def test_a_word_after_a_negation_is_another_word() -> None:
    """Up to the next mark, and no further."""
    cut = list(words("You don't pay. I promise"))
    assert {"!pay", "promise", "you _ !pay", "don't !pay ."} <= set(cut)
    assert "pay" not in cut


def test_courtesies_are_not_looked_at() -> None:
    """Kind and harmful replies have them alike."""
    assert without_courtesies("i'm really sorry, please wait").split() == ["wait"]
    assert without_courtesies("muchas gracias, lo siento mucho: no").split() == [":", "no"]


def test_accents_capitals_and_digits_do_not_matter() -> None:
    """Chats leave accents out, shout, and name other times."""
    assert list(words("MAÑANA a las 9:30")) == list(words("manana a las 17"))
    assert list(letters("Café")) == list(letters("cafe"))


@pytest.mark.parametrize("seen", [(), ("blames",)])
def test_scores_are_those_that_were_fitted(seen: tuple[str, ...]) -> None:
    """Plain Python and scikit-learn agree on every text, with and without what the rules saw."""
    rules = [list(seen) if i % 2 else [] for i in range(len(TEXTS))]
    features = Features(TEXTS, rules)
    model = LinearSVC(random_state=1).fit(features.rows, EFFECTS)
    shipped = Linear.read(features.document(model, ["escalates"]))
    for text, names, score in zip(TEXTS, rules, model.decision_function(features.rows), strict=True):
        assert math.isclose(shipped.scores(text, names)[0], score, abs_tol=CLOSE), text


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=2))
def test_chances_are_chances(values: list[float]) -> None:
    """Between 0 and 1, together 1, and the likelier label has the higher score."""
    model = Dense(
        ("a", "b", "c"), (0.1, 0.0, -0.1), (0.0, 1.0), (1.0, 2.0), ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.5))
    )
    chances = model.chances(values)
    assert math.isclose(math.fsum(chances.values()), 1.0)
    assert all(0.0 <= chance <= 1.0 for chance in chances.values())


@given(st.text(max_size=200))
def test_any_text_has_scores(text: str) -> None:
    """Whatever a trainee types can be read."""
    model = trained_for("en")
    assert all(math.isfinite(score) for score in model.whole.scores(text))


@pytest.mark.parametrize("language", get_args(Language))
def test_the_model_says_what_it_was_learned_from(language: Language) -> None:
    """Replies, sentences and writers are named, and none of them is kept for reporting."""
    source: Any = trained_for(language).source
    assert source["replies"] > 1000
    assert not set(source["writers"]) & {"U", "V", "W", "X"}


def test_the_package_stays_light() -> None:
    """Both models together weigh less than 10 MB."""
    folder = resources.files("simcustomer.cast.builtin") / "trained"
    assert sum(len(file.read_bytes()) for file in folder.iterdir()) < MAX_BYTES
