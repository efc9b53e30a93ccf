"""What a suite names, read from its files: personas, ladders, rubric, prompt sets; and the hashes of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import Rubric
from simcustomer.errors import ConfigError
from simcustomer.evals.suite import (
    Ladder,
    Sample,
    Suite,
    TraineeSpec,
    load_ladder,
    load_suite,
    personas_of,
    plan,
)
from simcustomer.library import Library, content_hash, persona_hash

BUILT_IN_CONTENT = ("lexicon", "lines")
"""Folders of the built-in players whose files decide what they see and say."""


@dataclass(frozen=True)
class Material:
    """A suite with all that it names. ``content`` maps what shapes the results to its SHA-256."""

    suite: Suite
    planned: tuple[Sample, ...]
    personas: Mapping[str, Persona]
    ladders: Mapping[tuple[str, Language], Ladder]
    rubric: Rubric
    rubric_hash: str
    prompts: Mapping[str, Path]
    content: Mapping[str, str]

    def persona_of(self, sample: Sample) -> Persona:
        """The persona of one sample."""
        return self.personas[f"{sample.persona}.{sample.language}"]

    def trainee_of(self, sample: Sample) -> TraineeSpec:
        """Who sits in the trainee's seat: a skill of the ladder, or a model or an endpoint."""
        return next(spec for spec in self.suite.trainees if label_of(spec) == sample.trainee)

    def script_of(self, sample: Sample) -> tuple[str, ...] | None:
        """The replies of a scripted trainee; None for a model or an endpoint."""
        spec = self.trainee_of(sample)
        if not isinstance(spec, str):
            return None
        return self.ladders[sample.persona, sample.language].script(spec, sample.variant)


def label_of(spec: TraineeSpec) -> str:
    """The trainee as it stands in samples and tables."""
    return spec if isinstance(spec, str) else spec.label


def suite_path(name: str, evals_dir: Path) -> Path:
    """The file of a suite: a path, or the name of a file in ``evals_dir``. Raises ``ConfigError`` with those there are."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else evals_dir / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in evals_dir.glob("*.yaml") if _is_suite(found)))
        raise ConfigError(
            f"{path}: no such suite; {evals_dir} holds: {known or 'none'}; any YAML file will do as well"
        )
    return path


def _is_suite(path: Path) -> bool:
    """A suite beside other content: its id is the name of its file."""
    return f"id: {path.stem}" in path.read_text(encoding="utf-8").splitlines()


def read_suite(name: str, evals_dir: Path) -> Suite:
    """A suite by path or name. Raises ``ConfigError``."""
    return load_suite(suite_path(name, evals_dir))


def material_of(suite: Suite, library: Library, evals_dir: Path) -> Material:
    """Read all that a suite names. Raises ``ConfigError`` or ``NotFound`` that says what is missing or wrong."""
    personas = personas_of(suite, library)
    scripted = any(isinstance(trainee, str) for trainee in suite.trainees)
    folder = suite.ladder or evals_dir / "trainees"
    ladders = {(p.id, p.language): load_ladder(folder, p.id, p.language) for p in personas if scripted}
    prompts = {name: path or library.prompts_dir for name, path in suite.prompts.items()}
    rubric, rubric_hash = library.rubric(suite.rubric), library.rubric_hash(suite.rubric)
    content = {f"persona:{p.id}.{p.language}": persona_hash(p) for p in personas}
    content |= {f"rubric:{rubric.id}": rubric_hash}
    for name, path in prompts.items():
        content |= _prompts_content(name, path)
    for persona, language in ladders:
        content[f"ladder:{persona}.{language}"] = _hash_of(folder / f"{persona}.{language}.yaml")
    planned = tuple(plan(suite, personas, ladders))
    if not planned:
        raise ConfigError(
            f"suite {suite.id!r} comes to no sample: no persona in {library.personas_dir} speaks {', '.join(suite.languages)}"
        )
    return Material(
        suite=suite,
        planned=planned,
        personas={f"{p.id}.{p.language}": p for p in personas},
        ladders=ladders,
        rubric=rubric,
        rubric_hash=rubric_hash,
        prompts=prompts,
        content=content | _built_in_content(),
    )


def _prompts_content(name: str, folder: Path) -> dict[str, str]:
    found = sorted(folder.glob("*.j2"))
    if not found:
        raise ConfigError(
            f"{folder}: the prompt set {name!r} holds no *.j2 files; it needs the same ones as prompts/"
        )
    return {f"prompt:{name}/{path.stem}": _hash_of(path) for path in found}


def _built_in_content() -> dict[str, str]:
    """The built-in players' own files, a hash for each folder."""
    package = resources.files("simcustomer.cast.builtin")
    hashes = {}
    for folder in BUILT_IN_CONTENT:
        files = sorted(
            (f for f in (package / folder).iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name
        )
        hashes[folder] = content_hash("\0".join(f.name + "\0" + f.read_text(encoding="utf-8") for f in files))
    return hashes


def _hash_of(path: Path) -> str:
    return content_hash(path.read_text(encoding="utf-8"))
