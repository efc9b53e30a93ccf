"""Provoke every failure of the table and see who shows it: the model as it answers, and what is left behind the code.

``before`` is the raw answer: the first line of the customer's model, the judge's own levels and answers, the observed
cues simply added up. ``after`` is what reaches the trainee: the line behind guard, second try and stand-in, the
scorecard behind quotes, tables and gates, the tension and outcome of the engine. For built-in customers both are one.
A player that fails is the ``failure`` of its trial and no figure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

from simcustomer.cast.grader import FactGrader
from simcustomer.cast.parts import Cast
from simcustomer.domain.affect import next_affect
from simcustomer.domain.conversation import Conversation, Direction, Utterance, direction_for
from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Language
from simcustomer.domain.rubric import Rubric
from simcustomer.errors import ModelError
from simcustomer.evals.failures.content import (
    Failure,
    FailureSet,
    Part,
    Situation,
    appraisal_of,
    staged,
)
from simcustomer.evals.failures.detect import faults_in_line
from simcustomer.evals.failures.felt import felt
from simcustomer.evals.failures.judged import judged
from simcustomer.library import Library
from simcustomer.llm.model import ChatModel, Message, T

NOT_GRADED = "not measured: only a judge model can tell whether a fact is invented"


class Trial(Frozen):
    """One situation tried once. ``before`` and ``after``: did it show the failure? None: not known, see ``failure``.

    ``raw`` and ``shown`` are what it was seen in, ``saw_before`` and ``saw_after`` what was seen.
    """

    failure_of: Failure
    id: str
    part: Part
    persona: str
    language: Language
    before: bool | None = None
    after: bool | None = None
    raw: str = ""
    shown: str = ""
    saw_before: tuple[str, ...] = ()
    saw_after: tuple[str, ...] = ()
    by: str = ""
    discarded: tuple[str, ...] = ()
    failure: str = ""
    not_measured: str = ""


class Measured(Frozen):
    """Every trial, and who played. ``grader`` is empty where nobody graded."""

    players: Mapping[str, str]
    grader: str
    rubric: str
    trials: tuple[Trial, ...]


_heard: ContextVar[list[str] | None] = ContextVar("simcustomer_heard_lines", default=None)


class Overheard:
    """A ``ChatModel`` whose lines can be heard before the guard hears them."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, messages: Sequence[Message], *, schema: type[T], purpose: str) -> T:
        """See ``ChatModel.complete``."""
        answer = await self._model.complete(messages, schema=schema, purpose=purpose)
        lines = _heard.get()
        if lines is not None and purpose == "customer":
            lines.append(str(getattr(answer, "line", "")))
        return answer


@dataclass(frozen=True)
class Stage:
    """The players on trial. A customer on a model must sit on an ``Overheard`` one.

    What is asked for a situation is asked inside ``within`` of its id; ``done`` is called after each trial.
    """

    cast: Cast
    grader: FactGrader | None
    library: Library
    rubric: Rubric
    at_once: int
    done: Callable[[], None] = lambda: None
    within: Callable[[str], AbstractContextManager[object]] = nullcontext


async def measure(stage: Stage, chosen: Sequence[tuple[FailureSet, Situation]]) -> Measured:
    """Try the situations, ``at_once`` of them at a time, in tasks of their own."""
    seats = asyncio.Semaphore(stage.at_once)

    async def one(table: FailureSet, situation: Situation) -> Trial:
        async with seats:
            with stage.within(situation.id):
                trial = await _tried(stage, table.failure, situation)
        stage.done()
        return trial

    trials = await asyncio.gather(*(asyncio.create_task(one(*pair)) for pair in chosen))
    return Measured(
        players=stage.cast.names(),
        grader=stage.grader.name if stage.grader else "",
        rubric=stage.rubric.id,
        trials=tuple(trials),
    )


def chosen_of(tables: Iterable[FailureSet], only: Sequence[str]) -> list[tuple[FailureSet, Situation]]:
    """The situations of these failures or parts; all without any."""
    return [
        (table, situation)
        for table in tables
        for situation in table.situations
        if not only or table.failure in only or situation.part in only
    ]


