"""A small trained model in plain Python: linear scores over the runs of letters and words of a text.

The weights come from ``evals/training.py``, which learns them from the project's own replies (``evals/cues``) and uses
``letters`` and ``words`` of this module, so that both sides cut a text alike. They ship as ``trained/<language>.json.gz``.
Weighting is the usual tf-idf: (1 + ln count) x idf, each block scaled to length 1 (scikit-learn's ``sublinear_tf``).
"""

from __future__ import annotations

import base64
import gzip
import json
import math
import re
import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any

from simcustomer.cast.builtin.reading import plain
from simcustomer.domain.persona import Language

LONGEST_RUN = 5
"""Letters in the longest run that is looked at: long enough for most stems, short enough to survive a typing mistake."""
SHORTEST_RUN = 2
"""Letters in the shortest."""

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[?.,;:!]")
_MARKS = frozenset("?.,;:!")
_NEGATORS = frozenset(
    "no not never nor cannot without nobody nothing none nunca sin ni jamas nadie nada tampoco".split()  # noqa: SIM905 - reads better
)

_COURTESY = re.compile(
    r"\b(?:(?:i'm |i am |we're |we are )?(?:really |very |so |truly )?sorry|please|kindly|many thanks|thanks"
    r"|thank you(?: so much| very much| for your patience)?|apologi[sz]e|apologies|appreciate"
    r"|por favor|(?:muchas )?gracias|lo (?:siento|lamento)(?: mucho)?|(?:una )?disculp(?:as?|en?)|perdon[ae]?)\b,?"
)

MILLI = 0.001
"""What a weight of 1 in a file stands for: weights are whole numbers there, so that a million of them are read at once."""


def folded(text: str) -> str:
    """Lower case without accents, straight apostrophes, every number a 0: what a model is to see of a text."""
    return re.sub(r"\d+(?:[.,:]\d+)*", "0", plain(text.replace("’", "'")))


def letters(text: str) -> Iterator[str]:
    """The runs of letters in each word of ``text``, with a blank at the word's ends."""
    for word in folded(text).split():
        padded = f" {word} "
        for size in range(SHORTEST_RUN, LONGEST_RUN + 1):
            yield from (padded[i : i + size] for i in range(max(1, len(padded) - size + 1)))


def words(text: str) -> Iterator[str]:
    """Words, pairs, pairs with a word between them, and threes; after a negation, up to the next mark, a word is another word."""
    marked, negated = [], False
    for token in _TOKEN.findall(folded(text)):
        negated = negated and token not in _MARKS
        marked.append(f"!{token}" if negated else token)
        negated = negated or token in _NEGATORS or token.endswith("n't")
    yield from marked
    yield from (f"{first} {second}" for first, second in pairwise(marked))
    yield from (f"{first} _ {third}" for first, third in zip(marked, marked[2:], strict=False))
    yield from (" ".join(marked[i : i + 3]) for i in range(len(marked) - 2))


def without_courtesies(text: str) -> str:
    """``text`` without its ordinary courtesies: they stand in kind and in harmful replies, and say nothing of the effect."""
    return _COURTESY.sub(" ", text)


def as_chance(score: float) -> float:
    """The chance (0-1) that a score of 0 at the fence stands for: the logistic function."""
    return 1.0 / (1.0 + math.exp(-score))


