"""The instrument and its arithmetic: from yes/no answers with quotes to levels, gates and an overall score.

A judge answers items; it never gives the score. Code checks every quote, turns the points of the items that were met
into a level through the criterion's table, lets the judge's own anchored level speak as the second opinion, and
applies weights and gates. What could not be checked is unscored: ``None`` with a reason, and outside every average.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from statistics import median
from typing import Annotated, Literal

from pydantic import Field, model_validator

from simcustomer.domain.conversation import Outcome, Utterance
from simcustomer.domain.cues import CueKind, Frozen, Strength
from simcustomer.domain.persona import Language, Line, Name
from simcustomer.domain.text import contains_quote
from simcustomer.domain.translation import Anchors, CriterionTexts, RubricTexts

MIN_SCORED_SHARE = 0.5
"""Share of a criterion's attainable points (and of the rubric's weight) that must be scored for a level to stand."""
GAP_FLAG = 2
"""Levels between the item table and the anchored level from which a trainer is asked to look."""
MISQUOTED = "the judge quoted what nobody said"
UNANSWERED = "the judge did not answer"
DISAGREED = "the passes disagree"

Occasion = Literal["asks_for_supervisor", "abuse", "fears_harm", "asks_question"]
Score = Annotated[int, Field(ge=1, le=5)]


class SeenAs(Frozen):
    """How the built-in judge decides an item: from cues in the trainee's messages. Models do not read this."""

    cues: tuple[CueKind, ...] = Field(min_length=1)
    at_least: Strength = Strength.CLEAR
    times: int = Field(default=1, ge=1, description="in how many different messages")
    within: int | None = Field(
        default=None, ge=1, description="only the first so many trainee messages count"
    )
    at_end: bool = Field(default=False, description="only the last two trainee messages count")
    absent: bool = Field(default=False, description="met when none of the cues was seen, not even a weak one")


class Item(Frozen):
    """One yes/no question about the trainee's behaviour that the transcript alone decides."""

    id: Name
    ask: Line
    points: int = Field(ge=-5, le=5, description="added when met; negative for harm")
    occasion: Occasion | None = Field(default=None, description="not applicable unless this happened")
    seen_as: SeenAs | None = Field(
        default=None, description="without it the built-in judge leaves the item unscored"
    )

    @model_validator(mode="after")
    def _worth_something(self) -> Item:
        if self.points == 0:
            raise ValueError("points must not be 0; allowed: -5 to -1 and 1 to 5")
        return self


class Criterion(Frozen):
    """One scored dimension.

    ``cutoffs`` is the level table: the lowest share of the attainable points that earns level 2, 3, 4 and 5. A criterion
    may be made of harms only; its share is then what the harm left of the whole.
    """

    id: Name
    name: Line
    asks: Line = Field(description="the coach's question that this criterion answers")
    weight: float = Field(default=1.0, gt=0)
    cutoffs: tuple[float, float, float, float]
    items: tuple[Item, ...] = Field(min_length=1)
    anchors: Anchors
    next_step: Line = Field(description="what a trainee would do to reach the next level")
    rated_as: str | None = Field(
        default=None, min_length=1, description="the field under which people rated this; unset: the id"
    )
    rated_reversed: bool = Field(
        default=False, description="people's 5 is most of the bad thing: their x counts as 6 - x"
    )

    @model_validator(mode="after")
    def _table_is_monotone(self) -> Criterion:
        if list(self.cutoffs) != sorted(self.cutoffs):
            raise ValueError("cutoffs must rise: the shares for level 2, 3, 4, 5 in order")
        return self

    @property
    def only_harms(self) -> bool:
        """No item has positive points."""
        return all(item.points < 0 for item in self.items)


class Gate(Frozen):
    """A rule that caps: when ``item`` is answered ``met``, ``caps`` (a criterion or "overall") is at most ``at``."""

    id: Name
    item: Name
    met: bool = True
    caps: tuple[str, ...] = Field(min_length=1)
    at: Score
    why: Line


