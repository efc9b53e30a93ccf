"""What the commands read and write: files, standard input and output, and the settings' library."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from simcustomer.domain.persona import Language
from simcustomer.errors import ConfigError
from simcustomer.library import Library
from simcustomer.settings import Settings

T = TypeVar("T", bound=BaseModel)

LANGUAGES: tuple[Language, ...] = ("en", "es")


def library_of(settings: Settings) -> Library:
    """The content that the settings point to."""
    return Library(settings.personas_dir, settings.prompts_dir, settings.rubric)


def language_of(text: str) -> Language:
    """The language of an option. Raises ``ConfigError`` with those that exist."""
    for language in LANGUAGES:
        if text == language:
            return language
    raise ConfigError(f"--language {text!r} is not known; allowed: {', '.join(LANGUAGES)}")


def read_text(source: str) -> str:
    """The text of a file, or of standard input for ``-``. Raises ``ConfigError``."""
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: cannot be read: {error}") from error


def lines_of(text: str) -> list[str]:
    """The lines of a text. ``str.splitlines`` would also break at characters that may stand within one (U+2028)."""
    return text.replace("\r\n", "\n").split("\n")


def read_json(source: str, model: type[T]) -> T:
    """One JSON document as ``model``. Raises ``ConfigError`` that names the field."""
    return _parsed(read_text(source), model, source)


def read_json_lines(source: str, model: type[T]) -> list[T]:
    """One JSON object a line as ``model``; empty lines are skipped. Raises ``ConfigError`` that names line and field."""
    lines = enumerate(lines_of(read_text(source)), 1)
    return [_parsed(line, model, f"{source}:{number}") for number, line in lines if line.strip()]


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """One JSON document on standard output, in plain ASCII where that cannot hold every character."""
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    print(json.dumps(value, ensure_ascii=plain, indent=indent))


def write_text(path: Path, text: str) -> None:
    """Write a file, its folder too if need be. Raises ``ConfigError``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error}") from error


def require_writable(folder: Path) -> None:
    """Make the folder and try a nameless file in it, before work that takes long. Raises ``ConfigError``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error}") from error


def _parsed(text: str, model: type[T], place: str) -> T:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "document"
        raise ConfigError(f"{place}: {field}: {first['msg']}") from error
