"""A run: every sample of a plan is played and judged, each on its own, and its log makes it go on after any end.

Samples never wait for each other, neither between turns nor at their ends. How many requests are under way is bounded
by the slots of each provider; how many samples are begun, by what keeps those slots busy.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import simcustomer
from simcustomer.domain.conversation import Conversation
from simcustomer.errors import BudgetExceeded, ConfigError, InvalidReply, ModelError
from simcustomer.evals.budget import Budget
from simcustomer.evals.grading import with_grades
from simcustomer.evals.journal import Journal
from simcustomer.evals.log import (
    Call,
    End,
    Finished,
    Header,
    Resume,
    RunLog,
    Stop,
    Story,
    new_log,
    now,
    read_run,
    read_story,
    resumed_log,
)
from simcustomer.evals.material import Material
from simcustomer.evals.results import Judged, Run, SampleResult, Spent
from simcustomer.evals.seats import ModelOf, Seats
from simcustomer.evals.suite import Sample, Suite
from simcustomer.judging import judge_conversation
from simcustomer.llm.prompts import new_salt
from simcustomer.practice import answer, open_conversation

SAMPLES_A_SLOT = 2
"""Samples that are open for each request slot: while one waits out a retry or is counted up, another uses its slot."""
OPEN_SAMPLES = 512
"""Most samples that are open at once: a half-played one is lost to a run that is stopped for good."""
MAY_CHANGE = frozenset({"limits", "concurrency", "title"})
"""What of a suite may be another when its run goes on; none of it shapes a result."""
PATHS = frozenset({"prompts", "ladder", "rubric"})
"""Fields with paths: the files may stand elsewhere by then. That they say the same is seen by their hashes."""


@dataclass(frozen=True)
class Progress:
    """How far a run is. ``spent`` counts earlier starts too."""

    planned: int
    done: int
    failed: int
    spent: Spent


Watch = Callable[[Progress], None]
"""Called after every answer of a model and after every sample."""


@dataclass(frozen=True)
class Start:
    """A run that is about to begin or to go on. ``story`` is what was done before, if anything was."""

    path: Path
    header: Header
    story: Story | None = None
    results: dict[str, SampleResult] = field(default_factory=dict)

    @property
    def salt(self) -> bytes:
        """What the marks in prompts are made from."""
        return bytes.fromhex(self.header.salt)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The questions that were put before."""
        return self.story.calls if self.story else ()

    def opened(self) -> AbstractContextManager[RunLog]:
        """The log, to be written."""
        return resumed_log(self.path, self.story) if self.story else new_log(self.path, self.header)


def begin(material: Material, runs_dir: Path) -> Start:
    """A new run with an id of its own. Nothing is written yet."""
    started = now()
    run_id = f"{material.suite.id}-{started:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    header = Header(
        id=run_id,
        suite=material.suite,
        version=simcustomer.__version__,
        started_at=started,
        content=material.content,
        personas=material.personas,
        planned=material.planned,
        salt=new_salt().hex(),
    )
    return Start(runs_dir / f"{run_id}.jsonl", header)


def take_up(material: Material, path: Path, *, retry_failed: bool = False) -> Start:
    """A run that goes on where it stopped; with ``retry_failed`` what failed is tried again.

    Raises ``ConfigError`` when suite, content or program are not what the run was begun with.
    """
    story = read_story(path)
    _refuse_another(story.header, material)
    results = story.results
    if retry_failed:
        results = {sample: result for sample, result in results.items() if not _has_failed(result)}
    return Start(path, story.header, story, results)


def pending(material: Material, start: Start) -> list[Sample]:
    """The samples that have no result yet, in the order of the plan."""
    return [sample for sample in material.planned if sample.id not in start.results]


async def run_suite(material: Material, start: Start, model_of: ModelOf, watch: Watch | None = None) -> Run:
    """Play and judge what is pending, and return the whole run.

    A sample whose model or trainee fails is a result with its failure. Raises ``ConfigError`` for what is wrong with
    prompts or log. When a limit is reached what is under way is finished, and the run says that it was stopped; when the
    task is cancelled that is written down too.
    """
    with start.opened() as log:
        if start.story:
            log.write(Resume(at=now(), suite=material.suite, planned=material.planned))
        execution = _Execution(material, start, model_of, log, watch)
        try:
            await execution.play(pending(material, start))
        except asyncio.CancelledError:
            log.write(Stop(at=now(), reason="interrupted"))
            raise
        if execution.used_up:
            log.write(Stop(at=now(), reason="budget", why=execution.used_up))
        else:
            log.write(End(at=now()))
    return read_run(start.path)


