"""What a text states: figures (amounts, shares, times of day, days, plain numbers) and names, read alike however written.

"6 pm", "18:00" and "six this evening" are one time, "1,947.50" and "1947.5" one amount. It is a reading of signs, not of
meaning: what a figure belongs to is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from simcustomer.domain.persona import Language
from simcustomer.domain.text import fold

Sort = Literal["money", "share", "clock", "day", "number"]


class Figure(NamedTuple):
    """A figure as it stands in the text, its sort, and every way in which the same figure may be written elsewhere."""

    text: str
    sort: Sort
    ways: frozenset[str]

    @property
    def amount(self) -> float:
        """The number that the figure states. Raises ``ValueError`` for a day or a time of day."""
        return float(next(iter(self.ways)))


_START = r"(?=[¿¡\"'«“(]?[A-ZÁÉÍÓÚÑ0-9])"
_BREAK = re.compile(rf"(?<=[.!?…])\s+{_START}|(?<=[.!?…][\"'»”])\s+{_START}|\n+")

_NUMBER = r"\d+(?:[.,]\d+)*"
_HALF = r"(?P<half>[ap])\.?\s?m\b\.?"
_CLOCK = re.compile(
    rf"(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?:\s?{_HALF})?|(?P<h2>\d{{1,2}})\s?(?:{_HALF.replace('half', 'half2')}|(?:h|hs|hrs|o'clock)\b)",
    re.IGNORECASE,
)
_MONEY = re.compile(
    rf"[$€£]\s?(?P<a>{_NUMBER})|(?P<b>{_NUMBER})\s?(?:€|euros?\b|d[oó]lar\w*|dollars?\b|pesos\b|pounds\b|usd\b|eur\b|mxn\b|cop\b)",
    re.IGNORECASE,
)
_SHARE = re.compile(rf"(?P<a>{_NUMBER})\s?(?:%|per ?cent\b|por ciento\b)", re.IGNORECASE)
_PLAIN = re.compile(_NUMBER)
_DAYS = {
    "en": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    "es": ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
}
_ONES = {
    "en": [
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ],
    "es": [
        "dos",
        "tres",
        "cuatro",
        "cinco",
        "seis",
        "siete",
        "ocho",
        "nueve",
        "diez",
        "once",
        "doce",
        "trece",
        "catorce",
        "quince",
        "dieciséis",
        "diecisiete",
        "dieciocho",
        "diecinueve",
        "veinte",
        "veintiuno",
        "veintidós",
        "veintitrés",
        "veinticuatro",
        "veinticinco",
    ],
}
_TENS = {
    "en": {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90},
    "es": {"treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "noventa": 90},
}
_HOUR = {
    language: "|".join([*words[:11], "one" if language == "en" else "una", r"\d{1,2}"])
    for language, words in _ONES.items()
}
_SPOKEN = {
    "en": re.compile(rf"\b(?P<part>half|quarter) (?P<turn>past|to) (?P<hour>{_HOUR['en']})\b", re.IGNORECASE),
    "es": re.compile(rf"\b(?P<hour>{_HOUR['es']}) (?P<turn>y|menos) (?P<part>media|cuarto)\b", re.IGNORECASE),
}
_UNITS = (
    r"(?:working |business )?(?:hours?|minutes?|mins?|days?|weeks?|months?|years?|euros?|dollars?|pounds?|cents?|"
    r"horas?|minutos?|d[ií]as?|semanas?|meses|años?|pesos|d[oó]lares|o'clock)\b"
)
_BEFORE_TIME = r"(?:at|by|before|until|till|since|past|las)\s+(?:about |around |half past )?"
_INITIAL = re.compile(r"(?:^|[.!?…:;\n\"«“(¿¡–—-])\s*$")
_NAME = re.compile(r"(?<![\w'’])[A-ZÁÉÍÓÚÑ][\w’'-]{2,}")
_WORD = re.compile(r"\w+")
_TITLES = frozenset({"don", "doña", "mrs", "miss", "señor", "señora", "usted", "ustedes"})
"""Words that may stand in capitals before a name and are none."""


def sentences(text: str) -> list[str]:
    """The sentences of a text, each exactly as written, ends trimmed."""
    return [part.strip() for part in _BREAK.split(text) if part.strip()]


def figures(text: str, language: Language, *, loosely: bool = False) -> tuple[Figure, ...]:
    """The figures of a text. Number words count as figures beside a unit or a time word, ``loosely`` anywhere.

    "One" never counts: it is an article more often than a number.
    """
    found = list(_spoken_times(fold(text), language))
    rest = _SPOKEN[language].sub(" ", text)
    for pattern, sort in ((_CLOCK, "clock"), (_MONEY, "money"), (_SHARE, "share"), (_PLAIN, "number")):
        for match in pattern.finditer(rest):
            found.append(_figure(match, sort))
        rest = pattern.sub(lambda match: " " * len(match.group()), rest)
    words = fold(_SPOKEN[language].sub(" ", text))
    found += [_day(word) for word in _WORD.findall(words) if _plain_day(word) in _day_names(language)]
    found += [Figure(word, "number", frozenset({str(n)})) for word, n in _in_words(words, language, loosely)]
    return tuple(found)


def all_ways(found: Iterable[Figure]) -> frozenset[str]:
    """Every way of writing any of these figures."""
    return frozenset(way for figure in found for way in figure.ways)


def names(text: str) -> frozenset[str]:
    """Words in capitals that do not begin a sentence, folded: people, places, makes. Not words all in capitals."""
    found = set()
    for match in _NAME.finditer(text):
        name = re.sub(r"['’]\w*$", "", match.group())
        if not name.isupper() and len(name) > 2 and not _INITIAL.search(text[: match.start()]):
            found.add(fold(name))
    return frozenset(found) - _TITLES - frozenset(_DAYS["en"])


def words_of(text: str) -> frozenset[str]:
    """All words of a text, folded."""
    return frozenset(_WORD.findall(fold(text)))


def _figure(match: re.Match[str], sort: str) -> Figure:
    groups = match.groupdict()
    if sort == "clock":
        hour = int(groups["h"] or groups["h2"])
        half = (groups["half"] or groups["half2"] or "").lower()
        return Figure(match.group().rstrip("."), "clock", _times(hour, groups["m"] or "00", half))
    written = groups.get("a") or groups.get("b") or match.group()
    return Figure(match.group().strip(), _SORTS[sort], frozenset({number(written)}))


_SORTS: dict[str, Sort] = {"money": "money", "share": "share", "number": "number"}


def _times(hour: int, minute: str, half: str) -> frozenset[str]:
    """A time of day on both clocks; a full hour also as its bare number."""
    if half == "p" and hour < 12:
        hour += 12
    hours = {hour, hour % 12 or 12}
    ways = {f"{h}:{minute}" for h in hours}
    return frozenset(ways | ({str(h) for h in hours} if minute == "00" else set()))


def _day(word: str) -> Figure:
    return Figure(word, "day", frozenset({_plain_day(word)}))


def _plain_day(word: str) -> str:
    return word.replace("á", "a").replace("é", "e")


def _day_names(language: Language) -> frozenset[str]:
    return frozenset(_plain_day(day) for day in _DAYS[language])


def number(written: str) -> str:
    """A number written one way: 1,947.50 and 1947.5 are one, and so are 380.000 and 380000."""
    digits = re.sub(r"[.,](?=\d{3}(?!\d))", "", written).replace(",", ".")
    digits = digits.rstrip("0").rstrip(".") if digits.count(".") == 1 else digits.replace(".", "")
    return digits or "0"


def _spoken_times(folded: str, language: Language) -> Iterator[Figure]:
    """Halves and quarters: "half past four", "a quarter to six", "las ocho y media", "las seis menos cuarto"."""
    hours = {word: n for n, word in enumerate(_ONES[language][:11], 2)} | {"one": 1, "una": 1}
    for match in _SPOKEN[language].finditer(folded):
        hour, minute = hours.get(match["hour"]) or int(match["hour"]), match["part"]
        if match["turn"] in ("to", "menos"):
            hour, minute = (hour - 1) or 12, "45"
        else:
            minute = "30" if minute in ("half", "media") else "15"
        ways = {f"{h}:{minute}" for h in (hour, hour + 12)}
        yield Figure(match.group(), "clock", frozenset(ways))


def _in_words(folded: str, language: Language, loosely: bool) -> Iterator[tuple[str, int]]:
    known = {word: n for n, word in enumerate(_ONES[language], 2)} | _TENS[language]
    joint = r"(?:-| y )" if language == "es" else r"[- ]"
    tens, ones = "|".join(_TENS[language]), "|".join(_ONES[language])
    one = "one" if language == "en" else "un[oa]?"
    word = rf"(?:(?P<tens>{tens}){joint}(?P<ones>{ones}|{one})|(?P<word>{'|'.join(known)}))"
    for match in re.finditer(rf"(?P<before>{_BEFORE_TIME})?\b{word}\b(?P<after>[ -]{_UNITS})?", folded):
        if match["before"] or match["after"] or loosely:
            written = match["word"] or f"{match['tens']} {match['ones']}"
            value = (
                known[match["word"]] if match["word"] else known[match["tens"]] + known.get(match["ones"], 1)
            )
            yield written, value
