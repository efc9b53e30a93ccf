"""The built-in customer over thirty turns: does any line or any whole sentence come back, whoever the trainee is?"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simcustomer.cast.builtin.repertoire import WHOLE_SENTENCE, whole_sentences
from simcustomer.cast.parts import Appraiser, Customer
from simcustomer.domain.affect import DEFAULT_DIFFICULTY, next_affect
from simcustomer.domain.conversation import Conversation, Turn, direction_for
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.text import fold
from simcustomer.evals.fidelity.cells import interval
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.statistics import wilson
from simcustomer.practice import open_conversation

TURNS = 30
"""Turns of a conversation, as many as the customer must last; no outcome ends it."""
SHUFFLED_BY = 7
"""Seed of the order in which the scripts of a persona are mixed."""

ASKS: Mapping[Language, Sequence[str]] = {
    "en": (
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
    ),
    "es": (
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
    ),
}
KIND: Mapping[Language, Sequence[str]] = {
    "en": (
        "I'm really sorry about this.",
        "That must be so frustrating.",
        "You've every right to be upset.",
        "Anyone would feel the same.",
    ),
    "es": (
        "Siento mucho lo que ha pasado.",
        "Debe de ser muy frustrante.",
        "Tiene toda la razón en estar así.",
        "Cualquiera se sentiría igual.",
    ),
}
HARSH: Mapping[Language, Sequence[str]] = {
    "en": (
        "That's your own fault.",
        "Calm down.",
        "It's our policy, nothing I can do.",
        "Call another department.",
        "ok",
    ),
    "es": (
        "Eso es culpa suya.",
        "Cálmese.",
        "Es la política de la empresa.",
        "Llame a otro departamento.",
        "ok",
    ),
}


@dataclass(frozen=True)
class Repeats:
    """What one customer said again in one conversation, and how much was said in all (the opening included)."""

    persona: Persona
    trainee: str
    lines: int
    sentences: int
    said_again: tuple[str, ...]
    sentences_again: tuple[str, ...]


def trainees(persona: Persona, evals: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Trainees of many kinds by name: mixed, the best one over and over, asking, kind, harsh, and kind who also asks."""
    scripts = _scripts(evals / "scripts", persona)
    kind, asks = KIND[persona.language], ASKS[persona.language]
    yield "all scripts mixed", _mixed(persona, evals)
    yield "good script", scripts["good"]
    yield "dismissive script", scripts["dismissive"]
    yield "asks only", asks
    yield "kind words only", kind
    yield "harsh", HARSH[persona.language]
    yield "kind, and asks", [f"{a} {b}" for a, b in zip(itertools.cycle(kind), asks, strict=False)]


async def played(
    persona: Persona, replies: Sequence[str], appraiser: Appraiser, customer: Customer
) -> Conversation:
    """Thirty turns that no outcome ends; the replies begin again when they are used up. Raises ``ModelError``."""
    talk = open_conversation(persona, DEFAULT_DIFFICULTY)
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


def repeats_in(trainee: str, talk: Conversation) -> Repeats:
    """The lines that were said before, word for word, and the sentences of five words or more."""
    lines = [talk.opening, *(turn.customer for turn in talk.turns)]
    sentences = [sentence for line in lines for sentence in whole_sentences(line)]
    return Repeats(
        persona=talk.persona,
        trainee=trainee,
        lines=len(lines),
        sentences=len(sentences),
        said_again=_again([fold(line) for line in lines]),
        sentences_again=_again(sentences),
    )


async def thirty_turns(
    personas: Sequence[Persona], evals: Path, appraiser: Appraiser, customer: Customer
) -> list[Repeats]:
    """Every persona with every trainee. Raises ``ModelError``."""
    return [
        repeats_in(name, await played(persona, replies, appraiser, customer))
        for persona in personas
        for name, replies in trainees(persona, evals)
    ]


def tables_of(found: Sequence[Repeats]) -> list[Titled]:
    """Lines and sentences said again by persona, and what they are."""
    names = sorted({f"{one.persona.id}.{one.persona.language}" for one in found})
    rows = [_row(n, [o for o in found if f"{o.persona.id}.{o.persona.language}" == n]) for n in names]
    again = [
        (f"{one.persona.id}.{one.persona.language}", one.trainee, text)
        for one in found
        for text in dict.fromkeys((*one.said_again, *one.sentences_again))
    ]
    kinds = len({one.trainee for one in found})
    return [
        Titled(
            title=f"Said again within {TURNS} turns",
            note=f"Each persona talks {TURNS} turns with each of {kinds} scripted trainees. A line counts when it was said before, word for "
            f"word; a sentence when it has {WHOLE_SENTENCE} words or more and stood in an earlier line. Intervals are Wilson's.",
            columns=(
                "persona", "conversations", "lines", "said again", "95 % interval", "sentences", "said again (sentences)",
                "95 % interval (sentences)",
            ),
            rows=(*rows, _row("all", found)),
        ),
        Titled(
            title="What was said again",
            note="" if again else "Nothing.",
            columns=("persona", "trainee", "words"),
            rows=tuple(again),
        ),
    ]  # fmt: skip


def _row(name: str, own: Sequence[Repeats]) -> tuple[Scalar, ...]:
    lines, again = sum(o.lines for o in own), sum(len(o.said_again) for o in own)
    sentences, twice = sum(o.sentences for o in own), sum(len(o.sentences_again) for o in own)
    return (
        name,
        len(own),
        lines,
        again,
        _between(again, lines),
        sentences,
        twice,
        _between(twice, sentences),
    )


def _between(hits: int, n: int) -> str:
    return interval(wilson([i < hits for i in range(n)]), digits=4)[1]


def _again(said: Sequence[str]) -> tuple[str, ...]:
    """Every one that was there before, each time."""
    seen, again = set[str](), []
    for one in said:
        if one in seen:
            again.append(one)
        seen.add(one)
    return tuple(again)


def _mixed(persona: Persona, evals: Path) -> list[str]:
    """All replies of all scripts for this persona, shuffled in one and the same way."""
    replies: list[str] = []
    for folder in ("scripts", "trainees"):
        for script in _scripts(evals / folder, persona).values():
            replies += itertools.chain.from_iterable(
                one if isinstance(one, list) else [one] for one in script
            )
    random.Random(SHUFFLED_BY).shuffle(replies)
    return replies


def _scripts(folder: Path, persona: Persona) -> dict[str, list[Any]]:
    path = folder / f"{persona.id}.{persona.language}.yaml"
    scripts: dict[str, list[Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return scripts
