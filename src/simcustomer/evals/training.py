"""Learns the built-in appraiser's small model from labelled replies; ``cast/builtin/trained.py`` computes with it.

Three linear models (the effect of a reply, the direction of a sentence, the cue kinds of a sentence) and one that puts
their scores together, beside what makes hasty replies legible (``spelling.py``). What the last one learns from are scores
that the first three give to writers they have not read, because scores of replies that a model was fitted on are better
than any it will give later; only the words that count as features, and the spelling, come from all writers.

Linear models on tf-idf of letters and words are the plainest thing that generalised to another writer in another
situation: word vectors (GloVe) and Brown clusters added nothing to them (development part, leaving one writer out).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simcustomer.cast.builtin.appraiser import by_rules
from simcustomer.cast.builtin.impression import evidence, named_rules
from simcustomer.cast.builtin.legible import Legible
from simcustomer.cast.builtin.reading import Reading
from simcustomer.cast.builtin.trained import Linear, letters, without_courtesies, words
from simcustomer.domain.cues import SETTLING, UNSETTLING, Appraisal, CueKind
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.text import overlaps
from simcustomer.errors import ConfigError
from simcustomer.evals.calibration.rated import EFFECTS, RatedReply
from simcustomer.evals.shipping import block_of
from simcustomer.evals.spelling import spelling_of
from simcustomer.evals.statistics import require

SEED = 7
"""For the order in which a solver takes its rows; any number will do, the same one gives the same model."""
FOLDS = 4
"""Parts of the writers that are left out in turn: three quarters are enough to learn on, and more parts cost minutes."""
FEWEST_WRITERS = 3
"""Writers to learn from: what the models make of a stranger must be learned from at least two others."""
RARE = {"letters": 4, "words": 2}
"""Texts in which a feature must stand: once is chance, and runs of letters are many."""
KEPT = {"letters": 16_000, "words": 24_000}
"""Features kept of each block, the most frequent first: more made no difference on held-out writers."""
RARE_KIND = 12
"""Sentences in which a kind must stand to be learned at all."""
INVERSE_PENALTY = {"whole": 0.5, "part": 0.2, "kinds": 10.0, "verdict": 0.1}
"""scikit-learn's C, chosen on the development part by leaving out a fifth of the writers in turn."""
BARS = (0.12, 0.6)
"""Bounds on the chance from which a kind counts as seen: below, noise; above, nothing would ever be seen."""
TOLERANCE = 0.01
"""At which a kind's solver stops: a hundred times finer takes minutes and changes no figure."""
DIRECTIONS = ("neither", "settles", "unsettles")


@dataclass(frozen=True)
class Unit:
    """One sentence of a reply."""

    reply: int
    text: str
    kinds: frozenset[CueKind]
    seen: tuple[str, ...]

    @property
    def direction(self) -> str:
        """What it does by its labels; harm outweighs."""
        return DIRECTIONS[2 if self.kinds & UNSETTLING else 1 if self.kinds & SETTLING else 0]


@dataclass
class _Set:
    """What is learned from: replies, their sentences, and what the rules saw in them."""

    replies: list[RatedReply] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    seen: list[Appraisal] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)

    def add(self, reply: RatedReply, persona: Persona | None, legible: Legible) -> None:
        reading = legible.reading(Reading.of(reply.reply), [said.text for said in reply.history])
        rules = by_rules(persona, reply.language, reply.history, reading)
        for sentence in reading.sentences:
            quote = reading.quote(sentence)
            kinds = frozenset(cue.kind for cue in reply.cues if overlaps(quote, cue.quote))
            text = reading.text[sentence.start : sentence.end]
            self.units.append(Unit(len(self.replies), text, kinds, named_rules(rules, quote)))
        self.replies.append(reply)
        self.texts.append(reading.text)
        self.seen.append(rules)


