"""Templates: one environment a language, everything escaped, a missing variable is an error."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from simcustomer.web import words
from simcustomer.web.language import LANGUAGES, date_and_time, decimal, language_of, texts

HERE = Path(__file__).parent
THEME_COOKIE = "theme"
THEMES = ("light", "dark")


@cache
def environment(language: str) -> Environment:
    """The environment whose texts, numbers and dates are in ``language``."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = texts(language)
    env.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined] # added by the extension
    env.filters["decimal"] = partial(decimal, language=language)
    env.filters["moment"] = partial(date_and_time, language=language)
    env.globals["words"] = words
    env.globals["languages"] = LANGUAGES
    env.globals["language"] = language
    env.globals["static"] = static_url
    return env


@cache
def static_url(path: str) -> str:
    """The address of a static file, with its content's hash: it may be cached for ever."""
    digest = hashlib.sha256((HERE / "static" / path).read_bytes()).hexdigest()
    return f"/static/{path}?v={digest[:12]}"


def render(
    request: Request,
    name: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page in the browser's language and theme."""
    language = language_of(request)
    theme = request.cookies.get(THEME_COOKIE, "")
    page = {"theme": theme if theme in THEMES else "", "here": _here(request), "path": request.url.path}
    html = environment(language).get_template(name).render({**page, **context})
    return HTMLResponse(html, status, headers={**(headers or {}), "Vary": "Cookie, Accept-Language"})


def _here(request: Request) -> str:
    """Where a preference form comes back to: this page, if it can be asked for again."""
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
