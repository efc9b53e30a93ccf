"""What haste and dictation do to a reply, undone before it is read: whoever says the same thing is to be read the same way.

Two repairs, both learned from the project's own replies (``evals/spelling.py``) and nothing else: a misspelt word is read as the
one known word that a single slip makes of it, and words that nobody put a mark between (speech recognition leaves none)
are cut where writers put one. Quotes still come from what was typed: every repaired character knows its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from simcustomer.cast.builtin.reading import Reading, plain
from simcustomer.cast.builtin.trained import Linear, as_chance, trained_for
from simcustomer.domain.persona import Language

SHORTEST_MENDED = 4
"""Letters of the shortest word that is mended: shorter ones are too near to each other."""
LONGEST_MENDED = 24
"""Letters of the longest word that is mended: hardly a word is longer, and the slips to try grow with the letters."""
HASTY_SHARE = 0.12
"""Share of a reply's words that are unknown and one slip from a known one, from which they are slips and not merely rare.
Replies rewritten with typing mistakes have one unknown word in five or six, careful ones of writers who were not learned
from one in forty-six (English) and in twenty-one (Spanish)."""
HASTY_WORDS = 2
"""Such words at the least, each counted once: in a short reply a single rare word is already an eighth."""
SHORTEST_HALF = 2
"""Letters of the shorter half of two words that were typed as one."""
COMMON = 1500
"""Words from the most frequent down of which both halves must be: rare words stand by chance in many a long one."""
UNMARKED_WORDS = 8
"""Words in a row without a mark from which marks may be missing; most clauses are shorter."""
WORDS_A_MARK = 14
"""Words for each mark of a whole text from which its marks are missing: writers put one after about seven."""
LIKELY = 0.35
"""Chance of a mark from which one is put: the best F1 on writers who were not learned from was reached at 0.3 to 0.4."""
SENTENCE_WORDS = 7
"""Words after which a mark ends a sentence instead of a clause, because speech without marks does not tell which."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORD = re.compile(r"[^\W_]+(?:['·][^\W_]+)*")
"""A word or a figure; ``·`` stands where a figure has its point or comma (``reading.py``)."""
MARK = re.compile(r"[^\w '·]")


@dataclass(frozen=True)
class Legible:
    """What is known of a language's spelling and of where its writers put marks.

    ``known`` are its words as they are written, the most frequent first; ``breaks`` scores the gap between two words
    (above 0: likelier a mark than none), from the names of ``gap``.
    """

    known: Sequence[str]
    breaks: Linear

    def reading(self, reading: Reading, heard: Iterable[str] = ()) -> Reading:
        """The same text as it was meant; what needs no repair is returned as it is.

        ``heard`` are the messages so far: a word that stands in one of them is no slip.
        """
        mended = reading.rewritten(self._spelled(reading, heard))
        return mended.rewritten(self._marked(mended))

    @cached_property
    def _rank(self) -> Mapping[str, int]:
        return {plain(word): rank for rank, word in enumerate(self.known)}

    def _spelled(self, reading: Reading, heard: Iterable[str]) -> Iterator[tuple[int, int, str]]:
        """Changes that mend the misspelt words of a hasty reply."""
        words = list(WORD.finditer(reading.text))
        odd = [word for word in words if self._is_odd(word, reading)]
        if len({word.group() for word in odd}) < HASTY_WORDS:
            return
        said = {plain(word) for text in heard for word in WORD.findall(text)}
        meant = {word.group(): self._meant(word.group()) for word in odd if plain(word.group()) not in said}
        slips = [(word.start(), slip) for word in odd if (slip := meant.get(word.group()))]
        if sum(map(bool, meant.values())) < HASTY_WORDS or len(slips) < HASTY_SHARE * len(words):
            return
        for place, (start, end, written) in slips:
            yield place + start, place + end, written

    def _is_odd(self, word: re.Match[str], reading: Reading) -> bool:
        """Unknown, and neither too short nor too long nor a name."""
        text = plain(word.group())
        if not (SHORTEST_MENDED <= len(text) <= LONGEST_MENDED and text.isalpha()) or text in self._rank:
            return False
        before = reading.text[: word.start()].rstrip(" ")[-1:]
        return not (reading.raw[reading.at[word.start()]].isupper() and (before.isalnum() or before == ","))

    def _meant(self, typed: str) -> tuple[int, int, str] | None:
        """The change inside a word that mends it: to the most frequent word that one slip turns into it, else a missing blank."""
        word = plain(typed)
        found = [self._rank[slip] for slip in _one_slip_from(word) if slip in self._rank]
        if found:
            return 0, len(typed), self.known[min(found)]
        cuts = range(SHORTEST_HALF, len(word) - SHORTEST_HALF + 1)
        rarer = {i: max(self._rank.get(half, COMMON) for half in (word[:i], word[i:])) for i in cuts}
        best = min(rarer, key=lambda i: rarer[i])
        return (best, best, " ") if rarer[best] < COMMON else None

    def _marked(self, reading: Reading) -> Iterator[tuple[int, int, str]]:
        """Missing marks: a comma or a full stop where the blank begins."""
        words, marks = WORD.findall(reading.text), MARK.findall(reading.text.strip())
        if len(words) < WORDS_A_MARK * len(marks):
            return
        for run in _unmarked(reading.text):
            texts = [plain(word.group()) for word in run]
            said = 0
            for i, word in enumerate(run[:-1]):
                said += 1
                if as_chance(self.breaks.scores("", gap(texts, i))[0]) >= LIKELY:
                    ends = said >= SENTENCE_WORDS
                    said = 0 if ends else said
                    yield word.end(), word.end(), "." if ends else ","


@lru_cache(maxsize=4)
def legible_for(language: Language) -> Legible:
    """What the trained model of a language knows of it."""
    model = trained_for(language)
    return Legible(model.known, model.breaks)


def gap(words: Sequence[str], place: int) -> tuple[str, ...]:
    """The gap after the word at ``place`` by the words around it; ``words`` are plain (``reading.plain``)."""
    before = words[place - 1] if place else "^"
    last, first, second, third = [*words[place : place + 4], "$", "$", "$"][:4]
    return (
        f"{last} |", f"| {first}", f"{last} | {first}", f"{before} {last} |", f"| {first} {second}",
        f"| {first} {second} {third}", f"{before} . |", f"| . {second}",
    )  # fmt: skip


def _unmarked(text: str) -> Iterator[list[re.Match[str]]]:
    """Runs of words with no mark between them that are so long that marks must be missing."""
    edges = [0, *(mark.end() for mark in MARK.finditer(text)), len(text)]
    for start, end in pairwise(edges):
        run = list(WORD.finditer(text, start, end))
        if len(run) >= UNMARKED_WORDS:
            yield run


def _one_slip_from(word: str) -> Iterator[str]:
    """Every text from which one letter dropped, added, taken for another or changed with its neighbour makes ``word``."""
    for i in range(len(word) + 1):
        head, tail = word[:i], word[i:]
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in _LETTERS)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in _LETTERS)
