"""The built-in customer: authored lines, picked by how the customer feels, what they wait for and what was just said.

An answer is a reaction to what the trainee did, and then a fact, a question or a mood: at most three parts. Nothing is
said twice in a conversation while anything else is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from simcustomer.cast.builtin.lines import CustomerLines, notices
from simcustomer.cast.builtin.repertoire import Repertoire, chosen
from simcustomer.cast.parts import BUILT_IN, Spoken
from simcustomer.domain.affect import SOLUTIONS
from simcustomer.domain.conversation import Conversation, Direction, Outcome
from simcustomer.domain.cues import SETTLING, CueKind
from simcustomer.domain.persona import Band, Need
from simcustomer.domain.text import fold

PLATEAU_POINTS = 0.5
"""Points of tension under which a settling cue has moved nothing: the customer is at the floor under words."""
PLATEAU_TIMES = 3
"""From this many times on, the same sort of kind word is noticed as such."""
BLANK_WORDS = 3
"""A message of at most so many words that did nothing is no answer ("ok.", "I see")."""
BIG_STEP = 3.0
"""Points of tension from which what a message did matters more to the customer than what it asked."""
STORY_TURNS = 4
"""Turns within which an upset customer still tells more of the story unasked; later it no longer fits."""

_AGREED_TO = SOLUTIONS | {CueKind.PROTECTIVE_ACTION, CueKind.CHECKS_UNDERSTANDING}
_KIND_WORDS = frozenset({CueKind.ACKNOWLEDGES_FEELING, CueKind.SINCERE_APOLOGY, CueKind.NAMES_THE_ISSUE})


class BuiltInCustomer:
    """Speaks authored lines."""

    name = BUILT_IN

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:
        """One to three authored parts that answer ``reply``, within the persona's word limit."""
        return Spoken(_Answer(Repertoire(conversation, reply, direction)).text(), by=BUILT_IN)

    async def answer_survey(self, conversation: Conversation, csat: int) -> Spoken:
        """The persona's own sentence for a low (1-2), middle (3) or high (4-5) satisfaction."""
        survey = conversation.persona.voice.survey
        options = survey.low if csat <= 2 else survey.middle if csat == 3 else survey.high
        return Spoken(chosen(options, conversation, "", "survey"), by=BUILT_IN)