class Features:
    """Texts as rows of numbers, by the blocks of ``trained.Linear``: letters, words and what the rules saw."""

    def __init__(self, texts: Sequence[str], seen: Sequence[Sequence[str]]) -> None:
        from scipy.sparse import hstack
        from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

        cut = {"letters": lambda text: list(letters(text)), "words": lambda text: list(words(text))}
        self.blocks = {
            name: TfidfVectorizer(
                analyzer=cut[name], min_df=RARE[name], max_features=KEPT[name], sublinear_tf=True
            )
            for name in cut
        }
        self.rules = CountVectorizer(analyzer=list, binary=True) if any(seen) else None
        parts = [block.fit_transform(texts) for block in self.blocks.values()]
        parts += [self.rules.fit_transform(seen)] if self.rules else []
        self.rows = hstack(parts).tocsr()

    def document(self, model: Any, labels: Sequence[str]) -> dict[str, Any]:
        """A model that was fitted on these rows, in the form in which it ships."""
        weights, offsets = _coefficients(model)
        data: dict[str, Any] = {"labels": list(labels), "offsets": _rounded(offsets)}
        start = 0
        for name, block in self.blocks.items():
            features = block.get_feature_names_out()
            data[name] = block_of(features, block.idf_, weights[:, start : start + len(features)])
            start += len(features)
        names = self.rules.get_feature_names_out() if self.rules else ()
        data["seen"] = block_of(names, [1.0] * len(names), weights[:, start:])
        return data


def learned(replies: Sequence[RatedReply], persona_of: Any, language: Language) -> dict[str, Any]:
    """The model of one language, in the form in which it ships. ``persona_of`` is ``Library.persona``.

    Raises ``ConfigError`` when there is too little to learn from.
    """
    require()
    own = [reply for reply in replies if reply.language == language]
    spelling = spelling_of(own)
    legible = Legible(spelling["known"], Linear.read(spelling["breaks"]))
    data = _Set()
    for reply in own:
        data.add(reply, persona_of(reply.persona, language) if reply.persona else None, legible)
    writers = [reply.slices.get("writer", "") for reply in data.replies]
    _require_enough(data, writers, language)
    tasks = _tasks(data)
    strange = _scores_of_strangers(tasks, writers)
    return {
        "source": {
            "replies": len(data.replies),
            "writers": sorted(set(writers)),
            "sentences": len(data.units),
        },
        **{name: task.features.document(task.fitted(None), task.labels) for name, task in tasks.items()},
        "bars": _bars(data.units, [CueKind(kind) for kind in tasks["kinds"].labels], strange["kinds"]),
        "verdict": _verdict(data, strange),
        **spelling,
    }


