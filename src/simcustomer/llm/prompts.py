"""Prompts from templates. What a person or a model wrote enters them as data, between marks that nobody can guess."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.exceptions import TemplateSyntaxError

from simcustomer.errors import ConfigError

MARK_DIGITS = 12
"""Hexadecimal digits of a mark: 48 bits, out of reach for somebody who has one conversation to guess in."""

_JOINER = "\u2060"
"""Word joiner: invisible, and left out when a quote is compared, so that a broken-up mark can still be quoted."""
_RESERVED = re.compile(
    r"<(?=[/!|<a-z])|\[(?=/?(?:INST|SYS|system|user|assistant)\b)|#(?=##)|`(?=``)|~(?=~~)", re.IGNORECASE
)
"""Openings that chat formats, mark-up and our own fences reserve."""


def new_salt() -> bytes:
    """What makes marks impossible to guess: 128 bits by chance."""
    return secrets.token_bytes(16)


class Prompts:
    """The templates of one folder (``*.j2``). Each holds the blocks of one act: system, user, and so on.

    A variable that a template names and nobody gives is an error. Text given as a variable is never compiled. ``salt``
    (bytes that are kept secret) makes the marks of an earlier program come back; unset, they are new each time.
    """

    def __init__(self, folder: Path, salt: bytes | None = None) -> None:
        self.folder = folder
        self._salt = salt or new_salt()
        self._jinja = Environment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - prompts are plain text; what is data in them is fenced
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        self._jinja.filters["fence"] = fence

    def text(self, template: str, block: str, **values: object) -> str:
        """One block of ``template`` (the name without .j2). Raises ``ConfigError`` that names the file and what is wrong."""
        path = self.folder / f"{template}.j2"
        try:
            found = self._jinja.get_template(path.name)
            if block not in found.blocks:
                raise ConfigError(f"{path}: has no block {block!r}")
            return "".join(found.blocks[block](found.new_context(dict(values)))).strip()
        except TemplateNotFound as error:
            raise ConfigError(f"{path}: no such prompt") from error
        except TemplateSyntaxError as error:
            raise ConfigError(f"{path}:{error.lineno}: {error.message}") from error
        except TemplateError as error:
            raise ConfigError(f"{path}: block {block}: {error}") from error

    def mark(self, *content: str) -> str:
        """The name of the fences for this content: the same for the same content, and not to be guessed from it.

        A conversation takes its opening, so that the beginning of its prompts stays the same from turn to turn.
        """
        digest = hmac.new(self._salt, "\0".join(content).encode(), hashlib.sha256).hexdigest()
        return f"data-{digest[:MARK_DIGITS]}"


def fence(text: str, mark: str, label: str = "") -> str:
    """``text`` as data: between marks on lines of their own, with every reserved opening in it broken up."""
    opening = f"{mark} {label}".strip()
    return f"<{opening}>\n{inert(str(text))}\n</{mark}>"  # str: a variable that nobody gave complains here


def inert(text: str) -> str:
    """``text`` in which no mark-up of chat formats or fences works any more. It reads and is quoted as before."""
    return _RESERVED.sub(lambda opening: opening.group() + _JOINER, text)


def plain(text: str) -> str:
    """``text`` as it was before ``inert``: for what a model quotes."""
    return text.replace(_JOINER, "")
