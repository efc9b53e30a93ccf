"""What the tests of the run engine share: a small suite, and models that answer from their prompts."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from simcustomer.domain.rubric import Rubric
from simcustomer.errors import ModelUnavailable
from simcustomer.evals.material import Material
from simcustomer.evals.results import Run
from simcustomer.evals.run import Watch, begin, run_suite, take_up
from simcustomer.evals.seats import ModelOf
from simcustomer.evals.suite import SKILLS, Ladder, Suite, plan
from simcustomer.llm.answer import read_answer, strict_schema
from simcustomer.llm.ledger import ModelCall, note
from simcustomer.llm.model import ChatModel, Message, Prose, T
from simcustomer.settings import Settings, content_dir
from tests.fake_provider import completion
from tests.fakes import RUBRIC, a_library
from tests.people import a_persona

MODEL = "hosted_vllm/fake"
SMALL: Mapping[str, Any] = {
    "id": "small",
    "personas": ["missing-kettle"],
    "languages": ["en"],
    "customers": [MODEL],
    "judges": [MODEL],
    "trainees": ["solution_only", "dismissive"],
}
"""Two short conversations on a model, judged by it."""
REPLIES: Mapping[str, list[str]] = {
    "expert": [
        "Three weeks without your kettle, I can see why you are angry. I am sorry, this was our mistake.",
        "I will send a new one today and you will not pay again. Would you rather have it at work or at home?",
        "I will call you tomorrow by noon to hear that it is there. Does that sound right?",
    ],
    "solution_only": ["Tracking opened.", "A new kettle is sent today.", "It is there on Friday.", "Done."],
    "dismissive": [
        "It is only a kettle.",
        "That is our policy.",
        "You should have tracked it.",
        "Calm down.",
    ],
}
LADDER: Mapping[str, list[list[str]]] = {
    skill: [REPLIES.get(skill, [f"I am {skill}, reply {n}." for n in range(1, 4)])] for skill in SKILLS
}
"""A ladder of one script a skill. It need not be a good one here: what the engine does with replies is what is tested."""


def a_suite(**changes: Any) -> Suite:
    """The small suite with some fields changed."""
    return Suite.model_validate({**SMALL, **changes})


def a_material(content: Mapping[str, str] | None = None, **changes: Any) -> Material:
    """The small suite with all that it names: the small persona and rubric, the shipped prompts."""
    suite, persona, ladder = a_suite(**changes), a_persona(), Ladder.model_validate(LADDER)
    ladders = {(persona.id, persona.language): ladder}
    folder = Settings().prompts_dir
    return Material(
        suite=suite,
        planned=tuple(plan(suite, [persona], ladders)),
        personas={"missing-kettle.en": persona},
        ladders=ladders,
        rubric=Rubric.model_validate(RUBRIC),
        rubric_hash="r1",
        prompts={name: path or folder for name, path in suite.prompts.items()},
        content=content or {"persona:missing-kettle.en": "p1", "rubric:small": "r1"},
    )


def write_content(folder: Path, suite: Mapping[str, Any]) -> None:
    """The same content as files, with the suite under its id."""
    a_library(folder)
    for prompt in content_dir("prompts").glob("*.j2"):
        shutil.copy(prompt, folder / "prompts")
    (folder / "evals" / "trainees").mkdir(parents=True)
    write_suite(folder, suite)
    ladder = yaml.safe_dump(dict(LADDER))
    (folder / "evals" / "trainees" / "missing-kettle.en.yaml").write_text(ladder, encoding="utf-8")


def settings_in(folder: Path) -> dict[str, str]:
    """The environment in which the program finds that content, and keeps its runs beside it."""
    return {
        "SIMCUSTOMER_PERSONAS_DIR": str(folder / "personas"),
        "SIMCUSTOMER_PROMPTS_DIR": str(folder / "prompts"),
        "SIMCUSTOMER_EVALS_DIR": str(folder / "evals"),
        "SIMCUSTOMER_RUBRIC": "small",
        "SIMCUSTOMER_RUNS_DIR": str(folder / "runs"),
        "SIMCUSTOMER_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/runs.db",
    }


def write_suite(folder: Path, suite: Mapping[str, Any]) -> None:
    """Write a suite under its id, in place of what is there."""
    path = folder / "evals" / f"{suite['id']}.yaml"
    path.write_text(yaml.safe_dump(dict(suite)), encoding="utf-8")


@dataclass
class Answering:
    """Models that answer sensibly, each prompt always in the same way, and count what they are asked.

    ``before`` is called with the number of each question (from 1) and its purpose; it may raise instead of answering.
    """

    before: Callable[[int, str], None] = lambda number, purpose: None
    asked: list[tuple[str, str]] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    @property
    def model_of(self) -> ModelOf:
        """What the engine takes."""

        def made(name: str, address: str | None, slots: asyncio.Semaphore) -> ChatModel:
            return _Model(f"{name}@{address}" if address else name, slots, self)

        return made


@dataclass
class _Model:
    name: str
    slots: asyncio.Semaphore
    all: Answering

    async def complete(self, messages: Sequence[Message], *, schema: type[T], purpose: str) -> T:
        async with self.slots:
            return await self._complete(messages, schema, purpose)

    async def _complete(self, messages: Sequence[Message], schema: type[T], purpose: str) -> T:
        every = self.all
        every.under_way += 1
        every.most_under_way = max(every.most_under_way, every.under_way)
        try:
            await asyncio.sleep(0)
            text = "\n".join(f"[{message.role}] {message.text}" for message in messages)
            every.asked.append((purpose, text))
            every.before(len(every.asked), purpose)
            value = self._said(messages, schema, purpose)
        except ModelUnavailable:
            note(ModelCall(purpose, self.name, ok=False, seconds=0.1, error="down"))
            raise
        finally:
            every.under_way -= 1
        note(ModelCall(purpose, self.name, ok=True, seconds=0.1, input_tokens=100, output_tokens=10))
        return value

    def _said(self, messages: Sequence[Message], schema: type[T], purpose: str) -> T:
        if schema is Prose:
            return read_answer("I am looking at your order.", schema)
        if purpose == "trainee":
            done = len(messages) > 6
            return schema.model_validate({"reply": "" if done else f"Reply {len(messages)}.", "done": done})
        if purpose == "grade":
            return schema.model_validate({"words": "", "reason": "all of it is known", "invented": "no"})
        wire = {
            "messages": [{"role": message.role, "content": message.text} for message in messages],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": purpose, "schema": strict_schema(schema)},
            },
        }
        return read_answer(completion(wire)["choices"][0]["message"]["content"], schema)


def down(number: int, purpose: str, at: int) -> None:
    """The model fails at question ``at``."""
    if number == at:
        raise ModelUnavailable(f"{MODEL}: no answer in time", model=MODEL, purpose=purpose)


async def played(
    folder: Path, answering: Answering, material: Material | None = None, watch: Watch | None = None
) -> Run:
    """A run of the small suite from its beginning."""
    material = material or a_material()
    return await run_suite(material, begin(material, folder), answering.model_of, watch)


async def resumed(
    path: Path, answering: Answering, material: Material | None = None, *, retry_failed: bool = False
) -> Run:
    """The run of that log, gone on with."""
    material = material or a_material()
    return await run_suite(material, take_up(material, path, retry_failed=retry_failed), answering.model_of)


def log_of(folder: Path) -> Path:
    """The one log in a folder."""
    (path,) = folder.glob("*.jsonl")
    return path


def told(run: Run) -> dict[str, Any]:
    """All that a run found, without its id and times."""
    plain = run.model_dump(mode="json", include={"suite", "planned", "results", "stopped"})
    for name in ("limits", "concurrency"):
        plain["suite"].pop(name)
    for result in plain["results"]:
        for spent in result["spent"].values():
            spent.pop("seconds")
    return plain
