"""How far an appraiser agrees with people about single replies: does this one calm, escalate or do neither?

The appraiser observes cues and has no opinion on effects; the arithmetic of the customer's feelings makes an effect of
them. Replies that name a persona are felt by that persona. Others are felt by ``reference_persona``, a customer without a
story, because the arithmetic needs a temperament; the appraiser itself is then not told of any persona.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from simcustomer.cast.parts import Appraiser
from simcustomer.domain.affect import BAND_WIDTH, DEFAULT_DIFFICULTY, Affect, first_affect, next_affect
from simcustomer.domain.conversation import effect_on
from simcustomer.domain.cues import Appraisal, Frozen
from simcustomer.domain.persona import Band, Language, Persona
from simcustomer.errors import ConfigError, ModelError
from simcustomer.evals.calibration.drift import Accepted, Failure
from simcustomer.evals.calibration.judgements import CONCURRENCY
from simcustomer.evals.calibration.rated import EFFECTS, Effect, Labelled, RatedReply
from simcustomer.evals.statistics import Estimate, Pairs, confusion, macro_f1, share
from simcustomer.practice import received

REFERENCE_TEMPERAMENT = {
    "anger": 69.0,
    "anxiety": 64.0,
    "confusion": 49.0,
    "trust": 28.0,
    "patience": 59.0,
    "weights": {"anger": 0.76, "anxiety": 0.56, "confusion": 0.32},
    "reactivity": 1.08,
    "forgiveness": 1.08,
}
"""An average customer: the mean temperament of the first ten persona files (five personas, two languages), rounded."""

DIRECTED: tuple[Effect, ...] = ("calms", "escalates")
"""The effects that have a direction."""


@dataclass(frozen=True)
class Appraised:
    """One reply with the effect that was found, or why there is none."""

    reply: RatedReply
    effect: Effect | None = None
    failure: str = ""


class AppraiserFigures(Frozen):
    """Agreement of an appraiser with people.

    ``macro_f1`` is over the classes that occur; ``majority_floor`` is what naming the commonest class each time gives.
    ``directed_macro_f1``, ``direction`` (right way) and ``wrong_way`` (calms for escalates or back) are of the replies
    whose label has a direction. ``confusion`` has the labels in its rows, in the order of ``EFFECTS``.
    """

    replies: int
    groups: int
    labelled: Mapping[Effect, int]
    macro_f1: Estimate
    majority_floor: float
    directed_macro_f1: Estimate
    accuracy: Estimate
    direction: Estimate
    wrong_way: Estimate
    confusion: tuple[tuple[int, ...], ...]

    def compared(self) -> dict[str, Estimate]:
        """The figures that a drift check compares, by name."""
        names = ("macro_f1", "directed_macro_f1", "accuracy", "direction", "wrong_way")
        return {name: getattr(self, name) for name in names}


class AppraiserReport(Frozen):
    """One appraiser calibrated on one set."""

    kind: Literal["appraiser"] = "appraiser"
    appraiser: str
    data: tuple[str, ...]
    data_hash: str
    unlabelled: int
    failures: tuple[Failure, ...]
    figures: AppraiserFigures

    def to_accept(self) -> Accepted:
        """What a drift check keeps of it."""
        return Accepted(
            kind=self.kind,
            player=self.appraiser,
            data=self.data,
            data_hash=self.data_hash,
            n=self.figures.replies,
            failures=len(self.failures),
            figures=self.figures.compared(),
        )


def appraiser_report(name: str, labelled: Labelled, appraised: Sequence[Appraised]) -> AppraiserReport:
    """Everything about one appraiser on one set. Raises ``ConfigError`` when not one reply could be appraised."""
    failures = tuple(Failure(id=a.reply.id, reason=a.failure) for a in appraised if a.failure)
    if len(failures) == len(appraised):
        raise ConfigError(f"appraiser {name}: no reply could be appraised: {failures[0].reason}")
    return AppraiserReport(
        appraiser=name,
        data=labelled.names,
        data_hash=labelled.hash,
        unlabelled=labelled.unlabelled,
        failures=failures,
        figures=appraiser_figures(appraised),
    )


async def appraise_all(
    appraiser: Appraiser,
    replies: Sequence[RatedReply],
    persona_of: Callable[[str, Language], Persona],
    done: Callable[[], None] = lambda: None,
) -> list[Appraised]:
    """Every reply with its effect, in order. A failed model call is a failure and no effect. ``done`` after each."""
    slots = asyncio.Semaphore(CONCURRENCY)

    async def one(reply: RatedReply) -> Appraised:
        persona = persona_of(reply.persona, reply.language) if reply.persona else None
        async with slots:
            try:
                result = Appraised(reply, await effect_of(appraiser, persona, reply))
            except ModelError as error:
                result = Appraised(reply, failure=str(error) or type(error).__name__)
        done()
        return result

    return list(await asyncio.gather(*map(one, replies)))


async def effect_of(appraiser: Appraiser, persona: Persona | None, given: RatedReply) -> Effect:
    """What the reply does to the customer, or to the reference persona where there is none. Raises ``ModelError``.

    A reply with a band meets a customer in that band; else the earlier replies of its history are felt first.
    """
    feels = persona or reference_persona(given.language)
    if given.band is None:
        before, after, _ = await received(appraiser, persona, feels, given.history, given.reply)
        return effect_on(before.tension, after.tension)
    observed = await appraiser.appraise(persona, given.language, given.history, given.reply)
    return effect_in(given.band, feels, observed.only_quoted_from(given.reply))


def effect_in(band: Band, feels: Persona, appraisal: Appraisal) -> Effect:
    """What a reply does to a customer who is in the middle of ``band`` when it comes."""
    before = affect_in(band, feels)
    return effect_on(before.tension, next_affect(before, appraisal, feels, DEFAULT_DIFFICULTY).affect.tension)


def affect_in(band: Band, feels: Persona) -> Affect:
    """How this customer feels in the middle of a band: the opening's mixture of feelings, more or less of it.

    Below the opening's own band something must have been met, or words alone could not have brought them there: all
    needs then count as met, so that no floor hides what the reply itself does.
    """
    start = first_affect(feels, DEFAULT_DIFFICULTY)
    middle = (tuple(Band).index(band) + 0.5) * BAND_WIDTH
    share = middle / start.tension
    mixed = {name: min(100.0, getattr(start, name) * share) for name in ("anger", "anxiety", "confusion")}
    felt = start.model_copy(update={**mixed, "tension": middle})
    if middle >= start.tension - BAND_WIDTH:
        return felt
    landed = frozenset(kind for need in feels.needs for group in need.met_by for kind in group)
    return felt.model_copy(update={"landed": landed, "needs_met": tuple(need.id for need in feels.needs)})


def appraiser_figures(appraised: Sequence[Appraised]) -> AppraiserFigures:
    """All figures over the replies that have an effect."""
    scored = [a for a in appraised if a.effect]
    pairs = Pairs.of([(a.reply.effect, a.effect, a.reply.group) for a in scored])
    directed = Pairs.of(
        [(a.reply.effect, a.effect, a.reply.group) for a in scored if a.reply.effect in DIRECTED]
    )
    same = [truth == found for truth, found in zip(pairs.truth, pairs.found, strict=True)]
    right = [truth == found for truth, found in zip(directed.truth, directed.found, strict=True)]
    wrong = [
        found in DIRECTED and truth != found
        for truth, found in zip(directed.truth, directed.found, strict=True)
    ]
    counts = Counter(pairs.truth)
    return AppraiserFigures(
        replies=len(scored),
        groups=len(set(pairs.groups)),
        labelled={effect: counts[effect] for effect in EFFECTS},
        macro_f1=macro_f1(pairs, EFFECTS),
        majority_floor=_floor(counts),
        directed_macro_f1=macro_f1(directed, EFFECTS),
        accuracy=share(same, pairs.groups),
        direction=share(right, directed.groups),
        wrong_way=share(wrong, directed.groups),
        confusion=confusion(pairs, EFFECTS),
    )


def _floor(counts: Counter[Effect]) -> float:
    """Macro-F1 of the commonest class for everything: its F1 is 2p / (1 + p) at its share p, and the others have 0."""
    if not counts:
        return 0.0
    most = max(counts.values()) / counts.total()
    return 2 * most / (1 + most) / len(counts)


def reference_persona(language: Language) -> Persona:
    """An average customer with the two needs that everybody has, for replies that were not made to any persona.

    Only its temperament and needs are used: nobody is shown its words, and no part of the play is told of it.
    """
    words = ("-", "-", "-")
    need = {"what": "-", "asks": words, "hint": "-", "say": "-"}
    return Persona.model_validate(
        {
            **dict.fromkeys(("name", "title", "summary", "who", "situation", "goal"), "-"),
            "id": "reference",
            "language": language,
            "openings": ["-"],
            "temperament": REFERENCE_TEMPERAMENT,
            "needs": [
                need
                | {
                    "id": "heard",
                    "kind": "heard",
                    "met_by": [["acknowledges_feeling", "names_the_issue"]],
                },
                need
                | {"id": "next_step", "kind": "next_step", "met_by": [["concrete_next_step", "ownership"]]},
            ],
            "facts": [{"id": f"fact_{letter}", "text": "-", "says": ["-"]} for letter in "abc"],
            "key_reassurance": {"meaning": "-", "mentions": ["-"]},
            "voice": {
                "style": "-",
                "lines": dict.fromkeys(("calm", "wary", "frustrated", "angry", "furious"), words),
                "closings": dict.fromkeys(
                    ("resolved", "supervisor", "left", "boundary", "turn_limit"), words
                ),
                "survey": dict.fromkeys(("low", "middle", "high"), words),
            },
            "case_file": {
                "organisation": "-",
                "trainee_role": "-",
                "desk": [{"label": "-", "value": "-"}] * 3,
                "may_offer": [{"what": "-"}],
            },
            "examples": {"trained": "-", "untrained": "-"},
        }
    )
