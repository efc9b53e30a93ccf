"""Do people who label the cue set agree? Two passes over some of its replies, beside the writers' own labels.

A pass is ``evals/cues/labels/pass<n>.jsonl``: ``{id, effect, cues: [{kind, strength, quote}]}``, one reply of the set a line.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from simcustomer.domain.cues import Cue, CueKind
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.appraiser import DIRECTED
from simcustomer.evals.calibration.rated import EFFECTS, RatedReply
from simcustomer.evals.fidelity.cells import interval
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.statistics import MIN_ITEMS, Estimate, Pairs, bootstrap, macro_f1, share, wilson

PASSES = ("pass1", "pass2")
WRITERS = "writers"


class Label(BaseModel):
    """What one reader marks in one reply."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    id: str
    effect: Literal["calms", "neutral", "escalates"]
    cues: tuple[Cue, ...] = ()

    @property
    def kinds(self) -> frozenset[CueKind]:
        """The kinds of its cues."""
        return frozenset(cue.kind for cue in self.cues)


def agreement(folder: Path, replies: Sequence[RatedReply]) -> Titled | None:
    """Each two of the readers side by side, on the replies that both labelled; None where there are no passes.

    ``replies`` are the set with the writers' labels. Raises ``ConfigError`` with file, line and field.
    """
    known = {reply.id: reply for reply in replies}
    paths = [folder / f"{name}.jsonl" for name in PASSES]
    if not all(path.exists() for path in paths):
        return None
    readers = {WRITERS: {r.id: Label(id=r.id, effect=r.effect, cues=r.cues) for r in replies}}
    readers |= {path.stem: dict(_labels(path, known)) for path in paths}
    rows: list[tuple[Scalar, ...]] = []
    for one, other in ((PASSES[0], WRITERS), (PASSES[1], WRITERS), PASSES):
        ids = [i for i in readers[one] if i in readers[other]]
        for language in ("en", "es", "all"):
            own = [i for i in ids if language in (known[i].language, "all")]
            pairs = [(readers[one][i], readers[other][i]) for i in own]
            rows.append((f"{one}, {other}", language, *_row(pairs, [known[i].group for i in own])))
    return Titled(
        title="Agreement on labels",
        note="The first of the two is taken as the truth for macro-F1. Opposite: calms for escalates or back, Wilson's interval. Kinds: F1 "
        "over the cue kinds of a reply, all replies together.",
        columns=(
            "readers", "language", "n", "alike", "95 % interval", "Cohen's kappa", "95 % interval (kappa)", "macro-F1",
            "95 % interval (F1)", "opposite", "95 % interval (opposite)", "F1 kinds", "95 % interval (kinds)",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def cohens_kappa(truth: Sequence[str], found: Sequence[str]) -> float | None:
    """(p_o - p_e) / (1 - p_e), Cohen, Educ. Psychol. Meas. 20 (1960) 37-46; None when both name one class only."""
    n = len(truth)
    if n < MIN_ITEMS or len({*truth, *found}) < 2:
        return None
    alike = sum(a == b for a, b in zip(truth, found, strict=True)) / n
    chance = sum(truth.count(c) * found.count(c) for c in {*truth, *found}) / (n * n)
    return (alike - chance) / (1 - chance) if chance < 1 else None


def kinds_f1(pairs: Sequence[tuple[frozenset[CueKind], frozenset[CueKind]]]) -> float | None:
    """F1 over the kinds of all items together; None where nobody marked any."""
    whole = sum(len(a) + len(b) for a, b in pairs)
    return 2 * sum(len(a & b) for a, b in pairs) / whole if whole else None


def _row(pairs: Sequence[tuple[Label, Label]], groups: Sequence[str]) -> tuple[Scalar, ...]:
    truth, found = [a.effect for a, _ in pairs], [b.effect for _, b in pairs]
    alike = [a == b for a, b in zip(truth, found, strict=True)]
    opposite = [{a, b} == set(DIRECTED) for a, b in zip(truth, found, strict=True)]
    kinds = [(a.kinds, b.kinds) for a, b in pairs]
    estimates: list[Estimate] = [
        share(alike, groups),
        bootstrap(lambda at: cohens_kappa([truth[i] for i in at], [found[i] for i in at]), groups),
        macro_f1(Pairs.of(list(zip(truth, found, groups, strict=True))), EFFECTS),
        wilson(opposite),
        bootstrap(lambda at: kinds_f1([kinds[i] for i in at]), groups),
    ]
    return (len(pairs), *itertools.chain.from_iterable(map(interval, estimates)))


def _labels(path: Path, known: Mapping[str, RatedReply]) -> Iterator[tuple[str, Label]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    seen = set[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            label = Label.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "line"
            raise ConfigError(f"{path}:{number}: {field}: {first['msg']}") from error
        if label.id not in known or label.id in seen:
            why = "stands twice" if label.id in seen else "is no reply of the cue set"
            raise ConfigError(f"{path}:{number}: id: {label.id!r} {why}")
        seen.add(label.id)
        yield label.id, label
