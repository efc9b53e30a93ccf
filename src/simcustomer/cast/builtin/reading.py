"""A reply as the rules see it: folded text with a way back to the original, sentences, clauses, words, polarity."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

_STRAIGHT = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "´": "'", "`": "'", "“": '"', "”": '"', "«": '"', "»": '"'}
)
_DASHES = str.maketrans({"–": "-", "—": "-", "―": "-", "…": "."})
_INNER_DOT = re.compile(r"(?<=\d)[.,](?=\d)")
_ABBREVIATION = re.compile(
    r"\b(?:mr|mrs|ms|dr|dra|sr|sra|srta|ud|uds|vd|nº|núm|no(?=\. ?\d)|aprox|e\.g|i\.e|[ap]\. ?m)\.",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?\"')]*")
_CLAUSE_BREAK = re.compile(
    r"[,;()\"]|:(?!\d\d)| - |\s(?=(?:and|but|however|although|though|yet|because|so|which|pero|aunque|porque|así que|asi que) )|\s(?=y (?:yo|le|te|se|no|ya|lo|la|me|usted) )"
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_CONTRACTED = {
    "nt": ("do does did is was are were have has had could should would wo ca", "n't"),
    "s": ("that there what here who", "'s"),
    "ve": ("i you we they", "'ve"),
    "re": ("you they", "'re"),
    "ll": ("you they that it", "'ll"),
}
_CHAT_WORDS = {
    "im": "i'm",
    r"(?<!feel )(?<!is )(?<!am )(?<!are )(?<!was )(?<!very )(?<!so )(?<!get )ill(?= [a-z])": "i'll",
    r"id(?= (?:be|like|have|feel|want|love|also|rather|go|hate))": "i'd",
    r"its(?= (?:an?|the|our|my|me|us|on|not|been|going|gone|here|there|down|still|just|only|very|really|so|all|your)\b)": "it's",
    "ur": "your",
    r"u(?= [a-z])": "you",
}
_CHAT_SPELLING = [
    (re.compile(rf"(?<![\w'])(?:{pattern})(?![\w'])"), written)
    for pattern, written in {
        **{head + tail: head + full for tail, (heads, full) in _CONTRACTED.items() for head in heads.split()},
        **_CHAT_WORDS,
    }.items()
]
"""How people type English in a chat: contractions without apostrophe, and the two shortest of abbreviations."""
NEGATION_REACH = 6
"""Words before a passage in which a negator turns it round: longer stretches are mostly another statement."""


@dataclass(frozen=True)
class Span:
    """A stretch of the folded text; ``end`` is exclusive."""

    start: int
    end: int

    def __contains__(self, position: object) -> bool:
        return isinstance(position, int) and self.start <= position < self.end


@dataclass(frozen=True)
class Reading:
    """One text, folded: lower case, straight quotes, single spaces, no invisible characters.

    ``text`` keeps its accents; ``at[i]`` is where its character i stands in ``raw``. Dots inside numbers and
    abbreviations are no sentence ends and are folded away.
    """

    raw: str
    text: str
    at: tuple[int, ...]

    @classmethod
    def of(cls, raw: str) -> Reading:
        """Fold ``raw``."""
        chars: list[str] = []
        at: list[int] = []
        for i, char in enumerate(raw):
            if chars and unicodedata.combining(char):
                chars[-1] = unicodedata.normalize("NFC", chars[-1] + char)[:1]
                continue
            for folded in _folded(char):
                if folded == " " and (not chars or chars[-1] in " \n"):
                    continue
                chars.append(folded)
                at.append(i)
        text = _INNER_DOT.sub("·", "".join(chars))
        text = _ABBREVIATION.sub(lambda m: m.group().replace(".", " "), text)
        reading = cls(raw, text, tuple(at))
        for pattern, written in _CHAT_SPELLING:
            reading = reading.rewritten(_chat_words(reading.text, pattern, written))
        return reading

    def rewritten(self, changes: Iterable[tuple[int, int, str]]) -> Reading:
        """The same with stretches (start, end, what is to stand there; in order) written otherwise.

        What is written stands where its stretch stood in the original; in an empty stretch, where what follows it does.
        """
        text, at, done = "", list[int](), 0
        for start, end, written in changes:
            text += self.text[done:start] + written
            stood = self.at[start:end] or (*self.at[start : start + 1], len(self.raw))
            at += [*self.at[done:start], *(stood[min(i, len(stood) - 1)] for i in range(len(written)))]
            done = end
        return Reading(self.raw, text + self.text[done:], (*at, *self.at[done:])) if done or at else self

    def quote(self, span: Span) -> str:
        """The words of the original that stand at ``span``, without the marks around them."""
        text = self.text[span.start : span.end]
        start = span.start + len(text) - len(text.lstrip(' ,;:.-\n)"'))
        end = span.end - (len(text) - len(text.rstrip(" ,;:-\n(")))
        if start >= end:
            return ""
        after = self.at[end] if end < len(self.at) else len(self.raw)
        return self.raw[self.at[start] : after].rstrip(" \n\t")

    @cached_property
    def typed(self) -> str:
        """The text as it was folded, before anything in it was mended."""
        return Reading.of(self.raw).text

    @cached_property
    def flat(self) -> str:
        """The text without accents, character for character."""
        return "".join(unicodedata.normalize("NFD", char)[0] for char in self.text)

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """The sentences that hold a word, in order."""
        spans = (Span(m.start(), m.end()) for m in _SENTENCE.finditer(self.text))
        return tuple(span for span in spans if _WORD.search(self.text, span.start, span.end))

    @cached_property
    def clauses(self) -> tuple[Span, ...]:
        """The clauses of all sentences: cut at commas, colons, dashes and the conjunctions that open a new statement."""
        return tuple(clause for sentence in self.sentences for clause in self._cut(sentence))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words in order, accents kept."""
        return tuple(_WORD.findall(self.text))

    def sentence_at(self, position: int) -> Span:
        """The sentence in which ``position`` lies (or the last one before it)."""
        return _at(self.sentences, position)

    def clause_at(self, position: int) -> Span:
        """The clause in which ``position`` lies (or the last one before it)."""
        return _at(self.clauses, position)

    def clauses_over(self, span: Span) -> Span:
        """``span`` widened to whole clauses."""
        return Span(
            self.clause_at(span.start).start, max(span.end, self.clause_at(max(span.start, span.end - 1)).end)
        )

    def words_in(self, span: Span) -> list[str]:
        """The words of a span."""
        return _WORD.findall(self.text, span.start, span.end)

    def lead_in(self, position: int, reach: int = NEGATION_REACH) -> str:
        """The last ``reach`` words of the same clause before ``position``."""
        before = self.text[self.clause_at(position).start : position]
        return " ".join(before.split()[-reach:])

    def is_question(self, sentence: Span) -> bool:
        """True when the sentence ends or opens with a question mark."""
        text = self.text[sentence.start : sentence.end]
        return "?" in text or "¿" in text

    def _cut(self, sentence: Span) -> Iterator[Span]:
        start = sentence.start
        for cut in _CLAUSE_BREAK.finditer(self.text, sentence.start, sentence.end):
            if _WORD.search(self.text, start, cut.start()):
                yield Span(start, cut.start())
                start = cut.end()
        if _WORD.search(self.text, start, sentence.end):
            yield Span(start, sentence.end)


def words_of(text: str) -> list[str]:
    """The words of a text."""
    return _WORD.findall(text)


def plain(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def _at(spans: tuple[Span, ...], position: int) -> Span:
    """The span around ``position``, else the last that starts before it, else an empty one."""
    if not spans:
        return Span(0, 0)
    return spans[max(0, bisect.bisect_right(spans, position, key=lambda span: span.start) - 1)]


def _chat_words(text: str, pattern: re.Pattern[str], written: str) -> Iterator[tuple[int, int, str]]:
    return ((match.start(), match.end(), written) for match in pattern.finditer(text))


def _folded(char: str) -> str:
    if "!" <= char <= "~" and char != "`":
        return char.lower()
    if char == "\n":
        return "\n"
    if char.isspace():
        return " "
    if unicodedata.category(char) in ("Cf", "Cc"):
        return ""
    char = unicodedata.normalize("NFKC", char.translate(_STRAIGHT).translate(_DASHES))
    return "".join(" " if c.isspace() else c for c in char.lower())
