"""A small persona and ready-made values that tests share."""

from __future__ import annotations

from typing import Any

from simcustomer.domain.cues import Appraisal, Cue, CueKind, Strength
from simcustomer.domain.persona import Persona

IN_THREE = (
    "I ordered a kettle from you three weeks ago. I have called you about it twice since then. "
    "Can anybody at all tell me where it is now?"
)
"""A line with room for three messages."""


def persona_fields(**changes: Any) -> dict[str, Any]:
    """The fields of a valid persona, as a YAML file would give them."""
    lines = ["First line.", "Second line.", "Third line."]
    fields: dict[str, Any] = {
        "id": "missing-kettle",
        "language": "en",
        "name": "Ada Quill",
        "title": "The kettle that never came",
        "summary": "Waits for a kettle.",
        "who": "A baker who bought a kettle.",
        "situation": "The kettle was paid for three weeks ago and never came.",
        "goal": "Agree on what happens next.",
        "openings": ["Where is my kettle? I paid three weeks ago."],
        "temperament": {
            "anger": 85,
            "anxiety": 50,
            "confusion": 40,
            "trust": 30,
            "patience": 60,
            "weights": {"anger": 0.7, "anxiety": 0.2, "confusion": 0.1},
        },
        "needs": [
            {
                "id": "heard",
                "kind": "heard",
                "what": "To be heard.",
                "met_by": [["acknowledges_feeling"], ["names_the_issue", "open_question"]],
                "asks": ["Do you hear me?", "Are you listening?", "Did you read what I wrote?"],
                "hint": "Say what it cost her.",
                "say": "Three weeks without a kettle is too long.",
            },
            {
                "id": "plan",
                "kind": "next_step",
                "what": "A plan with a time.",
                "met_by": [["concrete_next_step"], ["time_commitment"]],
                "asks": ["So what now?", "When?", "And then?"],
                "hint": "Name one step and a time.",
                "say": "I am sending a new kettle today; it is with you on Friday.",
            },
            {
                "id": "owned",
                "kind": "owned",
                "what": "Somebody takes it on.",
                "met_by": [["ownership", "sincere_apology"]],
                "asks": ["Whose fault is it?", "Who is in charge?", "Will anyone own this?"],
                "hint": "Take it on yourself.",
                "say": "This is our mistake and I will see it through.",
            },
        ],
        "facts": [
            {"id": "paid", "text": "Ada paid by card.", "says": ["I paid by card."]},
            {
                "id": "gift",
                "text": "The kettle is a gift.",
                "says": ["It was a present for my mother."],
                "unlock": {"cues": ["open_question"], "mentions": ["present", "gift*"]},
                "keywords": ["mother"],
            },
            {
                "id": "called",
                "text": "Ada has called twice.",
                "says": ["I have called twice already."],
                "unlock": {"cues": ["open_question"]},
            },
        ],
        "triggers": [
            {"id": "courier", "mentions": ["courier"], "when": "The courier is named.", "effect": "upsets"},
            {"id": "bakery", "mentions": ["bakery"], "when": "The bakery is named.", "effect": "calms"},
        ],
        "key_reassurance": {
            "meaning": "She will not pay again.",
            "mentions": ["not pay again", "no extra cost"],
        },
        "voice": {
            "style": "Short sentences.",
            "lines": dict.fromkeys(("calm", "wary", "frustrated", "angry", "furious"), lines),
            "closings": {
                "resolved": ["Good.", "Thank you."],
                "supervisor": ["Put me through.", "Your manager, now."],
                "left": ["I am done.", "Goodbye."],
                "boundary": ["Fine."],
                "turn_limit": ["I have to go."],
            },
            "survey": {"low": ["Bad."], "middle": ["So so."], "high": ["Good."]},
        },
        "case_file": {
            "organisation": "Kettles & Co",
            "trainee_role": "Support",
            "desk": [{"label": f"Row {i}", "value": "x"} for i in range(3)],
            "may_offer": [{"what": "A new kettle", "up_to": "40 EUR"}],
        },
        "examples": {"trained": "I see it.", "untrained": "Not us."},
    }
    return fields | changes


def a_persona(**changes: Any) -> Persona:
    """A valid persona with some fields changed."""
    return Persona.model_validate(persona_fields(**changes))


def cue(kind: CueKind | str, strength: Strength | str = Strength.CLEAR, quote: str | None = None) -> Cue:
    """A cue whose quote names its kind."""
    return Cue(kind=CueKind(kind), strength=Strength(strength), quote=quote or f"words of {kind}")


def appraisal(*kinds: CueKind | str) -> Appraisal:
    """An appraisal of one clear cue a kind."""
    return Appraisal(cues=tuple(cue(kind) for kind in kinds))
