"""The customer on a language model: it puts into words what code has decided that the customer feels.

The prompt only ever grows at its end. All that a turn's prompt had before its stage direction stands, byte for byte,
at the beginning of the next turn's prompt, so that providers can reuse it; a fact that is unlocked later is added as a
note at the turn that unlocked it, and before that it is not in the prompt at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

from pydantic import BaseModel, ConfigDict

from simcustomer.cast.guard import check_line
from simcustomer.cast.parts import BUILT_IN, Customer, Spoken
from simcustomer.cast.wording import (
    CLOSINGS,
    ENDINGS,
    HANDED_OVER,
    LANDED,
    LANGUAGES,
    MOODS,
    SATISFACTION,
    SETTLED_WHILE_WARY,
    WAS_HANDED_OVER,
    foremost,
    struck,
    trend,
)
from simcustomer.domain.affect import Affect
from simcustomer.domain.conversation import Conversation, Direction, Outcome, Turn, unlocked_facts
from simcustomer.domain.cues import CueKind
from simcustomer.domain.persona import Band, Fact, Need, Persona
from simcustomer.domain.text import mentions
from simcustomer.llm.model import ChatModel, Message
from simcustomer.llm.prompts import Prompts

TRIES = 2
"""Lines asked of the model before the built-in player speaks: one more than the first."""
NEARLY_OUT_OF_PATIENCE = 25.0
"""Patience (0-100) below which the customer lets it be felt that they are about to give up."""
SURVEY_WORDS = 30
"""Most words under the survey question: one or two sentences, as people write them there."""
TOP_MARK = 5
"""The best answer to the survey question; below it the customer knows what kept it from there."""


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    line: str


class LLMCustomer:
    """A ``Customer`` that asks a model. ``understudy`` speaks when the model's line fails the guard twice."""

    def __init__(self, model: ChatModel, prompts: Prompts, understudy: Customer) -> None:
        self._model = model
        self._prompts = prompts
        self._understudy = understudy

    @property
    def name(self) -> str:
        return self._model.name

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:
        """See ``Customer.speak``. A model that fails is not replaced by the understudy: its error is raised."""
        messages = self._messages(conversation, reply, direction)
        language = conversation.persona.language

        def fault(line: str) -> str | None:
            return check_line(line, conversation, direction, language, reply=reply)

        spoken, faults = await self._try(messages, fault, template="customer")
        if spoken is None:
            stand_in = await self._understudy.speak(conversation, reply, direction)
            return Spoken(stand_in.text, BUILT_IN, faults)
        return Spoken(spoken, self.name, faults)

    async def answer_survey(self, conversation: Conversation, csat: int) -> Spoken:
        """See ``Customer.answer_survey``."""
        messages = self._survey_messages(conversation, csat)

        def fault(line: str) -> str | None:
            return check_line(line, conversation, None, conversation.persona.language)

        spoken, faults = await self._try(messages, fault, template="survey")
        if spoken is None:
            stand_in = await self._understudy.answer_survey(conversation, csat)
            return Spoken(stand_in.text, BUILT_IN, faults)
        return Spoken(spoken, self.name, faults)

    async def _try(
        self, messages: Sequence[Message], fault: Callable[[str], str | None], template: str
    ) -> tuple[str | None, tuple[str, ...]]:
        """A line without fault, or None, and the faults of those that were discarded."""
        faults: list[str] = []
        for _ in range(TRIES):
            answer = await self._model.complete(messages, schema=_Line, purpose=template)
            line = answer.line.strip()
            if (reason := fault(line)) is None:
                return line, tuple(faults)
            faults.append(reason)
            last = messages[-1].text + "\n\n" + self._prompts.text(template, "discarded", reason=reason)
            messages = [*messages[:-1], Message("user", last)]
        return None, tuple(faults)

    # --- the prompt ----------------------------------------------------------------------------------------------

    def _messages(self, conversation: Conversation, reply: str, direction: Direction) -> list[Message]:
        """The prompt for the answer to ``reply``: what stays, what was said, the stage direction."""
        now = self._heard(conversation, reply, _facts(conversation.persona, direction.may_tell))
        last = now + "\n\n" + self._direction(conversation, direction)
        return [*self._so_far(conversation), Message("user", last)]

    def _survey_messages(self, conversation: Conversation, csat: int) -> list[Message]:
        survey = conversation.persona.voice.survey
        ask = self._prompts.text(
            "survey",
            "ask",
            **self._about(conversation),
            ending=_ending(conversation),
            held_back=_held_back(conversation) if csat < TOP_MARK else "",
            csat=csat,
            meaning=SATISFACTION[csat],
            lines=survey.low if csat <= 2 else survey.middle if csat == 3 else survey.high,
            max_words=SURVEY_WORDS,
        )
        return [*self._so_far(conversation), Message("user", ask)]

    def _so_far(self, conversation: Conversation) -> list[Message]:
        """Role, opening and all turns, the customer as ``assistant``; every turn with the facts that it unlocked."""
        about = self._about(conversation)
        messages = [
            Message("system", self._prompts.text("customer", "system", **about)),
            Message("user", self._prompts.text("customer", "opening", **about)),
            Message("assistant", conversation.opening),
        ]
        for turn in conversation.turns:
            messages.append(
                Message("user", self._heard(conversation, turn.trainee, _unlocked_by(conversation, turn)))
            )
            messages.append(Message("assistant", turn.customer))
        return messages

    def _heard(self, conversation: Conversation, reply: str, facts: Sequence[Fact]) -> str:
        heard = self._prompts.text("customer", "heard", reply=reply, mark=self._mark(conversation))
        if not facts:
            return heard
        return self._prompts.text("customer", "told", facts=facts) + "\n\n" + heard

    def _direction(self, conversation: Conversation, direction: Direction) -> str:
        persona, felt = conversation.persona, direction.affect
        wants = persona.need(direction.wants) if direction.wants else None
        strongest = direction.reacts_to if direction.reacts_to and direction.reacts_to.cue in LANDED else None
        return self._prompts.text(
            "customer",
            "direction",
            **self._about(conversation),
            mood=MOODS[direction.band],
            lead=foremost(direction.band, direction.lead),
            trend=trend(direction.band, direction.trend),
            struck=struck(strongest.cue, direction.band, direction.trend) if strongest else "",
            quote=strongest.quote if strongest else "",
            touched=_touched(persona, direction.touched),
            just_met=[persona.need(need).what.rstrip(".") for need in direction.just_met],
            closing=_closing(persona, direction),
            wants=wants,
            ask=wants.asks[len(conversation.turns) % len(wants.asks)] if wants else "",
            asked=_times_wanted(conversation, wants),
            telling=bool(direction.may_tell),
            nearly_out=felt.patience < NEARLY_OUT_OF_PATIENCE,
            max_words=persona.limits.max_words,
        )

    def _about(self, conversation: Conversation) -> dict[str, Any]:
        persona = conversation.persona
        locked = [word for fact in persona.facts if fact.unlock for word in fact.keywords]
        return {
            "persona": persona,
            "mark": self._mark(conversation),
            "language": persona.language,
            "language_name": LANGUAGES[persona.language],
            "open_facts": unlocked_facts(persona, []),
            "style": [(band.value, _without(locked, persona.voice.lines.of(band))) for band in Band],
        }

    def _mark(self, conversation: Conversation) -> str:
        return self._prompts.mark(
            conversation.persona.id, conversation.persona.language, conversation.opening
        )


