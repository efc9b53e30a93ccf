"""``persona list|show|check|test|schema|new``."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from simcustomer.cast.casting import cast_from, describe
from simcustomer.cast.parts import Cast
from simcustomer.cli.inputs import LANGUAGES, language_of, library_of, print_json
from simcustomer.cli.screen import console, error_console, printable, shown
from simcustomer.domain.persona import SLUG, Persona
from simcustomer.errors import ConfigError, NotFound
from simcustomer.library import load, read_personas, standing_of
from simcustomer.settings import Settings, load_settings

if TYPE_CHECKING:
    # Only types here: the other commands load nothing of evaluation.
    from simcustomer.evals.gate import Gate
    from simcustomer.evals.suite import Ladder

app = typer.Typer(
    help="The customers: list, show, check, test, schema for editors, and a new file to fill in.",
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else")]


@app.command("list")
def list_personas(as_json: JsonOption = False) -> None:
    """All personas with language and title, and whether trainees see them (tested) or why not (draft)."""
    library = library_of(load_settings())
    if as_json:
        fields = {"id", "language", "name", "title", "summary"}
        print_json(
            [
                p.model_dump(mode="json", include=fields)
                | {"tested": library.standing(p).tested, "why_draft": library.standing(p).why}
                for p in library.personas()
            ]
        )
        return
    table = Table("id", "language", "name", "title", "status")
    for p in library.personas():
        status = "tested" if library.standing(p).tested else "draft"
        table.add_row(p.id, p.language, shown(p.name), shown(p.title), status)
    console.print(table)
    for p in library.personas():
        if why := library.standing(p).why:
            console.print(f"{p.id} ({p.language}): draft: {why}", markup=False, soft_wrap=True)


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
    console.print(f"[bold]{shown(found.name)}[/bold], {shown(found.title)}\n{shown(found.situation)}\n")
    table = Table("need", "what", "met by")
    for need in found.needs:
        groups = " and ".join(" or ".join(group) for group in need.met_by)
        table.add_row(need.id + ("" if need.required else " (optional)"), shown(need.what), groups)
    console.print(table)
    facts = Table("fact", "text", "unlocked by")
    for fact in found.facts:
        how = ", ".join([*fact.unlock.cues, *fact.unlock.mentions]) if fact.unlock else "open from the start"
        facts.add_row(fact.id, shown(fact.text), shown(how))
    console.print(facts)


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="persona files; none: the whole folder")] = None,
) -> None:
    """Check persona files. Prints file:line: field: what is wrong and what is allowed; exit code 2 if anything is.

    A file that is right and counts as a draft is right; the last lines say why trainees do not see it.
    """
    folder = load_settings().personas_dir
    paths = files or sorted(folder.glob("*.yaml"))
    if not paths:
        raise ConfigError(
            f"{folder}: no *.yaml files; SIMCUSTOMER_PERSONAS_DIR names the folder of the personas"
        )
    personas, problems = read_personas(paths)
    for problem in problems:
        print(printable(str(problem)))
    if problems:
        raise ConfigError(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {len(paths)} files")
    console.print(f"{len(personas)} persona files are right")
    for path, persona in personas:
        if why := standing_of(persona, path.parent).why:
            console.print(f"{path}: draft: {why}", markup=False, soft_wrap=True)


@app.command("test")
def gate(
    personas: Annotated[list[str] | None, typer.Argument(help="persona ids or files")] = None,
    every: Annotated[bool, typer.Option("--all", help="all personas of the folder")] = False,
    ladder: Annotated[
        Path | None, typer.Option(help="scripted trainees of this persona; unset: evals/trainees")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="store the result beside the persona file")] = False,
    as_json: JsonOption = False,
) -> None:
    """Play the ladder of scripted trainees against personas and decide whether trainees may meet them.

    Exit code 0: all passed; 1: one did not; 2: an error, also of a model: then the gate is undecided and not stored.
    """
    settings = load_settings()
    if bool(personas) == every:
        raise ConfigError("name persona ids or files, or all of them with --all")
    found = _found(personas, settings.personas_dir)
    if ladder and len(found) > 1:
        raise ConfigError(f"--ladder goes with one persona; {len(found)} are named")
    scripts = [_ladder(persona, ladder, settings) for _, persona in found]
    gates = asyncio.run(_gates(found, scripts, cast_from(settings), write=write, quiet=as_json))
    if as_json:
        print_json([one.model_dump(mode="json") for one in gates])
    _exit(gates)


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
    wanted = like or next((known.id for known in library_of(settings).personas()), None)
    if wanted is None:
        raise ConfigError(
            f"{settings.personas_dir}: holds no persona to start from; copy a *.yaml file into it"
        )
    sources = [settings.personas_dir / f"{wanted}.{lang}.yaml" for lang in (language, *LANGUAGES)]
    source = next((path for path in sources if path.is_file()), None)
    if source is None:
        raise ConfigError(f"no file of a persona {wanted!r} to start from; see: simcustomer persona list")
    text = source.read_text(encoding="utf-8").replace(f"id: {wanted}\n", f"id: {persona}\n", 1)
    text = re.sub(r"^status:.*\n", "", text, count=1, flags=re.MULTILINE)
    text = re.sub(
        r"^language:.*\n", f"language: {language}\nstatus: draft\n", text, count=1, flags=re.MULTILINE
    )
    target.write_text(text, encoding="utf-8")
    console.print(
        f"{target} is a copy of {source.name}: rewrite it, then run: simcustomer persona check {target}"
    )


# --- the gate ------------------------------------------------------------------------------------------------------


def _found(names: list[str] | None, folder: Path) -> list[tuple[Path, Persona]]:
    """The personas of these ids (in each language) and files, or of the whole folder, with their files."""
    files = [Path(name).resolve() for name in names or () if name.endswith((".yaml", ".yml"))]
    in_folder = sorted(folder.resolve().glob("*.yaml")) if names is None or len(files) < len(names) else []
    known, problems = read_personas(dict.fromkeys(in_folder + files))
    if problems:
        raise ConfigError("\n".join(map(str, problems)))
    if names is None:
        return known
    there = sorted({persona.id for _, persona in known})
    if missing := [name for name in names if name not in there and Path(name).resolve() not in files]:
        raise NotFound(f"no persona {missing[0]!r}; there are: {', '.join(there)}")
    return [(path, persona) for path, persona in known if persona.id in names or path in files]


def _ladder(persona: Persona, ladder: Path | None, settings: Settings) -> Ladder:
    from simcustomer.evals.suite import Ladder, load_ladder

    if ladder:
        return load(ladder, Ladder)
    return load_ladder(settings.evals_dir / "trainees", persona.id, persona.language)


async def _gates(
    found: list[tuple[Path, Persona]], scripts: list[Ladder], cast: Cast, *, write: bool, quiet: bool
) -> list[Gate]:
    """One gate after the other, each shown and stored as soon as it is decided."""
    from simcustomer.evals.gate import run_gate

    gates = []
    for (path, persona), ladder in zip(found, scripts, strict=True):
        gates.append(await run_gate(persona, ladder, cast))
        if not quiet:
            _show_gate(gates[-1], describe(cast))
        if write and gates[-1].passed is not None:
            _stored(gates[-1], path, persona, quiet=quiet)
    return gates


def _show_gate(gate: Gate, players: str) -> None:
    console.print(
        f"\n[bold]{gate.persona} ({gate.language})[/bold], difficulty {gate.difficulty}, {shown(players)}"
    )
    if gate.passed is None:
        return
    rows = Table("skill", "variant", "turns", "end tension", "trust", "outcome")
    for row in gate.rows:
        cells = (
            row.skill,
            row.variant,
            row.turns,
            f"{row.end_tension:.0f}",
            f"{row.end_trust:.0f}",
            row.outcome,
        )
        rows.add_row(*map(str, cells))
    console.print(rows)
    for check in gate.checks:
        verdict = "[green]yes[/green]" if check.passed else "[red]NO[/red] "
        what = f"{verdict} [bold]{check.name}[/bold]: {check.asks}"
        console.print(f"{what}\n    {shown(check.figures)}", soft_wrap=True)
    console.print("passed" if gate.passed else f"not passed: {', '.join(gate.failed)}")


def _stored(gate: Gate, path: Path, persona: Persona, *, quiet: bool) -> None:
    """Store the result; a persona whose file still says draft stays one, so say what is left to do."""
    from simcustomer.evals.gate import store

    stored = store(gate, path.parent, persona)
    if quiet:
        return
    hint = "" if persona.status == "tested" or not gate.passed else f"; now write status: tested into {path}"
    console.print(f"stored in {stored}{hint}", markup=False, soft_wrap=True)


def _exit(gates: list[Gate]) -> None:
    """Say on standard error which gates are undecided, and exit with the code that fits."""
    for gate in gates:
        if gate.passed is None:
            reason = f"error: {gate.persona} ({gate.language}) is undecided: {gate.reason}"
            error_console.print(reason, markup=False, soft_wrap=True)
    if any(gate.passed is None for gate in gates):
        raise typer.Exit(2)
    if not all(gate.passed for gate in gates):
        raise typer.Exit(1)