class Rubric(Frozen):
    """A whole instrument."""

    id: str
    title: Line
    language: Language = Field(default="en", description="the language in which its texts are written")
    language_note: str = ""
    scene: Line = Field(
        default="how a trainee at a service desk handled an upset customer",
        description="what is assessed, in words for a judge: it completes 'You assess …'",
    )
    anchored_share: float = Field(
        default=0.5, ge=0, le=1, description="weight of the judge's anchored level beside the item table"
    )
    provenance: str = Field(
        default="", description="what the level tables were fitted on, or that they were not"
    )
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    gates: tuple[Gate, ...] = ()
    translations: Mapping[Language, RubricTexts] = Field(
        default_factory=dict, description="the texts in other languages, for reading; judges never see them"
    )

    @model_validator(mode="after")
    def _names_match(self) -> Rubric:
        ids = [item.id for criterion in self.criteria for item in criterion.items]
        twice = sorted(i for i, n in Counter([*ids, *(c.id for c in self.criteria)]).items() if n > 1)
        if twice:
            raise ValueError(f"ids of items and criteria must differ; used twice: {', '.join(twice)}")
        targets = {"overall", *(criterion.id for criterion in self.criteria)}
        for gate in self.gates:
            if gate.item not in ids:
                raise ValueError(f"gate {gate.id}: no item {gate.item!r}; allowed: {', '.join(ids)}")
            if unknown := set(gate.caps) - targets:
                raise ValueError(
                    f"gate {gate.id}: cannot cap {', '.join(sorted(unknown))}; allowed: {', '.join(sorted(targets))}"
                )
        return self

    @model_validator(mode="after")
    def _translations_are_whole(self) -> Rubric:
        items = {f"{criterion.id}.{item.id}" for criterion in self.criteria for item in criterion.items}
        own = {*items, *(c.id for c in self.criteria), *(f"gates.{gate.id}" for gate in self.gates)}
        for language, texts in self.translations.items():
            if unknown := texts.ids() - own:
                raise ValueError(
                    f"translation {language}: nothing here is called {', '.join(sorted(unknown))}"
                )
            if missing := own - texts.ids():
                raise ValueError(f"translation {language}: lacks {', '.join(sorted(missing))}")
        return self

    def read_in(self, language: Language) -> Rubric:
        """The rubric with its texts in ``language``, for reading; as it is when there is no such translation."""
        texts = self.translations.get(language)
        if texts is None or language == self.language:
            return self
        return self.model_copy(
            update={
                "language": language,
                "title": texts.title,
                "criteria": tuple(_translated(c, texts.criteria[c.id]) for c in self.criteria),
                "gates": tuple(g.model_copy(update={"why": texts.gates[g.id]}) for g in self.gates),
            }
        )

    def items(self) -> dict[str, Item]:
        """All items by id."""
        return {item.id: item for criterion in self.criteria for item in criterion.items}


def _translated(criterion: Criterion, texts: CriterionTexts) -> Criterion:
    items = tuple(item.model_copy(update={"ask": texts.items[item.id]}) for item in criterion.items)
    given = {"name": texts.name, "asks": texts.asks, "anchors": texts.anchors, "next_step": texts.next_step}
    return criterion.model_copy(update={**given, "items": items})


# --- what a judge says --------------------------------------------------------------------------------------------


class Answer(StrEnum):
    """What a judge may say to an item; ``unscored`` is given by code (or by the built-in judge), with a reason."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"
    UNSCORED = "unscored"


class Evidence(Frozen):
    """The number of a message (0 is the first) and words that stand in it."""

    message: int
    quote: str


class ItemAnswer(Frozen):
    """One item answered once."""

    item: str
    answer: Answer
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""


class AnchoredLevel(Frozen):
    """The judge's own level for a criterion, given after the items, with its reason."""

    criterion: str
    level: Score | None
    reason: str = ""


class Judgement(Frozen):
    """One pass of a judge over one conversation."""

    answers: tuple[ItemAnswer, ...]
    anchored: tuple[AnchoredLevel, ...] = ()


# --- what comes out -----------------------------------------------------------------------------------------------


class ItemScore(Frozen):
    """An item after the majority of the passes. ``met`` is None when not applicable or unscored; ``reason`` says which."""

    id: str
    met: bool | None
    answer: Answer
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""
    votes: tuple[Answer, ...] = ()


class Verdict(Frozen):
    """One criterion's level (1-5), or None with the reason."""

    level: int | None
    reason: str
    items: tuple[ItemScore, ...]
    votes: tuple[int | None, ...] = Field(
        default=(), description="the level that each pass alone would have given"
    )
    from_items: int | None = None
    anchored: int | None = None
    flags: tuple[Literal["gap", "split"], ...] = ()


class GateHit(Frozen):
    """A gate that closed."""

    id: str
    caps: tuple[str, ...]
    at: int
    why: str


class Feedback(Frozen):
    """What would have helped most: the message, what was said, a better wording of it, and why."""

    message: int
    said: str
    better: str
    why: str


