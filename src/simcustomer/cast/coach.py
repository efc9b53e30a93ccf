"""The coach on a language model: a nudge while practising, better wordings and earned praise afterwards.

What the coach quotes is checked here: words that nobody said are dropped, and so is a better wording that grows too
long or brings in a number that neither the transcript nor the case file holds. Nothing is invented in their place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from simcustomer.cast.wording import LANGUAGES
from simcustomer.domain.conversation import Conversation, Utterance
from simcustomer.domain.cues import UNSETTLING
from simcustomer.domain.persona import Language, Need, Persona
from simcustomer.domain.rubric import (
    Answer,
    Evidence,
    Feedback,
    ItemScore,
    Praise,
    Rubric,
    Scorecard,
    located,
)
from simcustomer.domain.text import contains_quote, fold
from simcustomer.errors import ModelOutputInvalid
from simcustomer.llm.model import ChatModel, Message
from simcustomer.llm.prompts import Prompts, plain

MOST = 3
"""Better wordings, and praises, that a scorecard shows: more than three points are not taken in."""
MORE_WORDS = 25
"""Words that a better wording may have more than what it replaces: one sentence."""
LEAST_WORDS = 40
"""Words that a better wording may always have: a reply of four words needs two sentences to become a useful one."""
MOST_FINDINGS = 8
"""Findings of the assessment that the coach is shown, the heaviest first: it chooses up to three points."""
HINT_WORDS = 35
"""Longest hint, in words."""
HINT_TOLERANCE = 1.5
"""How far over its limit a hint may be before it is asked for again."""
QUOTE_WORDS = 6
"""Words in a row that a hint may share with the good sentence of a need before it gives the sentence away."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Better(_Strict):
    message: int
    said: str
    better: str
    why: str


class _WentWell(_Strict):
    message: int
    quote: str
    why: str


class _Advice(_Strict):
    say_better: list[_Better]
    went_well: list[_WentWell]


class _Hint(_Strict):
    hint: str


class _Problem(NamedTuple):
    """A point of an advice that does not hold, why not, and what was written."""

    point: str
    fault: str
    answer: str = ""


class _Checked(NamedTuple):
    """What holds of an advice, and what is wrong with the rest of it."""

    feedback: tuple[Feedback, ...]
    praise: tuple[Praise, ...]
    problems: tuple[_Problem, ...]

    @property
    def is_enough(self) -> bool:
        """Something holds, and at least one better wording if any was tried."""
        return bool(self.feedback or (self.praise and not self.problems))


class LLMCoach:
    """A ``Coach`` that asks a model."""

    def __init__(self, model: ChatModel, prompts: Prompts) -> None:
        self._model = model
        self._prompts = prompts

    @property
    def name(self) -> str:
        return self._model.name

    async def hint(self, conversation: Conversation) -> str:
        """See ``Coach.hint``. Raises ``ModelOutputInvalid`` when the second hint cannot be used either."""
        wants = _wants(conversation)
        values = _hint_values(conversation, wants) | {"mark": self._prompts.mark(conversation.opening)}
        messages = self._messages("hint", values)
        problem = None
        for _ in range(2):
            hint = (await self._model.complete(messages, schema=_Hint, purpose="hint")).hint.strip()
            if (problem := _hint_fault(hint, wants)) is None:
                return hint
            messages = self._again(messages, "hint", problem=problem)
        raise self._useless("hint", [str(problem)])

    async def feedback(
        self,
        persona: Persona | None,
        language: Language,
        utterances: Sequence[Utterance],
        rubric: Rubric,
        scorecard: Scorecard,
    ) -> tuple[tuple[Feedback, ...], tuple[Praise, ...]]:
        """See ``Coach.feedback``. A conversation without a trainee message has none.

        Raises ``ModelOutputInvalid`` when nothing that was said holds, also the second time.
        """
        if not any(said.role == "trainee" for said in utterances):
            return (), ()
        mark = self._prompts.mark(*(said.text for said in utterances))
        messages = self._messages(
            "coach",
            {
                "persona": persona,
                "case_file": persona.case_file if persona else None,
                "language": language,
                "language_name": LANGUAGES[language],
                "utterances": utterances,
                "findings": _findings(rubric, scorecard),
                "more_words": MORE_WORDS,
                "least_words": LEAST_WORDS,
                "mark": mark,
            },
        )
        first = await self._advice(messages, persona, utterances)
        if first.is_enough:
            return first.feedback, first.praise
        problems = first.problems or (_Problem("the answer", "it holds no point at all"),)
        again = self._again(messages, "coach", problems=problems, mark=mark)
        second = await self._advice(again, persona, utterances)
        best = second if second.is_enough else first
        if not (best.feedback or best.praise):
            raise self._useless("coach", [f"{problem.point}: {problem.fault}" for problem in second.problems])
        return best.feedback, best.praise

    async def _advice(
        self, messages: Sequence[Message], persona: Persona | None, utterances: Sequence[Utterance]
    ) -> _Checked:
        advice = await self._model.complete(messages, schema=_Advice, purpose="coach")
        return _checked(advice, persona, utterances)

    def _messages(self, template: str, values: dict[str, Any]) -> list[Message]:
        return [
            Message("system", self._prompts.text(template, "system", **values)),
            Message("user", self._prompts.text(template, "user", **values)),
        ]

    def _again(self, messages: Sequence[Message], template: str, **values: object) -> list[Message]:
        last = messages[-1].text + "\n\n" + self._prompts.text(template, "again", **values)
        return [*messages[:-1], Message("user", last)]

    def _useless(self, purpose: str, problems: Sequence[str]) -> ModelOutputInvalid:
        said = "; ".join(problems) or "it holds no point at all"
        return ModelOutputInvalid(
            f"{self.name}: nothing of the {purpose} can be used: {said}",
            model=self.name,
            purpose=purpose,
            attempts=2,
        )


