"""Cutting and joining sentences: what of a reply is worth keeping, and how a better wording is put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from simcustomer.domain.cues import SETTLING, Appraisal, CueKind
from simcustomer.domain.text import contains_quote, fold

MAX_BETTER_WORDS = 75
"""Longest better wording, in words: about what fits a chat bubble without scrolling."""
MAX_SAID_WORDS = 60
"""Up to so many words a reply is quoted whole."""
MAX_PASSAGE_WORDS = 30
"""A sentence longer than this is cut to the quoted words."""

ALIKE_SHARE = 0.6
"""Share of words in common from which one passage says what another says already."""

_WORD = re.compile(r"\w+")
_START = r"(?=[¿¡\"'«“(]?[A-ZÁÉÍÓÚÑ0-9])"
_BREAK = re.compile(rf"(?<=[.!?…])\s+{_START}|(?<=[.!?…][\"'»”])\s+{_START}|\n+")
_TURN = re.compile(r",?\s+(?:but|however|although|pero|aunque|sin embargo)\s+|;\s+", re.IGNORECASE)
_SUM = re.compile(
    r"[$€£]\s?(\d[\d.,]*)|(\d[\d.,]*)\s?(?:€|%|euros?|d[oó]lar\w*|dollars?|pesos|pounds|usd|eur|mxn|cop)",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """The sentences of a text, each exactly as written, ends trimmed."""
    return [part.strip() for part in _BREAK.split(text) if part.strip()]


def passage(text: str, quote: str) -> str:
    """A verbatim passage of ``text`` around ``quote``: its sentence, or the quote alone where that is too long."""
    around = next((sentence for sentence in sentences(text) if contains_quote(sentence, quote)), quote)
    return around if len(around.split()) <= MAX_PASSAGE_WORDS else quote


def excerpt(text: str, quote: str) -> str:
    """The whole text if it is short, else the passage around ``quote``."""
    return text if len(text.split()) <= MAX_SAID_WORDS else passage(text, quote)


@dataclass(frozen=True)
class Kept:
    """A passage that may stay, as a sentence of its own, and what it does for the customer."""

    text: str
    merits: frozenset[CueKind]


def kept_passages(
    text: str, appraisal: Appraisal, hurtful: Sequence[str], known_sums: str | None
) -> list[Kept]:
    """What of a reply may stay: passages that settle, or that state a figure, and that hold nothing ``hurtful``.

    A sum of money that stands neither in the case file nor in what the customer said (``known_sums``; None: there is
    no case file) goes with its passage.
    """
    if CueKind.TALKS_TO_THE_SIMULATOR in appraisal.kinds():
        return []
    kept = []
    for sentence in sentences(text):
        hurts = any(_overlap(sentence, quote) for quote in hurtful)
        for part in _TURN.split(sentence) if hurts else [sentence]:
            if any(_overlap(part, quote) for quote in hurtful) or not _sums_known(part, known_sums):
                continue
            found = (cue.kind for cue in appraisal.cues if _overlap(part, cue.quote))
            merits = frozenset(kind for kind in found if kind in SETTLING)
            states_figure = not hurts and any(ch.isdigit() for ch in part)
            if merits or states_figure:
                kept.append(Kept(_as_sentence(part), merits))
    return kept


def reworded(first: Sequence[str], then: Sequence[str], last: Sequence[str]) -> str:
    """The parts as one reply, none twice; when that is too long, ``last`` goes, and then ``then``, from the end."""
    parts = list(dict.fromkeys([*first, *then, *last]))
    while len(parts) > 1 and len(" ".join(parts).split()) > MAX_BETTER_WORDS:
        parts.pop()
    return " ".join(_as_sentence(part) for part in parts)


def extended(text: str, addition: str) -> str:
    """The text with a sentence added to it; its first sentences go when that is too long."""
    parts = sentences(text)
    while parts and len(" ".join([*parts, addition]).split()) > MAX_BETTER_WORDS:
        parts.pop(0)
    return " ".join([*map(_as_sentence, parts), addition])


def alike(part: str, other: str) -> bool:
    """Do most words of ``part`` stand in ``other`` too?"""
    words, others = set(_WORD.findall(fold(part))), set(_WORD.findall(fold(other)))
    return bool(words) and len(words & others) > ALIKE_SHARE * len(words)


def _overlap(part: str, quote: str) -> bool:
    """Does the quote stand in the part, or the part in the quote?"""
    return contains_quote(part, quote) or contains_quote(quote, part)


def _as_sentence(part: str) -> str:
    part = part.strip(" ,;")
    ended = part if part.endswith((".", "!", "?", "…", '"', "»")) else f"{part}."
    return ended[0].upper() + ended[1:]


def _sums_known(part: str, known_sums: str | None) -> bool:
    if known_sums is None:
        return True
    sums = {(a or b).strip(".,") for a, b in _SUM.findall(part)}
    return all(fold(amount) in fold(known_sums) for amount in sums)
