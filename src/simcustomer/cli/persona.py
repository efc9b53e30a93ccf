"""``persona list|show|check|schema|new``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from simcustomer.cli.inputs import LANGUAGES, language_of, library_of, print_json
from simcustomer.cli.screen import console
from simcustomer.domain.persona import SLUG, Persona
from simcustomer.errors import ConfigError
from simcustomer.library import read_personas
from simcustomer.settings import load_settings

app = typer.Typer(
    help="The customers: list, show, check, schema for editors, and a new file to fill in.",
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else")]


@app.command("list")
def list_personas(as_json: JsonOption = False) -> None:
    """All personas with language and title."""
    personas = library_of(load_settings()).personas()
    if as_json:
        print_json(
            [
                p.model_dump(mode="json", include={"id", "language", "name", "title", "summary"})
                for p in personas
            ]
        )
        return
    table = Table("id", "language", "name", "title")
    for persona in personas:
        table.add_row(persona.id, persona.language, escape(persona.name), escape(persona.title))
    console.print(table)


@app.command()
def show(
    persona: Annotated[str, typer.Argument(help="persona id")],
    language: Annotated[str, typer.Option("--language", "-l", help="en or es")] = "en",
    as_json: JsonOption = False,
) -> None:
    """One persona whole, hidden facts included: for trainers."""
    found = library_of(load_settings()).persona(persona, language_of(language))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    console.print(f"[bold]{escape(found.name)}[/bold], {escape(found.title)}\n{escape(found.situation)}\n")
    table = Table("need", "what", "met by")
    for need in found.needs:
        groups = " and ".join(" or ".join(group) for group in need.met_by)
        table.add_row(need.id + ("" if need.required else " (optional)"), escape(need.what), groups)
    console.print(table)
    facts = Table("fact", "text", "unlocked by")
    for fact in found.facts:
        how = ", ".join([*fact.unlock.cues, *fact.unlock.mentions]) if fact.unlock else "open from the start"
        facts.add_row(fact.id, escape(fact.text), escape(how))
    console.print(facts)


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="persona files; none: the whole folder")] = None,
) -> None:
    """Check persona files. Prints file:line: field: what is wrong and what is allowed; exit code 2 if anything is."""
    folder = load_settings().personas_dir
    paths = files or sorted(folder.glob("*.yaml"))
    if not paths:
        raise ConfigError(
            f"{folder}: no *.yaml files; SIMCUSTOMER_PERSONAS_DIR names the folder of the personas"
        )
    personas, problems = read_personas(paths)
    for problem in problems:
        print(problem)
    if problems:
        raise ConfigError(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {len(paths)} files")
    console.print(f"{len(personas)} persona files are right")


@app.command()
def schema() -> None:
    """The JSON Schema of a persona file, for editors that complete and check while typing."""
    print_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **Persona.model_json_schema()})


@app.command()
def new(
    persona: Annotated[str, typer.Argument(help="id of the new persona: lower-case words joined by -")],
    language: Annotated[str, typer.Option("--language", "-l", help="en or es")] = "en",
    like: Annotated[
        str | None, typer.Option(help="id of the persona whose file is the starting point")
    ] = None,
) -> None:
    """Write a new persona file to fill in, started from an existing one."""
    settings = load_settings()
    language_of(language)
    if not re.fullmatch(SLUG, persona):
        raise ConfigError(
            f"{persona!r} cannot be an id; allowed: lower-case words joined by -, like late-sofa"
        )
    target = settings.personas_dir / f"{persona}.{language}.yaml"
    if target.exists():
        raise ConfigError(f"{target}: exists already; choose another id or edit that file")
    wanted = like or library_of(settings).personas()[0].id
    sources = [settings.personas_dir / f"{wanted}.{lang}.yaml" for lang in (language, *LANGUAGES)]
    source = next((path for path in sources if path.is_file()), None)
    if source is None:
        raise ConfigError(f"no file of a persona {wanted!r} to start from; see: simcustomer persona list")
    text = source.read_text(encoding="utf-8").replace(f"id: {wanted}\n", f"id: {persona}\n", 1)
    target.write_text(
        text.replace(f"language: {source.name.split('.')[-2]}\n", f"language: {language}\n", 1),
        encoding="utf-8",
    )
    console.print(
        f"{target} is a copy of {source.name}: rewrite it, then run: simcustomer persona check {target}"
    )
