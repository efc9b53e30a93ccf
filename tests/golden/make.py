"""Writes the golden transcripts anew: ``make golden``. Read what changed before you keep it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from simcustomer.cast.casting import cast_from
from simcustomer.domain.conversation import Conversation
from simcustomer.domain.persona import Language
from simcustomer.library import Library
from simcustomer.practice import answer, open_conversation
from simcustomer.settings import Settings

FOLDER = Path(__file__).parent
REMADE_BY = "make golden"
BUILT_IN = Settings(model=None, customer_model=None, appraiser_model=None, judge_model=None)


class Golden(NamedTuple):
    """One transcript: who talks to which persona, and where it is kept."""

    persona: str
    language: Language
    trainee: str
    difficulty: int
    replies: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return f"{self.persona}.{self.language}.{self.trainee}"

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return FOLDER / f"{self.name}.md"


def goldens() -> Iterator[Golden]:
    """All twenty: a skilled and an unskilled trainee for every persona."""
    for path in sorted((FOLDER / "replies").glob("*.yaml")):
        persona, language = path.stem.split(".")
        spoken: Language = "es" if language == "es" else "en"
        for trainee, script in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            yield Golden(persona, spoken, trainee, script["difficulty"], tuple(script["replies"]))


async def transcript(golden: Golden) -> str:
    """The conversation as Markdown, with the tension after each reply."""
    library = Library(BUILT_IN.personas_dir, BUILT_IN.prompts_dir)
    persona = library.persona(golden.persona, golden.language)
    conversation = open_conversation(persona, golden.difficulty)
    cast, lines = cast_from(BUILT_IN), [_head(golden, conversation)]
    for reply in golden.replies:
        before = conversation.affect.tension
        turn = await answer(conversation, reply, cast)
        felt = turn.affect
        lines += [
            f"**Trainee**: {turn.trainee}",
            f"_{before:.0f} to {felt.tension:.0f}, {felt.band}_",
            f"**{persona.first_name}**: {turn.customer}",
        ]
        conversation = conversation.model_copy(update={"turns": (*conversation.turns, turn)})
        if turn.outcome:
            break
    left = len(golden.replies) - len(conversation.turns)
    lines.append(f"Ends: {conversation.outcome or 'open'}" + (f"; {left} replies not sent" if left else ""))
    return "\n\n".join(lines) + "\n"


def _head(golden: Golden, conversation: Conversation) -> str:
    persona = conversation.persona
    about = f"Persona `{golden.persona}` ({golden.language}), difficulty {golden.difficulty}, {golden.trainee} trainee."
    start = f"Tension {conversation.start.tension:.0f}, {conversation.start.band}."
    return f"# {persona.name}\n\n{about} {start}\n\n**{persona.first_name}**: {conversation.opening}"


async def main() -> None:
    """Write every transcript that has changed, and say which."""
    for golden in goldens():
        text = await transcript(golden)
        changed = not golden.path.exists() or golden.path.read_text(encoding="utf-8") != text
        golden.path.write_text(text, encoding="utf-8")
        print(f"{'written' if changed else 'same   '}  {golden.path.name}")


if __name__ == "__main__":
    asyncio.run(main())