class Praise(Frozen):
    """What went well, with its quote."""

    message: int
    quote: str
    why: str


class JudgeInfo(Frozen):
    """Who scored, with which instrument."""

    model: str
    rubric: str
    rubric_hash: str
    passes: int


class Scorecard(Frozen):
    """The result of a finished conversation."""

    overall: float | None
    reason: str = Field(default="", description="why there is no overall score, if there is none")
    criteria: Mapping[str, Verdict]
    gates: tuple[GateHit, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    went_well: tuple[Praise, ...] = ()
    outcome: Outcome | None = None
    judge: JudgeInfo

    @property
    def flagged(self) -> tuple[str, ...]:
        """The criteria that a trainer should look at: a split vote, or items and anchors far apart."""
        return tuple(name for name, verdict in self.criteria.items() if verdict.flags)


# --- the arithmetic -----------------------------------------------------------------------------------------------


def located(evidence: Evidence, utterances: Sequence[Utterance]) -> Evidence | None:
    """The evidence with the number of the trainee message in which its quote stands, or None if nobody said it.

    A right quote under a wrong number is kept when exactly one trainee message holds it. What the customer said is
    never evidence of what the trainee did.
    """
    holders = [
        i
        for i, said in enumerate(utterances)
        if said.role == "trainee" and contains_quote(said.text, evidence.quote)
    ]
    if evidence.message in holders:
        return evidence
    return Evidence(message=holders[0], quote=evidence.quote) if len(holders) == 1 else None


def unproven(rubric: Rubric, judgement: Judgement, utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """The items that were answered "met" without a quote that stands in a trainee message, or not answered at all."""
    answers = {answer.item: answer for answer in judgement.answers}
    return tuple(
        item for item in rubric.items() if item not in answers or not _is_proven(answers[item], utterances)
    )


def proven(rubric: Rubric, judgement: Judgement, utterances: Sequence[Utterance]) -> Judgement:
    """The judgement with every item of the rubric once, and what is unproven turned into unscored."""
    given = {answer.item: answer for answer in judgement.answers}
    bad = set(unproven(rubric, judgement, utterances))
    answers = []
    for item in rubric.items():
        if item in bad:
            reason = MISQUOTED if item in given else UNANSWERED
            answers.append(ItemAnswer(item=item, answer=Answer.UNSCORED, reason=reason))
            continue
        found = (located(evidence, utterances) for evidence in given[item].evidence)
        answers.append(given[item].model_copy(update={"evidence": tuple(e for e in found if e)}))
    return Judgement(answers=tuple(answers), anchored=judgement.anchored)


def score(
    rubric: Rubric, judgements: Sequence[Judgement], *, outcome: Outcome | None, judge: JudgeInfo
) -> Scorecard:
    """Turn one or more proven judgements into a scorecard (without feedback): majority, levels, gates, weighted mean."""
    items = {item: _majority(item, judgements) for item in rubric.items()}
    gates = tuple(_closed(gate) for gate in rubric.gates if items[gate.item].met is gate.met)
    criteria = {c.id: _verdict(c, rubric, items, judgements, gates) for c in rubric.criteria}
    overall = _weighted_mean(rubric, criteria)
    reason = "" if overall is not None else "too few criteria could be scored"
    if overall is not None:
        overall = min([overall, *(float(gate.at) for gate in gates if "overall" in gate.caps)])
    return Scorecard(
        overall=overall, reason=reason, criteria=criteria, gates=gates, outcome=outcome, judge=judge
    )


def level_from_items(criterion: Criterion, answers: Mapping[str, Answer]) -> int | None:
    """The level (1-5) that the criterion's table gives for these answers, or None when too few are scored."""
    share = item_share(criterion, answers)
    return None if share is None else level_of(share, criterion.cutoffs)


def level_of(share: float, cutoffs: Sequence[float]) -> int:
    """The level that a table of cutoffs gives for a share: one more than the cutoffs it reaches."""
    return 1 + sum(share >= cutoff for cutoff in cutoffs)


def item_share(criterion: Criterion, answers: Mapping[str, Answer]) -> float | None:
    """Earned points over the positive points of the items that applied and were scored, or None when too few were.

    Of harms only: one less the harm done over the harm that could have been done, from 0 to 1.
    """
    harms = criterion.only_harms
    applicable = [item for item in criterion.items if answers[item.id] is not Answer.NOT_APPLICABLE]
    scored = [item for item in applicable if answers[item.id] is not Answer.UNSCORED]
    possible = sum(abs(item.points) for item in applicable if item.points > 0 or harms)
    attainable = sum(abs(item.points) for item in scored if item.points > 0 or harms)
    if not attainable or attainable < MIN_SCORED_SHARE * possible:
        return None
    earned = sum(item.points for item in scored if answers[item.id] is Answer.MET)
    return (attainable + earned if harms else earned) / attainable


def _is_proven(answer: ItemAnswer, utterances: Sequence[Utterance]) -> bool:
    if answer.answer is not Answer.MET:
        return True
    return any(located(evidence, utterances) for evidence in answer.evidence)


def _majority(item: str, judgements: Sequence[Judgement]) -> ItemScore:
    """The answer of more than half of the passes; without one the item is unscored, and the split is kept."""
    given = [next(a for a in judgement.answers if a.item == item) for judgement in judgements]
    votes = tuple(answer.answer for answer in given)
    winner, count = Counter(votes).most_common(1)[0]
    if count * 2 <= len(votes):
        return ItemScore(id=item, met=None, answer=Answer.UNSCORED, reason=DISAGREED, votes=votes)
    speaker = next(answer for answer in given if answer.answer is winner)
    met = {Answer.MET: True, Answer.NOT_MET: False}.get(winner)
    return ItemScore(
        id=item, met=met, answer=winner, evidence=speaker.evidence, reason=speaker.reason, votes=votes
    )


def _verdict(
    criterion: Criterion,
    rubric: Rubric,
    items: Mapping[str, ItemScore],
    judgements: Sequence[Judgement],
    gates: Sequence[GateHit],
) -> Verdict:
    own = tuple(items[item.id] for item in criterion.items)
    from_items = level_from_items(criterion, {i.id: i.answer for i in own})
    given = [a for j in judgements for a in j.anchored if a.criterion == criterion.id and a.level is not None]
    anchored = int(median([a.level for a in given if a.level]) + 0.5) if given else None
    level = _combined(from_items, anchored, rubric.anchored_share)
    if level is not None:
        level = min([level, *(gate.at for gate in gates if criterion.id in gate.caps)])
    votes = tuple(_one_pass(criterion, rubric, judgement) for judgement in judgements)
    flags: list[Literal["gap", "split"]] = []
    if from_items and anchored and abs(from_items - anchored) >= GAP_FLAG:
        flags.append("gap")
    if len(set(votes)) > 1 or any(len(set(i.votes)) > 1 for i in own):
        flags.append("split")
    return Verdict(
        level=level,
        reason=_reason(level, own, given),
        items=own,
        votes=votes,
        from_items=from_items,
        anchored=anchored,
        flags=tuple(flags),
    )


def _one_pass(criterion: Criterion, rubric: Rubric, judgement: Judgement) -> int | None:
    from_items = level_from_items(criterion, {a.item: a.answer for a in judgement.answers})
    anchored = next((a.level for a in judgement.anchored if a.criterion == criterion.id), None)
    return _combined(from_items, anchored, rubric.anchored_share)


def _combined(from_items: int | None, anchored: int | None, anchored_share: float) -> int | None:
    """Items and anchors mixed as the rubric says, halves rounded up. Without proven items there is no level."""
    if from_items is None:
        return None
    if anchored is None:
        return from_items
    return int((1.0 - anchored_share) * from_items + anchored_share * anchored + 0.5)


def _reason(level: int | None, items: Sequence[ItemScore], anchored: Sequence[AnchoredLevel]) -> str:
    if level is not None:
        return next((a.reason for a in anchored if a.reason), "")
    if all(item.answer is Answer.NOT_APPLICABLE for item in items):
        return "no chance to show this"
    open_items = sum(item.answer is Answer.UNSCORED for item in items)
    return f"not scored: {open_items} of {len(items)} questions could not be decided"


def _weighted_mean(rubric: Rubric, criteria: Mapping[str, Verdict]) -> float | None:
    """Mean level by weight, to one decimal. Criteria that did not apply do not count; too many unscored ones void it."""
    applied = [
        c for c in rubric.criteria if any(i.answer is not Answer.NOT_APPLICABLE for i in criteria[c.id].items)
    ]
    scored = [(c.weight, level) for c in applied if (level := criteria[c.id].level) is not None]
    weight = sum(w for w, _ in scored)
    if not scored or weight < MIN_SCORED_SHARE * sum(c.weight for c in applied):
        return None
    return round(sum(w * level for w, level in scored) / weight, 1)


def _closed(gate: Gate) -> GateHit:
    return GateHit(id=gate.id, caps=gate.caps, at=gate.at, why=gate.why)
