"""Reads and validates content files: personas, gate results, rubrics. Errors name file, line, field and what is allowed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from yaml.constructor import ConstructorError, SafeConstructor

from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import Rubric
from simcustomer.errors import ConfigError, NotFound

if TYPE_CHECKING:
    # Only a type here: the terminal speaks one language, and loads no catalogue.
    from babel.support import NullTranslations

T = TypeVar("T", bound=BaseModel)

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where PyYAML was built with it: it reads a persona several times faster."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a content file."""

    path: Path
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.field}: {self.message}"


@dataclass(frozen=True)
class Content:
    """A content file as it was when a conversation started: kind (persona, rubric, prompt), name, hash, text."""

    kind: str
    name: str
    hash: str
    body: str


@dataclass(frozen=True)
class Standing:
    """Whether a persona counts as tested; ``why`` says what it lacks, and is empty when it does."""

    tested: bool
    why: str = ""


class _Stamp(BaseModel):
    """What of a stored gate result decides whether a persona counts as tested."""

    model_config = ConfigDict(extra="ignore")

    persona_hash: str
    passed: bool


def content_hash(text: str) -> str:
    """SHA-256 of the text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def persona_text(persona: Persona) -> str:
    """The content of a persona as JSON: without its status, and the same however its file is laid out."""
    content = persona.model_dump(mode="json", exclude={"status"})
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def persona_hash(persona: Persona) -> str:
    """The hash of a persona's content, as gate results, conversations and runs keep it."""
    return content_hash(persona_text(persona))


def gate_file(personas_dir: Path, persona: Persona) -> Path:
    """Where the stored result of a persona's gate stands."""
    return personas_dir / "gates" / f"{persona.id}.{persona.language}.json"


def standing_of(persona: Persona, personas_dir: Path) -> Standing:
    """Does ``persona`` count as tested? Its file must say so, and a stored gate result for this very content that passed."""
    path = gate_file(personas_dir, persona)
    if persona.status == "draft":
        return Standing(False, "its file says status: draft")
    if not path.is_file():
        return Standing(False, "not tested yet: run simcustomer persona test --write")
    try:
        stamp = _Stamp.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return Standing(
            False,
            f"{path.name} in gates is not a gate result ({type(error).__name__}): run simcustomer persona test --write",
        )
    if stamp.persona_hash != persona_hash(persona):
        return Standing(False, "tested, but changed since: run simcustomer persona test --write")
    if not stamp.passed:
        return Standing(False, "its file says tested, but it did not pass: see simcustomer persona test")
    return Standing(True)


@dataclass(frozen=True)
class Library:
    """The personas, rubrics and prompts of two folders. Files are read when they are first asked for."""

    personas_dir: Path
    prompts_dir: Path
    rubric_name: str = "deescalation"

    def personas(self) -> list[Persona]:
        """All personas, by id and language. Raises ``ConfigError`` that lists every problem of every file."""
        return sorted(self._personas.values(), key=lambda persona: (persona.id, persona.language))

    def persona(self, persona_id: str, language: Language = "en") -> Persona:
        """One persona. Raises ``NotFound`` with the ids that exist."""
        found = self._personas.get((persona_id, language))
        if found is None:
            known = ", ".join(sorted(f"{i} ({lang})" for i, lang in self._personas))
            raise NotFound(f"no persona {persona_id!r} in language {language!r}; there are: {known}")
        return found

    def standing(self, persona: Persona) -> Standing:
        """Whether a persona counts as tested, and what it lacks if not."""
        return self._standings[persona.id, persona.language]

    def rubric(self, name: str | None = None) -> Rubric:
        """A rubric by its name in ``prompts/rubrics`` or by the path of a YAML file."""
        return load(self.rubric_path(name), Rubric)

    def rubric_hash(self, name: str | None = None) -> str:
        """The content hash of a rubric file."""
        return content_hash(self.rubric_path(name).read_text(encoding="utf-8"))

    def frozen(self, persona: Persona) -> tuple[Content, ...]:
        """Persona, rubric and prompts as they are now, to be kept with a conversation."""
        bodies = [("persona", f"{persona.id}.{persona.language}", persona_text(persona))]
        bodies.append(("rubric", self.rubric_name, self.rubric_path(None).read_text(encoding="utf-8")))
        for path in sorted(self.prompts_dir.glob("*.j2")):
            bodies.append(("prompt", path.stem, path.read_text(encoding="utf-8")))
        return tuple(Content(kind, name, content_hash(body), body) for kind, name, body in bodies)

    @cached_property
    def _personas(self) -> dict[tuple[str, str], Persona]:
        personas, problems = read_personas(sorted(self.personas_dir.glob("*.yaml")))
        if not self.personas_dir.is_dir():
            raise ConfigError(
                f"{self.personas_dir}: no such folder; SIMCUSTOMER_PERSONAS_DIR must name one with *.yaml files"
            )
        if problems:
            raise ConfigError("\n".join(map(str, problems)))
        return {(persona.id, persona.language): persona for _, persona in personas}

    @cached_property
    def _standings(self) -> dict[tuple[str, str], Standing]:
        return {key: standing_of(persona, self.personas_dir) for key, persona in self._personas.items()}

    def rubric_path(self, name: str | None = None) -> Path:
        """The file of a rubric. Raises ``ConfigError`` with those that exist."""
        name = name or self.rubric_name
        path = (
            Path(name) if name.endswith((".yaml", ".yml")) else self.prompts_dir / "rubrics" / f"{name}.yaml"
        )
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in (self.prompts_dir / "rubrics").glob("*.yaml")))
            raise ConfigError(f"{path}: no such rubric; there are: {known or 'none'}")
        return path


