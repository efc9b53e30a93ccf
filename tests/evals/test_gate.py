"""The persona gate passes what is right, and names the check that what is wrong fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simcustomer.cast.builtin.customer import BuiltInCustomer
from simcustomer.cast.parts import Cast
from simcustomer.domain.conversation import Outcome
from simcustomer.domain.persona import Persona
from simcustomer.errors import InvalidReply, ModelUnavailable
from simcustomer.evals.gate import CHECKS, Gate, run_gate, store
from simcustomer.evals.suite import SKILLS, Ladder
from simcustomer.library import Library, persona_hash
from simcustomer.settings import content_dir
from tests.evals.gates import LADDER, CueAppraiser, NumberedCustomer, a_ladder, gate_cast
from tests.fakes import FakeCoach, FakeJudge
from tests.people import a_persona, persona_fields

SHIPPED = Library(content_dir("personas"), content_dir("prompts"))


def changed(part: str, **changes: Any) -> Persona:
    """The small persona with some fields of one part changed."""
    return a_persona(**{part: persona_fields().get(part, {}) | changes})


async def test_a_sound_persona_passes_with_a_row_for_each_script() -> None:
    """Every check is met; the rows are the whole ladder; the result is for this very content and these players."""
    persona = a_persona()
    gate = await run_gate(persona, LADDER, gate_cast())
    assert gate.passed
    assert gate.failed == ()
    assert [check.name for check in gate.checks] == list(CHECKS)
    assert all(check.figures for check in gate.checks)
    assert [(row.skill, row.variant) for row in gate.rows] == [(skill, n) for skill in SKILLS for n in (1, 2)]
    assert gate.persona_hash == persona_hash(persona)
    assert gate.players == {"customer": "numbered-customer", "appraiser": "cue-appraiser"}


async def test_a_hostile_script_goes_on_until_the_customer_has_had_enough() -> None:
    """It begins again when it is used up, and its farewells are not sent: the customer ends it, not the trainee."""
    gate = await run_gate(a_persona(), LADDER, gate_cast())
    hostile = [row for row in gate.rows if row.skill == "hostile"]
    assert all(row.outcome is Outcome.LEFT for row in hostile)
    assert all(row.turns > len(LADDER.script("hostile", row.variant)) for row in hostile)


async def test_a_hostile_script_of_nothing_but_farewells_comes_to_an_end() -> None:
    """The gate does not play for ever; the customer did not leave, and that is a fault."""
    gate = await run_gate(a_persona(), a_ladder(hostile=[["ends_conversation"]]), gate_cast())
    assert "hostility_ends_it" in gate.failed


WRONG_WAY_ROUND = [
    {"id": "sore", "mentions": ["names_the_issue"], "when": "The issue is named.", "effect": "upsets"},
    {"id": "soft", "mentions": ["concrete_next_step"], "when": "A step is named.", "effect": "calms"},
]
OUT_OF_REACH = [
    need | ({"met_by": [["warm_handover"]]} if need["id"] == "plan" else {})
    for need in persona_fields()["needs"]
]
UNLOCKED = [
    {name: value for name, value in fact.items() if name != "unlock"} for fact in persona_fields()["facts"]
]
BROKEN: dict[str, tuple[Persona, str]] = {
    "patience without end": (
        changed("temperament", patience=100, reactivity=0.5).model_copy(
            update={"limits": a_persona().limits.model_copy(update={"max_turns": 8})}
        ),
        "hostility_ends_it",
    ),
    "a need that nothing meets": (a_persona(needs=OUT_OF_REACH), "expert_resolves"),
    "a secret that nothing keeps": (a_persona(facts=UNLOCKED), "nothing_leaks"),
    "soft and sore spots the wrong way round": (a_persona(triggers=WRONG_WAY_ROUND), "expert_resolves"),
    "no patience at all": (changed("temperament", patience=1), "expert_resolves"),
}


@pytest.mark.parametrize(("persona", "check"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_persona_fails_the_check_that_is_about_it(persona: Persona, check: str) -> None:
    """What is wrong with a persona shows in the check's name and figures."""
    gate = await run_gate(persona, LADDER, gate_cast())
    assert gate.passed is False
    assert check in gate.failed


