"""``appraise`` single replies and ``judge`` whole conversations from anywhere."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel, Field

from simcustomer.cast.casting import cast_from
from simcustomer.cast.parts import Appraiser
from simcustomer.cli.inputs import library_of, print_json, read_json, read_json_lines
from simcustomer.cli.screen import console, show_scorecard
from simcustomer.domain.conversation import Outcome, Utterance, effect_on
from simcustomer.domain.persona import Language, Persona
from simcustomer.errors import ConfigError, ModelError
from simcustomer.judging import judge_conversation
from simcustomer.practice import received
from simcustomer.settings import load_settings
from simcustomer.views import cue_view, scorecard_view

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else")]


class Said(BaseModel):
    """One message of a history or of a conversation."""

    role: Literal["customer", "trainee"]
    text: str

    def utterance(self) -> Utterance:
        """The same as a value of the domain."""
        return Utterance(role=self.role, text=self.text)


class ReplyToAppraise(BaseModel):
    """One input line of ``appraise``."""

    id: str | int
    persona: str
    language: Language = "en"
    history: list[Said] = []
    reply: str = Field(min_length=1)


class ConversationToJudge(BaseModel):
    """The input of ``judge``."""

    persona: str | None = None
    language: Language = "en"
    messages: list[Said] = Field(min_length=1)
    outcome: Outcome | None = None


def appraise(
    file: Annotated[str, typer.Argument(help="JSON lines {id, persona, language, history, reply}, or -")],
    as_json: JsonOption = False,
) -> None:
    """Say what each reply does to the customer: cues with quotes, tension before and after, and the effect."""
    settings = load_settings()
    library, appraiser = library_of(settings), cast_from(settings).appraiser
    lines = read_json_lines(file, ReplyToAppraise)
    personas = [library.persona(line.persona, line.language) for line in lines]
    failed = 0
    for line, persona in zip(lines, personas, strict=True):
        result = asyncio.run(_appraised(line, persona, appraiser))
        failed += "error" in result
        if as_json:
            print_json(result, indent=None)
        else:
            console.print(f"{result['id']}: {result.get('effect') or result['error']}", markup=False)
    if failed:
        raise ConfigError(
            f"{failed} of {len(lines)} replies could not be appraised; they have no effect and an error"
        )


def judge(
    file: Annotated[str, typer.Argument(help="a conversation {persona?, language, messages}, or -")],
    rubric: Annotated[str | None, typer.Option(help="name in prompts/rubrics, or a YAML file")] = None,
    repeats: Annotated[
        int, typer.Option(min=1, max=9, help="judgements; odd numbers decide by majority")
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Score a conversation from anywhere against a rubric, with quotes as proof."""
    settings = load_settings()
    library, cast = library_of(settings), cast_from(settings)
    given = read_json(file, ConversationToJudge)
    if not any(said.role == "trainee" for said in given.messages):
        raise ConfigError(f"{file}: messages: there is no message with role 'trainee' to score")
    scorecard = asyncio.run(
        judge_conversation(
            cast.judge,
            cast.coach,
            rubric=library.rubric(rubric),
            rubric_hash=library.rubric_hash(rubric),
            utterances=[said.utterance() for said in given.messages],
            language=given.language,
            persona=library.persona(given.persona, given.language) if given.persona else None,
            outcome=given.outcome,
            passes=repeats,
        )
    )
    if as_json:
        print_json({"scorecard": scorecard_view(scorecard)})
    else:
        show_scorecard(scorecard, library.rubric(rubric))


async def _appraised(line: ReplyToAppraise, persona: Persona, appraiser: Appraiser) -> dict[str, Any]:
    """What the reply did. A failed model call is an error, never a number."""
    history = [said.utterance() for said in line.history]
    try:
        before, after, appraisal = await received(appraiser, persona, persona, history, line.reply)
    except ModelError as error:
        return {"id": line.id, "error": str(error)}
    return {
        "id": line.id,
        "cues": [cue_view(cue) for cue in appraisal.cues],
        "tension_before": round(before.tension, 3),
        "tension_after": round(after.tension, 3),
        "effect": effect_on(before.tension, after.tension),
    }