def _unlocked_by(conversation: Conversation, turn: Turn) -> list[Fact]:
    """The facts that the reply of ``turn`` unlocked."""
    appraisals = [t.appraisal for t in conversation.turns[: turn.index]]
    before = unlocked_facts(conversation.persona, appraisals[:-1])
    return [fact for fact in unlocked_facts(conversation.persona, appraisals) if fact not in before]


def _facts(persona: Persona, ids: Sequence[str]) -> list[Fact]:
    return [fact for fact in persona.facts if fact.id in ids]


def _without(words: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The example lines that hold none of ``words``: an example must not give a locked fact away."""
    return [line for line in lines if not any(mentions(line, word) for word in words)]


def _touched(persona: Persona, ids: Sequence[str]) -> list[dict[str, str]]:
    """The persona's own triggers that the reply touched, as the direction tells them."""
    return [
        {
            "what": "a sore point" if trigger.effect == "upsets" else "a soft spot",
            "when": trigger.when.rstrip("."),
            "says": trigger.says[0] if trigger.says else "",
        }
        for trigger in persona.triggers
        if trigger.id in ids
    ]


def _closing(persona: Persona, direction: Direction) -> dict[str, Any] | None:
    """How the last line goes and what such lines of this person sound like; None while the conversation goes on."""
    outcome, closings = direction.outcome, persona.voice.closings
    if outcome is None:
        return None
    lines = {
        Outcome.RESOLVED: closings.resolved,
        Outcome.SUPERVISOR: closings.supervisor,
        Outcome.BOUNDARY: closings.boundary,
        Outcome.TURN_LIMIT: closings.turn_limit,
    }.get(outcome, closings.left)
    handed_over = outcome is Outcome.SUPERVISOR and CueKind.WARM_HANDOVER in direction.affect.landed
    what = HANDED_OVER if handed_over else CLOSINGS[outcome]
    if outcome is Outcome.RESOLVED and direction.band is not Band.CALM:
        what = SETTLED_WHILE_WARY
    return {"what": what, "lines": lines}


def _times_wanted(conversation: Conversation, need: Need | None) -> int:
    """In how many of the customer's last messages in a row ``need`` was what they missed most."""
    missed = (_first_unmet(conversation.persona, turn.affect) for turn in reversed(conversation.turns))
    return len(list(takewhile(lambda one: one == need, missed))) if need else 0


def _first_unmet(persona: Persona, felt: Affect) -> Need | None:
    return next((need for need in persona.needs if need.required and need.id not in felt.needs_met), None)


def _ending(conversation: Conversation) -> str:
    """How the conversation ended, as the customer looks back on it."""
    outcome = conversation.outcome or Outcome.ABANDONED
    if outcome is Outcome.SUPERVISOR and CueKind.WARM_HANDOVER in conversation.affect.landed:
        return WAS_HANDED_OVER
    return ENDINGS[outcome]


def _held_back(conversation: Conversation) -> str:
    """What kept the customer from the top mark: what upset them most, else what they still miss, else what came last."""
    persona, met = conversation.persona, conversation.affect.needs_met
    effects = [effect for turn in conversation.turns for effect in turn.effects if effect.cue in LANDED]
    if harm := max((e for e in effects if e.delta > 0), key=lambda e: e.delta, default=None):
        return f"at one point {LANDED[harm.cue]}"
    unmet = [need for need in persona.needs if need.id not in met]
    if unmet:
        return f"you never quite got this, as an onlooker would put it: {unmet[0].what}"
    turns = conversation.turns
    latest = max(persona.needs, key=lambda need: sum(need.id not in turn.affect.needs_met for turn in turns))
    return f"this came late, as an onlooker would put it: {latest.what}"