async def _tried(stage: Stage, failure: Failure, situation: Situation) -> Trial:
    trial = Trial(
        failure_of=failure,
        id=situation.id,
        part=situation.part,
        persona=situation.persona,
        language=situation.language,
    )
    ways: Mapping[Part, Callable[[Stage, Trial, Situation], Awaitable[Trial]]] = {
        "customer": _spoken,
        "appraiser": _felt,
        "judge": _judged,
    }
    try:
        return await ways[situation.part](stage, trial, situation)
    except ModelError as error:
        return trial.model_copy(update={"failure": str(error) or type(error).__name__})


# --- the three ways -----------------------------------------------------------------------------------------------


async def _spoken(stage: Stage, trial: Trial, situation: Situation) -> Trial:
    """The customer answers; the first line that the model gave and the one that was kept are looked at."""
    reply = situation.reply or ""
    conversation = staged(situation, stage.library.persona(situation.persona, situation.language))
    observed = appraisal_of(reply, situation.did, situation.touched)
    reaction = next_affect(conversation.affect, observed, conversation.persona, conversation.difficulty)
    direction = direction_for(conversation, observed, reaction)
    lines: list[str] = []
    token = _heard.set(lines)
    try:
        spoken = await stage.cast.customer.speak(conversation, reply, direction)
    finally:
        _heard.reset(token)
    raw = lines[0].strip() if lines else spoken.text
    trial = trial.model_copy(
        update={"raw": raw, "shown": spoken.text, "by": spoken.by, "discarded": spoken.discarded}
    )
    if trial.failure_of == "invents_facts":
        return await _graded(stage, trial, conversation, reply)
    return _looked_at(trial, situation, conversation, direction)


def _looked_at(trial: Trial, situation: Situation, conversation: Conversation, direction: Direction) -> Trial:
    before = faults_in_line(trial.raw, trial.failure_of, situation, conversation, direction)
    after = faults_in_line(trial.shown, trial.failure_of, situation, conversation, direction)
    found = {"before": bool(before), "saw_before": before, "after": bool(after), "saw_after": after}
    return trial.model_copy(update=found)


async def _graded(stage: Stage, trial: Trial, conversation: Conversation, reply: str) -> Trial:
    if stage.grader is None:
        return trial.model_copy(update={"not_measured": NOT_GRADED})
    history = (*conversation.utterances, Utterance(role="trainee", text=reply))
    raw = await stage.grader.grade(conversation.persona, history, trial.raw)
    same = trial.shown == trial.raw
    shown = raw if same else await stage.grader.grade(conversation.persona, history, trial.shown)
    return trial.model_copy(
        update={
            "before": raw.invented,
            "saw_before": (f"“{raw.words}”: {raw.reason}",) if raw.invented else (),
            "after": shown.invented,
            "saw_after": (f"“{shown.words}”: {shown.reason}",) if shown.invented else (),
        }
    )


async def _felt(stage: Stage, trial: Trial, situation: Situation) -> Trial:
    """The appraiser reads; cues simply added up are compared with what the engine makes of them."""
    persona = stage.library.persona(situation.persona, situation.language)
    before, after = await felt(stage.cast.appraiser, staged(situation, persona), situation)
    return trial.model_copy(
        update={
            "before": bool(before.faults),
            "saw_before": before.faults,
            "raw": before.what,
            "after": bool(after.faults),
            "saw_after": after.faults,
            "shown": after.what,
            "by": stage.cast.appraiser.name,
        }
    )


async def _judged(stage: Stage, trial: Trial, situation: Situation) -> Trial:
    """The judge judges; its own levels and answers are compared with the scorecard."""
    before, after = await judged(stage.cast.judge, stage.rubric, situation)
    return trial.model_copy(
        update={
            "before": None if before.faults is None else bool(before.faults),
            "saw_before": before.faults or (),
            "raw": before.what,
            "after": None if after.faults is None else bool(after.faults),
            "saw_after": after.faults or (),
            "shown": after.what,
            "by": stage.cast.judge.name,
            "not_measured": "" if after.faults is not None else f"not measured: {after.what}",
        }
    )
