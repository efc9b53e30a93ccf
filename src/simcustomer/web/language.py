"""The language of the interface: which one a browser gets, its catalogue, its numbers and dates.

Catalogues are the ``.po`` files themselves, read once a process: nothing has to be compiled. How to make them anew
stands in ``locale/babel.cfg``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from babel.support import NullTranslations
from starlette.requests import Request

from simcustomer.domain.persona import Language
from simcustomer.library import catalogue

LOCALE_DIR = Path(__file__).parent / "locale"
LANGUAGES: Mapping[Language, str] = {"en": "English", "es": "español"}
"""Languages of the interface, each by its own name."""
COOKIE = "language"
COOKIE_LIFE_S = 365 * 24 * 3600
"""A preference is kept for a year."""


def language_of(request: Request) -> Language:
    """The language that was chosen, else the first of the browser's that there is, else English."""
    browser = request.headers.get("accept-language", "").split(",")
    wishes = [request.cookies.get(COOKIE, ""), *(part.strip()[:2].lower() for part in browser)]
    return next((language for wish in wishes for language in LANGUAGES if language == wish), "en")


def texts(language: str) -> NullTranslations:
    """The catalogue of a language; English is what stands in the code."""
    return catalogue(LOCALE_DIR, language)


def decimal(value: float, language: str) -> str:
    """A number with at most one decimal, as the language writes it."""
    return format_decimal(value, format="0.#", locale=language)


def date_and_time(moment: datetime, language: str) -> str:
    """Date and time, to the minute, in the server's own zone."""
    here = moment.astimezone()
    return f"{format_date(here, locale=language)}, {format_time(here, format='short', locale=language)}"


def N_(text: str) -> str:  # noqa: N802 the name by which extraction tools know a text that is translated later
    """Mark a text for the catalogue where it is only kept; it is translated where it is shown."""
    return text
