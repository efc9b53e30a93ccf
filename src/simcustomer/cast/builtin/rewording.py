"""Cutting and joining sentences: what of a reply is worth keeping, and how a better wording is put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from simcustomer.cast.better_wording import longest
from simcustomer.cast.stated import sentences
from simcustomer.domain.cues import SETTLING, Appraisal, CueKind
from simcustomer.domain.text import contains_quote, fold, overlaps

MAX_SAID_WORDS = 60
"""Up to so many words a reply is reworded whole."""
MAX_PASSAGE_WORDS = 30
"""A sentence longer than this is cut to the quoted words."""

ALIKE_SHARE = 0.6
"""Share of words in common from which one passage says what another says already."""

_WORD = re.compile(r"\w+")
_TURN = re.compile(r",?\s+(?:but|however|although|pero|aunque|sin embargo)\s+|;\s+", re.IGNORECASE)


def passage(text: str, quote: str) -> str:
    """A verbatim passage of ``text`` around ``quote``: its sentence, or the quote alone where that is too long."""
    around = next((sentence for sentence in sentences(text) if contains_quote(sentence, quote)), quote)
    return around if len(around.split()) <= MAX_PASSAGE_WORDS else quote


def span(text: str, first: int, last: int) -> str:
    """The sentences of ``text`` from number ``first`` to ``last`` (counted from 0), exactly as written."""
    start, end, at = 0, len(text), 0
    for i, sentence in enumerate(sentences(text)):
        at = text.index(sentence, at)
        start = at if i == first else start
        at += len(sentence)
        end = at if i == last else end
    return text[start:end]


def runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """The unbroken runs of true flags as (first, last), the longest first."""
    found: list[tuple[int, int]] = []
    for i, flag in enumerate(flags):
        if flag and found and found[-1][1] == i - 1:
            found[-1] = (found[-1][0], i)
        elif flag:
            found.append((i, i))
    return sorted(found, key=lambda run: run[0] - run[1])


@dataclass(frozen=True)
class Kept:
    """A passage that may stay, as a sentence of its own, and what it does for the customer."""

    text: str
    merits: frozenset[CueKind]


def kept_passages(text: str, appraisal: Appraisal, hurtful: Sequence[str]) -> list[Kept]:
    """What of a passage may stay: parts that settle, or that state a figure, and that hold nothing ``hurtful``."""
    if CueKind.TALKS_TO_THE_SIMULATOR in appraisal.kinds():
        return []
    kept = []
    for sentence in sentences(text):
        hurts = any(overlaps(sentence, quote) for quote in hurtful)
        for part in _TURN.split(sentence) if hurts else [sentence]:
            if any(overlaps(part, quote) for quote in hurtful):
                continue
            found = (cue.kind for cue in appraisal.cues if overlaps(part, cue.quote))
            merits = frozenset(kind for kind in found if kind in SETTLING)
            if merits or (not hurts and any(ch.isdigit() for ch in part)):
                kept.append(Kept(_as_sentence(part), merits))
    return kept


def joined(said: str, parts: Sequence[str]) -> str:
    """The parts as one wording, none twice; empty when that is too long to stand in place of ``said``."""
    better = " ".join(_as_sentence(part) for part in dict.fromkeys(parts))
    return better if len(better.split()) <= longest(said) else ""


def alike(part: str, other: str) -> bool:
    """Do most words of ``part`` stand in ``other`` too?"""
    words, others = set(_WORD.findall(fold(part))), set(_WORD.findall(fold(other)))
    return bool(words) and len(words & others) > ALIKE_SHARE * len(words)


def _as_sentence(part: str) -> str:
    part = part.strip(" ,;")
    ended = part if part.endswith((".", "!", "?", "…", '"', "»")) else f"{part}."
    return ended[0].upper() + ended[1:]
