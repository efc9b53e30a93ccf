"""The customer's answer to what a message asks: a fact, yes or no, an agreement, or that they do not know.

An authored answer comes first, then a fact whose words the question holds. A question that only the customer could
answer and that nothing answers gets an honest "I don't know"; one that answers itself gets nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from simcustomer.cast.builtin.lines import CustomerLines, Notices, notices
from simcustomer.cast.builtin.named import statements
from simcustomer.cast.builtin.repertoire import Repertoire
from simcustomer.domain.cues import CueKind
from simcustomer.domain.persona import Answer

MOST_ANSWERS = 2
"""Questions of one message that are answered: people answer the first two and forget the third."""
OPENING_WORDS = 3
"""Words within which a question shows whether it asks for more than yes or no ("and on which day ...")."""
_UNANSWERABLE = frozenset(
    {CueKind.ASKS_TO_REPEAT, CueKind.SARCASM_OR_HOSTILITY, CueKind.TALKS_TO_THE_SIMULATOR, CueKind.BLAMES}
)
"""Kinds of harm after which a question in the same message gets the reaction and nothing else."""


@dataclass(frozen=True)
class Answering:
    """What is said to the questions of one reply. Every answer is "" or empty when there is none to give."""

    lines: Repertoire

    @property
    def bank(self) -> CustomerLines:
        """The generic lines."""
        return self.lines.bank

    @property
    def wanted(self) -> Notices:
        """The phrases by which a message is understood."""
        return self.lines.bank.notices

    @cached_property
    def questions(self) -> list[str]:
        """The questions of the reply, and its requests for details that end without a question mark."""
        requests = [s for s in statements(self.lines.reply) if notices(s, self.wanted.details)]
        return [*questions_in(self.lines.reply), *requests]

    @property
    def last(self) -> str:
        """The question that the reply ends on, or ""."""
        return next(reversed(questions_in(self.lines.reply)), "")

    @property
    def offers_service(self) -> bool:
        """Does it ask what it can do for the customer?"""
        return any(notices(q, self.wanted.service) for q in self.questions)

    # --- what only the customer knows ------------------------------------------------------------------------------

    @cached_property
    def told(self) -> list[str]:
        """The answers to questions of fact, in the order of the questions."""
        effect = self.lines.direction.reacts_to
        if effect and effect.cue in _UNANSWERABLE:
            return []
        if self.known or self.lines.rising or self.consent:
            return self.known
        return [one for one in (self.story or self._not_known(),) if one]

    @cached_property
    def known(self) -> list[str]:
        """The answers that the facts give."""
        answers: list[str] = []
        for question in self.questions:
            if (one := self._fact(question)) and one not in answers and len(answers) < MOST_ANSWERS:
                answers.append(one)
        return answers

    def _fact(self, question: str) -> str:
        """The answer to one question: the author's, else the fact itself, else that it has been said before."""
        if self._is_agreeable(question):
            return ""
        answer = self._authored(question)
        if answer and (told := self.lines.pick(answer.says, slot="answer")):
            return told
        facts = [f for f in self.lines.known_facts if answer and f.id == answer.fact]
        facts = facts or list(self.lines.asked_for(question))
        if untold := self.lines.untold(facts):
            return untold
        if again := self.lines.pick(*(fact.says for fact in facts), slot="fact"):
            return f"{self.lines.pick(self.bank.already_told, slot='again')} {again}".strip()
        said_before = answer and any(self.lines.has_said(line) for line in answer.says)
        return self._told_before() if said_before or facts else ""

    def _authored(self, question: str) -> Answer | None:
        """The persona's answer to this question, if what it tells may be told."""
        known = {fact.id for fact in self.lines.known_facts}
        for answer in self.lines.persona.voice.answers:
            fits = all(notices(question, group) for group in answer.to)
            if fits and (answer.fact is None or answer.fact in known):
                return answer
        return None

    def _told_before(self) -> str:
        return self.lines.pick(self.bank.told_before, slot="told before")

    @cached_property
    def story(self) -> str:
        """To "what happened?": what has not been told, or that this was all."""
        plainly = any(notices(q, self.wanted.story) for q in self.questions)
        openly = CueKind.OPEN_QUESTION in self.lines.done and not any(map(self._is_of_fact, self.questions))
        if not self.questions or not (plainly or openly):
            return ""
        if untold := self.lines.just_unlocked() or self.lines.untold():
            return untold
        return self.lines.pick(self.bank.story_told, slot="story") if plainly else ""

    def _not_known(self) -> str:
        """To a question that only the customer could answer: that they cannot say."""
        for question in self.questions:
            if notices(question, self.wanted.details):
                return self.lines.pick(self.bank.has_no_details, slot="details")
            if self._is_of_fact(question) and notices(_start_of(question), self.wanted.wh):
                unsure = self.lines.persona.voice.unsure
                return self.lines.pick(unsure, self.lines.tone(self.bank.unsure), slot="unsure")
            if self._is_of_fact(question):
                return self.lines.pick(self.lines.tone(self.bank.neither_yes_nor_no), slot="neither")
        return ""

    def _is_of_fact(self, question: str) -> bool:
        """Is it about what the customer knows, and no request, no greeting and no reproach?"""
        if notices(question, [*self.wanted.service, *self.wanted.requests, *self.wanted.more]):
            return False
        return notices(question, self.wanted.asks)

    # --- what can be answered by agreeing --------------------------------------------------------------------------

    @cached_property
    def consent(self) -> str:
        """The answer to a question that can be answered by agreeing: choose, confirm, or say yes."""
        question, effect = self.last, self.lines.direction.reacts_to
        if not question or self.lines.rising or (effect and effect.delta > 0):
            return ""
        if self.is_choice:
            return self._choice()
        if notices(question, self.wanted.more):
            return self._more()
        if notices(question, self.wanted.rights):
            kind = CueKind.NAMES_THE_ISSUE
            return self._agreed(kind, self.lines.tone(self.bank.eased_by[kind]))
        if notices(question, self.wanted.checks):
            kind = CueKind.CHECKS_UNDERSTANDING
            return self._agreed(kind, self.lines.tone(self.bank.eased_by[kind]))
        if notices(question, self.wanted.offers) and not self._authored(question):
            return self.lines.pick(self.lines.tone(self.bank.accepts), slot="accepts")
        return ""

    @cached_property
    def is_choice(self) -> bool:
        """Does the reply end on a choice?"""
        either = notices(self.last, self.wanted.either) and notices(self.last, self.wanted.offers)
        return either or notices(self.last, self.wanted.choices)

    @property
    def choice(self) -> str:
        """The choice between what the reply ends on, or ""."""
        return self.consent if self.is_choice else ""

    def _is_agreeable(self, question: str) -> bool:
        """Is it a question that is answered by agreeing?"""
        wanted = self.wanted
        return question == self.last and notices(
            question, [*wanted.choices, *wanted.checks, *wanted.rights, *wanted.more, *wanted.service]
        )

    def _choice(self) -> str:
        """Which of two: the one that the person would have, if the author says so, else the first."""
        offers = {CueKind.OFFERS_CHOICE}
        named = (
            one.says
            for one in self.lines.persona.voice.takes_up
            if offers == set(one.cues) and notices(self.lines.reply, one.names)
        )
        return self.lines.pick(*named, self.lines.tone(self.bank.chooses), slot="chooses")

    def _more(self) -> str:
        """To "anything else?": no, or yes, which the question for what is missing must then follow."""
        if self.lines.direction.wants:
            return self.lines.pick(self.bank.one_more_thing, slot="more")
        return self.lines.pick(self.lines.tone(self.bank.nothing_more), slot="more")

    @property
    def leads_to_a_wish(self) -> bool:
        """Did the answer announce that something is still missing?"""
        return bool(self.lines.direction.wants) and (
            self.offers_service or notices(self.last, self.wanted.more)
        )

    def _agreed(self, kind: CueKind, generic: Iterable[str]) -> str:
        return self.lines.pick(self.lines.own(kind), generic, slot="confirms")


def _start_of(question: str) -> str:
    return " ".join(question.split()[:OPENING_WORDS])


def questions_in(text: str) -> list[str]:
    """The questions in a text, each without what stands before it in the same message."""
    return [re.split(r"[.!¿\n]", part)[-1].strip() for part in text.split("?")[:-1]]
