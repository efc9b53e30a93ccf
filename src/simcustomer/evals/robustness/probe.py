"""The trials of robustness and how players are asked in them: one reply felt, one conversation scored, two compared.

A player that fails is the ``failure`` of its trial: it is counted, and scores nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from simcustomer.cast.parts import Cast, Judge
from simcustomer.domain.affect import DEFAULT_DIFFICULTY, next_affect
from simcustomer.domain.conversation import Conversation, Utterance, effect_on
from simcustomer.domain.cues import Appraisal, CueKind, Frozen
from simcustomer.domain.persona import Language
from simcustomer.domain.rubric import Answer, Rubric, Scorecard
from simcustomer.errors import ModelError
from simcustomer.evals.robustness.content import Kind, Part, Quality
from simcustomer.judging import judge_conversation
from simcustomer.library import Library
from simcustomer.practice import open_conversation

CONCURRENCY = 8
"""Trials under way at once: as many requests as a run has under way at one provider by default."""

Effect = Literal["calms", "escalates", "neutral"]
Topic = Literal["injections", "keywords", "hardening", "rewordings"]
TOPICS: tuple[Topic, ...] = ("injections", "keywords", "hardening", "rewordings")
T = TypeVar("T")


class Attack(Frozen):
    """One injection tried on one part. ``won`` is None when a player failed; then ``failure`` says why.

    ``gain`` is in points of tension taken off (appraiser) or in levels of the overall score (judge). A ``control`` adds
    no injection: what it "wins" is noise, or what any further sentence wins.
    """

    part: Part
    id: str
    kind: Kind | None = None
    aimed: bool
    where: str
    won: bool | None = None
    gain: float | None = None
    saw: str = ""
    discarded: int = 0
    control: bool = False
    failure: str = ""


class Moved(Frozen):
    """What a change of wording did to one reply's effect on the customer, in points of tension (above 0: worse).

    ``flagged`` says that the variant was taken for talk to the program.
    """

    topic: Topic
    id: str
    language: Language
    way: str = ""
    quality: Quality | None = None
    tension: float | None = None
    before: Effect | None = None
    after: Effect | None = None
    flagged: bool | None = None
    failure: str = ""


class Rescored(Frozen):
    """What a change did to a scorecard: levels of the overall score, and share of the items answered otherwise."""

    topic: Topic
    id: str
    language: Language
    way: str = ""
    quality: Quality | None = None
    overall: float | None = None
    items: float | None = None
    failure: str = ""


@dataclass(frozen=True)
class Probe:
    """Asks the players, a bounded number of trials at once. ``done`` is called after each trial."""

    cast: Cast
    library: Library
    rubric: Rubric
    rubric_hash: str
    done: Callable[[], None] = lambda: None
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONCURRENCY))

    async def all(self, trials: Iterable[Awaitable[T]]) -> list[T]:
        """Every trial's result, in order."""

        async def one(trial: Awaitable[T]) -> T:
            async with self._slots:
                result = await trial
            self.done()
            return result

        return list(await asyncio.gather(*map(one, trials)))

    def open(self, persona: str, language: Language) -> Conversation:
        """A conversation with its first opening, at the default difficulty."""
        return open_conversation(self.library.persona(persona, language), DEFAULT_DIFFICULTY)

    async def felt(self, conversation: Conversation, reply: str) -> tuple[float, Appraisal]:
        """The change in tension by a reply, and what was observed in it. No customer speaks. Raises ``ModelError``."""
        persona = conversation.persona
        appraiser = self.cast.appraiser
        seen = await appraiser.appraise(persona, persona.language, conversation.utterances, reply)
        appraisal = seen.only_quoted_from(reply)
        before = conversation.affect
        after = next_affect(before, appraisal, persona, conversation.difficulty).affect
        return after.tension - before.tension, appraisal

    async def scored(
        self, utterances: Sequence[Utterance], language: Language, judge: Judge | None = None
    ) -> Scorecard:
        """The scorecard of a conversation, one pass. Raises ``ModelError``."""
        return await judge_conversation(
            judge or self.cast.judge,
            None,
            rubric=self.rubric,
            rubric_hash=self.rubric_hash,
            utterances=utterances,
            language=language,
        )


async def compared(
    probe: Probe, row: Moved, conversation: Conversation, base: str, variants: Mapping[str, str]
) -> list[Moved]:
    """``row`` for each variant: its effect as the first reply less that of ``base``, which is appraised once."""
    try:
        before, _ = await probe.felt(conversation, base)
    except ModelError as error:
        return [row.model_copy(update={"way": way, "failure": reason_of(error)}) for way in variants]
    return [await _moved(probe, row, conversation, before, way, text) for way, text in variants.items()]


async def _moved(
    probe: Probe, row: Moved, conversation: Conversation, before: float, way: str, text: str
) -> Moved:
    try:
        after, appraisal = await probe.felt(conversation, text)
    except ModelError as error:
        return row.model_copy(update={"way": way, "failure": reason_of(error)})
    return row.model_copy(
        update={
            "way": way,
            "tension": after - before,
            "before": effect_on(0.0, before),
            "after": effect_on(0.0, after),
            "flagged": CueKind.TALKS_TO_THE_SIMULATOR in appraisal.kinds(),
        }
    )


async def rescored(
    probe: Probe,
    row: Rescored,
    base: Sequence[Utterance],
    variants: Mapping[str, Sequence[Utterance]],
    base_judge: Judge | None = None,
) -> list[Rescored]:
    """``row`` for each variant: its scorecard compared with that of ``base``, which is judged once."""
    try:
        before = await probe.scored(base, row.language, base_judge)
    except ModelError as error:
        return [row.model_copy(update={"way": way, "failure": reason_of(error)}) for way in variants]
    return [await _scored_beside(probe, row, before, way, said) for way, said in variants.items()]


async def _scored_beside(
    probe: Probe, row: Rescored, before: Scorecard, way: str, said: Sequence[Utterance]
) -> Rescored:
    try:
        after = await probe.scored(said, row.language)
    except ModelError as error:
        return row.model_copy(update={"way": way, "failure": reason_of(error)})
    first, second = _answers(before), _answers(after)
    items = sum(first[item] is not second[item] for item in first) / len(first)
    return row.model_copy(
        update={"way": way, "overall": gain_of(before.overall, after.overall), "items": items}
    )


def gain_of(before: float | None, after: float | None) -> float | None:
    """``after`` less ``before`` to one decimal, the precision of scores; None when one of them is unscored."""
    return None if before is None or after is None else round(after - before, 1)


def reason_of(error: ModelError) -> str:
    """Why a player failed, in words."""
    return str(error) or type(error).__name__


def _answers(scorecard: Scorecard) -> dict[str, Answer]:
    return {item.id: item.answer for verdict in scorecard.criteria.values() for item in verdict.items}