@dataclass(frozen=True)
class Block:
    """Features of one sort: the place of each, its idf, and ``labels`` weights in thousandths for each place in turn."""

    places: Mapping[str, int]
    idf: Sequence[float]
    weights: Sequence[int]
    labels: int

    @classmethod
    def read(cls, data: Mapping[str, Any], labels: int) -> Block:
        """From its form in a file: names by line, idfs, and 16-bit little-endian weights as base64."""
        weights = array("h", base64.b64decode(data["weights"]))
        if sys.byteorder == "big":
            weights.byteswap()
        names = data["features"].split("\n") if data["features"] else []
        return cls({name: place for place, name in enumerate(names)}, data["idf"], weights, labels)

    def add(self, totals: list[float], features: Iterable[str]) -> None:
        """Add this block's part of a text to each label's total, as tf-idf that is scaled to length 1."""
        counts = Counter(place for feature in features if (place := self.places.get(feature)) is not None)
        values = {place: (1.0 + math.log(count)) * self.idf[place] for place, count in counts.items()}
        length = math.sqrt(math.fsum(value * value for value in values.values())) or 1.0
        for place, value in values.items():
            self._add_one(totals, place, value / length)

    def add_seen(self, totals: list[float], names: Collection[str]) -> None:
        """Add the weights of names that are there or not, without scaling."""
        for name in names:
            if (place := self.places.get(name)) is not None:
                self._add_one(totals, place, 1.0)

    def _add_one(self, totals: list[float], place: int, value: float) -> None:
        start = place * self.labels
        for label, weight in enumerate(self.weights[start : start + self.labels]):
            totals[label] += value * MILLI * weight


@dataclass(frozen=True)
class Linear:
    """One linear model: a score for each label. ``seen`` weighs what the rules saw, by name."""

    labels: tuple[str, ...]
    offsets: tuple[float, ...]
    letters: Block
    words: Block
    seen: Block

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Linear:
        """From its form in a file."""
        labels = tuple(data["labels"])
        blocks = {name: Block.read(data[name], len(labels)) for name in ("letters", "words", "seen")}
        return cls(labels, tuple(data["offsets"]), **blocks)

    def scores(self, text: str, seen: Collection[str] = ()) -> list[float]:
        """One score for each label, in the order of ``labels``; higher is likelier. Any text will do."""
        totals = list(self.offsets)
        self.letters.add(totals, letters(text))
        self.words.add(totals, words(text))
        self.seen.add_seen(totals, seen)
        return totals


@dataclass(frozen=True)
class Dense:
    """A linear model over a fixed list of numbers, each first moved by its mean and divided by its spread."""

    labels: tuple[str, ...]
    offsets: tuple[float, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]

    def chances(self, values: Sequence[float]) -> dict[str, float]:
        """The chance of each label (0-1, they sum to 1), from values in the order in which they were learned."""
        scaled = [
            (value - mean) / spread
            for value, mean, spread in zip(values, self.means, self.spreads, strict=True)
        ]
        scores = [
            offset + math.fsum(w * v for w, v in zip(row, scaled, strict=True))
            for offset, row in zip(self.offsets, self.weights, strict=True)
        ]
        top = max(scores)
        raised = [math.exp(score - top) for score in scores]
        return {label: value / math.fsum(raised) for label, value in zip(self.labels, raised, strict=True)}


@dataclass(frozen=True)
class Trained:
    """All that was learned for one language.

    ``whole`` scores a reply's effect, ``part`` the direction of a sentence (both without courtesies), ``kinds`` the cue kinds
    of a sentence (a score above 0: likelier than not); ``bars`` are the chances from which a kind is taken for seen;
    ``verdict`` puts all of them together. ``known`` are words as they are spelt, the most frequent first, and ``breaks``
    scores where marks stand (``legible.py``). ``source`` says from what all was learned.
    """

    whole: Linear
    part: Linear
    kinds: Linear
    bars: Mapping[str, float]
    verdict: Dense
    known: tuple[str, ...]
    breaks: Linear
    source: Mapping[str, Any]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Trained:
        """From its form in a file."""
        dense = {name: _frozen(value) for name, value in data["verdict"].items()}
        return cls(
            whole=Linear.read(data["whole"]),
            part=Linear.read(data["part"]),
            kinds=Linear.read(data["kinds"]),
            bars=data["bars"],
            verdict=Dense(**dense),
            known=tuple(data["known"]),
            breaks=Linear.read(data["breaks"]),
            source=data["source"],
        )


@lru_cache(maxsize=4)
def trained_for(language: Language) -> Trained:
    """The model of a language, read once, when a reply is first appraised."""
    packed = (resources.files(__package__) / "trained" / f"{language}.json.gz").read_bytes()
    return Trained.read(json.loads(gzip.decompress(packed)))


def _frozen(value: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(tuple(each) if isinstance(each, list) else each for each in value)
