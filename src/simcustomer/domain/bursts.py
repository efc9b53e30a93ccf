"""Bursts: how a customer's line is sent, in one message or in up to three, and what it is to answer before the last.

A line stays one text for every player, transcript and score. Where it is cut depends on the line and the persona alone,
so that page, API and practice always mean the same messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise

from pydantic import Field, model_validator

from simcustomer.domain.cues import Cue, CueKind, Frozen, Strength
from simcustomer.domain.text import fold

MOST_MESSAGES = 3
"""Most messages in which one line is sent: what a reader still takes as one thought."""
LEAST_CHARS = 40
"""Shortest message of a burst, in characters: about seven words. A line under twice that stays whole."""
MIN_PAUSE_S, MAX_PAUSE_S = 0.5, 20.0
"""Bounds on a persona's pause, in seconds: under the first it cannot be seen, beyond the second a reader believes it is over."""
TYPICAL_CHARS = 80
"""Length of the message that takes a persona's own pause, in characters: a shorter one comes sooner, a longer one later."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 1.5
"""Bounds on a pause, as shares of the persona's own: nobody waits for a long message as long as typing it would take."""
QUOTED_WORDS = 20
"""Most words that are quoted of a reply that came too early: the first sentence of nearly all."""

_END = re.compile(r"[.!?…]+[\"'»”’)\]]*(?= \S)")
"""A sentence end before a single blank. Line breaks are left alone: the writer has cut there."""
_ABBREVIATIONS = frozenset(
    "aprox av dr dra ej lic mr mrs ms núm pág prof sr sra srta st ud uds vs".split()  # noqa: SIM905 - reads better
)
"""Words that end in a full stop without ending a sentence, in both languages."""


class Bursts(Frozen):
    """How this person sends a longer line."""

    most: int = Field(
        default=1, ge=1, le=MOST_MESSAGES, description="most messages for one line; 1: never in bursts"
    )
    pause_s: float = Field(
        default=5.0,
        ge=MIN_PAUSE_S,
        le=MAX_PAUSE_S,
        description="seconds of writing before the next message, for one of usual length",
    )

    @model_validator(mode="before")
    @classmethod
    def _is_a_mapping(cls, given: object) -> object:
        if isinstance(given, (Bursts, Mapping)):
            return given
        raise ValueError(
            f"takes fields; allowed: most (1 to {MOST_MESSAGES} messages), "
            f"pause_s ({MIN_PAUSE_S:g} to {MAX_PAUSE_S:g} seconds)"
        )


def messages_of(line: str, bursts: Bursts) -> tuple[str, ...]:
    """The messages in which a line is sent; joined with blanks they are the line.

    As many as the persona sends and the line has room for, of the most even lengths, cut at sentence ends.
    """
    ends = tuple(_ends(line))
    for count in range(bursts.most, 1, -1):
        ways = (_cut(line, places) for places in combinations(ends, count - 1))
        roomy = (way for way in ways if min(map(len, way)) >= LEAST_CHARS)
        if most_even := min(roomy, key=lambda way: sum(len(message) ** 2 for message in way), default=None):
            return most_even
    return (line,)


def pause_before(message: str, bursts: Bursts) -> float:
    """Seconds of writing before a further message appears: in proportion to its length, within bounds."""
    share = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, len(message) / TYPICAL_CHARS))
    return round(bursts.pause_s * share, 2)


def interruption(reply: str) -> Cue:
    """The cue of a reply that was sent before the customer's last message: its first sentence, or the words it begins with.

    A weak one: it stings, and yet news that takes a fear away is heard also when it comes too early. As a clear one it
    would outweigh whatever the reply holds. ``reply`` holds something that can be seen.
    """
    start = next(part for part in [*_sentences(reply), reply] if fold(part))
    words = re.match(rf"\s*\S+(?:\s+\S+){{0,{QUOTED_WORDS - 1}}}", start)
    quote = words.group().strip() if words else start
    return Cue(kind=CueKind.INTERRUPTS, strength=Strength.WEAK, quote=quote)


def _sentences(text: str) -> Iterator[str]:
    for paragraph in text.splitlines():
        yield from _cut(paragraph, tuple(_ends(paragraph)))


def _cut(line: str, blanks: tuple[int, ...]) -> tuple[str, ...]:
    """The parts of a line without the blanks at these places."""
    places = (-1, *blanks, len(line))
    return tuple(line[before + 1 : after] for before, after in pairwise(places))


def _ends(line: str) -> Iterator[int]:
    """The places of the blanks after a sentence."""
    for end in _END.finditer(line):
        word = line[: end.start()].rpartition(" ")[2]
        if end.group() != "." or not _is_short_for_something(word):
            yield end.end()


def _is_short_for_something(word: str) -> bool:
    """Is a word before a full stop an initial (p. ej.), a pair of them (a.m.) or a known abbreviation?"""
    letters = word.lstrip("(\"'«“¿¡")
    return letters.lower() in _ABBREVIATIONS or all(
        len(part) == 1 and part.isalpha() for part in letters.split(".")
    )
