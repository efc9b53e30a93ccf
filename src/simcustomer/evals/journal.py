"""The journal of model calls: every answer is kept as it comes, so that a resumed sample asks for none of them again.

A resumed sample is played from its start, and each question that was answered before gets the answer it got then. The
same question may be put several times in one sample (the passes of a judge): it is counted, and each time has its own.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel

from simcustomer.evals.budget import Budget, spent_on
from simcustomer.evals.log import Call, RunLog
from simcustomer.evals.results import Spent
from simcustomer.library import content_hash
from simcustomer.llm.ledger import ModelCall, recording
from simcustomer.llm.model import ChatModel, Message, T


@dataclass
class _Playing:
    """The sample that is being played, and how often each question was put in it."""

    sample: str
    put: Counter[str] = field(default_factory=Counter)


_playing: ContextVar[_Playing] = ContextVar("simcustomer_sample")
"""Set for the task that plays a sample; the passes of a judge are tasks of their own and inherit it."""


class Journal:
    """All questions to models in one run, those of its earlier starts included."""

    def __init__(
        self, log: RunLog, budget: Budget, kept: Iterable[Call] = (), noted: Callable[[], None] | None = None
    ) -> None:
        self.budget = budget
        self._log = log
        self._noted = noted
        self._answers: dict[tuple[str, str, int], Mapping[str, Any]] = {}
        self._requests: dict[str, list[ModelCall]] = defaultdict(list)
        for call in kept:
            self._take(call)

    @contextmanager
    def sample(self, sample_id: str) -> Iterator[None]:
        """Questions inside this block belong to this sample."""
        token = _playing.set(_Playing(sample_id))
        try:
            yield
        finally:
            _playing.reset(token)

    def spent_on(self, sample_id: str) -> dict[str, Spent]:
        """Purpose -> what the questions of this sample have used so far, in every start of the run."""
        requests = self._requests[sample_id]
        purposes = sorted({request.purpose for request in requests})
        return {p: spent_on(request for request in requests if request.purpose == p) for p in purposes}

    def answer(self, call: Call) -> Mapping[str, Any] | None:
        """The answer that this question got before, if it did."""
        return self._answers.get((call.sample, call.asked, call.nth))

    def keep(self, call: Call) -> None:
        """Write the outcome of a question to the log."""
        self._log.write(call)
        self._take(call)
        if self._noted:
            self._noted()

    def _take(self, call: Call) -> None:
        self._requests[call.sample].extend(call.requests)
        self.budget.add(call.requests)
        if call.answer is not None:
            self._answers[call.sample, call.asked, call.nth] = call.answer


@cache
def _fields(schema: type[BaseModel]) -> str:
    return json.dumps(schema.model_json_schema(), sort_keys=True)


class JournalledModel:
    """A ``ChatModel`` that asks ``model`` only what the journal holds no answer to."""

    def __init__(self, model: ChatModel, journal: Journal) -> None:
        self._model = model
        self._journal = journal

    @property
    def name(self) -> str:
        return self._model.name

    async def complete(self, messages: Sequence[Message], *, schema: type[T], purpose: str) -> T:
        """See ``ChatModel.complete``. Raises ``BudgetExceeded`` instead of asking when a limit is reached."""
        question = self._question(messages, schema, purpose)
        kept = self._journal.answer(question)
        if kept is not None:
            return schema.model_validate(kept)
        self._journal.budget.check()
        error = "cancelled"
        answer: dict[str, Any] | None = None
        with recording() as requests:
            try:
                given = await self._model.complete(messages, schema=schema, purpose=purpose)
                answer, error = given.model_dump(mode="json"), ""
                return given
            except Exception as failure:
                error = str(failure) or type(failure).__name__
                raise
            finally:
                outcome = {"answer": answer, "error": error, "requests": tuple(requests)}
                self._journal.keep(question.model_copy(update=outcome))

    def _question(self, messages: Sequence[Message], schema: type[T], purpose: str) -> Call:
        """The question as the journal knows it, without its answer."""
        playing = _playing.get()
        said = [[message.role, message.text] for message in messages]
        asked = content_hash(json.dumps([self.name, purpose, said, _fields(schema)]))
        playing.put[asked] += 1
        return Call(
            sample=playing.sample, model=self.name, purpose=purpose, asked=asked, nth=playing.put[asked]
        )
