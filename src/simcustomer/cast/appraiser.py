"""The appraiser on a language model: names the cues in a reply, each with its quote. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

from simcustomer.cast.wording import LANGUAGES
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import OBSERVED_BY_CODE, Appraisal, Cue, CueKind, Strength, Touch
from simcustomer.domain.persona import Fact, Language, Persona
from simcustomer.llm.model import ChatModel, Message
from simcustomer.llm.prompts import Prompts, plain

_IN_WORDS = tuple(kind for kind in CueKind if kind not in OBSERVED_BY_CODE)
"""The kinds that a model is asked about: those that stand in the words of a reply."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _in_words(kind: CueKind) -> CueKind:
    if kind not in _IN_WORDS:
        raise ValueError(f"{kind} is not observed in words")
    return kind


class _Cue(_Strict):
    quote: str
    kind: Annotated[
        CueKind, AfterValidator(_in_words), WithJsonSchema({"type": "string", "enum": list(_IN_WORDS)})
    ]
    strength: Strength


class _Touched(_Strict):
    id: str
    quote: str
    touched: bool


class _Observed(_Strict):
    cues: list[_Cue]
    questions: list[_Touched]


class _Question(NamedTuple):
    """The fact or trigger that a question is about, and what a reply does when the answer is yes."""

    of: str
    deed: str


class LLMAppraiser:
    """An ``Appraiser`` that asks a model."""

    def __init__(self, model: ChatModel, prompts: Prompts) -> None:
        self._model = model
        self._prompts = prompts

    @property
    def name(self) -> str:
        return self._model.name

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        """See ``Appraiser.appraise``. Cues whose quote does not stand in the reply are dropped."""
        questions = _questions(persona) if persona else {}
        messages = self._messages(persona, language, history, reply, questions)
        observed = await self._model.complete(messages, schema=_Observed, purpose="appraise")
        appraisal = Appraisal(cues=_cues(observed.cues), touched=_touches(observed.questions, questions))
        return appraisal.only_quoted_from(reply)

    def _messages(
        self,
        persona: Persona | None,
        language: Language,
        history: Sequence[Utterance],
        reply: str,
        questions: Mapping[str, _Question],
    ) -> list[Message]:
        values = {
            "persona": persona,
            "case_file": persona.case_file if persona else None,
            "language": language,
            "language_name": LANGUAGES[language],
            "history": history,
            "reply": reply,
            "questions": {key: question.deed for key, question in questions.items()},
            "mark": self._prompts.mark(history[0].text if history else reply),
        }
        return [
            Message("system", self._prompts.text("appraise", "system", **values)),
            Message("user", self._prompts.text("appraise", "user", **values)),
        ]


def _questions(persona: Persona) -> dict[str, _Question]:
    """What a model is asked about this customer: what unlocks a fact, what touches a trigger.

    The keys are numbers, because the ids of facts give away what the customer has not told.
    """
    facts = [_Question(fact.id, about) for fact in persona.facts if (about := _unlocked_by(fact))]
    triggers = [_Question(trigger.id, trigger.when.rstrip(".")) for trigger in persona.triggers]
    return {f"q{number}": question for number, question in enumerate(facts + triggers, start=1)}


def _unlocked_by(fact: Fact) -> str:
    """What a reply does that unlocks ``fact``, without the fact itself; empty when only a cue unlocks it."""
    if fact.unlock is None:
        return ""
    if fact.unlock.asks_about:
        return fact.unlock.asks_about.rstrip(".")
    phrases = ", ".join(f"“{phrase.rstrip('*')}”" for phrase in fact.unlock.mentions)
    return f"speaks of one of these: {phrases}" if phrases else ""


def _cues(observed: Sequence[_Cue]) -> tuple[Cue, ...]:
    """Each cue once: a model that lists the same words twice under one kind has seen one thing."""
    cues = (
        Cue(kind=cue.kind, strength=cue.strength, quote=plain(cue.quote))
        for cue in observed
        if cue.quote.strip()
    )
    return tuple({(cue.kind, cue.quote): cue for cue in cues}.values())


def _touches(answers: Sequence[_Touched], known: Mapping[str, _Question]) -> tuple[Touch, ...]:
    yes = [answer for answer in answers if answer.touched and answer.id in known and answer.quote.strip()]
    return tuple(
        {answer.id: Touch(id=known[answer.id].of, quote=plain(answer.quote)) for answer in yes}.values()
    )