@dataclass(frozen=True)
class _Answer:
    """One answer in the making."""

    lines: Repertoire

    @property
    def direction(self) -> Direction:
        return self.lines.direction

    @property
    def bank(self) -> CustomerLines:
        return self.lines.bank

    @property
    def rising(self) -> bool:
        return self.direction.trend == "rising"

    def text(self) -> str:
        """The finished line."""
        if self.direction.outcome:
            return self._joined(self._closing(self.direction.outcome))
        reaction, consent = self._reaction(), self._consent()
        if consent and self._agrees_already():
            reaction = ""
        if self._is_enough(reaction):
            return reaction
        if consent and reaction:
            return self._joined([reaction, self.lines.just_unlocked(), consent])
        return self._joined([reaction, consent, *self._core(reaction or consent, bool(consent))])

    def _joined(self, parts: Iterable[str]) -> str:
        """The parts as one line; parts are left out from the front until it keeps to the person's length."""
        kept = [part for part in parts if part]
        while len(kept) > 1 and len(" ".join(kept).split()) > self.lines.persona.limits.max_words:
            kept = kept[1:]
        trailing = [f"{part}..." if part[-1].isalnum() else part for part in kept[:-1]]
        return " ".join([*trailing, *kept[-1:]])

    # --- the reaction to what was just done ------------------------------------------------------------------------

    def _reaction(self) -> str:
        if self._is_repeated():
            return self.lines.pick(self.bank.same_message, slot="same")
        if special := self._touched() or self._small_answer():
            return special
        effect = self.direction.reacts_to
        if effect is None or effect.cue not in set(CueKind):
            return ""
        kind = CueKind(effect.cue)
        if kind not in SETTLING:
            return self.lines.pick(self.lines.own(kind), self.bank.upset_by[kind], slot="upset")
        if self._has_worn_off(kind, effect.delta):
            return self.lines.pick(self.bank.plateau, slot="plateau")
        if self.lines.hot and self.direction.trend == "steady" and not self.direction.just_met:
            return ""
        relieved = [line for need in self._just_met() for line in self.bank.relieved[need.kind]]
        eased = self.lines.tone(self.bank.eased_by[kind])
        return self.lines.pick(self.lines.own(kind), relieved, eased, slot="eased")

    def _is_repeated(self) -> bool:
        return any(fold(turn.trainee) == fold(self.lines.reply) for turn in self.lines.conversation.turns)

    def _touched(self) -> str:
        """The reaction to a sore or soft spot, unless it goes against the trend."""
        against = {"rising": "calms", "falling": "upsets"}.get(self.direction.trend)
        spots = [
            trigger
            for trigger in self.lines.persona.triggers
            if trigger.id in self.direction.touched and trigger.effect != against
        ]
        return self.lines.pick(*(trigger.says for trigger in spots), slot="touched")

    def _small_answer(self) -> str:
        """The answer to a message that asks to wait, or that says nothing, if it did little else."""
        effect = self.direction.reacts_to
        if self.rising or self.direction.just_met or (effect and abs(effect.delta) >= BIG_STEP):
            return ""
        if notices(self.lines.reply, self.bank.notices.holding):
            return self.lines.pick(self.lines.tone(self.bank.waiting), slot="waiting")
        if effect is None and len(self.lines.reply.split()) <= BLANK_WORDS:
            return self.lines.pick(self.bank.blank, slot="blank")
        return ""

    def _has_worn_off(self, kind: CueKind, delta: float) -> bool:
        if self.direction.just_met:
            return False
        often = kind in _KIND_WORDS and self.direction.affect.seen.get(kind, 0) >= PLATEAU_TIMES
        return often or abs(delta) < PLATEAU_POINTS

    def _just_met(self) -> list[Need]:
        return [self.lines.persona.need(need) for need in self.direction.just_met]

    def _is_enough(self, reaction: str) -> bool:
        """A reaction that stands alone: an agreement to wait, or now and then an angry question thrown back."""
        if not reaction or self.direction.may_tell:
            return False
        if reaction in set(self.lines.worded(self.lines.tone(self.bank.waiting))):
            return True
        return self.rising and reaction.endswith("?") and self.lines.coin("enough")

    # --- consent ---------------------------------------------------------------------------------------------------

    def _consent(self) -> str:
        """The answer to a question that can be answered by agreeing: choose, confirm, or say yes."""
        question, wanted, effect = self._last_question(), self.bank.notices, self.direction.reacts_to
        if not question or self.rising or (effect and effect.delta > 0):
            return ""
        if self._is_choice(question):
            return self.lines.pick(self.lines.tone(self.bank.chooses), slot="chooses")
        if notices(question, wanted.checks):
            kind = CueKind.CHECKS_UNDERSTANDING
            eased = self.lines.tone(self.bank.eased_by[kind])
            return self.lines.pick(self.lines.own(kind), eased, slot="confirms")
        if notices(question, wanted.offers):
            return self.lines.pick(self.lines.tone(self.bank.accepts), slot="accepts")
        return ""

    def _agrees_already(self) -> bool:
        """Would the reaction say yes as well, so that agreeing beside it would be saying it twice?"""
        effect = self.direction.reacts_to
        agrees = effect is not None and effect.cue in _AGREED_TO
        return agrees and not self._is_choice(self._last_question())

    def _is_choice(self, question: str) -> bool:
        wanted = self.bank.notices
        either = notices(question, wanted.either) and notices(question, wanted.offers)
        return either or notices(question, wanted.choices)

    def _last_question(self) -> str:
        return next(reversed(_questions(self.lines.reply)), "")

    # --- a fact, a question or a mood ------------------------------------------------------------------------------

    def _core(self, before: str, answered: bool) -> list[str]:
        """What follows ``before``; ``answered``: that already answers the message's question."""
        if told := self._told(answered):
            return told
        asks = self.lines.pick(*self._asks(), slot="asks")
        if asks and not self._asked_last() and not before.endswith("?"):
            return [asks]
        if self._may_volunteer() and (story := self.lines.untold()):
            return [story]
        return [self.lines.pick(*self._moods(), slot="mood") or asks or self._anything()]

    def _told(self, answered: bool) -> list[str]:
        """The fact that the message brought out, or that it asks for."""
        if fresh := self.lines.just_unlocked():
            return [fresh]
        questions = " ".join(_questions(self.lines.reply))
        if self.rising or answered or not questions:
            return []
        asked = self.lines.asked_for(questions)
        if untold := self.lines.untold(asked):
            return [untold]
        if again := self.lines.pick(*(fact.says for fact in asked), slot="fact"):
            return [self.lines.pick(self.bank.already_told, slot="again"), again]
        if notices(self.lines.reply, self.bank.notices.details):
            return [self.lines.untold() or self.lines.pick(self.bank.has_no_details, slot="details")]
        return []

    def _may_volunteer(self) -> bool:
        """Early on, now and then, an upset customer tells more of the story unasked."""
        early = len(self.lines.conversation.turns) < STORY_TURNS
        return early and self.lines.hot and self.lines.coin("volunteer")

    def _asks(self) -> list[Iterable[str]]:
        if self.direction.wants is None:
            return []
        wanted = self.lines.persona.need(self.direction.wants)
        return [wanted.asks, self.bank.asks[wanted.kind]]

    def _asked_last(self) -> bool:
        """Was the same thing asked in the line before? People do not put one question twice running."""
        before = [u.text for u in self.lines.conversation.utterances if u.role == "customer"][-1]
        asks = (line for pool in self._asks() for line in self.lines.worded(pool))
        return any(fold(line) in fold(before) for line in asks)

    def _moods(self) -> list[Iterable[str]]:
        """Lines that say how it feels now, the fittest pool first: softer when cooling, sharper when heating."""
        band, own, hot = self.direction.band, self.lines.persona.voice.lines, self.lines.hot
        generic = self.bank.bands[self.direction.lead]
        match self.direction.trend:
            case "falling" if hot:
                return [self.bank.cooling.hot, own.of(_cooler(band)), generic.of(_cooler(band))]
            case "falling":
                return [own.of(band), self.bank.cooling.cool, generic.of(band)]
            case "rising" if not hot:
                return [self.bank.heating.cool, generic.of(Band.FRUSTRATED)]
            case "rising":
                return [own.of(band), generic.of(band), self.bank.heating.hot]
            case _:
                return [own.of(band), generic.of(band)]

    def _anything(self) -> str:
        """When the fitting lines are used up: any line of the nearest bands, and at last one said long ago."""
        bands, own = list(Band), self.lines.persona.voice.lines
        here = bands.index(self.direction.band)
        nearest = sorted(Band, key=lambda band: abs(bands.index(band) - here))
        banks = (own, *self.bank.bands.values())
        spare = self.lines.pick(*(lines.of(band) for band in nearest for lines in banks), slot="spare")
        return spare or chosen(own.of(self.direction.band), self.lines.conversation, self.lines.reply, "last")

    # --- the last line ---------------------------------------------------------------------------------------------

    def _closing(self, outcome: Outcome) -> list[str]:
        if outcome is Outcome.ABANDONED:
            return [self.lines.pick(self.lines.tone(self.bank.closings_abandoned), slot="closing")]
        closings = self.lines.persona.voice.closings
        lines: dict[Outcome, tuple[str, ...]] = {
            Outcome.RESOLVED: closings.resolved,
            Outcome.SUPERVISOR: closings.supervisor,
            Outcome.LEFT: closings.left,
            Outcome.BOUNDARY: closings.boundary,
            Outcome.TURN_LIMIT: closings.turn_limit,
        }
        closing = self.lines.pick(lines[outcome], slot="closing") or lines[outcome][0]
        if outcome is Outcome.SUPERVISOR and self.direction.affect.patience > 0:
            return [self._handed_over() or closing]
        if outcome in (Outcome.LEFT, Outcome.SUPERVISOR) and self.rising:
            return [self._reaction(), closing]
        return [closing]

    def _handed_over(self) -> str:
        """The trainee offered the handover, so the customer agrees to it instead of demanding it."""
        kind = CueKind.WARM_HANDOVER
        return self.lines.pick(
            self.lines.own(kind), self.lines.tone(self.bank.eased_by[kind]), slot="handover"
        )


def _questions(text: str) -> list[str]:
    """The questions in a text, each without what stands before it in the same message."""
    return [re.split(r"[.!¿\n]", part)[-1].strip() for part in text.split("?")[:-1]]


def _cooler(band: Band) -> Band:
    bands = list(Band)
    return bands[max(0, bands.index(band) - 1)]
