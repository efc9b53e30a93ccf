"""Persona: who the customer is, what happened, what they need, what they know and how they talk.

A persona file (YAML) is exactly this model. Everything a player says as the customer comes from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from simcustomer.domain.bursts import Bursts
from simcustomer.domain.cues import SETTLING, CueKind, Frozen

Language = Literal["en", "es"]
Feeling = Literal["anger", "anxiety", "confusion"]
"""The feelings that tension is made of."""
SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
Slug = Annotated[str, Field(pattern=SLUG)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Line = Annotated[str, Field(min_length=1, max_length=600), AfterValidator(str.strip)]
Level = Annotated[float, Field(ge=0, le=100)]


class Band(StrEnum):
    """The five bands of tension, calm to furious."""

    CALM = "calm"
    WARY = "wary"
    FRUSTRATED = "frustrated"
    ANGRY = "angry"
    FURIOUS = "furious"


class Weights(Frozen):
    """How much each feeling counts in this person's tension; only the ratio matters."""

    anger: float = Field(default=1.0, ge=0)
    anxiety: float = Field(default=0.0, ge=0)
    confusion: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _some_weight(self) -> Weights:
        if self.anger + self.anxiety + self.confusion <= 0:
            raise ValueError("at least one of anger, anxiety and confusion must weigh more than 0")
        return self


class Temperament(Frozen):
    """Where the customer starts (0-100 each) and how quickly feelings move."""

    anger: Level
    anxiety: Level
    confusion: Level
    trust: Level = 30
    patience: Level = 60
    weights: Weights = Weights()
    reactivity: float = Field(default=1.0, ge=0.5, le=2.0, description="multiplies what unsettles")
    forgiveness: float = Field(default=1.0, ge=0.5, le=2.0, description="multiplies what settles")

    @property
    def foremost(self) -> Feeling:
        """The feeling that makes up most of the tension at the start: weight times value; of equals the first named.

        The same for a whole conversation, so that the words for how the customer feels stay on one scale.
        """
        feelings: tuple[Feeling, ...] = ("anger", "anxiety", "confusion")
        return max(feelings, key=lambda feeling: getattr(self.weights, feeling) * getattr(self, feeling))


class NeedKind(StrEnum):
    """What sort of thing the customer is waiting for."""

    HEARD = "heard"
    OWNED = "owned"
    SAFE = "safe"
    EXPLAINED = "explained"
    NEXT_STEP = "next_step"
    CHOICE = "choice"
    RESPECTED = "respected"


Group = Annotated[tuple[CueKind, ...], Field(min_length=1)]


class Need(Frozen):
    """Something that must happen before the customer can settle.

    ``met_by`` is a list of groups: the need is met once, of each group, one cue has landed (over all turns).
    """

    id: Name
    kind: NeedKind
    what: Line = Field(description="what the customer is waiting for, as a coach would put it")
    met_by: tuple[Group, ...] = Field(min_length=1)
    required: bool = Field(default=True, description="false: helps, but the customer can settle without it")
    weight: float = Field(default=1.0, gt=0, description="how much of the floor under tension it holds up")
    asks: tuple[Line, ...] = Field(
        min_length=3, description="how the customer asks for it, in their own words"
    )
    hint: Line = Field(description="a coach's nudge that does not give the sentence away")
    say: Line = Field(description="one good sentence by which a trainee would meet it")

    @model_validator(mode="after")
    def _met_by_settling_cues(self) -> Need:
        wrong = sorted({kind for group in self.met_by for kind in group} - SETTLING)
        if wrong:
            raise ValueError(
                f"met_by takes settling cues only, not {', '.join(wrong)}; allowed: {', '.join(sorted(SETTLING))}"
            )
        return self


class Unlock(Frozen):
    """What makes the customer tell a fact: one of the cues, or a mention of one of the phrases."""

    cues: tuple[CueKind, ...] = ()
    mentions: tuple[Line, ...] = Field(default=(), description="phrases; a trailing * matches any ending")
    asks_about: str = Field(default="", description="in words, for a model: what the trainee must ask or say")

    @model_validator(mode="after")
    def _some_way(self) -> Unlock:
        if not self.cues and not self.mentions:
            raise ValueError("needs at least one of: cues, mentions")
        return self


class Fact(Frozen):
    """Something the customer knows. Without ``unlock`` it may be told from the start."""

    id: Name
    text: Line = Field(description="the fact, in the third person")
    says: tuple[Line, ...] = Field(min_length=1, description="how the customer tells it")
    unlock: Unlock | None = None
    keywords: tuple[Line, ...] = Field(
        default=(),
        description="words that would give a locked fact away: a line with one of them is discarded",
    )


class Trigger(Frozen):
    """A soft spot or a sore point of this person: mentioning it moves tension by itself."""

    id: Name
    mentions: tuple[Line, ...] = Field(min_length=1, description="phrases; a trailing * matches any ending")
    when: Line = Field(description="in words, for a model: when does a reply touch it?")
    effect: Literal["calms", "upsets"]
    says: tuple[Line, ...] = Field(default=(), description="how the customer reacts")


class Limits(Frozen):
    """How far this customer goes."""

    max_turns: int = Field(default=16, ge=4, le=60)
    max_words: int = Field(default=70, ge=15, le=200, description="longest line, in words")
    out_of_patience: Literal["supervisor", "left"] = "left"
    abusive: bool = Field(default=False, description="insults when furious; the trainee may set a boundary")
    sensitive: tuple[Line, ...] = Field(default=(), description="words this customer never uses")


