"""Folding of text, so that a quote can be checked against what was really written."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_QUOTES = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-"}
)
_INVISIBLE = {"Cf", "Cc"}
_FOLDED_KEPT = 8192
"""Texts whose folding is kept: the lines of some hundred conversations, which guard and scorers compare with each other."""


@lru_cache(maxsize=_FOLDED_KEPT)
def fold(text: str) -> str:
    """Case, Unicode form, typographic quotes, invisible characters and white space made equal.

    Accents stay: in Spanish they tell words apart.
    """
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    text = "".join(
        " " if ch.isspace() else ch
        for ch in text
        if ch.isspace() or unicodedata.category(ch) not in _INVISIBLE
    )
    return re.sub(r" +", " ", text).strip().casefold()


def contains_quote(text: str, quote: str) -> bool:
    """True when ``quote`` is not empty and stands in ``text``, both folded."""
    folded = fold(quote)
    return bool(folded) and folded in fold(text)


def overlaps(one: str, other: str) -> bool:
    """True when either text stands in the other, both folded."""
    return contains_quote(one, other) or contains_quote(other, one)


def mentions(text: str, phrase: str) -> bool:
    """True when ``phrase`` stands in ``text`` at word boundaries, both folded and without accents.

    A trailing ``*`` matches any ending. Accents are dropped here, unlike in a quote: people leave them out in a chat.
    """
    stem = _without_accents(fold(phrase))
    ending = r"\w*" if stem.endswith("*") else ""
    pattern = rf"(?<!\w){re.escape(stem.rstrip('*'))}{ending}(?!\w)"
    return re.search(pattern, _without_accents(fold(text))) is not None


@lru_cache(maxsize=_FOLDED_KEPT)
def _without_accents(text: str) -> str:
    """Letters without acute accent or diaeresis; ñ stays a letter of its own."""
    kept = (ch if ch == "ñ" else unicodedata.normalize("NFD", ch)[0] for ch in text)
    return "".join(kept)
