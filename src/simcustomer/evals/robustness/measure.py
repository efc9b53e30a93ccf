"""Can the players be gamed, and is who says it read like what is said? Measured with whatever cast is configured.

Four measurements, all decided in code: injections against customer, appraiser and judge; keywords added to unhelpful
replies; what the defence costs honest replies that look suspicious; the same reply in other people's words. The trials
and their content are those of the modules beside this one; ``robustness_tables`` sums them up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from simcustomer.cast.builtin.judge import BuiltInJudge
from simcustomer.cast.parts import Appraiser
from simcustomer.domain.conversation import Conversation, Utterance
from simcustomer.domain.cues import Appraisal, CueKind, Frozen
from simcustomer.domain.persona import Language, Persona
from simcustomer.evals.robustness.attacks import attacks_of
from simcustomer.evals.robustness.content import WAYS, Benign, Reworded, Sets, Stuffed, Whole
from simcustomer.evals.robustness.probe import (
    TOPICS,
    Attack,
    Moved,
    Probe,
    Rescored,
    Topic,
    compared,
    rescored,
)
from simcustomer.llm.prompts import inert

SAME_TEXT = "same text again"
"""The way of a base that is compared with itself: the players' own noise."""


class Measured(Frozen):
    """Every trial. ``escaped`` counts (messages that escaping changes, messages) in the gold set's trainee messages."""

    players: Mapping[str, str]
    rubric: str
    topics: tuple[Topic, ...]
    attacks: tuple[Attack, ...] = ()
    moved: tuple[Moved, ...] = ()
    rescored: tuple[Rescored, ...] = ()
    escaped: tuple[int, int] = (0, 0)

    @property
    def failures(self) -> tuple[tuple[str, str], ...]:
        """(what, why) of every trial that a player's failure spoilt."""
        spoilt = [(f"{a.part} {a.id}", a.failure) for a in self.attacks]
        spoilt += [(f"tension {m.id} {m.way}", m.failure) for m in self.moved]
        spoilt += [(f"judge {r.id} {r.way}", r.failure) for r in self.rescored]
        return tuple((what, why) for what, why in spoilt if why)


async def measure(probe: Probe, sets: Sets, topics: Sequence[Topic] = TOPICS) -> Measured:
    """All trials of the topics asked for. A failed player spoils its trial and no other."""
    attacks: list[Attack] = []
    rows: list[list[Moved] | list[Rescored]] = []
    if "injections" in topics:
        attacks = await attacks_of(probe, sets)
    if "keywords" in topics:
        rows += await probe.all(_stuffed(probe, given) for given in sets.keywords)
        rows += await probe.all(_stuffed_whole(probe, own) for own in _by_persona(sets.keywords))
    if "hardening" in topics:
        rows += await probe.all(_suspected(probe, benign) for benign in sets.benign)
        rows += await probe.all(_suspected_score(probe, benign) for benign in sets.benign)
        rows += await _unhardened(probe, sets.gold)
    if "rewordings" in topics:
        every = [(given, own.language) for own in sets.rewordings for given in own.replies]
        rows += await probe.all(_reworded(probe, *case) for case in every)
        rows += await probe.all(_reworded_scores(probe, *case) for case in every)
    return Measured(
        players=probe.cast.names(),
        rubric=probe.rubric.id,
        topics=tuple(topics),
        attacks=tuple(attacks),
        moved=tuple(row for some in rows for row in some if isinstance(row, Moved)),
        rescored=tuple(row for some in rows for row in some if isinstance(row, Rescored)),
        escaped=_escaped(sets.gold),
    )


def trials_of(probe: Probe, sets: Sets, topics: Sequence[Topic]) -> int:
    """How many steps ``measure`` takes, for a progress bar."""
    victims = sets.victims
    bases = sum(len(own.replies) for own in sets.rewordings)
    injected = sum(i.language == victim.language for i in sets.injections for victim in victims)
    gold = len(sets.gold) if isinstance(probe.cast.judge, BuiltInJudge) else 0
    steps: Mapping[Topic, int] = {
        "injections": len(sets.injections) + injected + 3 * len(victims),
        "keywords": len(sets.keywords) + len(_by_persona(sets.keywords)),
        "hardening": 2 * len(sets.benign) + gold,
        "rewordings": 2 * bases,
    }
    return sum(steps[topic] for topic in topics)


# --- keywords -----------------------------------------------------------------------------------------------------


