"""Learns what makes a hasty or dictated reply legible; ``cast/builtin/legible.py`` computes with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from simcustomer.cast.builtin.legible import MARK, WORD, gap
from simcustomer.cast.builtin.reading import Reading, plain
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.rated import RatedReply
from simcustomer.evals.shipping import TINY, block_of

HASTY = frozenset({"typos", "dictated"})
"""Ways of typing whose spelling and marks are no example."""
RARE_WORD = 2
"""Texts in which a word must stand to be known: once may be a slip."""
RARE_GAP = 4
"""Gaps in which a feature must stand: what stands in fewer is chance."""
TOLERANCE = 0.01
"""At which the solver stops; finer takes minutes and changes no figure."""
SEED = 7
"""For the order in which the solver takes its rows."""


def spelling_of(replies: Sequence[RatedReply]) -> dict[str, Any]:
    """What ``builtin/legible.py`` knows, in the form in which it ships: words, and where writers put marks.

    Learned from replies that were typed with care; those with typing mistakes would teach the mistakes. Raises
    ``ConfigError`` when none of them has a mark.
    """
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    texts = [Reading.of(reply.reply).text for reply in replies if reply.slices.get("typed") not in HASTY]
    rows = [row for text in texts for row in _gaps(text)]
    if len({marked for _, marked in rows}) < 2:
        raise ConfigError(
            "no carefully typed reply has words with and without marks between them; label more replies"
        )
    gaps, marked = zip(*rows, strict=True)
    names = CountVectorizer(analyzer=list, binary=True, min_df=RARE_GAP)
    model = LogisticRegression(solver="liblinear", tol=TOLERANCE, random_state=SEED)
    model.fit(names.fit_transform(gaps), marked)
    none = block_of((), (), np.zeros((1, 0)))
    told = np.abs(model.coef_[0]) >= TINY
    seen = block_of(names.get_feature_names_out()[told], [1.0] * int(told.sum()), model.coef_[:, told])
    offsets = [round(float(model.intercept_[0]), 4)]
    breaks = {"labels": ["mark"], "offsets": offsets, "letters": none, "words": none, "seen": seen}
    return {"known": _known(texts), "breaks": breaks}


def _gaps(text: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Every gap between two words of a text, and whether a mark stands in it."""
    found = list(WORD.finditer(text))
    words = [plain(word.group()) for word in found]
    for i, (word, following) in enumerate(pairwise(found)):
        between = text[word.end() : following.start()]
        yield gap(words, i), bool(MARK.search(between))


def _known(texts: Sequence[str]) -> list[str]:
    """The words that more than one text uses, as they are mostly written, the most frequent first."""
    counts = Counter(word for text in texts for word in set(WORD.findall(text)) if word.isalpha())
    written: dict[str, str] = {}
    for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count >= RARE_WORD:
            written.setdefault(plain(word), word)
    return list(written.values())
