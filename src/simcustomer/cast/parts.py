"""The parts: what an appraiser, a customer, a judge, a coach and a simulated trainee must be able to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from simcustomer.domain.conversation import Conversation, Direction, Utterance
from simcustomer.domain.cues import Appraisal
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import Feedback, Judgement, Praise, Rubric, Scorecard

BUILT_IN = "built-in"
"""The name under which the keyless players stand in banners, pages and records."""


@dataclass(frozen=True)
class Spoken:
    """A line that passed the guard, who said it (model name or "built-in"), and why earlier tries were discarded."""

    text: str
    by: str
    discarded: tuple[str, ...] = ()


class Appraiser(Protocol):
    """Observes what a reply did."""

    @property
    def name(self) -> str:
        """The model's name, or "built-in"."""

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        """All cues in ``reply``, each with a quote from it. ``history`` ends with what the customer said last.

        Raises ``ModelError``.
        """


class Customer(Protocol):
    """Puts the customer's feelings into words."""

    @property
    def name(self) -> str:
        """The model's name, or "built-in"."""

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:
        """The customer's answer to ``reply`` (not yet in ``conversation``) under the stage direction.

        Raises ``ModelError``.
        """

    async def answer_survey(self, conversation: Conversation, csat: int) -> Spoken:
        """One sentence, in character, that goes with a satisfaction of ``csat`` (1-5). Raises ``ModelError``."""


class Judge(Protocol):
    """Answers a rubric's yes/no items about a finished conversation."""

    @property
    def name(self) -> str:
        """The model's name, or "built-in"."""

    async def judge(self, rubric: Rubric, utterances: Sequence[Utterance], language: Language) -> Judgement:
        """One pass. Quotes are checked by the caller. Raises ``ModelError``."""

    async def judge_again(
        self,
        rubric: Rubric,
        utterances: Sequence[Utterance],
        language: Language,
        first: Judgement,
        items: Sequence[str],
    ) -> Judgement:
        """Ask once more for ``items``, whose evidence did not hold; answers for these items only. Raises ``ModelError``."""


class Coach(Protocol):
    """Teaches: a hint while practising, better wordings afterwards."""

    @property
    def name(self) -> str:
        """The model's name, or "built-in"."""

    async def hint(self, conversation: Conversation) -> str:
        """One short nudge for the next reply that does not give the sentence away. Raises ``ModelError``."""

    async def feedback(
        self,
        persona: Persona | None,
        language: Language,
        utterances: Sequence[Utterance],
        rubric: Rubric,
        scorecard: Scorecard,
    ) -> tuple[tuple[Feedback, ...], tuple[Praise, ...]]:
        """At most three better wordings, each of one trainee message, and what went well. Raises ``ModelError``."""


class Trainee(Protocol):
    """Sits in the trainee's seat in evaluation runs: a model at a stated skill level, or somebody's support bot."""

    @property
    def name(self) -> str:
        """The name under which the trainee stands in records."""

    async def reply(self, conversation: Conversation) -> str | None:
        """The next reply to the customer; None when this trainee has no more to say. Raises ``ModelError``.

        Only what has been said and the persona's case file may shape it: no feelings, needs or facts.
        """


@dataclass(frozen=True)
class Cast:
    """Who plays what."""

    appraiser: Appraiser
    customer: Customer
    judge: Judge
    coach: Coach

    def names(self) -> dict[str, str]:
        """Part -> model name or "built-in"."""
        return {
            "customer": self.customer.name,
            "appraiser": self.appraiser.name,
            "judge": self.judge.name,
            "coach": self.coach.name,
        }