def read_personas(paths: Iterable[Path]) -> tuple[list[tuple[Path, Persona]], list[Problem]]:
    """Read persona files; returns those that are right and every problem of those that are not.

    Two files with the same id and language are a problem of the second.
    """
    personas: list[tuple[Path, Persona]] = []
    problems: list[Problem] = []
    first: dict[tuple[str, str], Path] = {}
    for path in paths:
        persona, found = check(path, Persona)
        problems += found
        if persona is None:
            continue
        key = (persona.id, persona.language)
        if key in first:
            problems.append(
                Problem(
                    path,
                    1,
                    "id",
                    f"{persona.id!r} in language {persona.language!r} is already in {first[key]}",
                )
            )
            continue
        first[key] = path
        personas.append((path, persona))
    return personas, problems


@cache
def catalogue(folder: Path, language: str) -> NullTranslations:
    """The texts of pages in a language, read from a folder's ``.po`` files; English is what stands in the code."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po
    from babel.support import NullTranslations, Translations

    path = folder / language / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def rubric_from(text: str) -> Rubric:
    """A rubric from the text of its file, as it was kept with a conversation."""
    return Rubric.model_validate(yaml.load(text, Loader=_Loader))  # noqa: S506  both loaders are the safe ones


def load(path: Path, model: type[T]) -> T:
    """Read one YAML file as ``model``; raises ``ConfigError`` with every problem, a line each."""
    value, problems = check(path, model)
    if value is None:
        raise ConfigError("\n".join(map(str, problems)))
    return value


def check(path: Path, model: type[T]) -> tuple[T | None, list[Problem]]:
    """Read one YAML file as ``model``; returns it, or None and what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=_Loader)
        twice = _repeated_keys(root, path) if root else []
        data: Any = _Constructor().construct_document(root) if root else None
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(path, 1, "file", f"cannot be read: {error}")]
    except yaml.YAMLError as error:
        return None, [_not_yaml(path, text, error)]
    if not isinstance(data, dict) or root is None:
        return None, [Problem(path, 1, "file", "must be a mapping of fields, one 'field: value' a line")]
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        return None, twice + [_problem(path, root, dict(e), model) for e in _deepest(error)]
    return (None, twice) if twice else (value, [])


class _Constructor(SafeConstructor):
    """Says where a value stands that looks like a date or a number and is none: PyYAML lets a bare ``ValueError`` out."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node. Raises ``ConstructorError``."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise ConstructorError(None, None, f"{error}; put the text in quotes", node.start_mark) from error


def _not_yaml(path: Path, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line if mark else text.count("\n", 0, getattr(error, "position", 0))
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return Problem(path, line + 1, "file", f"is not valid YAML: {what}")


def _deepest(error: ValidationError) -> list[Any]:
    """The errors without those of a whole whose part is already named (a list is "too short" without its bad entry)."""
    places = [e["loc"] for e in error.errors()]
    return [
        e for e in error.errors() if not any(p != e["loc"] and p[: len(e["loc"])] == e["loc"] for p in places)
    ]


def _problem(path: Path, root: yaml.Node, error: dict[str, Any], model: type[BaseModel]) -> Problem:
    location: Sequence[Any] = error["loc"]
    field = ".".join(str(part) for part in location) or "file"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"is not a known field; {_known_fields(model, location)}"
    elif error["type"] == "missing":
        message = "is missing"
    elif isinstance(error.get("input"), (str, int, float, bool)) and "allowed" not in message:
        message = f"{message} (is: {str(error['input'])[:60]!r})"
    return Problem(path, _line_of(root, location), field, message)


def _known_fields(model: type[BaseModel], location: Sequence[Any]) -> str:
    """Where to see the fields that are known at a place; those of a persona have a schema for editors."""
    if model is Persona:
        return "see: simcustomer persona schema"
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type):
            return "leave it out"
        model = field.annotation
    return f"allowed: {', '.join(model.model_fields)}"


def _line_of(root: yaml.Node, location: Sequence[Any]) -> int:
    """The line of the deepest part of ``location`` that stands in the file."""
    node, line = root, root.start_mark.line
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if str(part) not in pairs:
                break
            key, node = pairs[str(part)]
            line = key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return int(line) + 1


def _repeated_keys(root: yaml.Node, path: Path) -> list[Problem]:
    """Keys that stand twice in one mapping: YAML keeps the last one silently. An aliased node is looked at once."""
    problems, waiting, known = [], [root], {id(root)}
    for node in waiting:  # grows by the parts of each node
        parts = node.value if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            names = [key.value for key in keys]
            problems += [
                Problem(path, key.start_mark.line + 1, key.value, "stands twice in the same mapping")
                for place, key in enumerate(keys)
                if key.value in names[:place]
            ]
            parts = [value for _, value in node.value]
        waiting += [part for part in parts if id(part) not in known]
        known |= {id(part) for part in parts}
    return problems
