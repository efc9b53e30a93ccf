"""The lexicon: rules read from ``lexicon/<language>.yaml``, compiled once, and what they find in a reading.

A rule sees one passage at a time; what passages mean together is decided in ``combination.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from simcustomer.cast.builtin.reading import NEGATION_REACH, Reading, Span, plain, words_of
from simcustomer.cast.builtin.rules import LexiconFile, PatternCompiler, Rule, read_file
from simcustomer.domain.cues import CueKind, Strength
from simcustomer.domain.persona import Language

_ENDINGS: Mapping[Language, tuple[str, ...]] = {
    "en": ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ers", "er", "ed", "es", "ly", "s", "e", "y"),
    "es": (
        "aciones", "acion", "amientos", "amiento", "andome", "andole", "ando", "iendo", "arles", "arle", "aron",
        "ieron", "aban", "aba", "adas", "ados", "ada", "ado", "idas", "idos", "ida", "ido", "amos", "emos", "aste",
        "iste", "are", "ara", "an", "en", "ar", "er", "ir", "as", "es", "os", "on", "o", "a", "e", "s",
    ),
}  # fmt: skip
BARE_TIME_WORDS = 2
"""A clause with at most this many words beside its times says nothing but the time."""
STEM_CHARS = 6
"""Letters kept of a word without its ending: enough to tell words apart, few enough to join a verb and its noun."""


@dataclass(frozen=True)
class Hit:
    """A passage in which a rule saw a behaviour."""

    kind: CueKind
    strength: Strength
    span: Span
    formula: bool = False
    soft: bool = False
    unless: str = ""

    def as_kind(self, kind: CueKind, strength: Strength = Strength.CLEAR) -> Hit:
        """The same passage seen as another behaviour."""
        return Hit(kind, strength, self.span)

    def weakened(self) -> Hit:
        """The same with weak strength."""
        return replace(self, strength=Strength.WEAK)


@dataclass(frozen=True)
class Compiled:
    """A rule with its patterns compiled."""

    rule: Rule
    any: re.Pattern[str]
    not_: re.Pattern[str] | None


Check = Callable[["Lexicon", Reading, Span, Span, frozenset[str]], bool]


@dataclass(frozen=True)
class Lexicon:
    """All that is known about one language."""

    language: Language
    function: frozenset[str]
    vague: frozenset[str]
    opaque: frozenset[str]
    finite: frozenset[str]
    articles: frozenset[str]
    patterns: Mapping[str, re.Pattern[str]]
    rules: tuple[Compiled, ...]
    askable: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    promises: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    families: tuple[frozenset[str], ...] = ()

    def hits(self, reading: Reading, issue: frozenset[str]) -> list[Hit]:
        """What every rule finds in ``reading``; ``issue`` holds the stems of the customer's matter."""
        return [hit for compiled in self.rules for hit in self._found(compiled, reading, issue)]

    def stems_in(self, reading: Reading, span: Span) -> frozenset[str]:
        """The stems of the content words in a span."""
        return frozenset(stem for word in reading.words_in(span) if (stem := self.stem(word)))

    def stem(self, word: str) -> str:
        """The stem of a content word; empty for function words and words that say nothing of the matter."""
        word = plain(word).removesuffix("'s")
        if len(word) < 2 or word in self.function or word in self.opaque:
            return ""
        if word[0].isdigit():
            return word
        for ending in _ENDINGS[self.language]:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                return word[: -len(ending)][:STEM_CHARS]
        return word[:STEM_CHARS]

    def stems(self, text: str) -> frozenset[str]:
        """The stems of the content words of a text."""
        return _stems(self.language, text)

    def families_of(self, words: Iterable[str]) -> frozenset[int]:
        """The families of words that belong together (by number) of which one of ``words`` is a member."""
        said = frozenset(plain(word) for word in words)
        return frozenset(number for number, family in enumerate(self.families) if said & family)

    def negated(self, reading: Reading, position: int, reach: int = NEGATION_REACH) -> bool:
        """True when a negator stands at most ``reach`` words before ``position`` in its clause and means it."""
        lead = self.patterns["not_negated"].sub("", reading.lead_in(position, reach))
        return self.patterns["negator"].search(lead) is not None

    def has(self, name: str, reading: Reading, span: Span) -> bool:
        """True when the named pattern stands in the span."""
        return self.patterns[name].search(reading.text, span.start, span.end) is not None

    def _found(self, compiled: Compiled, reading: Reading, issue: frozenset[str]) -> Iterator[Hit]:
        rule = compiled.rule
        for match in compiled.any.finditer(reading.text):
            span = Span(match.start(), match.end())
            if rule.polar and self.negated(reading, span.start, rule.reach):
                continue
            scope = _scope(reading, span, rule)
            if compiled.not_ and compiled.not_.search(reading.text, scope.start, scope.end):
                continue
            sentence = reading.sentence_at(span.start)
            if all(CHECKS[need](self, reading, span, sentence, issue) for need in rule.needs):
                yield Hit(rule.kind, rule.strength, span, rule.formula, rule.soft, rule.unless)