# --- the hint --------------------------------------------------------------------------------------------------------


def _wants(conversation: Conversation) -> Need | None:
    met = conversation.affect.needs_met
    return next((need for need in conversation.persona.needs if need.required and need.id not in met), None)


def _hint_values(conversation: Conversation, wants: Need | None) -> dict[str, Any]:
    effects = conversation.turns[-1].effects if conversation.turns else ()
    harms = [
        effect.cue.replace("_", " ") for effect in effects if effect.cue in UNSETTLING and effect.delta > 0
    ]
    language = conversation.persona.language
    return {
        "persona": conversation.persona,
        "utterances": conversation.utterances,
        "band": conversation.affect.band.value,
        "wants": wants,
        "last_harm": ", ".join(dict.fromkeys(harms)),
        "language": language,
        "language_name": LANGUAGES[language],
        "max_words": HINT_WORDS,
    }


def _hint_fault(hint: str, wants: Need | None) -> str | None:
    """Why a hint cannot be shown, as the end of a sentence that begins "it"."""
    if not hint:
        return "is empty"
    if len(hint.split()) > HINT_WORDS * HINT_TOLERANCE:
        return f"is longer than {HINT_WORDS} words"
    if wants and _shares_words(hint, wants.say):
        return "gives the sentence away"
    return None


def _shares_words(text: str, other: str) -> bool:
    words, text = re.findall(r"\w+", fold(other)), " ".join(re.findall(r"\w+", fold(text)))
    return any(" ".join(words[i : i + QUOTE_WORDS]) in text for i in range(len(words) - QUOTE_WORDS + 1))


# --- the feedback ----------------------------------------------------------------------------------------------------


def _findings(rubric: Rubric, scorecard: Scorecard) -> list[str]:
    """What the scorecard holds against the trainee as plain statements, those of most points first.

    An item's id says in words what was or was not done ("gives time"); the judge's reason and quotes say where.
    """
    scores = {item.id: item for verdict in scorecard.criteria.values() for item in verdict.items}
    found = []
    for item in sorted(rubric.items().values(), key=lambda item: -abs(item.points)):
        score = scores.get(item.id)
        if score and score.answer is (Answer.MET if item.points < 0 else Answer.NOT_MET):
            found.append(_statement("harm" if item.points < 0 else "not shown", score))
    return found[:MOST_FINDINGS]


def _statement(sort: str, score: ItemScore) -> str:
    """One line: "harm: blames customer (reason), message 3: “quote”"."""
    reason = f" ({score.reason.rstrip('.')})" if score.reason else ""
    quotes = "".join(f", message {e.message}: “{e.quote}”" for e in score.evidence)
    return " ".join(f"{sort}: {score.id.replace('_', ' ')}{reason}{quotes}".split())


def _checked(advice: _Advice, persona: Persona | None, utterances: Sequence[Utterance]) -> _Checked:
    """The points that hold, at most ``MOST`` of each sort and one of each message."""
    feedback: dict[int, Feedback] = {}
    praise: dict[int, Praise] = {}
    problems = []
    for better in advice.say_better:
        said = located(Evidence(message=better.message, quote=plain(better.said)), utterances)
        if said is None:
            problems.append(_unsaid("say_better", better.message, better.said))
        elif fault := _fault(better, persona, utterances):
            problems.append(_Problem(f"say_better, message {better.message}", fault, better.better))
        else:
            point = Feedback(
                message=said.message, said=said.quote, better=better.better.strip(), why=better.why
            )
            feedback.setdefault(said.message, point)
    for well in advice.went_well:
        if quoted := located(Evidence(message=well.message, quote=plain(well.quote)), utterances):
            praise.setdefault(
                quoted.message, Praise(message=quoted.message, quote=quoted.quote, why=well.why)
            )
        else:
            problems.append(_unsaid("went_well", well.message, well.quote))
    return _Checked(tuple(feedback.values())[:MOST], tuple(praise.values())[:MOST], tuple(problems))


def _unsaid(field: str, message: int, words: str) -> _Problem:
    return _Problem(f"{field}, message {message}", "no trainee message holds these words", words)


def _fault(better: _Better, persona: Persona | None, utterances: Sequence[Utterance]) -> str | None:
    """What is wrong with a better wording of words that were really said; None when it may be shown."""
    if not better.better.strip() or contains_quote(better.said, better.better):
        return "better says nothing else than said"
    words, most = len(better.better.split()), max(LEAST_WORDS, len(better.said.split()) + MORE_WORDS)
    if words > most:
        return f"better has {words} words and is too long; at most {most} words are allowed here"
    if new := _numbers(better.better) - _numbers(_known_text(persona, utterances)):
        return f"better holds what nobody gave: {', '.join(sorted(new))}"
    return None


def _known_text(persona: Persona | None, utterances: Sequence[Utterance]) -> str:
    """All that a better wording may draw on: the transcript and what the desk shows and may offer."""
    parts = [said.text for said in utterances]
    if persona:
        case = persona.case_file
        parts += [entry.value for entry in case.desk] + [
            f"{offer.what} {offer.up_to or ''}" for offer in case.may_offer
        ]
    return "\n".join(parts)


def _numbers(text: str) -> set[str]:
    """The numbers in ``text``, written alike: 1,947.50 and 1947.5 are one; 18:00 is two."""
    return {_number(found) for found in re.findall(r"\d+(?:[.,]\d+)*", text)}


def _number(found: str) -> str:
    digits = re.sub(r"[.,](?=\d{3}\b)", "", found).replace(",", ".")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
