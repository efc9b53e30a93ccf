"""The built-in appraiser on the project's own cue set (``evals/cues``): what rules and trained model each get right.

The development part is what rules and model were worked on and learned from; the reporting part has other writers and
other situations, and every figure here but the sizes is of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simcustomer.cast.builtin.appraiser import by_rules, observe
from simcustomer.cast.builtin.reading import Reading, words_of
from simcustomer.domain.cues import Appraisal, CueKind
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.text import fold
from simcustomer.evals.calibration.appraiser import DIRECTED, effect_in
from simcustomer.evals.calibration.rated import EFFECTS, SLICES, Effect, RatedReply, replies_of
from simcustomer.evals.fidelity.cells import interval, ratio
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.statistics import Estimate, Pairs, macro_f1, share, wilson

COURTESIES: Mapping[Language, frozenset[str]] = {
    "en": frozenset(["sorry", "please", "thank", "thanks", "apologise", "apologies", "understand", "appreciate", "kindly"]),
    "es": frozenset(
        ["disculpa", "disculpe", "perdón", "perdona", "perdone", "gracias", "favor", "entiendo", "lamento", "siento", "agradecemos"]
    ),
}  # fmt: skip
"""Words by which politeness alone is told, for the baseline: if they predicted the effect, the set would be too easy."""
QUOTED = 24
"""Replies read the wrong way that the page quotes."""
READERS = ("rules alone", "rules and model", "the labels' own cues")
"""Whose cues the arithmetic gets. The last says what the arithmetic makes of cues that people marked: the most there is."""


@dataclass(frozen=True)
class Read:
    """One reply of the reporting part as one reader sees it."""

    reply: RatedReply
    appraisal: Appraisal
    effect: Effect

    @property
    def is_wrong_way(self) -> bool:
        """Calms for escalates or back."""
        return {self.effect, self.reply.effect} == set(DIRECTED)


@dataclass(frozen=True)
class CueSet:
    """Both parts of the set."""

    development: tuple[RatedReply, ...]
    reporting: tuple[RatedReply, ...]

    @classmethod
    def of(cls, folder: Path) -> CueSet:
        """Read ``evals/cues``. Raises ``ConfigError`` with file, line and field."""
        return cls(
            replies_of(sorted(folder.glob("replies.*.jsonl"))),
            replies_of(sorted((folder / "reporting").glob("*.jsonl"))),
        )


def read_by(
    reader: str, replies: Sequence[RatedReply], persona_of: Callable[[str, Language], Persona]
) -> list[Read]:
    """Every reply with what ``reader`` (one of ``READERS``) sees in it, and what that does to the customer."""
    rows = []
    for reply in replies:
        assert reply.persona
        assert reply.band
        persona = persona_of(reply.persona, reply.language)
        if reader == READERS[0]:
            seen = by_rules(persona, reply.language, reply.history, Reading.of(reply.reply))
        elif reader == READERS[1]:
            seen = observe(persona, reply.language, reply.history, reply.reply)
        else:
            seen = Appraisal(cues=reply.cues)
        appraisal = seen.only_quoted_from(reply.reply)
        rows.append(Read(reply, appraisal, effect_in(reply.band, persona, appraisal)))
    return rows


# --- tables -----------------------------------------------------------------------------------------------------------


def sizes(cues: CueSet) -> Titled:
    """How many replies, situations and writers."""
    rows: list[tuple[Scalar, ...]] = []
    for name, part in (("development", cues.development), ("reporting", cues.reporting)):
        for language in _languages(part):
            own = [reply for reply in part if reply.language == language]
            effects = Counter(reply.effect for reply in own)
            hard = sum("hard" in reply.slices for reply in own) / len(own)
            writers, groups = {r.slices["writer"] for r in own}, {r.group for r in own}
            rows.append(
                (
                    name,
                    language,
                    len(own),
                    len(groups),
                    len(writers),
                    *(effects[e] for e in EFFECTS),
                    _share(hard),
                )
            )
    columns = ("part", "language", "replies", "situations", "writers", *EFFECTS, "hard")
    return Titled(title="The cue set", note="", columns=columns, rows=tuple(rows))


def surface(cues: CueSet) -> Titled:
    """How well length and politeness alone predict the effect: learned on development, tried on reporting."""
    rows: list[tuple[Scalar, ...]] = []
    for language in _languages(cues.reporting):
        known = [r for r in cues.development if r.language == language]
        asked = [r for r in cues.reporting if r.language == language]
        for name, of in (
            ("words", _length),
            ("courtesies", _courtesy),
            ("both", lambda r: [*_length(r), *_courtesy(r)]),
        ):
            found = _guessed(known, asked, of)
            rows.append((language, name, len(asked), *interval(_f1(asked, found))))
    return Titled(
        title="Length and politeness alone",
        note="Logistic regression on the number of words, on the number of courtesies, and on both. Naming one effect for all has a "
        "macro-F1 of about 0.19, a guess of about 0.33.",
        columns=("language", "from", "n", "macro-F1", "95 % interval"),
        rows=tuple(rows),
    )


def readers(read: Mapping[str, Sequence[Read]]) -> Titled:
    """Rules alone, rules and model, and the labels' own cues."""
    rows: list[tuple[Scalar, ...]] = []
    for language in _languages([r.reply for r in read[READERS[0]]]):
        for reader, every in read.items():
            own = [r for r in every if r.reply.language == language]
            groups = [r.reply.group for r in own]
            wrong = share([r.is_wrong_way for r in own], groups)
            f1 = _f1([r.reply for r in own], [r.effect for r in own])
            rows.append(
                (
                    language,
                    reader,
                    len(own),
                    *interval(f1),
                    *interval(wrong),
                    *(_each_f1(own, e) for e in EFFECTS),
                    _kinds_f1(own),
                )
            )
    return Titled(
        title="Appraiser on the reporting part",
        note="Effect: what the arithmetic of the customer's feelings makes of the cues, against the label. Wrong way: calms for escalates or "
        "back, of all replies. Kinds: F1 over the cue kinds of a reply, all replies together.",
        columns=(
            "language",
            "cues of",
            "n",
            "macro-F1",
            "95 % interval",
            "wrong way",
            "95 % interval (wrong)",
            *(f"F1 {e}" for e in EFFECTS),
            "F1 kinds",
        ),
        rows=tuple(rows),
    )


