"""Thirty turns with the built-in customer: no line and no whole sentence comes back, whoever the trainee is."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from simcustomer.cast.builtin.appraiser import BuiltInAppraiser
from simcustomer.cast.builtin.customer import BuiltInCustomer
from simcustomer.cast.builtin.repertoire import whole_sentences
from simcustomer.domain.affect import next_affect
from simcustomer.domain.conversation import Conversation, Turn, direction_for
from simcustomer.domain.persona import Persona
from simcustomer.domain.text import fold
from simcustomer.library import Library
from simcustomer.settings import content_dir

TURNS = 30
EVALS = Path(__file__).parents[3] / "evals"
LIBRARY = Library(content_dir("personas"), content_dir("prompts"))
PERSONAS = [pytest.param(p, id=f"{p.id}.{p.language}") for p in LIBRARY.personas()]

ASKS = {
    "en": [
        "What exactly happened?",
        "When did you first notice it?",
        "Have you contacted anyone else?",
        "Who did you speak to?",
        "How much was it?",
        "Is anyone there with you?",
        "Do you have a photo?",
        "What's the best number to reach you on?",
        "Has this happened before?",
        "Could you confirm your name, please?",
    ],
    "es": [
        "¿Qué pasó exactamente?",
        "¿Cuándo se dio cuenta?",
        "¿Ha hablado con alguien más?",
        "¿Con quién habló?",
        "¿Cuánto fue?",
        "¿Hay alguien con usted?",
        "¿Tiene una foto?",
        "¿A qué número le puedo llamar?",
        "¿Le había pasado antes?",
        "¿Me puede confirmar su nombre?",
    ],
}
KIND = {
    "en": [
        "I'm really sorry about this.",
        "That must be so frustrating.",
        "You've every right to be upset.",
        "Anyone would feel the same.",
    ],
    "es": [
        "Siento mucho lo que ha pasado.",
        "Debe de ser muy frustrante.",
        "Tiene toda la razón en estar así.",
        "Cualquiera se sentiría igual.",
    ],
}
HARSH = {
    "en": [
        "That's your own fault.",
        "Calm down.",
        "It's our policy, nothing I can do.",
        "Call another department.",
        "ok",
    ],
    "es": [
        "Eso es culpa suya.",
        "Cálmese.",
        "Es la política de la empresa.",
        "Llame a otro departamento.",
        "ok",
    ],
}


def scripted(persona: Persona) -> list[str]:
    """All replies of all scripts for this persona, shuffled in one and the same way."""
    name = f"{persona.id}.{persona.language}.yaml"
    replies: list[str] = []
    for folder in ("scripts", "trainees"):
        for script in yaml.safe_load((EVALS / folder / name).read_text(encoding="utf-8")).values():
            replies += itertools.chain.from_iterable(
                one if isinstance(one, list) else [one] for one in script
            )
    random.Random(7).shuffle(replies)
    return replies


def trainees(persona: Persona) -> Iterator[list[str]]:
    """Trainees of many kinds: mixed, the best one over and over, asking, kind, harsh, and all of these in turn."""
    name, language = f"{persona.id}.{persona.language}.yaml", persona.language
    scripts = yaml.safe_load((EVALS / "scripts" / name).read_text(encoding="utf-8"))
    yield scripted(persona)
    yield scripts["good"]
    yield scripts["dismissive"]
    yield ASKS[language]
    yield KIND[language]
    yield HARSH[language]
    yield [f"{a} {b}" for a, b in zip(itertools.cycle(KIND[language]), ASKS[language], strict=False)]


async def played(persona: Persona, replies: list[str]) -> Conversation:
    """Thirty turns that no outcome ends."""
    appraiser, customer = BuiltInAppraiser(), BuiltInCustomer()
    talk = Conversation(persona=persona, difficulty=3, opening=persona.openings[0])
    for nth, reply in zip(range(TURNS), itertools.cycle(replies), strict=False):
        seen = await appraiser.appraise(persona, persona.language, talk.utterances, reply)
        felt = next_affect(talk.affect, seen, persona, talk.difficulty)
        direction = direction_for(talk, seen, felt).model_copy(update={"outcome": None})
        spoken = await customer.speak(talk, reply, direction)
        turn = Turn(
            index=nth + 1,
            trainee=reply,
            customer=spoken.text,
            appraisal=seen,
            effects=felt.effects,
            affect=felt.affect,
        )
        talk = talk.model_copy(update={"turns": (*talk.turns, turn)})
    return talk


@pytest.mark.parametrize("persona", PERSONAS)
async def test_no_line_and_no_whole_sentence_is_said_twice_in_thirty_turns(persona: Persona) -> None:
    """Asked, soothed, brushed off or served well for thirty turns, nobody ever sounds like a record."""
    for replies in trainees(persona):
        talk = await played(persona, replies)
        lines = [talk.opening, *(turn.customer for turn in talk.turns)]
        assert all(lines)
        folded = [fold(line) for line in lines]
        assert [line for line in folded if folded.count(line) > 1] == []
        said = [sentence for line in lines for sentence in whole_sentences(line)]
        assert sorted({sentence for sentence in said if said.count(sentence) > 1}) == []
