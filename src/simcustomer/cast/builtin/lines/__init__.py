"""The built-in players' own words, one file a language: customer lines, the judge's phrases, the coach's wordings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from simcustomer.cast.builtin.reading import plain
from simcustomer.domain.cues import SETTLING, UNSETTLING, CueKind, Frozen
from simcustomer.domain.persona import BandLines, Language, Line, NeedKind
from simcustomer.domain.rubric import Occasion
from simcustomer.domain.text import fold
from simcustomer.library import load

Pool = Annotated[tuple[Line, ...], Field(min_length=1)]

_VARIANTS = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")


def addressed(line: str, address: str) -> str:
    """The line for a form of address: of ``{a|b}`` the first for tú, the second for every other."""
    return _VARIANTS.sub(r"\1" if address == "tú" else r"\2", line)


def notices(text: str, phrases: Iterable[str]) -> bool:
    """Does one of the phrases stand in the text, at word boundaries? Accents do not count: chats leave them out.

    A trailing ``*`` of a phrase matches any ending.
    """
    return (pattern := _any_of(tuple(phrases))) is not None and pattern.search(_plain(text)) is not None


@lru_cache(maxsize=4096)
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for all phrases: made once, because every reply is held against all that a persona could answer."""
    stems = (_plain(phrase) for phrase in phrases)
    options = (re.escape(s.rstrip("*")) + (r"\w*" if s.endswith("*") else "") for s in stems)
    return re.compile(rf"(?<!\w)(?:{'|'.join(options)})(?!\w)") if phrases else None


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return plain(fold(text))


class Heat(Frozen):
    """Lines for somebody who is still upset (frustrated and above), and for somebody who is not."""

    hot: Pool
    cool: Pool


class Notices(Frozen):
    """Phrases by which the customer notices what a message wants of them, and what a line of their own asks for."""

    holding: Pool
    either: Pool
    choices: Pool
    checks: Pool
    rights: Pool = Field(description="whether a summary is right")
    more: Pool = Field(description="whether anything is missing")
    offers: Pool
    details: Pool
    service: Pool = Field(description="what can be done for the customer")
    story: Pool = Field(description="what happened, in the customer's own words")
    asks: Pool = Field(description="something that only the customer can know")
    wh: Pool = Field(description="words that open a question which yes or no does not answer")
    requests: Pool = Field(description="that the customer do something, put as a question")
    when: Pool = Field(description="of the customer's own questions, those for a time")
    who: Pool = Field(description="of the customer's own questions, those for a person")


class CustomerLines(Frozen):
    """What any customer might say, for where the persona's own lines end."""

    upset_by: Mapping[CueKind, Pool]
    eased_by: Mapping[CueKind, Heat]
    relieved: Mapping[NeedKind, Pool]
    plateau: Pool
    same_message: Pool
    blank: Pool
    has_no_details: Pool
    already_told: Pool = Field(description="before a fact that is told again in other words")
    told_before: Pool = Field(description="instead of a fact that has been told in all its words")
    story_told: Pool
    unsure: Heat
    neither_yes_nor_no: Heat
    one_more_thing: Pool = Field(description="before the question for what is still missing")
    nothing_more: Heat
    named: Mapping[str, Heat] = Field(description="with [when], [sum] or [name]: what the reply named")
    promised: Heat = Field(description="with [when]: a time promised earlier")
    promise_broken: Pool = Field(description="with [when]: a time promised earlier and taken back")
    waiting: Heat
    accepts: Heat
    chooses: Heat
    cooling: Heat
    heating: Heat
    asks: Mapping[NeedKind, Pool]
    bands: Mapping[str, BandLines] = Field(description="by the leading feeling: anger, anxiety, confusion")
    closings_abandoned: Heat
    notices: Notices

    @model_validator(mode="after")
    def _nothing_is_missing(self) -> CustomerLines:
        _complete("upset_by", self.upset_by, UNSETTLING)
        _complete("eased_by", self.eased_by, SETTLING)
        _complete("relieved", self.relieved, frozenset(NeedKind))
        _complete("asks", self.asks, frozenset(NeedKind))
        _complete("named", self.named, frozenset({"when", "sum", "name"}))
        _complete("bands", self.bands, frozenset({"anger", "anxiety", "confusion"}))
        return self


class JudgeLines(Frozen):
    """The judge's reasons, and the phrases by which a customer gives occasion for an item."""

    undecided: Line
    nothing_seen: Line
    none_seen: Line
    no_occasion: Line
    no_replies: Line
    occasions: Mapping[Occasion, Pool]


class CoachLines(Frozen):
    """The coach's nudges, reasons and wordings, by what a message did or left out."""

    still_waiting: Line
    next_level: Line
    sore_point: Line
    the_customer: Line
    hints: Pool
    hint_for_abuse: Line
    hint_for_heat: Line
    hint_for_end: Line
    after: Mapping[CueKind, Line]
    why: Mapping[CueKind, Line]
    instead: Mapping[CueKind, Line]
    praise: Mapping[CueKind, Line]
    missed: Mapping[CueKind, Line]
    say: Mapping[CueKind, Line]

    @model_validator(mode="after")
    def _nothing_is_missing(self) -> CoachLines:
        for field in ("after", "why", "instead"):
            _complete(field, getattr(self, field), UNSETTLING)
        for field in ("praise", "missed", "say"):
            _complete(field, getattr(self, field), SETTLING)
        return self


class Lines(Frozen):
    """One language."""

    customer: CustomerLines
    judge: JudgeLines
    coach: CoachLines


@cache
def lines_of(language: Language) -> Lines:
    """The lines of a language, read once. Raises ``ConfigError`` when the file is wrong."""
    return load(Path(__file__).with_name(f"{language}.yaml"), Lines)


def _complete(field: str, given: Mapping[Any, Any], wanted: frozenset[Any]) -> None:
    if missing := sorted(str(key) for key in wanted - set(given)):
        raise ValueError(f"{field} lacks: {', '.join(missing)}")
