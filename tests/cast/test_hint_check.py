"""A hint names what is missing and leaves the sentence to the trainee."""

from __future__ import annotations

import re

import pytest

from simcustomer.cast.builtin.lines import lines_of
from simcustomer.cast.hint_check import hint_fault
from simcustomer.domain.persona import Language, Persona
from simcustomer.library import Library
from simcustomer.settings import content_dir
from tests.people import a_persona

SHIPPED = Library(content_dir("personas"), content_dir("prompts")).personas()
PERSONAS = pytest.mark.parametrize("persona", SHIPPED, ids=lambda p: f"{p.id}.{p.language}")


@pytest.mark.parametrize(
    "hint",
    [
        "What did the last three weeks cost her?",
        "She's waiting for one thing: who does what, and when?",
        "Don't write 'sorry' again; it's the plan that's missing.",
        'The "resolved" status hurt. What would undo it?',
        "¿Qué le da más miedo? Está en la ficha: mira el plazo.",
        "Dilo sin la palabra «incidencia».",
    ],
)
def test_a_pointer_is_a_hint(hint: str) -> None:
    """Questions, single quoted words and pointers behind a colon give nothing away."""
    assert hint_fault(hint, a_persona().needs) is None


@pytest.mark.parametrize(
    ("hint", "says"),
    [
        ("", "is empty"),
        ("word " * 60, "is longer than"),
        ("Write 'we will send it today', that's all.", "ready sentence"),
        ('Try "I am so sorry about this".', "ready sentence"),
        ("Say: I'm sending you another one today.", "ready sentence"),
        ("Escribe «te lo mando hoy mismo», nada más.", "ready sentence"),
        ("Dile esto: yo me encargo de todo.", "ready sentence"),
        ("Maybe three weeks without a kettle is too long for her.", "gives the sentence away"),
    ],
)
def test_a_ready_sentence_is_no_hint(hint: str, says: str) -> None:
    """Quoted, put into the trainee's mouth, or word for word what would meet a need."""
    assert says in (hint_fault(hint, a_persona().needs) or "")


@PERSONAS
def test_every_authored_hint_passes(persona: Persona) -> None:
    """The hints of the personas, alone and behind what the built-in coach says first."""
    after = lines_of(persona.language).coach.after.values()
    for need in persona.needs:
        for hint in (need.hint, *(f"{first} {need.hint}" for first in after)):
            assert hint_fault(hint, persona.needs) is None, hint


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_built_in_coachs_own_hints_pass(language: Language) -> None:
    """The hints for any case give no sentence away either."""
    coach = lines_of(language).coach
    for hint in (*coach.hints, coach.hint_for_abuse, coach.hint_for_heat, coach.hint_for_end):
        assert hint_fault(hint, ()) is None, hint


def test_the_built_in_coach_says_tu_to_a_spanish_trainee() -> None:
    """No word of usted in what is said to the trainee; what is said to the customer has both forms."""
    coach = lines_of("es").coach
    spoken = [*coach.hints, coach.hint_for_abuse, coach.hint_for_heat, coach.hint_for_end]
    spoken += [*coach.after.values(), *coach.why.values(), *coach.praise.values(), *coach.missed.values()]
    spoken += [need.hint for persona in SHIPPED if persona.language == "es" for need in persona.needs]
    polite = [
        "lea",
        "diga",
        "dé",
        "mire",
        "conteste",
        "retire",
        "retírelo",
        "busque",
        "tome",
        "tómelo",
        "muestre",
        "dígalo",
        "quédese",
        "use",
        "escríbale",
        "póngase",
        "discúlpese",
        "prometa",
        "espere",
        "resuma",
        "haga",
        "hable",
        "pregunte",
        "póngale",
        "traduzca",
        "piense",
        "nombre",
        "repítalos",
        "deje",
    ]
    for line in spoken:
        assert not re.search(r"\busted\b", line), line
        begun = {words.split()[0].lower().strip(",;") for words in re.split(r"[.?:] ", line) if words}
        assert not begun & set(polite), line
