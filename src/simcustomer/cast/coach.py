"""The coach on a language model: a nudge while practising, better wordings and earned praise afterwards.

What the coach quotes is checked here: words that nobody said are dropped. A better wording must pass the checks of
``better_wording``; one that does not is asked for once more, with the reason, and then dropped. Nothing is invented in
their place. The observations that this takes are those of ``appraiser``: one for each trainee message, and one for each
wording that holds in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from simcustomer.cast.better_wording import FEW_WORDS, WordingCheck
from simcustomer.cast.hint_check import HINT_WORDS, hint_fault
from simcustomer.cast.parts import Appraiser
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
from simcustomer.domain.text import contains_quote
from simcustomer.errors import ModelOutputInvalid
from simcustomer.llm.model import ChatModel, Message
from simcustomer.llm.prompts import Prompts, plain

MOST = 3
"""Better wordings, and praises, that a scorecard shows: more than three points are not taken in."""
MOST_FINDINGS = 8
"""Findings of the assessment that the coach is shown, the heaviest first: it chooses up to three points."""


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
    wording: bool = True


class _Checked(NamedTuple):
    """What holds of an advice, what is wrong with the rest of it, and whether any of it quotes what was said."""

    feedback: tuple[Feedback, ...]
    praise: tuple[Praise, ...]
    problems: tuple[_Problem, ...]
    quotes: bool

    @property
    def is_good(self) -> bool:
        """Every better wording holds, and there is something to show."""
        return not any(problem.wording for problem in self.problems) and bool(self.feedback or self.praise)

    def joined(self, later: _Checked) -> _Checked:
        """This and what holds of a later answer besides, these points first, one of each message."""
        feedback = {point.message: point for point in (*later.feedback, *self.feedback)}
        praise = {point.message: point for point in (*later.praise, *self.praise)}
        first = sorted(feedback.values(), key=lambda point: point not in self.feedback)
        return _Checked(
            tuple(first[:MOST]),
            tuple(sorted(praise.values(), key=lambda point: point not in self.praise)[:MOST]),
            later.problems,
            self.quotes or later.quotes,
        )


class LLMCoach:
    """A ``Coach`` that asks a model. ``appraiser`` observes what its better wordings would do."""

    def __init__(self, model: ChatModel, prompts: Prompts, appraiser: Appraiser) -> None:
        self._model = model
        self._prompts = prompts
        self._appraiser = appraiser

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
            if (problem := hint_fault(hint, conversation.persona.needs)) is None:
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
        """See ``Coach.feedback``. A conversation without a trainee message has none, and none whose wordings all fail.

        Raises ``ModelOutputInvalid`` when no answer quotes anything that was said.
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
                "few_words": FEW_WORDS,
                "most": MOST,
                "mark": mark,
            },
        )
        check = await WordingCheck.of(self._appraiser, persona, language, utterances, rubric)
        advice = await self._advice(messages, check)
        if not advice.is_good:
            problems = advice.problems or (_Problem("the answer", "it holds no point at all"),)
            again = self._again(messages, "coach", problems=problems, mark=mark)
            advice = advice.joined(await self._advice(again, check))
        if not advice.quotes:
            raise self._useless("coach", [f"{problem.point}: {problem.fault}" for problem in advice.problems])
        return advice.feedback, advice.praise

    async def _advice(self, messages: Sequence[Message], check: WordingCheck) -> _Checked:
        advice = await self._model.complete(messages, schema=_Advice, purpose="coach")
        return await _checked(advice, check)

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


async def _checked(advice: _Advice, check: WordingCheck) -> _Checked:
    """The points that hold, at most ``MOST`` of each sort and one of each message. Raises ``ModelError``."""
    feedback: dict[int, Feedback] = {}
    praise: dict[int, Praise] = {}
    problems, quotes = [], False
    for better in advice.say_better:
        said = located(Evidence(message=better.message, quote=plain(better.said)), check.utterances)
        if said is None:
            problems.append(_unsaid("say_better", better.message, better.said))
            continue
        quotes = True
        point = Feedback(message=said.message, said=said.quote, better=better.better.strip(), why=better.why)
        if said.message in feedback or len(feedback) == MOST:
            continue
        if fault := await _fault(point, check):
            problems.append(_Problem(f"say_better, message {better.message}", fault, better.better))
        else:
            feedback[said.message] = point
    for well in advice.went_well:
        if quoted := located(Evidence(message=well.message, quote=plain(well.quote)), check.utterances):
            quotes = True
            praise.setdefault(
                quoted.message, Praise(message=quoted.message, quote=quoted.quote, why=well.why)
            )
        else:
            problems.append(_unsaid("went_well", well.message, well.quote)._replace(wording=False))
    return _Checked(tuple(feedback.values()), tuple(praise.values())[:MOST], tuple(problems), quotes)


def _unsaid(field: str, message: int, words: str) -> _Problem:
    return _Problem(f"{field}, message {message}", "no trainee message holds these words", words)


async def _fault(point: Feedback, check: WordingCheck) -> str | None:
    """What is wrong with a better wording of words that were really said; None when it may be shown."""
    if not point.better or contains_quote(point.said, point.better):
        return "better says nothing else than said"
    place = (point.message, point.said, point.better)
    # A wording that fails in words costs no observation.
    faults = check.faults_in_words(*place) or await check.faults_in_place(*place)
    return "; ".join(f"better {fault.says}" for fault in faults) or None