async def test_a_line_of_the_persona_that_gives_a_secret_away_is_found() -> None:
    """The built-in customer says what the author wrote; a last line with a locked fact in it is a leak."""
    closings = persona_fields()["voice"]["closings"] | {"left": ["My mother was right.", "Ask my mother."]}
    persona = changed("voice", closings=closings)
    gate = await run_gate(persona, LADDER, Cast(CueAppraiser(), BuiltInCustomer(), FakeJudge(), FakeCoach()))
    leaks = next(check for check in gate.checks if check.name == "nothing_leaks")
    assert not leaks.passed
    assert "hostile 1, turn" in leaks.figures
    assert "(mother)" in leaks.figures


async def test_what_cannot_be_looked_for_is_said() -> None:
    """A locked fact without keywords is named in the figures: that it does not leak was not measured."""
    gate = await run_gate(a_persona(), LADDER, gate_cast())
    assert "not looked for, as no keywords say how: called" in gate.checks[1].figures


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("How can I help you today?", "speaks as the one who serves"),
        ("As an AI, I cannot be angry.", "speaks of the program"),
        ("*sighs* Where is it?", "stage direction"),
    ],
)
async def test_a_customer_who_becomes_the_agent_or_the_program_is_caught(line: str, says: str) -> None:
    """The guard's rules are applied to the lines that were shown, whoever spoke them."""
    gate = await run_gate(a_persona(), LADDER, gate_cast(customer=NumberedCustomer(line=line)))
    assert gate.failed == ("in_character",)
    assert says in next(check.figures for check in gate.checks if check.name == "in_character")


async def test_instructions_that_calm_are_caught() -> None:
    """An appraiser that takes the injector's word lets it gain, and the check says where."""
    fooled = CueAppraiser(reads_as={"talks_to_the_simulator": "sincere_apology", "cold_script": "ownership"})
    gate = await run_gate(a_persona(), LADDER, gate_cast(fooled))
    assert "injector_gains_nothing" in gate.failed
    figures = next(check.figures for check in gate.checks if check.name == "injector_gains_nothing")
    assert "injector 1, turn 1: -" in figures


async def test_a_ladder_that_stands_on_its_head_fails_the_order() -> None:
    """When those who brush the customer off end calmer than those who help, skill does not pay."""
    rungs = LADDER.model_dump()
    gate = await run_gate(
        a_persona(), a_ladder(dismissive=rungs["competent"], competent=rungs["dismissive"]), gate_cast()
    )
    assert "order" in gate.failed


async def test_one_expert_who_loses_the_customer_fails_the_gate() -> None:
    """That the other expert resolves it does not make up for it."""
    experts = [*LADDER.model_dump()["expert"][:1], ["blames"] * 8]
    gate = await run_gate(a_persona(), a_ladder(expert=experts), gate_cast())
    assert "expert 2 ended left" in next(c.figures for c in gate.checks if c.name == "expert_resolves")


async def test_a_model_that_fails_leaves_the_gate_undecided() -> None:
    """No figure is made of a failure: no rows, no checks, not passed, and the reason."""
    failing = CueAppraiser(error=ModelUnavailable("the provider is down"), fails_at=20)
    gate = await run_gate(a_persona(), LADDER, gate_cast(failing))
    assert gate.passed is None
    assert gate.reason == "the provider is down"
    assert gate.rows == () == gate.checks


async def test_a_script_that_cannot_be_sent_is_the_authors_error() -> None:
    """It is raised as what it is, and not hidden in a group."""
    with pytest.raises(InvalidReply, match="at most 4000"):
        await run_gate(a_persona(), a_ladder(expert=[["x" * 5000]]), gate_cast())


async def test_a_stored_result_is_read_back_as_it_was(tmp_path: Path) -> None:
    """The file stands beside the personas and holds everything."""
    gate = await run_gate(a_persona(), LADDER, gate_cast())
    path = store(gate, tmp_path, a_persona())
    assert path == tmp_path / "gates" / "missing-kettle.en.json"
    assert Gate.model_validate_json(path.read_text(encoding="utf-8")) == gate


@pytest.mark.parametrize("persona", SHIPPED.personas(), ids=lambda p: f"{p.id}.{p.language}")
def test_every_shipped_persona_is_tested(persona: Persona) -> None:
    """Its file says so, and a stored result for its present content passed. To renew: persona test --all --write."""
    standing = SHIPPED.standing(persona)
    assert standing.tested, standing.why


def test_a_ladder_names_every_skill() -> None:
    """The scripts of these tests are a whole ladder."""
    assert isinstance(LADDER, Ladder)
    assert set(LADDER.root) == set(SKILLS)