class _Execution:
    """One start of a run. ``used_up`` says which limit was reached, if one was."""

    def __init__(
        self, material: Material, start: Start, model_of: ModelOf, log: RunLog, watch: Watch | None
    ) -> None:
        self.used_up = ""
        self._material = material
        self._log = log
        self._watch = watch
        self._budget = Budget(material.suite.limits)
        self._journal = Journal(log, self._budget, start.calls, self._tell)
        self._seats = Seats(material, self._journal, model_of, start.salt)
        self._done = len(material.planned) - len(pending(material, start))
        self._failed = sum(_has_failed(result) for result in start.results.values())

    async def play(self, samples: list[Sample]) -> None:
        """Play all of them. Raises the error of a sample that is no result: a wrong prompt, a full disk."""
        waiting = iter(samples)
        at_once = min(OPEN_SAMPLES, max(1, SAMPLES_A_SLOT * self._seats.requests_at_once))
        self._tell()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(at_once, len(samples))):
                    group.create_task(self._play_one_after_another(waiting))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def _play_one_after_another(self, waiting: Iterator[Sample]) -> None:
        for sample in waiting:
            try:
                result = await self._result(sample)
            except BudgetExceeded as error:
                self.used_up = str(error)
                return
            self._log.write(Finished(result=result))
            self._done += 1
            self._failed += _has_failed(result)
            self._tell()

    async def _result(self, sample: Sample) -> SampleResult:
        """One sample from opening to verdicts, or up to its failure."""
        with self._journal.sample(sample.id):
            conversation, failure = await self._conversation(sample)
            judges = () if failure else self._material.suite.judges
            judged = [await self._judged(name, sample, conversation) for name in judges]
            result = SampleResult(
                sample=sample,
                opening=conversation.opening,
                turns=conversation.turns,
                abandoned=conversation.abandoned,
                failure=failure,
                judged=tuple(judged),
            )
            if not failure and (grader := self._seats.grader(sample)):
                result = await with_grades(result, conversation.persona, grader)
        return result.model_copy(update={"spent": self._journal.spent_on(sample.id)})

    async def _conversation(self, sample: Sample) -> tuple[Conversation, str]:
        """The conversation, and why it could not be finished."""
        cast, trainee = self._seats.cast(sample), self._seats.trainee(sample)
        persona = self._material.persona_of(sample)
        opening = opening_of(self._material.suite, sample, persona.openings)
        talk = open_conversation(persona, sample.difficulty, opening)
        try:
            while not talk.outcome:
                self._budget.check()
                # Built-in players never wait for anything: without this, nobody else gets a turn while they play.
                await asyncio.sleep(0)
                if (reply := await trainee.reply(talk)) is None:
                    talk = talk.model_copy(update={"abandoned": True})
                else:
                    turn = await answer(talk, reply, cast)
                    talk = talk.model_copy(update={"turns": (*talk.turns, turn)})
        except InvalidReply as error:
            return talk, f"the trainee's reply cannot be taken: {error}"
        except ModelError as error:
            return talk, _why(error)
        return talk, "" if talk.turns else "the trainee said nothing at all"

    async def _judged(self, name: str, sample: Sample, talk: Conversation) -> Judged:
        try:
            scorecard = await judge_conversation(
                self._seats.judge(name, sample),
                None,
                rubric=self._material.rubric,
                rubric_hash=self._material.rubric_hash,
                utterances=talk.utterances,
                language=talk.persona.language,
                persona=talk.persona,
                outcome=talk.outcome,
                passes=self._material.suite.judge_passes,
            )
        except ModelError as error:
            return Judged(judge=name, failure=_why(error))
        return Judged(judge=name, scorecard=scorecard)

    def _tell(self) -> None:
        if self._watch:
            planned = len(self._material.planned)
            self._watch(Progress(planned, self._done, self._failed, self._budget.spent))


def opening_of(suite: Suite, sample: Sample, openings: tuple[str, ...]) -> str:
    """The opening by the sample's seed; the same for all that is compared: trainees, models, prompts, difficulties."""
    place = sample.model_copy(update={"customer": "", "prompts": "", "trainee": "", "difficulty": 0})
    return random.Random(place.seed(suite.seed)).choice(openings)


def _has_failed(result: SampleResult) -> bool:
    after = any(judged.failure for judged in result.judged) or any(grade.failure for grade in result.grades)
    return bool(result.failure) or after


def _why(error: ModelError) -> str:
    return f"{error.purpose}: {error}" if error.purpose else str(error)


def _refuse_another(header: Header, material: Material) -> None:
    """Raise ``ConfigError`` that lists what is not as it was when the run began."""
    before, today = header.content, material.content
    changed = sorted(key for key in before.keys() | today.keys() if before.get(key) != today.get(key))
    fields = [name for name in Suite.model_fields if name not in MAY_CHANGE | PATHS]
    changed += [
        f"suite: {name}" for name in fields if getattr(header.suite, name) != getattr(material.suite, name)
    ]
    if list(header.suite.prompts) != list(material.suite.prompts):
        changed.append("suite: prompts")
    if header.version != simcustomer.__version__:
        changed.append(f"simcustomer: was {header.version}, is {simcustomer.__version__}")
    if changed:
        raise ConfigError(
            f"run {header.id} cannot go on: its results would be of neither the one nor the other. "
            f"Changed since it began: {', '.join(changed)}. Put it back, or start a new run"
        )
