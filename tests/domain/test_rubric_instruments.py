"""Instruments beside the standard one: criteria of harms only, scales of people, another scene for the judge."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simcustomer.domain.rubric import Answer, Criterion, Rubric, item_share, level_from_items, level_of

ANCHORS = dict.fromkeys(("harmful", "weak", "adequate", "good", "exemplary"), "As it says.")
POINTS = (-2, -3, -5)


def harms(*points: int, **changes: Any) -> Criterion:
    """A criterion with an item for each of ``points``, called a, b, c."""
    fields: dict[str, Any] = {
        "id": "peace", "name": "Peace", "asks": "?", "cutoffs": [0.2, 0.5, 0.7, 0.95], "anchors": ANCHORS,
        "next_step": "Rest.",
        "items": [
            {"id": letter, "ask": "?", "points": n} for letter, n in zip("abc", points or POINTS, strict=False)
        ],
    }  # fmt: skip
    return Criterion.model_validate(fields | changes)


def answers(**given: Answer) -> dict[str, Answer]:
    return dict.fromkeys("abc", Answer.NOT_MET) | given


@pytest.mark.parametrize(
    ("done", "share", "level"),
    [("", 1.0, 5), ("a", 0.8, 4), ("b", 0.7, 4), ("c", 0.5, 3), ("bc", 0.2, 2), ("abc", 0.0, 1)],
)
def test_of_harms_only_the_share_is_what_the_harm_left(done: str, share: float, level: int) -> None:
    """Of ten points of harm: none done is 1, all done is 0, and the table turns the rest into a level."""
    given = answers(**dict.fromkeys(done, Answer.MET))
    assert item_share(harms(), given) == share
    assert level_from_items(harms(), given) == level


def test_harms_that_did_not_apply_or_were_not_scored_are_out_of_the_whole() -> None:
    """What could not be done or decided counts on neither side."""
    assert item_share(harms(), answers(c=Answer.NOT_APPLICABLE, a=Answer.MET)) == pytest.approx(3 / 5)
    assert item_share(harms(), answers(b=Answer.UNSCORED, c=Answer.MET)) == pytest.approx(2 / 7)


def test_harms_of_which_too_few_were_scored_give_no_level() -> None:
    """Half of the points that applied must be decided, as with good items; without any that applied there is none."""
    assert item_share(harms(), answers(b=Answer.UNSCORED, c=Answer.UNSCORED)) is None
    assert item_share(harms(), answers(c=Answer.UNSCORED)) is not None
    assert item_share(harms(), dict.fromkeys("abc", Answer.NOT_APPLICABLE)) is None


@given(st.lists(st.sampled_from(list(Answer)), min_size=3, max_size=3))
def test_a_share_of_harms_lies_from_0_to_1_and_harm_never_raises_it(given_answers: list[Answer]) -> None:
    """Turning any "not met" into "met" lowers the share."""
    now = dict(zip("abc", given_answers, strict=True))
    share = item_share(harms(), now)
    if share is None:
        return
    assert 0.0 <= share <= 1.0
    for letter in "abc":
        if now[letter] is Answer.NOT_MET:
            worse = item_share(harms(), now | {letter: Answer.MET})
            assert worse is not None
            assert worse < share


def test_with_a_good_item_harm_counts_as_it_did() -> None:
    """One positive item, and the share is earned over positive points again."""
    assert item_share(harms(4, -2, -1), answers(a=Answer.MET, b=Answer.MET)) == 0.5


def test_a_level_is_one_more_than_the_cutoffs_reached() -> None:
    """A share on a cutoff reaches it."""
    assert [level_of(share, (0.2, 0.5, 0.7, 0.95)) for share in (-1.0, 0.19, 0.2, 0.5, 0.94, 1.0)] == [
        1,
        1,
        2,
        3,
        4,
        5,
    ]


def test_a_criterion_says_how_people_rated_it() -> None:
    """By default under its id and the same way round."""
    assert (harms().rated_as, harms().rated_reversed) == (None, False)
    with pytest.raises(ValidationError):
        harms(rated_as="")


def test_a_rubric_has_a_scene() -> None:
    """The service desk unless it says another one."""
    fields = {"id": "x", "title": "X", "criteria": [harms().model_dump()]}
    assert Rubric.model_validate(fields).scene == "how a trainee at a service desk handled an upset customer"
    assert Rubric.model_validate(fields | {"scene": "how a nurse listened"}).scene == "how a nurse listened"