class BandLines(Frozen):
    """Example lines for each band; at least three each."""

    calm: tuple[Line, ...] = Field(min_length=3)
    wary: tuple[Line, ...] = Field(min_length=3)
    frustrated: tuple[Line, ...] = Field(min_length=3)
    angry: tuple[Line, ...] = Field(min_length=3)
    furious: tuple[Line, ...] = Field(min_length=3)

    def of(self, band: Band) -> tuple[Line, ...]:
        """The lines of one band."""
        lines: tuple[Line, ...] = getattr(self, band.value)
        return lines


class Closings(Frozen):
    """The customer's last line, by outcome."""

    resolved: tuple[Line, ...] = Field(min_length=2)
    supervisor: tuple[Line, ...] = Field(min_length=2)
    left: tuple[Line, ...] = Field(min_length=2)
    boundary: tuple[Line, ...] = Field(min_length=1)
    turn_limit: tuple[Line, ...] = Field(min_length=1)


class Survey(Frozen):
    """What the customer writes under the one survey question, by how it went."""

    low: tuple[Line, ...] = Field(min_length=1)
    middle: tuple[Line, ...] = Field(min_length=1)
    high: tuple[Line, ...] = Field(min_length=1)


class Answer(Frozen):
    """What this person answers to a direct question.

    ``to`` is a list of groups, as in ``Need.met_by``: of each group one phrase must stand in the question.
    """

    to: tuple[Annotated[tuple[Line, ...], Field(min_length=1)], ...] = Field(
        min_length=1, description="groups of phrases; a trailing * matches any ending"
    )
    fact: Name | None = Field(
        default=None, description="the fact that it tells: not said before that fact may be"
    )
    says: tuple[Line, ...] = Field(min_length=1)


class TakenUp(Frozen):
    """What this person says when a reply names a thing (the refund, the courier) and does one of ``cues`` with it."""

    names: tuple[Line, ...] = Field(min_length=1, description="phrases; a trailing * matches any ending")
    cues: Group
    says: tuple[Line, ...] = Field(min_length=1)


class Voice(Frozen):
    """How this person writes."""

    style: Line = Field(description="register, rhythm, habits, form of address")
    address: Literal["you", "tú", "usted", "vos"] = Field(
        default="you", description="how the customer addresses the trainee"
    )
    lines: BandLines
    reactions: Mapping[CueKind, Annotated[tuple[Line, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="short reactions to what a reply did, in this person's own words"
    )
    answers: tuple[Answer, ...] = Field(
        default=(), description="answers to direct questions, the first that fits"
    )
    takes_up: tuple[TakenUp, ...] = Field(
        default=(), description="reactions to a thing that a reply names, before those to its kind alone"
    )
    unsure: tuple[Line, ...] = Field(
        default=(), description="how this person says that they do not know or do not have it at hand"
    )
    closings: Closings
    survey: Survey
    bursts: Bursts = Field(default=Bursts(), description="whether longer lines are sent in several messages")


class DeskEntry(Frozen):
    """One row of the case file: what the trainee's screen shows."""

    label: Line
    value: Line


class Offer(Frozen):
    """Something the trainee may offer."""

    what: Line
    up_to: str | None = Field(default=None, description="the limit, with its unit")


class CaseFile(Frozen):
    """What the trainee sees before and during the conversation."""

    organisation: Line
    trainee_role: Line
    desk: tuple[DeskEntry, ...] = Field(min_length=3)
    may_offer: tuple[Offer, ...] = Field(min_length=1)
    may_not: tuple[Line, ...] = ()


class KeyReassurance(Frozen):
    """The sentence this customer is waiting for."""

    meaning: Line = Field(description="in words, for a model and for a coach")
    mentions: tuple[Line, ...] = Field(min_length=1, description="phrases; a trailing * matches any ending")


class Examples(Frozen):
    """One trained and one untrained reply to the opening."""

    trained: Line
    untrained: Line


class Persona(Frozen):
    """One simulated customer, in one language."""

    id: Slug
    language: Language
    status: Literal["draft", "tested"] = Field(
        default="draft", description="tested: trainees see it, if a stored result of the gate bears it out"
    )
    name: Line
    title: Line = Field(description="the conversation's title on the page")
    summary: Line = Field(description="one sentence that the trainee sees in the list")
    who: Line
    situation: Line = Field(description="what happened, as the customer would tell it")
    goal: Line = Field(description="what the trainee should reach")
    openings: tuple[Line, ...] = Field(min_length=1, max_length=5)
    temperament: Temperament
    needs: tuple[Need, ...] = Field(min_length=2, max_length=8)
    facts: tuple[Fact, ...] = Field(min_length=3)
    triggers: tuple[Trigger, ...] = ()
    key_reassurance: KeyReassurance
    limits: Limits = Limits()
    voice: Voice
    case_file: CaseFile
    examples: Examples

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Persona:
        ids = [n.id for n in self.needs] + [f.id for f in self.facts] + [t.id for t in self.triggers]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"ids of needs, facts and triggers must differ; used twice: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _answers_tell_known_facts(self) -> Persona:
        known = {fact.id for fact in self.facts}
        wrong = sorted({a.fact for a in self.voice.answers if a.fact and a.fact not in known})
        if wrong:
            raise ValueError(
                f"voice.answers tells unknown facts: {', '.join(wrong)}; allowed: {', '.join(sorted(known))}"
            )
        return self

    @property
    def first_name(self) -> str:
        """How the page calls the customer."""
        return self.name.split()[0]

    def need(self, need_id: str) -> Need:
        """The need with this id; raises ``KeyError`` if there is none."""
        return {need.id: need for need in self.needs}[need_id]
