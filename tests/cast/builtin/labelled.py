"""The appraiser's own labelled replies: who says what to whom, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import yaml

from simcustomer.cast.builtin.appraiser import by_rules
from simcustomer.cast.builtin.reading import Reading
from simcustomer.domain.affect import first_affect, next_affect
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Appraisal
from simcustomer.domain.persona import Language, Persona
from tests.people import a_persona

HERE = Path(__file__).parent
DEAD_BAND = 1.0
"""Points of tension within which a change is no change."""


@dataclass(frozen=True)
class Case:
    """One labelled reply."""

    language: Language
    id: str
    scene: str
    say: str
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    effect: str = ""
    before: tuple[str, ...] = ()
    hard: bool = False

    def appraisal(self) -> Appraisal:
        """What the rules of the built-in appraiser observe."""
        persona = customer(self.language, self.scene)
        history = [Utterance(role="customer", text=persona.openings[0])]
        for text in self.before:
            history += [Utterance(role="trainee", text=text), Utterance(role="customer", text="And?")]
        return by_rules(persona, self.language, history, Reading.of(self.say))

    def change(self) -> float:
        """Points by which the reply moves tension."""
        persona = customer(self.language, self.scene)
        start = first_affect(persona, 3)
        return next_affect(start, self.appraisal(), persona, 3).affect.tension - start.tension


@cache
def customer(language: Language, scene: str) -> Persona:
    """The customer of a scene."""
    fields = yaml.safe_load((HERE / "scenes.yaml").read_text(encoding="utf-8"))[language][scene]
    feelings = {name: fields[name] for name in ("anger", "anxiety", "confusion")}
    return a_persona(
        language=language,
        situation=fields["situation"],
        openings=[fields["opening"]],
        temperament={**feelings, "trust": 40, "weights": {k: v / 100 for k, v in feelings.items()}},
        key_reassurance={"meaning": "What this customer waits for.", "mentions": fields["reassurance"]},
        facts=[{"id": f"fact_{i}", "text": "Nothing.", "says": ["Nothing."]} for i in range(3)],
        limits={"abusive": fields.get("abusive", False)},
        case_file={
            "organisation": "A company",
            "trainee_role": "Support",
            "desk": fields.get("desk", [{"label": name, "value": "known"} for name in DESK[language]]),
            "may_offer": [{"what": "Help"}],
        },
    )


DESK: dict[Language, tuple[str, ...]] = {
    "en": ("Customer name", "Order number", "Address"),
    "es": ("Nombre", "Número de pedido", "Dirección"),
}


def cases(language: Language) -> list[Case]:
    """All labelled replies of a language."""
    rows: list[dict[str, Any]] = yaml.safe_load((HERE / f"cases.{language}.yaml").read_text(encoding="utf-8"))
    return [
        Case(
            language,
            row["id"],
            row["scene"],
            row["say"],
            tuple(row.get("is", ())),
            tuple(row.get("not", ())),
            row.get("effect", ""),
            tuple(row.get("before", ())),
            row.get("hard", False),
        )
        for row in rows
    ]


def all_cases() -> list[Case]:
    """All labelled replies."""
    return [case for language in get_args(Language) for case in cases(language)]


def direction(change: float) -> str:
    """A change in words."""
    return "calms" if change < -DEAD_BAND else "escalates" if change > DEAD_BAND else "steady"


def complaints(case: Case) -> list[str]:
    """What is wrong with the appraiser's answer to a case; empty when nothing is."""
    kinds = case.appraisal().kinds()
    wrong = [f"lacks {kind}" for kind in case.present if kind not in kinds]
    wrong += [f"sees {kind}" for kind in case.absent if kind in kinds]
    moved = direction(case.change())
    if (case.effect == "not-calms" and moved == "calms") or case.effect not in ("", "not-calms", moved):
        wrong.append(f"{moved} instead of {case.effect}")
    return wrong