def slices(read: Sequence[Read]) -> Titled:
    """Right and wrong way by what makes a reply hard, its register, how it is typed, how upset the customer is."""
    rows: list[tuple[Scalar, ...]] = []
    for name in (*SLICES, "band"):
        values = sorted({_slice(r.reply, name) for r in read})
        for value in values:
            own = [r for r in read if _slice(r.reply, name) == value]
            right, wrong = (
                wilson([r.effect == r.reply.effect for r in own]),
                wilson([r.is_wrong_way for r in own]),
            )
            rows.append((name, value, len(own), *interval(right), *interval(wrong)))
    return Titled(
        title="The same by slices (rules and model, both languages)",
        note="Intervals are Wilson's.",
        columns=("slice", "value", "n", "right", "95 % interval", "wrong way", "95 % interval (wrong)"),
        rows=tuple(rows),
    )


def kinds(read: Sequence[Read]) -> Titled:
    """Each cue kind: how often it is labelled, how much of it is seen, how much of what is seen is right."""
    rows: list[tuple[Scalar, ...]] = []
    for kind in CueKind:
        labelled = [kind in _labelled(r.reply) for r in read]
        found = [kind in r.appraisal.kinds() for r in read]
        both = sum(a and b for a, b in zip(labelled, found, strict=True))
        if any(labelled):
            rows.append((kind.value, sum(labelled), ratio(both, sum(labelled)), ratio(both, sum(found))))
    return Titled(
        title="Cue kinds (rules and model, both languages)",
        note="Two labelling passes agree on kinds with an F1 that stands in the table on labels.",
        columns=("kind", "labelled", "seen of them", "right of those seen"),
        rows=tuple(rows),
    )


def wrong_way(read: Sequence[Read]) -> Titled:
    """Replies that are read the wrong way, quoted: every nth, so that no kind of them is chosen."""
    wrong = [r for r in read if r.is_wrong_way]
    step = max(1, -(-len(wrong) // QUOTED))
    rows = tuple(
        (r.reply.id, r.reply.band.value if r.reply.band else "", r.reply.effect, r.effect, r.reply.reply)
        for r in wrong[::step]
    )
    return Titled(
        title=f"Read the wrong way: {len(wrong)} of {len(read)}",
        note="All are quoted." if step == 1 else f"One in {step} is quoted, in the order of the set.",
        columns=("id", "customer", "label", "found", "reply"),
        rows=rows,
    )


# --- the sums behind them ---------------------------------------------------------------------------------------------


def _guessed(
    known: Sequence[RatedReply], asked: Sequence[RatedReply], of: Callable[[RatedReply], list[float]]
) -> list[Effect]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(class_weight="balanced", max_iter=1000)
    model.fit([of(reply) for reply in known], [reply.effect for reply in known])
    return [str(effect) for effect in model.predict([of(reply) for reply in asked])]  # type: ignore[misc]


def _length(reply: RatedReply) -> list[float]:
    return [float(len(reply.reply.split()))]


def _courtesy(reply: RatedReply) -> list[float]:
    return [float(sum(word in COURTESIES[reply.language] for word in words_of(fold(reply.reply))))]


def _f1(replies: Sequence[RatedReply], found: Sequence[Effect]) -> Estimate:
    return macro_f1(Pairs.of([(r.effect, f, r.group) for r, f in zip(replies, found, strict=True)]), EFFECTS)


def _each_f1(read: Sequence[Read], effect: Effect) -> str:
    both = sum(r.effect == effect == r.reply.effect for r in read)
    return ratio(
        2 * both, sum(r.effect == effect for r in read) + sum(r.reply.effect == effect for r in read)
    )


def _kinds_f1(read: Sequence[Read]) -> str:
    both = sum(len(r.appraisal.kinds() & _labelled(r.reply)) for r in read)
    return ratio(2 * both, sum(len(r.appraisal.kinds()) + len(_labelled(r.reply)) for r in read))


def _labelled(reply: RatedReply) -> frozenset[CueKind]:
    return frozenset(cue.kind for cue in reply.cues)


def _slice(reply: RatedReply, name: str) -> str:
    if name == "band":
        return reply.band.value if reply.band else "-"
    return reply.slices.get(name, "-")


def _languages(replies: Sequence[RatedReply]) -> list[Language]:
    return sorted({reply.language for reply in replies})


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"
