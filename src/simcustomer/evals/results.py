"""What a run yields: one result for each sample, failures beside the scored ones and never among them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from simcustomer.cast.grader import Grade
from simcustomer.domain.conversation import Conversation, Outcome, Turn
from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Persona
from simcustomer.domain.rubric import Scorecard
from simcustomer.evals.suite import Sample, Suite


class Spent(Frozen):
    """What model requests used, failed ones included. ``cost_usd`` covers the requests whose price is known."""

    requests: int = 0
    failed_requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    unpriced_requests: int = Field(default=0, description="requests whose price nobody knows")
    seconds: float = Field(default=0.0, description="sum over requests; they run side by side")

    def __add__(self, other: Spent) -> Spent:
        """Both together."""
        mine = self.model_dump()
        return Spent(**{name: mine[name] + value for name, value in other.model_dump().items()})


class Judged(Frozen):
    """What one judge said of a finished conversation: a scorecard, or why there is none."""

    judge: str
    scorecard: Scorecard | None = None
    failure: str = ""


class LineGrade(Frozen):
    """What a grader said of one customer line: whether it invents a fact, or why that is not known."""

    turn: int
    grade: Grade | None = None
    failure: str = ""


class SampleResult(Frozen):
    """One sample as it went. With a ``failure`` it holds the turns up to there, and nothing scores it."""

    sample: Sample
    opening: str
    turns: tuple[Turn, ...] = ()
    abandoned: bool = Field(default=False, description="the trainee had no more to say before an outcome")
    failure: str = Field(default="", description="why the conversation could not be finished")
    judged: tuple[Judged, ...] = ()
    grades: tuple[LineGrade, ...] = Field(
        default=(), description="of the customer's lines, by a fact grader; empty: nobody graded them"
    )
    spent: Mapping[str, Spent] = Field(
        default_factory=dict, description="purpose of the requests -> what they used"
    )

    def conversation(self, persona: Persona) -> Conversation:
        """The conversation as a value of the domain."""
        return Conversation(
            persona=persona,
            difficulty=self.sample.difficulty,
            opening=self.opening,
            turns=self.turns,
            abandoned=self.abandoned,
        )

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None for a failed one."""
        if self.failure:
            return None
        return (self.turns[-1].outcome if self.turns else None) or Outcome.ABANDONED

    @property
    def end_tension(self) -> float | None:
        """Tension after the last turn; None for a failed one."""
        return self.turns[-1].affect.tension if self.turns and not self.failure else None


Stopped = Literal["budget", "interrupted"]


class Run(Frozen):
    """A run as far as it went: its suite, the content it was made with, and its results in the order of the plan.

    ``content`` maps what shapes the result (``persona:lost-parcel.en``, ``rubric:deescalation``,
    ``prompt:default/judge``, ``ladder:lost-parcel.en``, ``lexicon``) to its SHA-256. ``stopped`` says why it is
    incomplete, None when it went through.
    """

    id: str
    suite: Suite
    version: str = Field(description="of simcustomer")
    started_at: datetime
    finished_at: datetime | None = None
    stopped: Stopped | None = None
    content: Mapping[str, str]
    personas: Mapping[str, Persona] = Field(description="'id.language' -> the persona as it was")
    planned: tuple[Sample, ...]
    results: tuple[SampleResult, ...] = ()

    def persona_of(self, sample: Sample) -> Persona:
        """The persona of one sample."""
        return self.personas[f"{sample.persona}.{sample.language}"]

    @property
    def scored(self) -> tuple[SampleResult, ...]:
        """The results without the failed ones."""
        return tuple(result for result in self.results if not result.failure)

    @property
    def failures(self) -> tuple[tuple[Sample, str], ...]:
        """Every failure, of conversations and of judges, with its reason."""
        found = []
        for result in self.results:
            if result.failure:
                found.append((result.sample, result.failure))
            found += [(result.sample, f"judge {j.judge}: {j.failure}") for j in result.judged if j.failure]
        return tuple(found)
