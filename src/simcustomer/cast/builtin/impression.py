"""What the trained model makes of a reply, and how rules and model settle together which cues are reported.

The rules know grammar, negation, the persona and what was said before; the model has read thousands of labelled replies
and knows wording that no rule names. The model says what the reply as a whole does; cues that fit are kept or added on
their own sentence, cues that do not fit are dropped. Nothing here decides what a cue does to the customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simcustomer.cast.builtin.combination import CUES_OF_A_KIND
from simcustomer.cast.builtin.reading import Reading
from simcustomer.cast.builtin.trained import Trained, as_chance, without_courtesies
from simcustomer.domain.cues import SETTLING, UNSETTLING, Appraisal, Cue, CueKind, Strength
from simcustomer.domain.text import overlaps

DOUBTED = 0.5
"""Share of its bar under which the model's chance speaks against a cue that the rules saw."""
SURE = 0.5
"""Chance from which a cue is kept against the verdict, as a weak one: likelier there than not."""
CLEARLY = 0.75
"""Chance from which a cue that no rule saw is a clear one when the verdict does not rest on it alone."""
NEARLY_CERTAIN = 0.9
"""Chance from which kindness is kept, as a weak cue, in a reply that does neither: whoever reads it sees it too."""
AGREEING = 0.6
"""Share of its bar from which a kind is taken for seen when the whole reply sounds like it: two signs support each other."""
TO_THE_PROGRAM = 0.35
"""Chance from which a sentence is taken for talk to the program: missing one lets words buy relief, so the bar is low."""
FORKED = 0.25
"""With the chances of calming and escalating this near to each other the reply does neither: on writers who were not learned from
it costs 0.004 of macro-F1 against 0.2 and spares one in ten of the replies that would be read the wrong way."""
_ENDS_IT = frozenset({CueKind.WARM_HANDOVER, CueKind.ENDS_CONVERSATION})
"""Kinds after which the conversation may be over: a guess would cut it short, so what no rule saw must be likelier than not."""
_NEVER_GUESSED = _ENDS_IT | {
    CueKind.SARCASM_OR_HOSTILITY,
    CueKind.THREATENS_TO_END,
    CueKind.TELLS_TO_CALM_DOWN,
    CueKind.BLAMES,
}
"""Kinds that are named only where they are likely by themselves: to end it, or to be told of a plain offence, is no guess."""
_HURTS_NOT_ALWAYS = frozenset({CueKind.PREMATURE_SOLUTION, CueKind.OVERPROMISE})
"""Unsettling kinds that need not upset: no explanation of a reply that does."""
_BY_HISTORY = frozenset({CueKind.CONTRADICTS_ITSELF, CueKind.ASKS_TO_REPEAT})
"""Kinds that hang on what was said before: the rules alone see them, and what they saw stands, if weakly."""
_AGAINST: Mapping[str, frozenset[CueKind]] = {
    "calms": UNSETTLING - {CueKind.TALKS_TO_THE_SIMULATOR},
    "escalates": frozenset(),
    "neutral": (SETTLING | UNSETTLING) - {CueKind.TALKS_TO_THE_SIMULATOR},
}
"""Verdict -> the kinds that contradict it. Settling words in a reply that escalates do not: harm outweighs them anyway."""


@dataclass(frozen=True)
class Impression:
    """The chances of each effect (0-1, they sum to 1), and of each cue kind in each sentence."""

    effects: Mapping[str, float]
    sentences: tuple[Mapping[CueKind, float], ...]

    @property
    def verdict(self) -> str:
        """calms, escalates or neutral."""
        calms, escalates = self.effects["calms"], self.effects["escalates"]
        if abs(calms - escalates) < FORKED:
            return "neutral"
        return max(self.effects, key=lambda effect: self.effects[effect])


def impression_of(reading: Reading, rules: Appraisal, model: Trained) -> Impression:
    """Read a reply with the model. ``rules`` is what the rules saw in it."""
    texts = [reading.text[sentence.start : sentence.end] for sentence in reading.sentences]
    seen = [named_rules(rules, reading.quote(sentence)) for sentence in reading.sentences]
    of_reply = sorted({cue.kind.value for cue in rules.cues})
    whole = model.whole.scores(without_courtesies(reading.text), of_reply)
    parts = [
        model.part.scores(without_courtesies(text), names) for text, names in zip(texts, seen, strict=True)
    ]
    kinds = [
        [as_chance(score) for score in model.kinds.scores(text, names)]
        for text, names in zip(texts, seen, strict=True)
    ]
    effects = model.verdict.chances(evidence(whole, parts, kinds))
    return Impression(
        effects,
        tuple(_by_kind(model.kinds.labels, chances) for chances in kinds),
    )


def evidence(
    whole: Sequence[float], parts: Sequence[Sequence[float]], kinds: Sequence[Sequence[float]]
) -> list[float]:
    """What the verdict is made of: the reply's own scores, the highest and the last of its sentences' directions, and the
    highest chance of each kind in any of them. ``parts`` and ``kinds`` hold one row a sentence, at least one.
    """
    return [*whole, *map(max, zip(*parts, strict=True)), *parts[-1], *map(max, zip(*kinds, strict=True))]


def named_rules(rules: Appraisal, sentence: str) -> tuple[str, ...]:
    """The kinds that the rules saw in a sentence, as names for the model."""
    return tuple(sorted({cue.kind.value for cue in rules.cues if overlaps(sentence, cue.quote)}))


