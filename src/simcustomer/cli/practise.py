"""``play`` a script of replies and ``chat`` by hand, both without a database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from simcustomer.cast.casting import cast_from, describe
from simcustomer.cast.parts import Cast, Spoken
from simcustomer.cli.inputs import language_of, library_of, lines_of, print_json, read_text
from simcustomer.cli.screen import console, error_console, show_ending, show_turn, shown
from simcustomer.domain.affect import DEFAULT_DIFFICULTY
from simcustomer.domain.conversation import Conversation, Turn, simulated_csat
from simcustomer.domain.rubric import Rubric, Scorecard
from simcustomer.errors import InvalidReply, ModelError
from simcustomer.judging import judge_conversation
from simcustomer.library import Library
from simcustomer.practice import answer, open_conversation
from simcustomer.settings import load_settings
from simcustomer.views import affect_view, scorecard_view, turns_view

LanguageOption = Annotated[str, typer.Option("--language", "-l", help="en or es")]
DifficultyOption = Annotated[int, typer.Option("--difficulty", "-d", help="1 (patient) to 5 (unforgiving)")]


@dataclass
class Played:
    """What a script of replies led to. ``error`` says why a conversation stopped before its script did."""

    conversation: Conversation
    unused: list[str]
    survey: Spoken | None = None
    scorecard: Scorecard | None = None
    error: str | None = None


def play(
    persona: Annotated[str, typer.Argument(help="persona id; see: simcustomer persona list")],
    replies: Annotated[str, typer.Option("--replies", "-r", help="file with one trainee reply a line, or -")],
    language: LanguageOption = "en",
    difficulty: DifficultyOption = DEFAULT_DIFFICULTY,
    judged: Annotated[
        bool, typer.Option("--judge/--no-judge", help="score the conversation at the end")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Play a script of replies against a customer and score the conversation."""
    settings = load_settings()
    library, cast = library_of(settings), cast_from(settings)
    conversation = open_conversation(library.persona(persona, language_of(language)), difficulty)
    script = [line for line in lines_of(read_text(replies)) if line.strip()]
    played = asyncio.run(_played(conversation, script, cast, library if judged else None))
    if as_json:
        print_json(play_view(played, cast))
    else:
        console.print(f"[dim]{shown(describe(cast))}[/dim]")
        _show(played, library.rubric())
    _fail_if_cut_short(played)


def chat(
    persona: Annotated[str, typer.Argument(help="persona id; see: simcustomer persona list")],
    language: LanguageOption = "en",
    difficulty: DifficultyOption = DEFAULT_DIFFICULTY,
) -> None:
    """Talk to a customer in the terminal. /hint asks the coach, /end stops; the conversation is scored, not stored."""
    settings = load_settings()
    library, cast = library_of(settings), cast_from(settings)
    conversation = open_conversation(library.persona(persona, language_of(language)), difficulty)
    _fail_if_cut_short(asyncio.run(_chat(conversation, cast, library)))


def play_view(played: Played, cast: Cast) -> dict[str, Any]:
    """The result of ``play`` as plain JSON values."""
    talk = played.conversation
    return {
        "persona": talk.persona.id,
        "language": talk.persona.language,
        "difficulty": talk.difficulty,
        "players": {part: cast.names()[part] for part in ("customer", "appraiser", "judge")},
        "opening": talk.opening,
        "start": affect_view(talk.start),
        "turns": turns_view(talk.turns, talk.start, open=False),
        "outcome": talk.outcome,
        "csat": simulated_csat(talk) if talk.outcome else None,
        "survey": played.survey.text if played.survey else None,
        "scorecard": scorecard_view(played.scorecard) if played.scorecard else None,
        "unused": played.unused,
        "error": played.error,
    }


async def _played(
    conversation: Conversation, script: list[str], cast: Cast, library: Library | None
) -> Played:
    """All turns of the script until the conversation ends, then survey and scorecard. A failure keeps what there is."""
    played = Played(conversation, unused=list(script))
    try:
        while played.unused and not played.conversation.outcome:
            turn = await answer(played.conversation, played.unused[0], cast)
            played.unused.pop(0)
            played.conversation = _with(played.conversation, turn)
        await _end(played, cast, library)
    except (ModelError, InvalidReply) as error:
        place = (
            f"reply {len(script) - len(played.unused) + 1}: "
            if played.unused and not played.conversation.outcome
            else ""
        )
        played.error = f"{place}{error}"
    return played


async def _end(played: Played, cast: Cast, library: Library | None) -> None:
    """Close the conversation; with a library also ask the survey and judge."""
    if not played.conversation.outcome:
        played.conversation = played.conversation.model_copy(update={"abandoned": True})
    talk = played.conversation
    played.survey = await cast.customer.answer_survey(talk, simulated_csat(talk))
    if library and talk.turns:
        played.scorecard = await judge_conversation(
            cast.judge,
            cast.coach,
            rubric=library.rubric(),
            rubric_hash=library.rubric_hash(),
            utterances=talk.utterances,
            language=talk.persona.language,
            persona=talk.persona,
            outcome=talk.outcome,
        )


async def _chat(conversation: Conversation, cast: Cast, library: Library) -> Played:
    console.print(
        f"[dim]{shown(describe(cast))}. /hint asks the coach, /end stops. This customer is upset; stop at any time.[/dim]"
    )
    show_turn(conversation)
    played = Played(conversation, unused=[])
    while not played.conversation.outcome:
        try:
            reply = (await asyncio.to_thread(console.input, "[bold]you[/bold] > ")).strip()
        except (EOFError, KeyboardInterrupt):
            break
        if reply == "/end":
            break
        try:
            if reply == "/hint":
                console.print(f"[dim]coach: {shown(await cast.coach.hint(played.conversation))}[/dim]")
                continue
            played.conversation = _with(played.conversation, await answer(played.conversation, reply, cast))
        except (ModelError, InvalidReply) as error:
            error_console.print(f"not sent: {error}", markup=False)
            continue
        show_turn(played.conversation)
    try:
        await _end(played, cast, library)
    except ModelError as error:
        played.error = f"not scored: {error}"
    show_ending(played.conversation, played.survey, played.scorecard, library.rubric())
    return played


def _fail_if_cut_short(played: Played) -> None:
    """Say on standard error why there is no more, and exit with 2."""
    if played.error:
        error_console.print(f"error: {played.error}", markup=False, soft_wrap=True)
        raise typer.Exit(2)


def _with(conversation: Conversation, turn: Turn) -> Conversation:
    return conversation.model_copy(update={"turns": (*conversation.turns, turn)})


def _show(played: Played, rubric: Rubric) -> None:
    talk = played.conversation
    for n in range(len(talk.turns) + 1):
        show_turn(talk.model_copy(update={"turns": talk.turns[:n]}), with_reply=True)
    if talk.outcome:
        show_ending(talk, played.survey, played.scorecard, rubric)
    if played.unused:
        console.print(
            f"[yellow]{len(played.unused)} of the replies were not used: the conversation was over[/yellow]"
        )
