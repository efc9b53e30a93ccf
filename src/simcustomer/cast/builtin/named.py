"""What a reply names, from closed kinds: the time it gives, a sum it gives back, the trainee's own name.

A reply is data. What the customer may say after it is at most a few words of it, and only words that fit one of these
patterns whole: a clock time or a day, a sum of money, one capitalised word after "my name is".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from simcustomer.cast.builtin.lines import notices
from simcustomer.domain.persona import Language

MOST_WORDS = 7
"""Most words of a reply that the customer says back: "tomorrow at half past six in the evening"."""
LONGEST_NAME = 15
"""Longest first name that is taken up, in letters."""

_NUMBER_EN = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty)"
_CLOCK_EN = (
    r"(?:noon|midday|midnight|(?:half past|(?:a )?quarter (?:to|past)) \w+|\d{1,2}(?:[:.]\d\d)?(?: ?(?:am|pm|a\.m\.|p\.m\.)| o'clock)?"
    r"|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?: o'clock)?)(?! ?(?:minutes?|hours?|days?|weeks?|working|business|people|of)\b)"
)
_DAY_EN = r"(?:today|tonight|(?:tomorrow|this)(?: morning| afternoon| evening)?|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
_WHEN_EN = (
    rf"(?:by|at|before|until|around) {_CLOCK_EN}(?: (?:on )?{_DAY_EN})?"
    rf"|(?:by|before|on) {_DAY_EN}(?: (?:at|by|before) {_CLOCK_EN})?"
    rf"|(?:today|tonight|tomorrow(?: morning| afternoon| evening)?)(?: (?:at|by|before) {_CLOCK_EN})?"
    rf"|(?:within|in) (?:the next )?{_NUMBER_EN} (?:minutes?|hours?|(?:working |business )?days?|weeks?)"
)
_NUMBER_ES = (
    r"(?:\d{1,3}|un|una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|quince|veinte|treinta|media)"
)
_CLOCK_ES = (
    r"(?:mediodía|medianoche|las? (?:\d{1,2}(?:[:.]\d\d)?|una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce)"
    r"(?: y (?:media|cuarto))?(?: de la (?:mañana|tarde|noche)| en punto)?)"
)
_DAY_ES = (
    r"(?:hoy(?: mismo)?|pasado mañana|(?<!la )(?<!esta )mañana(?: mismo)?(?: (?:por|en) la (?:mañana|tarde))?|esta (?:tarde|noche)"
    r"|el (?:lunes|martes|miércoles|jueves|viernes|sábado|domingo)(?: (?:por|en) la (?:mañana|tarde))?)"
)
_BEFORE_ES = r"(?:antes del?|a|al|hasta|para|sobre|hacia)"
_WHEN_ES = (
    rf"{_DAY_ES},? {_BEFORE_ES} {_CLOCK_ES}|{_BEFORE_ES} {_CLOCK_ES}(?: de {_DAY_ES})?|{_DAY_ES}"
    rf"|(?:en|dentro de|en menos de|antes de) {_NUMBER_ES} (?:minutos?|horas?|días?(?: hábiles| laborables)?|semanas?)"
)


def _pattern(text: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w:])(?:{text})(?![\w:])", flags)


_WHEN: Mapping[Language, re.Pattern[str]] = {"en": _pattern(_WHEN_EN), "es": _pattern(_WHEN_ES)}
_SUM = re.compile(
    r"[£$€] ?\d[\d.,]*\d|[£$€] ?\d|\d[\d.,]*(?: ?[€£]| (?:euros|pesos|dollars|bucks|lucas)\b)", re.IGNORECASE
)
_NAME_IS: Mapping[Language, str] = {
    "en": r"(?:[Mm]y name is|[Mm]y name's|I'm|I am|[Tt]his is)",
    "es": r"(?:[Mm]e llamo|[Mm]i nombre es|[Ss]oy|(?:[LlTt]e|[Oo]s) (?:habla|escribe|atiende|saluda))",
}
_ENDS: Mapping[Language, str] = {
    "en": r"(?=[,.!;]|$| (?:and|from|here|with|on)\b)",
    "es": r"(?=[,.!;:]|$| (?:y|de|del|desde|con|por)\b)",
}
_PAST: Mapping[Language, tuple[str, ...]] = {
    "en": ("yesterday", "since", "ago", "was", "were", "went", "last"),
    "es": ("ayer", "desde", "hace", "fue", "estaba", "pasad*", "quedó", "cortó"),
}
"""Words beside which a time is one that has passed."""
_GIVES: Mapping[Language, tuple[str, ...]] = {
    "en": ("refund*", "back", "credit*", "voucher*", "off your", "pay you", "cover*", "compensat*"),
    "es": (
        "devol*",
        "devuel*",
        "reembols*",
        "abon*",
        "descuent*",
        "descont*",
        "vale",
        "crédito*",
        "compensa*",
    ),
}
"""Words beside which a sum is one that the customer gets."""


def statements(text: str) -> list[str]:
    """The sentences of a message, without its questions."""
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n", text) if part.strip() and "?" not in part]


def time_in(text: str, language: Language) -> str:
    """The first time to come that a statement in ``text`` names ("by noon tomorrow"), or ""."""
    for sentence in statements(text):
        if notices(sentence, _PAST[language]):
            continue
        if (found := _WHEN[language].search(sentence)) and len(found.group().split()) <= MOST_WORDS:
            return found.group()[0].lower() + found.group()[1:]
    return ""


def sum_in(text: str, language: Language) -> str:
    """The first sum that a statement in ``text`` gives to the customer, or ""."""
    for sentence in statements(text):
        if (found := _SUM.search(sentence)) and notices(sentence, _GIVES[language]):
            return found.group()
    return ""


def name_in(text: str, language: Language) -> str:
    """The first name that the writer gives for themselves, or ""."""
    letters = rf"[A-ZÁÉÍÓÚÑ][a-záéíóúñü]{{1,{LONGEST_NAME - 1}}}"
    found = re.search(rf"\b{_NAME_IS[language]} ({letters})(?: {letters})?{_ENDS[language]}", text)
    return found.group(1) if found else ""
