"""The judge on a language model: answers yes/no items with quotes, then gives levels by the anchors. Code scores.

It sees the transcript and the rubric: no feelings, no names of models or people, no points, no consequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from simcustomer.cast.wording import LANGUAGES
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.persona import Language
from simcustomer.domain.rubric import AnchoredLevel, Answer, Evidence, ItemAnswer, Judgement, Rubric
from simcustomer.llm.model import ChatModel, Message
from simcustomer.llm.prompts import Prompts, plain

OCCASIONS = {
    "asks_for_supervisor": "the customer asked for a supervisor or for another person",
    "abuse": "the customer insulted or threatened the trainee in person; to threaten a complaint or a review is no abuse",
    "fears_harm": "the customer feared harm that goes on or is about to come, and not only the loss of a sum or an item "
    "that is already in dispute",
    "asks_question": "the customer asked a direct question or disclosed a harm or a worry",
}
"""The occasions of a rubric in words."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Evidence(_Strict):
    message: int
    quote: str


class _Item(_Strict):
    item: str
    evidence: list[_Evidence]
    reason: str
    answer: Literal["met", "not_met", "not_applicable"]


class _Level(_Strict):
    criterion: str
    reason: str
    level: Literal["1", "2", "3", "4", "5", "not_applicable"]


class _Items(_Strict):
    items: list[_Item]


class _Judged(_Items):
    levels: list[_Level]


class LLMJudge:
    """A ``Judge`` that asks a model."""

    def __init__(self, model: ChatModel, prompts: Prompts) -> None:
        self._model = model
        self._prompts = prompts

    @property
    def name(self) -> str:
        return self._model.name

    async def judge(self, rubric: Rubric, utterances: Sequence[Utterance], language: Language) -> Judgement:
        """See ``Judge.judge``."""
        system, user = self._messages(rubric, utterances, language)
        judged = await self._model.complete([system, user], schema=_Judged, purpose="judge")
        criteria = {criterion.id for criterion in rubric.criteria}
        levels = {level.criterion: level for level in judged.levels if level.criterion in criteria}
        anchored = tuple(_anchored(level) for level in levels.values())
        return Judgement(answers=_answers(judged.items, set(rubric.items())), anchored=anchored)

    async def judge_again(
        self,
        rubric: Rubric,
        utterances: Sequence[Utterance],
        language: Language,
        first: Judgement,
        items: Sequence[str],
    ) -> Judgement:
        """See ``Judge.judge_again``. The first prompt, unchanged, with what could not be checked at its end."""
        system, user = self._messages(rubric, utterances, language)
        again = self._prompts.text("judge", "again", doubtful=[_doubt(item, first) for item in items])
        messages = [system, Message("user", user.text + "\n\n" + again)]
        judged = await self._model.complete(messages, schema=_Items, purpose="judge")
        return Judgement(answers=_answers(judged.items, set(items)))

    def _messages(
        self, rubric: Rubric, utterances: Sequence[Utterance], language: Language
    ) -> tuple[Message, Message]:
        values = {
            "rubric": rubric,
            "occasions": OCCASIONS,
            "utterances": utterances,
            "language": language,
            "language_name": LANGUAGES[language],
            "mark": self._prompts.mark(*(said.text for said in utterances)),
        }
        system = Message("system", self._prompts.text("judge", "system", **values))
        return system, Message("user", self._prompts.text("judge", "user", **values))


def _answers(items: Sequence[_Item], known: set[str]) -> tuple[ItemAnswer, ...]:
    """The answers to items of the rubric, the last where one was answered twice."""
    answers = {
        item.item: ItemAnswer(
            item=item.item,
            answer=Answer(item.answer),
            evidence=tuple(
                Evidence(message=e.message, quote=plain(e.quote)) for e in item.evidence if e.quote.strip()
            ),
            reason=item.reason,
        )
        for item in items
        if item.item in known
    }
    return tuple(answers.values())


def _anchored(given: _Level) -> AnchoredLevel:
    level = None if given.level == "not_applicable" else int(given.level)
    return AnchoredLevel(criterion=given.criterion, level=level, reason=given.reason)


def _doubt(item: str, first: Judgement) -> dict[str, Any]:
    given = next((answer for answer in first.answers if answer.item == item), None)
    quotes = [evidence.quote for evidence in given.evidence] if given else []
    return {"id": item, "answered": given is not None, "quotes": quotes}