def _scope(reading: Reading, span: Span, rule: Rule) -> Span:
    if rule.not_in == "clause":
        return reading.clauses_over(span)
    return Span(reading.sentence_at(span.start).start, max(span.end, reading.sentence_at(span.start).end))


def _is_statement(_: Lexicon, reading: Reading, __: Span, sentence: Span, ___: frozenset[str]) -> bool:
    return not reading.is_question(sentence)


def _is_question(_: Lexicon, reading: Reading, __: Span, sentence: Span, ___: frozenset[str]) -> bool:
    return reading.is_question(sentence)


def _names_issue(lexicon: Lexicon, reading: Reading, _: Span, sentence: Span, issue: frozenset[str]) -> bool:
    return bool(lexicon.stems_in(reading, sentence) & issue)


def _has_object(lexicon: Lexicon, reading: Reading, span: Span, sentence: Span, _: frozenset[str]) -> bool:
    """A content word that is not vague follows in the sentence, before any contrast."""
    rest = Span(span.end, sentence.end)
    if turn := lexicon.patterns["contrast"].search(reading.text, rest.start, rest.end):
        rest = Span(span.end, turn.start())
    words = (plain(word) for word in reading.words_in(rest))
    return any(word not in lexicon.function and word not in lexicon.vague for word in words)


def _has_time(lexicon: Lexicon, reading: Reading, _: Span, sentence: Span, __: frozenset[str]) -> bool:
    return lexicon.has("time", reading, sentence)


def _is_soon(lexicon: Lexicon, reading: Reading, _: Span, sentence: Span, __: frozenset[str]) -> bool:
    return lexicon.has("time", reading, sentence) or lexicon.has("now", reading, sentence)


def _is_concrete(
    lexicon: Lexicon, reading: Reading, span: Span, sentence: Span, issue: frozenset[str]
) -> bool:
    if _has_time(lexicon, reading, span, sentence, issue):
        return True
    if lexicon.has("vague_time", reading, sentence):
        return False
    return lexicon.has("now", reading, sentence) or _has_object(lexicon, reading, span, sentence, issue)


def _is_certain(lexicon: Lexicon, reading: Reading, span: Span, _: Span, __: frozenset[str]) -> bool:
    return lexicon.patterns["hedge"].search(reading.lead_in(span.start)) is None


def _is_promise(lexicon: Lexicon, reading: Reading, span: Span, sentence: Span, _: frozenset[str]) -> bool:
    """A promise stands in the clause of the time; a bare time ("by noon,") takes it from its sentence."""
    clause = reading.clauses_over(span)
    beside = lexicon.patterns["time"].sub(" ", reading.text[clause.start : clause.end])
    scope = sentence if len(words_of(beside)) <= BARE_TIME_WORDS else clause
    return lexicon.has("promise", reading, scope) and not lexicon.has("past_time", reading, span)


CHECKS: Mapping[str, Check] = {
    "statement": _is_statement,
    "question": _is_question,
    "issue": _names_issue,
    "object": _has_object,
    "time": _has_time,
    "concrete": _is_concrete,
    "soon": _is_soon,
    "promise": _is_promise,
    "certain": _is_certain,
}


@cache
def lexicon_for(language: Language) -> Lexicon:
    """The lexicon of a language, read and compiled the first time it is asked for."""
    file = LexiconFile.model_validate(read_file(language))
    compile_ = PatternCompiler(language, {**file.fragments, **file.patterns})
    single = {
        name: getattr(file, name)
        for name in ("asks_again", "not_again", "denies_any", "denial_needs", "takes_back")
    }
    return Lexicon(
        language=language,
        function=_word_set(file.words.function),
        vague=_word_set(file.words.vague),
        opaque=_word_set(file.words.opaque),
        finite=_word_set(file.words.finite),
        articles=_word_set(file.words.articles),
        patterns={name: compile_(block) for name, block in {**file.patterns, **single}.items()},
        rules=tuple(Compiled(r, compile_(r.any), compile_(r.not_) if r.not_ else None) for r in file.rules),
        askable=tuple((compile_(a.ask), compile_(a.given)) for a in file.askable),
        promises=tuple((compile_(p.made), compile_(p.denied)) for p in file.promises),
        families=tuple(_word_set(block) for block in file.families.values()),
    )


@cache
def program_talk() -> tuple[re.Pattern[str], ...]:
    """The patterns of talk to the program; they hold for every language."""
    blocks = read_file("program")
    compile_ = PatternCompiler("es", {})
    return compile_(blocks["words"]), compile_(blocks["shapes"], bounded=False)


def _word_set(block: str) -> frozenset[str]:
    return frozenset(plain(word) for word in block.split())


@lru_cache(maxsize=512)
def _stems(language: Language, text: str) -> frozenset[str]:
    lexicon = lexicon_for(language)
    return frozenset(stem for word in Reading.of(text).words if (stem := lexicon.stem(word)))
