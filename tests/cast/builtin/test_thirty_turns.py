"""Thirty turns with the built-in customer: no line and no whole sentence comes back, whoever the trainee is."""

from __future__ import annotations

import pytest

from simcustomer.cast.builtin.appraiser import BuiltInAppraiser
from simcustomer.cast.builtin.customer import BuiltInCustomer
from simcustomer.domain.persona import Persona
from simcustomer.evals.fidelity.customer import TURNS, thirty_turns
from simcustomer.library import Library
from simcustomer.settings import content_dir

LIBRARY = Library(content_dir("personas"), content_dir("prompts"))
PERSONAS = [pytest.param(p, id=f"{p.id}.{p.language}") for p in LIBRARY.personas()]


@pytest.mark.parametrize("persona", PERSONAS)
async def test_no_line_and_no_whole_sentence_is_said_twice_in_thirty_turns(persona: Persona) -> None:
    """Asked, soothed, brushed off or served well for thirty turns, nobody ever sounds like a record."""
    found = await thirty_turns([persona], content_dir("evals"), BuiltInAppraiser(), BuiltInCustomer())
    assert len(found) == 7
    assert {one.lines for one in found} == {TURNS + 1}
    assert [(one.trainee, one.said_again) for one in found if one.said_again] == []
    assert [(one.trainee, one.sentences_again) for one in found if one.sentences_again] == []
