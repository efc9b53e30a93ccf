"""The format of a lexicon file, and how its blocks become patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import yaml
from pydantic import Field

from simcustomer.cast.builtin.reading import NEGATION_REACH
from simcustomer.domain.cues import CueKind, Frozen, Strength
from simcustomer.domain.persona import Language

_FRAGMENT = re.compile(r"\{([a-z_]+)\}")
_CLASS_OR_ESCAPE = re.compile(r"\[[^\]]*\]|\\.|[aeioun]")
_WORD_END = r"(?!(?<=\w)\w)"
"""Not inside a word; an alternative that ends in a blank or a mark may be followed by anything."""
_EITHER_ACCENT = {"a": "[aá]", "e": "[eé]", "i": "[ií]", "o": "[oó]", "u": "[uúü]", "n": "[nñ]"}


class Rule(Frozen):
    """One rule of the lexicon; the fields are explained at the top of ``en.yaml``."""

    kind: CueKind
    strength: Strength = Strength.CLEAR
    any: str
    not_: str = Field(default="", alias="not")
    not_in: Literal["clause", "sentence"] = "sentence"
    needs: tuple[str, ...] = ()
    polar: bool = True
    formula: bool = False
    soft: bool = False
    reach: int = NEGATION_REACH
    unless: Literal["", "substance", "hearing"] = ""


class Askable(Frozen):
    """Something a trainee may ask for, and the words by which the customer or the desk already gave it."""

    ask: str
    given: str


class Promise(Frozen):
    """A kind of promise, and what takes it back."""

    made: str
    denied: str


class Words(Frozen):
    """Word lists, blank-separated."""

    function: str
    vague: str
    opaque: str
    finite: str
    articles: str


class LexiconFile(Frozen):
    """A lexicon as it stands in its file."""

    words: Words
    patterns: Mapping[str, str]
    fragments: Mapping[str, str]
    rules: tuple[Rule, ...]
    askable: tuple[Askable, ...]
    asks_again: str
    not_again: str
    promises: tuple[Promise, ...]
    denies_any: str
    denial_needs: str
    takes_back: str
    families: Mapping[str, str] = Field(default_factory=dict)


def read_file(name: str) -> dict[str, Any]:
    """What stands in ``lexicon/<name>.yaml`` beside this module."""
    text = (resources.files(__package__) / "lexicon" / f"{name}.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


@dataclass(frozen=True)
class PatternCompiler:
    """Turns a block of alternatives, one a line, into one pattern."""

    language: Language
    fragments: Mapping[str, str]

    def __call__(self, block: str, bounded: bool = True) -> re.Pattern[str]:
        body = self._expanded(block)
        if self.language == "es":
            body = _CLASS_OR_ESCAPE.sub(lambda m: _EITHER_ACCENT.get(m.group(), m.group()), body)
        return re.compile(rf"(?<!\w)(?:{body}){_WORD_END}" if bounded else body)

    def _expanded(self, block: str) -> str:
        joined = "|".join(line.strip() for line in block.splitlines() if line.strip())
        return _FRAGMENT.sub(lambda m: f"(?:{self._expanded(self.fragments[m.group(1)])})", joined)