def packed(document: dict[str, Any]) -> bytes:
    """The file's bytes; the same document always gives the same ones."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def _require_enough(data: _Set, writers: Sequence[str], language: Language) -> None:
    """Writers, sentences of one kind, and whoever is left out, every effect and direction among the others."""
    if len(set(writers)) < FEWEST_WRITERS:
        raise ConfigError(f"{language}: {len(set(writers))} writers; at least {FEWEST_WRITERS} are needed")
    if not _learnable(data.units):
        raise ConfigError(f"{language}: no cue kind stands in {RARE_KIND} sentences; label more replies")
    of_reply = [(own, reply.effect) for own, reply in zip(writers, data.replies, strict=True)]
    of_unit = [(writers[unit.reply], unit.direction) for unit in data.units]
    for part in _parts(writers):
        for rows, labels in ((of_reply, EFFECTS), (of_unit, DIRECTIONS)):
            if lacking := sorted(set(labels) - {label for own, label in rows if own not in part}):
                who = ", ".join(part)
                raise ConfigError(
                    f"{language}: nothing is labelled {lacking[0]!r} but by {who}; label more replies"
                )


def _parts(writers: Sequence[str]) -> list[list[str]]:
    """The writers that are left out together."""
    names = sorted(set(writers))
    return [names[start::FOLDS] for start in range(min(FOLDS, len(names)))]


# --- the steps ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Task:
    """One model to be fitted: rows, truth, and to which reply each row belongs."""

    name: str
    features: Features
    truth: Any
    labels: tuple[str, ...]
    reply_of: Any

    def fitted(self, replies: Sequence[int] | None) -> Any:
        """Fitted on the rows of these replies, or on all."""
        import numpy as np
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.svm import LinearSVC

        rows = slice(None) if replies is None else np.isin(self.reply_of, replies)
        penalty = INVERSE_PENALTY[self.name]
        if self.name == "kinds":
            one = LogisticRegression(
                C=penalty, solver="liblinear", dual=True, tol=TOLERANCE, max_iter=300, random_state=SEED
            )
            return OneVsRestClassifier(one).fit(self.features.rows[rows], self.truth[rows])
        model = LinearSVC(C=penalty, class_weight="balanced", random_state=SEED)
        return model.fit(self.features.rows[rows], self.truth[rows])


def _tasks(data: _Set) -> dict[str, _Task]:
    import numpy as np

    kinds = _learnable(data.units)
    seen = [sorted(cue.value for cue in rules.kinds()) for rules in data.seen]
    replies = Features([without_courtesies(text) for text in data.texts], seen)
    texts, names = [unit.text for unit in data.units], [unit.seen for unit in data.units]
    parts, sentences = Features([without_courtesies(text) for text in texts], names), Features(texts, names)
    unit_of = np.array([unit.reply for unit in data.units])
    effects = np.array([reply.effect for reply in data.replies])
    directions = np.array([unit.direction for unit in data.units])
    table = np.array([[kind in unit.kinds for kind in kinds] for unit in data.units])
    labels = tuple(kind.value for kind in kinds)
    return {
        "whole": _Task("whole", replies, effects, tuple(sorted(EFFECTS)), np.arange(len(effects))),
        "part": _Task("part", parts, directions, DIRECTIONS, unit_of),
        "kinds": _Task("kinds", sentences, table, labels, unit_of),
    }


def _scores_of_strangers(tasks: dict[str, _Task], writers: Sequence[str]) -> dict[str, Any]:
    """Scores of each reply and sentence, of kinds their chances, by models that have not read its writer."""
    import numpy as np

    found = {name: np.zeros((len(task.reply_of), len(task.labels))) for name, task in tasks.items()}
    for part in _parts(writers):
        strange = [i for i, own in enumerate(writers) if own in part]
        known = [i for i, own in enumerate(writers) if own not in part]
        for name, task in tasks.items():
            asked = np.isin(task.reply_of, strange)
            found[name][asked] = task.fitted(known).decision_function(task.features.rows[asked])
    found["kinds"] = 1.0 / (1.0 + np.exp(-found["kinds"]))
    return found


def _verdict(data: _Set, outside: dict[str, Any]) -> dict[str, Any]:
    """How the scores of a reply, of its sentences and of the rules count together."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    by_reply: dict[int, list[int]] = {}
    for i, unit in enumerate(data.units):
        by_reply.setdefault(unit.reply, []).append(i)
    values = np.array(
        [
            evidence(outside["whole"][n], outside["part"][units], outside["kinds"][units])
            for n, units in by_reply.items()
        ]
    )
    means, spreads = values.mean(axis=0), values.std(axis=0) + 1e-9
    model = LogisticRegression(C=INVERSE_PENALTY["verdict"], max_iter=3000, class_weight="balanced")
    model.fit((values - means) / spreads, [data.replies[n].effect for n in by_reply])
    return {
        "labels": list(model.classes_),
        "offsets": _rounded(model.intercept_),
        "means": _rounded(means),
        "spreads": _rounded(spreads),
        "weights": [_rounded(row) for row in model.coef_],
    }


def _bars(units: Sequence[Unit], kinds: Sequence[CueKind], chances: Any) -> dict[str, float]:
    """For each kind the chance from which taking it for seen was right most often (highest F1 on strange situations)."""
    import numpy as np

    steps = np.arange(*BARS, 0.02)
    bars = {}
    for place, kind in enumerate(kinds):
        truth = np.array([kind in unit.kinds for unit in units])
        f1 = [
            2 * (truth & p).sum() / (truth.sum() + p.sum()) for p in (chances[:, place] >= s for s in steps)
        ]
        bars[kind.value] = round(float(steps[int(np.argmax(f1))]), 2)
    return bars


def _learnable(units: Sequence[Unit]) -> list[CueKind]:
    counts = {kind: sum(kind in unit.kinds for unit in units) for kind in CueKind}
    return [kind for kind, count in counts.items() if count >= RARE_KIND]


def _coefficients(model: Any) -> tuple[Any, Any]:
    """Weights (labels x features) and offsets of a fitted model."""
    import numpy as np

    if not hasattr(model, "estimators_"):
        return model.coef_, model.intercept_
    return np.vstack([each.coef_ for each in model.estimators_]), [
        each.intercept_[0] for each in model.estimators_
    ]


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 4) for value in values]