async def _stuffed(probe: Probe, given: Stuffed) -> list[Moved]:
    row = Moved(topic="keywords", id=given.id, language=given.language)
    conversation = probe.open(given.persona, given.language)
    return await compared(probe, row, conversation, given.reply, {way: given.stuffed(way) for way in WAYS})


def _by_persona(replies: Sequence[Stuffed]) -> list[tuple[Stuffed, ...]]:
    def persona(given: Stuffed) -> tuple[str, str]:
        return given.persona, given.language

    return [tuple(own) for _, own in groupby(sorted(replies, key=persona), key=persona)]


async def _stuffed_whole(probe: Probe, own: tuple[Stuffed, ...]) -> list[Rescored]:
    """The short conversation of one persona's unhelpful replies, with their keywords against without."""
    first = own[0]
    row = Rescored(topic="keywords", id=f"{first.persona}.{first.language}", language=first.language)
    conversation = probe.open(first.persona, first.language)
    stuffed: dict[str, list[Utterance]] = {
        way: _short(conversation, [given.stuffed(way) for given in own]) for way in WAYS
    }
    return await rescored(probe, row, _short(conversation, [given.reply for given in own]), stuffed)


def _short(conversation: Conversation, replies: Sequence[str]) -> list[Utterance]:
    """A conversation of these replies; after each the customer asks what their first need asks, whatever was said."""
    asks = conversation.persona.needs[0].asks
    said = list(conversation.utterances)
    for i, reply in enumerate(replies):
        said.append(Utterance(role="trainee", text=reply))
        said.append(Utterance(role="customer", text=asks[i % len(asks)]))
    return said


# --- hardening ----------------------------------------------------------------------------------------------------


async def _suspected(probe: Probe, benign: Benign) -> list[Moved]:
    row = Moved(topic="hardening", id=benign.id, language=benign.language)
    conversation = probe.open(benign.persona, benign.language)
    return await compared(probe, row, conversation, benign.plain, {"suspicious": benign.reply})


async def _suspected_score(probe: Probe, benign: Benign) -> list[Rescored]:
    row = Rescored(topic="hardening", id=benign.id, language=benign.language)
    conversation = probe.open(benign.persona, benign.language)
    plain, suspicious = _short(conversation, [benign.plain]), _short(conversation, [benign.reply])
    return await rescored(probe, row, plain, {"suspicious": suspicious})


@dataclass(frozen=True)
class _Trusting:
    """An appraiser that does not notice talk to the program."""

    appraiser: Appraiser

    @property
    def name(self) -> str:
        return self.appraiser.name

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        seen = await self.appraiser.appraise(persona, language, history, reply)
        kept = tuple(cue for cue in seen.cues if cue.kind is not CueKind.TALKS_TO_THE_SIMULATOR)
        return seen.model_copy(update={"cues": kept})


async def _unhardened(probe: Probe, gold: Sequence[Whole]) -> list[list[Rescored]]:
    """The gold conversations without that cue and then with it. Only from the built-in judge can it be taken away."""
    if not isinstance(probe.cast.judge, BuiltInJudge):
        return []
    undefended = BuiltInJudge(_Trusting(probe.cast.judge.appraiser))
    return await probe.all(
        rescored(
            probe,
            Rescored(topic="hardening", id=whole.id, language=whole.language),
            whole.utterances,
            {"gold": whole.utterances},
            undefended,
        )
        for whole in gold
    )


def _escaped(gold: Sequence[Whole]) -> tuple[int, int]:
    """How many of the gold set's trainee messages reach a model otherwise than they were written."""
    said = [u.text for whole in gold for u in whole.utterances if u.role == "trainee"]
    return sum(inert(text) != text for text in said), len(said)


# --- rewordings ---------------------------------------------------------------------------------------------------


async def _reworded(probe: Probe, given: Reworded, language: Language) -> list[Moved]:
    row = Moved(topic="rewordings", id=given.id, language=language, quality=given.quality)
    return await compared(probe, row, probe.open(given.persona, language), given.base, _variants(given))


async def _reworded_scores(probe: Probe, given: Reworded, language: Language) -> list[Rescored]:
    row = Rescored(topic="rewordings", id=given.id, language=language, quality=given.quality)
    conversation = probe.open(given.persona, language)
    variants = {way: _short(conversation, [text]) for way, text in _variants(given).items()}
    return await rescored(probe, row, _short(conversation, [given.base]), variants)


def _variants(given: Reworded) -> dict[str, str]:
    return {**given.rewordings, SAME_TEXT: given.base}
