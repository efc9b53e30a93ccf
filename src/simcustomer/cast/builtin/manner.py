"""How a trainee writes: greeting, form of address, short or full forms; so that a better wording sounds like them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from simcustomer.cast.builtin.lines import addressed
from simcustomer.domain.persona import Language

_TITLE = r"(?:mr|mrs|ms|miss|sir|madam|don|doña|señora?|sr|sra)\.?"
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hola|buen[ao]s(?: tardes| noches| días)?|estimad[oa])"
    rf"(?: there)?,?(?: {_TITLE})?(?: [A-ZÁÉÍÓÚÑa-záéíóúñ][\w’'-]*){{0,2}}[,!.]\s+",
    re.IGNORECASE,
)
_MOST_GREETING_WORDS = 4
"""Longest greeting, in words: "Good afternoon Mr. Brandt,"."""

_FAMILIAR = re.compile(
    r"\b(?:tú|te|ti|tu|tus|contigo|eres|estás|tienes|puedes|quieres|sabes|dime|cuéntame|perdona|disculpa|tranquil[ao]te)\b",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"\b(?:usted|le|su|sus|disculpe|perdone|permítame|dígame|cuénteme|cálmese|mire)\b", re.IGNORECASE
)

_SHORT = {
    "don't": "do not",
    "doesn't": "does not",
    "didn't": "did not",
    "can't": "cannot",
    "won't": "will not",
    "isn't": "is not",
    "haven't": "have not",
    "I'm": "I am",
    "I'll": "I will",
    "you're": "you are",
    "you'll": "you will",
    "we're": "we are",
    "we'll": "we will",
}
"""Short forms that stand for one full form only; "I'd" and "it's" may be two and stay as they are.
Denials come first: "you will not" is "you won't"."""
_ANY_SHORT = re.compile(r"\w[’'](?:m|ll|re|ve|d|t)\b|\b(?:it|that|there|here|what|let)[’']s\b", re.IGNORECASE)

Forms = Literal["short", "full", "either"]


@dataclass(frozen=True)
class Manner:
    """One trainee's manner. ``address``: "tú", "usted" or "you". ``forms``: writes "I'm", "I am", or neither so far."""

    address: str
    forms: Forms

    @classmethod
    def of(cls, texts: Sequence[str], language: Language, usual: str) -> Manner:
        """Read from all that the trainee wrote; ``usual`` is the form of address where the texts do not tell."""
        whole = "\n".join(texts)
        address = (address_of(whole) or usual) if language == "es" else "you"
        return cls(address, _forms(whole) if language == "en" else "either")

    def fits(self, line: str) -> bool:
        """Is a line written in this form of address, or in none?"""
        return self.address == "you" or address_of(line) in (None, self.address)

    def said(self, line: str) -> str:
        """The line in this trainee's form of address and with their short or full forms."""
        line = addressed(line, self.address)
        if self.forms == "either":
            return line
        for short, full in _SHORT.items():
            old, new = (full, short) if self.forms == "short" else (short, full)
            line = re.sub(rf"\b{old}\b(?= \w)", partial(_like, new), line, flags=re.IGNORECASE)
        return line


def address_of(text: str) -> str | None:
    """ "tú" or "usted", whichever Spanish text uses more; None when it uses neither, or both alike."""
    familiar, polite = len(_FAMILIAR.findall(text)), len(_POLITE.findall(text))
    return None if familiar == polite else "tú" if familiar > polite else "usted"


def greeting(text: str) -> str:
    """The greeting with which a text begins, with its comma or stop; empty when there is none or nothing else."""
    found = _GREETING.match(text)
    if not found or len(found.group().split()) > _MOST_GREETING_WORDS:
        return ""
    return found.group().strip()


def after_greeting(opened: str, line: str) -> str:
    """A line behind a greeting: it goes on small after a comma."""
    keeps = re.match(r"I\b|[A-ZÁÉÍÓÚÑ]{2}|[^\w]", line)
    small = opened.endswith(",") and not keeps
    return f"{opened} {line[0].lower() + line[1:] if small else line}"


def _forms(text: str) -> Forms:
    if _ANY_SHORT.search(text):
        return "short"
    full = any(re.search(rf"\b{form}\b", text, re.IGNORECASE) for form in _SHORT.values())
    return "full" if full else "either"


def _like(new: str, found: re.Match[str]) -> str:
    """``new`` with the first letter as in ``found``."""
    return new[0].upper() + new[1:] if found[0][0].isupper() else new[0].lower() + new[1:]