@dataclass(frozen=True)
class Settlement:
    """Rules and model about one reply, put together."""

    reading: Reading
    rules: Appraisal
    impression: Impression
    bars: Mapping[str, float]

    def cues(self) -> tuple[Cue, ...]:
        """The cues that are reported, in the order of the reply."""
        found = [cue for cue in self._candidates() if self._likely(cue)]
        cues = [fitting for cue in found if (fitting := self._fitting(cue))]
        wanted = self._wanted
        if wanted and not any(cue.kind in wanted and cue.strength is not Strength.WEAK for cue in cues):
            cues = self._with_best(cues)
        return self._in_order(cues)

    def harms(self) -> tuple[Cue, ...]:
        """All but what would settle, whatever the verdict: what is reported where somebody talks to the program.

        Such talk must neither buy relief nor hide the harm beside it.
        """
        return self._in_order(cue for cue in self._candidates() if cue.kind not in SETTLING)

    # --- the steps --------------------------------------------------------------------------------------------------

    @property
    def _wanted(self) -> frozenset[CueKind]:
        """The kinds that would explain the verdict."""
        explained = {"calms": SETTLING, "escalates": UNSETTLING - _HURTS_NOT_ALWAYS}
        return explained.get(self.impression.verdict, frozenset())

    def _candidates(self) -> list[Cue]:
        """What the rules saw, and what the model sees beside it."""
        cues = list(self.rules.cues)
        known = {(cue.kind, self._place(cue.quote)) for cue in cues}
        for place, kinds in enumerate(self.impression.sentences):
            for kind, chance in kinds.items():
                if chance >= self._bar(kind) and (kind, place) not in known:
                    clear = kind in self._wanted or chance >= CLEARLY
                    cues.append(self._cue(kind, place, clear=clear))
        return cues

    def _in_order(self, cues: Iterable[Cue]) -> tuple[Cue, ...]:
        """In the order of the reply, and no more of a kind than counts."""
        ordered = sorted(cues, key=lambda cue: self.reading.raw.find(cue.quote))
        return tuple(cue for n, cue in enumerate(ordered) if _times(cue.kind, ordered[:n]) < CUES_OF_A_KIND)

    def _bar(self, kind: CueKind) -> float:
        """The chance from which a kind is taken for seen in this reply."""
        if kind is CueKind.TALKS_TO_THE_SIMULATOR:
            return min(self.bars[kind], TO_THE_PROGRAM)
        if kind in _ENDS_IT:
            return max(self.bars[kind], SURE)
        return self.bars[kind] * (AGREEING if kind in self._wanted else 1.0)

    def _likely(self, cue: Cue) -> bool:
        """Is a cue of the rules also likely to the model?"""
        chance = self._chance(cue)
        return chance is None or cue.kind in _BY_HISTORY or chance >= DOUBTED * self.bars[cue.kind]

    def _fitting(self, cue: Cue) -> Cue | None:
        """A cue against the verdict stays only as a weak one, and only where the model is sure of it or cannot know.

        In a reply that does neither no harm stays, however sure, and kindness only where it is nearly certain.
        """
        if cue.kind not in _AGAINST[self.impression.verdict]:
            return cue
        if cue.kind in _BY_HISTORY:
            return cue.model_copy(update={"strength": Strength.WEAK})
        chance = self._chance(cue)
        neutral = self.impression.verdict == "neutral"
        if (
            chance is None
            or chance < (NEARLY_CERTAIN if neutral else SURE)
            or (neutral and cue.kind in UNSETTLING)
        ):
            return None
        return cue.model_copy(update={"strength": Strength.WEAK})

    def _with_best(self, cues: list[Cue]) -> list[Cue]:
        """The likeliest cue of the verdict's direction as a clear one: something in the reply makes it what it is."""
        kinds = self._wanted - _NEVER_GUESSED
        guesses = [
            (chance, place, kind)
            for place, chances in enumerate(self.impression.sentences)
            for kind, chance in chances.items()
            if kind in kinds
        ]
        if not guesses:
            return cues
        _, place, kind = max(guesses, key=lambda guess: guess[0])
        rest = [cue for cue in cues if cue.kind is not kind or self._place(cue.quote) != place]
        return [*rest, self._cue(kind, place, clear=True)]

    def _cue(self, kind: CueKind, place: int, *, clear: bool) -> Cue:
        quote = self.reading.quote(self.reading.sentences[place])
        return Cue(kind=kind, strength=Strength.CLEAR if clear else Strength.WEAK, quote=quote)

    def _chance(self, cue: Cue) -> float | None:
        """The model's chance of a cue; None for a kind that it does not know, or a quote in no sentence."""
        place = self._place(cue.quote)
        return None if place is None else self.impression.sentences[place].get(cue.kind)

    def _place(self, quote: str) -> int | None:
        sentences = self.reading.sentences
        return next((i for i, s in enumerate(sentences) if overlaps(self.reading.quote(s), quote)), None)


def _times(kind: CueKind, cues: Sequence[Cue]) -> int:
    return sum(cue.kind is kind for cue in cues)


def _by_kind(labels: Sequence[str], chances: Sequence[float]) -> dict[CueKind, float]:
    kinds = map(CueKind, labels)
    return {kind: chance for kind, chance in zip(kinds, chances, strict=True) if kind not in _BY_HISTORY}
