"""The built-in judge on the gold set: does it order conversations as their scorers do, and what does it leave open?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from simcustomer.cast.parts import Judge
from simcustomer.domain.rubric import Answer, Rubric
from simcustomer.evals.calibration.cases import Case, cases_of
from simcustomer.evals.calibration.judge import CriterionFigures, judge_figures
from simcustomer.evals.calibration.judgements import Judged
from simcustomer.evals.calibration.rated import read_labelled
from simcustomer.evals.fidelity.cells import interval, ratio
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.judging import judge_once

LANGUAGES = ("en", "es")


async def gold_cases(folder: Path, rubric: Rubric, rubric_hash: str, judge: Judge) -> list[Case]:
    """The gold set judged once, beside its two passes of scores. Raises ``ConfigError`` or ``ModelError``."""
    labelled = read_labelled(
        [folder / f"conversations.{language}.jsonl" for language in LANGUAGES],
        rubric,
        ratings=[folder / f"scores.{name}.jsonl" for name in ("a", "b")],
    )
    judged = Judged(judge=judge.name)
    for given in labelled.conversations:
        judgement = await judge_once(judge, rubric, given.utterances, given.language)
        judged.passes[given.id] = [judgement]
    return cases_of(rubric, rubric_hash, labelled.conversations, judged)


def tables_of(rubric: Rubric, cases: Sequence[Case]) -> list[Titled]:
    """Order over the whole and by criterion, and the items that were decided and left open."""
    figures = judge_figures(rubric, cases)
    whole = {
        "overall with the scorers' overall, Spearman": figures.overall,
        "composite, Spearman": figures.composite["combined"],
        "mean weighted kappa": figures.mean_kappa["combined"],
        "one scorer with the other, composite, Spearman": figures.raters_composite,
        "trainee's words with the judge's composite, Spearman": figures.words_with_judge,
    }
    return [
        Titled(
            title="Order of the gold set",
            note=f"{figures.conversations} conversations, {figures.raters} passes of scores. Composite: mean over the criteria by weight, not "
            "rounded.",
            columns=("figure", "value", "95 % interval", "n"),
            rows=tuple((name, *interval(e, 2), e.n) for name, e in whole.items()),
        ),
        _criteria(figures.criteria, cases),
        _open_items(cases),
    ]


def _criteria(figures: Sequence[CriterionFigures], cases: Sequence[Case]) -> Titled:
    rows: list[tuple[Scalar, ...]] = [
        (c.id, *interval(c.spearman["combined"], 2), c.spearman["combined"].n, *_decided(cases, c.id), c.unscored)
        for c in figures
    ]  # fmt: skip
    rows.append(("all", "-", "-", "-", *_decided(cases, None), sum(c.unscored for c in figures)))
    return Titled(
        title="By criterion, and what the judge left open",
        note="Decided: answered met, not met or not applicable. Left open: it says that no cue decides this item.",
        columns=(
            "criterion", "Spearman", "95 % interval", "n", "items asked", "decided", "left open", "share decided", "without level",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _decided(cases: Sequence[Case], criterion: str | None) -> tuple[Scalar, ...]:
    """Items asked, decided, left open, and the share decided."""
    answers = [
        item.answer
        for case in cases
        for name, verdict in case.card.criteria.items()
        if criterion in (name, None)
        for item in verdict.items
    ]
    left = answers.count(Answer.UNSCORED)
    return len(answers), len(answers) - left, left, ratio(len(answers) - left, len(answers))


def _open_items(cases: Sequence[Case]) -> Titled:
    """The items that are left open, the most often first."""
    left = Counter(
        (criterion, item.id)
        for case in cases
        for criterion, verdict in case.card.criteria.items()
        for item in verdict.items
        if item.answer is Answer.UNSCORED
    )
    rows = sorted(left.items(), key=lambda pair: (-pair[1], pair[0]))
    return Titled(
        title=f"Items left open (of {len(cases)} conversations each)",
        note="" if rows else "None.",
        columns=("criterion", "item", "left open"),
        rows=tuple((criterion, item, count) for (criterion, item), count in rows),
    )
