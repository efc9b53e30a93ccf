"""Does a hint still leave the sentence to the trainee? Checked before one is shown, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from simcustomer.domain.persona import Need
from simcustomer.domain.text import fold

HINT_WORDS = 35
"""Longest hint, in words."""
HINT_TOLERANCE = 1.5
"""How far over its limit a hint may be before it is asked for again."""
QUOTE_WORDS = 6
"""Words in a row that a hint may share with the good sentence of a need before it gives the sentence away."""
READY_WORDS = 4
"""Words in quotation marks, or behind a colon in the first person, from which a hint hands over a ready sentence."""

_QUOTED = re.compile(
    r"""[“«"]([^”»"]+)[”»"]|[‘]([^’]+(?:’\w[^’]*)*)’|(?<![\w’'])'([^']+(?:'\w[^']*)*)'(?!\w)""", re.DOTALL
)
_IN_FIRST_PERSON = re.compile(
    r"\b(?:I|I['’]\w+|my|we|we['’]\w+|our|yo|mi|mis|me|nos|nuestr[oa]s?)\b", re.IGNORECASE
)
"""A hint speaks to the trainee; who speaks as the trainee says the sentence for them."""


def hint_fault(hint: str, needs: Iterable[Need]) -> str | None:
    """Why a hint cannot be shown, as the end of a sentence that begins "it"; None when it can.

    It must not hand over a ready sentence: words of a need's own sentence, a sentence in quotation marks, or one put into
    the trainee's mouth behind a colon.
    """
    if not hint:
        return "is empty"
    if len(hint.split()) > HINT_WORDS * HINT_TOLERANCE:
        return f"is longer than {HINT_WORDS} words"
    if any(len(part.split()) >= READY_WORDS for part in _ready(hint)):
        return "holds a ready sentence for the customer"
    if any(_shares_words(hint, need.say) for need in needs):
        return "gives the sentence away"
    return None


def _ready(hint: str) -> list[str]:
    """What stands in quotation marks, and what follows a colon in the first person."""
    quoted = [part for found in _QUOTED.findall(hint) for part in found]
    _, _, behind = hint.partition(": ")
    return quoted + ([behind] if _IN_FIRST_PERSON.search(behind) else [])


def _shares_words(text: str, other: str) -> bool:
    words, text = re.findall(r"\w+", fold(other)), " ".join(re.findall(r"\w+", fold(text)))
    return any(" ".join(words[i : i + QUOTE_WORDS]) in text for i in range(len(words) - QUOTE_WORDS + 1))
