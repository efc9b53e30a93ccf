"""The built-in customer: authored lines, picked by how the customer feels, what they wait for and what was just said.

An answer is a reaction to what the trainee did, then what the trainee asked for, and then a question or a mood: at most
three parts. Nothing is said twice in a conversation; where nothing fitting is left, less is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from simcustomer.cast.builtin.answering import Answering
from simcustomer.cast.builtin.lines import CustomerLines, notices
from simcustomer.cast.builtin.reacting import Reacting
from simcustomer.cast.builtin.repertoire import Repertoire, chosen
from simcustomer.cast.parts import BUILT_IN, Spoken
from simcustomer.domain.affect import SOLUTIONS
from simcustomer.domain.conversation import Conversation, Direction, Outcome
from simcustomer.domain.cues import SETTLING, CueKind
from simcustomer.domain.persona import Band, Need, NeedKind
from simcustomer.domain.text import fold

STORY_TURNS = 4
"""Turns within which an upset customer still tells more of the story unasked; later it no longer fits."""

_AGREED_TO = SOLUTIONS | {CueKind.PROTECTIVE_ACTION, CueKind.CHECKS_UNDERSTANDING, CueKind.NAMES_THE_ISSUE}


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
        return self.lines.rising

    @cached_property
    def answering(self) -> Answering:
        return Answering(self.lines)

    @cached_property
    def reacting(self) -> Reacting:
        return Reacting(self.lines, self.answering)

    def text(self) -> str:
        """The finished line."""
        if self.direction.outcome:
            return self._joined(self._closing(self.direction.outcome))
        reaction, consent = self.reacting.reaction(), self.answering.consent
        if consent and self._agrees_already():
            reaction = ""
        answers = [] if self.reacting.is_sore else [a for a in self.answering.told if a != reaction]
        if self._is_enough(reaction) and not answers:
            return reaction
        if answers:
            return self._joined([reaction, *answers, consent, *self._wish()])
        if consent:
            first = consent if self.answering.is_choice else reaction
            return self._joined([first, self.lines.just_unlocked(touched=True), consent, *self._wish()])
        return self._joined([reaction, *self._core(reaction)])

    def _joined(self, parts: Iterable[str]) -> str:
        """The parts as one line; parts are left out from the front until it keeps to the person's length."""
        kept = list(dict.fromkeys(part for part in parts if part))
        while len(kept) > 1 and len(" ".join(kept).split()) > self.lines.persona.limits.max_words:
            kept = kept[1:]
        trailing = [f"{part}..." if part[-1].isalnum() else part for part in kept[:-1]]
        return " ".join([*trailing, *kept[-1:]])

    def _is_enough(self, reaction: str) -> bool:
        """A reaction that stands alone: an agreement to wait, or now and then an angry question thrown back."""
        if not reaction or self.direction.may_tell:
            return False
        if self.reacting.waits(reaction):
            return True
        return self.rising and reaction.endswith("?") and self.lines.coin("enough")

    def _agrees_already(self) -> bool:
        """Would the reaction say yes as well, so that agreeing beside it would be saying it twice?"""
        effect = self.direction.reacts_to
        return effect is not None and effect.cue in _AGREED_TO and not self.answering.is_choice

    def _wish(self) -> list[str]:
        """What is still missing, when the trainee has asked for it."""
        return [self.lines.pick(*self._asks(), slot="asks")] if self.answering.leads_to_a_wish else []

    # --- a fact, a question or a mood ------------------------------------------------------------------------------

    def _core(self, before: str) -> list[str]:
        """What follows the reaction ``before``, when the reply asked nothing that was answered."""
        if fresh := self.lines.just_unlocked():
            return [fresh]
        asks = "" if self._holds_back_asking(before) else self._asked_or_reminded()
        if asks:
            return [asks]
        if not self.rising and (story := self.lines.brought_out()):
            return [story]
        if self._may_volunteer() and (story := self.lines.untold()):
            return [story]
        if before and not self.lines.coin("mood"):
            return []
        if mood := self.lines.pick(*self._moods(), slot="mood"):
            return [mood]
        return [] if before else [self.lines.pick(*self._asks(), slot="asks") or self._anything()]

    def _holds_back_asking(self, before: str) -> bool:
        wishes = self.answering.leads_to_a_wish
        return not wishes and (self._asked_last() or before.endswith("?"))

    def _may_volunteer(self) -> bool:
        """Early on, now and then, an upset customer tells more of the story unasked."""
        early = len(self.lines.conversation.turns) < STORY_TURNS and self.direction.trend == "steady"
        return early and self.lines.hot and self.lines.coin("volunteer")

    # --- what is missing -------------------------------------------------------------------------------------------

    def _asked_or_reminded(self) -> str:
        """The question for what is missing; a time that was promised is held up rather than asked for again."""
        wanted = self._missing()
        if wanted and wanted[0].kind is NeedKind.NEXT_STEP and (reminder := self._reminder()):
            return reminder
        return self.lines.pick(*self._asks(), slot="asks")

    def _reminder(self) -> str:
        if self.rising or self.lines.time_given:
            return ""
        promised = self.lines.tone(self.bank.promised)
        return self.lines.pick_with(self.lines.time_promised, promised, slot="promised")

    def _missing(self) -> list[Need]:
        """The needs that are not met, the required ones first; one that is half met waits for the others."""
        met, landed = self.direction.affect.needs_met, self.direction.affect.landed
        unmet = [need for need in self.lines.persona.needs if need.id not in met]
        half = [need for need in unmet if any(landed & set(group) for group in need.met_by)]
        return sorted(unmet, key=lambda need: (not need.required, need in half))

    def _asks(self) -> Iterator[Iterable[str]]:
        """Questions for what is missing, the fittest pool first. None while nothing required is missing."""
        if self.direction.wants is None:
            return
        missing = self._missing()
        for need in missing:
            yield self._still_open(need, need.asks)
        for need in missing:
            yield self._still_open(need, self.bank.asks[need.kind])

    def _still_open(self, need: Need, asks: Iterable[str]) -> list[str]:
        """The questions without those that have been answered: for a time, for a person, for a step."""
        notes, landed = self.bank.notices, self.direction.affect.landed
        when = [ask for ask in asks if notices(ask, notes.when)]
        who = [ask for ask in asks if notices(ask, notes.who)]
        left = list(asks)
        if CueKind.TIME_COMMITMENT in landed:
            left = [ask for ask in left if ask not in when]
        known = CueKind.OWNERSHIP in landed or self.lines.name_given
        if need.kind is NeedKind.OWNED and known:
            left = [ask for ask in left if ask not in who]
        if need.kind is NeedKind.NEXT_STEP and CueKind.CONCRETE_NEXT_STEP in landed:
            left = [ask for ask in left if ask in when]
        return left

    def _asked_last(self) -> bool:
        """Was the same thing asked in the line before? People do not put one question twice running."""
        before = [u.text for u in self.lines.conversation.utterances if u.role == "customer"][-1]
        asks = (line for need in self._missing()[:1] for line in (*need.asks, *self.bank.asks[need.kind]))
        return any(fold(line) in fold(before) for line in self.lines.worded(asks))

    # --- how it feels ----------------------------------------------------------------------------------------------

    def _moods(self) -> list[Iterable[str]]:
        """Lines that say how it feels now, the fittest pool first: softer when cooling, sharper when heating."""
        band, own, hot = self.direction.band, self.lines.persona.voice.lines, self.lines.hot
        generic = self.bank.bands[self.direction.lead]
        helped = any(kind in SETTLING and self.lines.does(kind) for kind in self.lines.done[:1])
        match self.direction.trend:
            case "falling" if hot:
                return [self.bank.cooling.hot, own.of(_cooler(band)), generic.of(_cooler(band))]
            case "falling":
                return [own.of(band), self.bank.cooling.cool, generic.of(band)]
            case "rising" if not hot:
                return [self.bank.heating.cool, generic.of(Band.FRUSTRATED)]
            case "rising":
                return [own.of(band), generic.of(band), self.bank.heating.hot]
            case _ if hot and helped:
                return [self.bank.cooling.hot, generic.of(Band.FRUSTRATED), own.of(Band.FRUSTRATED)]
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
            return [self.reacting.reaction(), closing]
        if outcome is Outcome.RESOLVED:
            return [*self.answering.known, self.answering.choice, closing]
        return [closing]

    def _handed_over(self) -> str:
        """The trainee offered the handover, so the customer agrees to it instead of demanding it."""
        kind = CueKind.WARM_HANDOVER
        return self.lines.pick(
            self.lines.own(kind), self.lines.tone(self.bank.eased_by[kind]), slot="handover"
        )


def _cooler(band: Band) -> Band:
    bands = list(Band)
    return bands[max(0, bands.index(band) - 1)]
