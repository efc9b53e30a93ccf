"""The situations that provoke the failures of the table: ``evals/failures/<failure>.yaml``, one file a failure.

A situation is one of three things, and the field that it has says which:

    reply        the customer answers this reply after what was ``said``; what it ``did`` is given, so nobody is asked for it
    replies      the appraiser reads these replies after what was ``said``; code decides what they do to tension and outcome
    transcript   the judge judges this conversation

What the trainee of a situation did earlier is given as kinds of cues, each of which quotes the whole reply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from simcustomer.domain.affect import DEFAULT_DIFFICULTY, next_affect
from simcustomer.domain.conversation import Conversation, Outcome, Turn, Utterance, outcome_after
from simcustomer.domain.cues import Appraisal, Cue, CueKind, Frozen, Touch
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import Rubric
from simcustomer.errors import ConfigError
from simcustomer.library import Library, load
from simcustomer.practice import open_conversation

Failure = Literal[
    "calms_too_fast",
    "never_leaves",
    "role_reversal",
    "reasoning_leak",
    "hidden_fact",
    "invents_facts",
    "breaks_character",
    "repeats",
    "ends_early",
    "judge_scores_context",
    "judge_lenient",
    "keyword_stuffing",
]
FAILURES: tuple[Failure, ...] = get_args(Failure)
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Part = Literal["customer", "appraiser", "judge"]
PARTS: tuple[Part, ...] = ("customer", "appraiser", "judge")
"""Who is asked: the answer to ``reply``, the reading of ``replies``, the judging of a ``transcript``."""

FEWEST, MOST = 6, 10
"""Situations of one failure: enough to see it, few enough to read every answer."""


class Said(Frozen):
    """An earlier turn: what the trainee wrote, what that did, and what the customer answered.

    ``touched`` names facts, triggers and needs of the persona that the reply touched.
    """

    trainee: Text
    did: tuple[CueKind, ...] = ()
    touched: tuple[str, ...] = ()
    customer: Text


class Expected(Frozen):
    """What must be true after the last of the ``replies``. Tension is in points, 0-100.

    ``outcome`` empty: the conversation is still open. ``falls_at_most`` is measured from where the replies began.
    """

    outcome: tuple[Outcome, ...] = ()
    tension_at_least: float | None = Field(default=None, ge=0, le=100)
    falls_at_most: float | None = Field(default=None, ge=0, le=100)


class Message(Frozen):
    """One message of a transcript."""

    role: Literal["customer", "trainee"]
    text: Text


class Judged(Frozen):
    """What a sound judge says of the transcript.

    ``nothing_done``: the trainee did nothing for the customer, so the score is that of a transcript without any merit.
    Else ``overall_at_least``, on the scale of 1 to 5. ``not_met`` and ``met`` are items of the rubric.
    """

    nothing_done: bool = False
    overall_at_least: float | None = Field(default=None, ge=1, le=5)
    not_met: tuple[str, ...] = ()
    met: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Judged:
        if self.nothing_done == (self.overall_at_least is not None):
            raise ValueError("needs one of: nothing_done, overall_at_least")
        return self


class Situation(Frozen):
    """One situation that provokes the failure."""

    id: Text
    persona: str
    language: Language
    why: Text = Field(description="how it provokes the failure")
    said: tuple[Said, ...] = ()
    reply: Text | None = None
    did: tuple[CueKind, ...] = ()
    touched: tuple[str, ...] = ()
    signs: tuple[Text, ...] = Field(
        default=(), description="words that show the failure here; a trailing * matches any ending"
    )
    replies: tuple[Text, ...] = ()
    expects: Expected | None = None
    transcript: tuple[Message, ...] = ()
    judged: Judged | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Situation:
        if sum(map(bool, (self.reply, self.replies, self.transcript))) != 1:
            raise ValueError("needs exactly one of: reply, replies, transcript")
        if bool(self.replies) != (self.expects is not None):
            raise ValueError("replies and expects belong together")
        if bool(self.transcript) != (self.judged is not None):
            raise ValueError("transcript and judged belong together")
        if (self.did or self.touched or self.signs) and not self.reply:
            raise ValueError("did, touched and signs belong to a reply")
        if self.transcript and self.said:
            raise ValueError("a transcript holds all that was said; leave said out")
        return self

    @property
    def part(self) -> Part:
        """Who is asked."""
        return "customer" if self.reply else "appraiser" if self.replies else "judge"

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """The transcript as values of the domain."""
        return tuple(Utterance(role=said.role, text=said.text) for said in self.transcript)


class FailureSet(Frozen):
    """One file: a failure, what it is, what prevents it, and situations that provoke it."""

    failure: Failure
    what: Text
    prevented_by: tuple[Text, ...] = Field(min_length=1)
    situations: tuple[Situation, ...] = Field(min_length=FEWEST, max_length=MOST)

    @model_validator(mode="after")
    def _ids_differ(self) -> FailureSet:
        twice = [name for name, count in Counter(s.id for s in self.situations).items() if count > 1]
        if twice:
            raise ValueError(f"ids must differ; used twice: {', '.join(sorted(twice))}")
        return self


def read_failures(folder: Path, library: Library, rubric: Rubric) -> tuple[FailureSet, ...]:
    """All files of ``evals/failures``, in the order of the table.

    Raises ``ConfigError`` that names file and field, also for a name that persona or rubric does not have and for a
    history after which the conversation is over.
    """
    found = []
    for failure in FAILURES:
        path = folder / f"{failure}.yaml"
        given = load(path, FailureSet)
        if given.failure != failure:
            raise ConfigError(f"{path}: failure: must be {failure}, as the file is called")
        for situation in given.situations:
            _check(path, situation, library, rubric)
        found.append(given)
    return tuple(found)


def staged(situation: Situation, persona: Persona) -> Conversation:
    """The conversation as far as it was ``said``, at the default difficulty, felt by code from what is given. Asks nobody."""
    conversation = open_conversation(persona, DEFAULT_DIFFICULTY)
    for said in situation.said:
        appraisal = appraisal_of(said.trainee, said.did, said.touched)
        reaction = next_affect(conversation.affect, appraisal, persona, conversation.difficulty)
        turn = Turn(
            index=len(conversation.turns) + 1,
            trainee=said.trainee,
            customer=said.customer,
            appraisal=appraisal,
            effects=reaction.effects,
            affect=reaction.affect,
            outcome=outcome_after(conversation, appraisal, reaction.affect),
        )
        conversation = conversation.model_copy(update={"turns": (*conversation.turns, turn)})
    return conversation


def appraisal_of(reply: str, did: Sequence[CueKind], touched: Sequence[str]) -> Appraisal:
    """What is given of a reply as an appraisal: each cue and each touch quotes the whole reply."""
    return Appraisal(
        cues=tuple(Cue(kind=kind, quote=reply) for kind in did),
        touched=tuple(Touch(id=name, quote=reply) for name in touched),
    )


def _check(path: Path, situation: Situation, library: Library, rubric: Rubric) -> None:
    place = f"{path}: {situation.id}"
    if judged := situation.judged:
        _must_be_known(
            place, "judged", {*judged.met, *judged.not_met}, set(rubric.items()), f"rubric {rubric.id}"
        )
    persona = library.persona(situation.persona, situation.language)
    known = {need.id for need in persona.needs} | {fact.id for fact in persona.facts}
    known |= {trigger.id for trigger in persona.triggers}
    named = {name for said in situation.said for name in said.touched} | set(situation.touched)
    _must_be_known(place, "touched", named, known, f"{persona.id}.{persona.language}")
    if outcome := staged(situation, persona).outcome:
        raise ConfigError(f"{place}: said: the conversation is over ({outcome}) before the reply")


def _must_be_known(place: str, field: str, named: set[str], known: set[str], whose: str) -> None:
    if unknown := sorted(named - known):
        allowed = ", ".join(sorted(known))
        raise ConfigError(f"{place}: {field}: {whose} has no {', '.join(unknown)}; allowed: {allowed}")
