"""A calibration in tables, for the terminal and for the page of a run. Intervals are 95 %, bootstrapped over groups."""

from __future__ import annotations

from collections.abc import Sequence

from simcustomer.evals.calibration.appraiser import AppraiserReport
from simcustomer.evals.calibration.cases import VIEWS, View
from simcustomer.evals.calibration.drift import Accepted, Drifted, Failure
from simcustomer.evals.calibration.fit import Change, Fit, HeldOut
from simcustomer.evals.calibration.judge import JudgeFigures, JudgeReport
from simcustomer.evals.calibration.rated import EFFECTS
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.statistics import LEVELS, Estimate

NOT_DEFINED = "–"
"""Stands where a figure is not defined (fewer than three items, or no variation)."""
TROUBLES_SHOWN = 10
"""Items with trouble in the table; the JSON has them all."""
FAILURES_SHOWN = 10
"""Failures in the table; the JSON has them all."""

_VIEW_NAMES: dict[View, str] = {
    "combined": "items and anchored level, mixed as the rubric says",
    "items": "items alone",
    "anchored": "anchored levels alone",
}


def judge_tables(report: JudgeReport) -> list[Titled]:
    """Criteria, the whole, confusions, items with trouble, failures."""
    figures = report.figures
    tables = [_criteria(report), _whole(figures), _confusions(figures), _troubles(figures)]
    return [table for table in [*tables, _failures(report.failures)] if table.rows]


def appraiser_tables(report: AppraiserReport) -> list[Titled]:
    """The figures, the confusion and the failures of an appraiser."""
    f = report.figures
    named = {
        "macro-F1 (classes that occur)": f.macro_f1,
        "macro-F1 where the label has a direction": f.directed_macro_f1,
        "accuracy": f.accuracy,
        "right direction, of those with one": f.direction,
        "wrong way (calms for escalates or back)": f.wrong_way,
    }
    rows: list[tuple[Scalar, ...]] = [(name, cell(e), e.n, e.groups) for name, e in named.items()]
    rows.append(
        ("macro-F1 of always naming the commonest class", f"{f.majority_floor:.2f}", f.replies, f.groups)
    )
    figures = Titled(
        title=f"Appraiser {report.appraiser} on {', '.join(report.data)}",
        note=_note(report.unlabelled, report.failures),
        columns=("figure", "value [95 % interval]", "n", "groups"),
        rows=tuple(rows),
    )
    confused = Titled(
        title="Effects: labels in rows, appraiser in columns",
        columns=("label", *EFFECTS),
        rows=tuple((effect, *row) for effect, row in zip(EFFECTS, f.confusion, strict=True)),
    )
    return [table for table in (figures, confused, _failures(report.failures)) if table.rows]


def fit_tables(fit: Fit) -> list[Titled]:
    """The learned tables, and what they gain where they were not fitted."""
    learned = Titled(
        title="Learned on everything",
        note=f"Weight of the anchored level: {fit.before:g} before, {fit.fitted.anchored_share:g} now. "
        "A cutoff above 1 is a level that no share earns.",
        columns=("criterion", "share for 2", "3", "4", "5"),
        rows=tuple((name, *(f"{c:.3f}" for c in table)) for name, table in fit.fitted.cutoffs.items())
        + tuple((f"{name}: kept, {why}", "", "", "", "") for name, why in fit.fitted.kept.items()),
    )
    return [
        learned,
        _held_out("Out of fold (five folds by group)", fit.out_of_fold),
        _held_out("Fitted on one half of the groups, reported on the other", fit.half),
    ]


def drift_table(accepted: Accepted, now: Accepted, drift: Sequence[Drifted]) -> Titled:
    """The figures that left their accepted interval, and what else differs between the two runs."""
    changed = [
        f"{name}: {was} then, {is_now} now"
        for name in ("player", "rubric_hash", "prompt_hash")
        if (was := getattr(accepted, name)) != (is_now := getattr(now, name))
    ]
    return Titled(
        title="Figures outside their accepted interval"
        if drift
        else "All figures lie in their accepted intervals",
        note="; ".join(changed),
        columns=("figure", "accepted", "now", "lies"),
        rows=tuple(
            (
                d.figure,
                f"{d.accepted:.2f} [{d.low:.2f}, {d.high:.2f}]",
                d.now if d.now is not None else NOT_DEFINED,
                d.way,
            )
            for d in drift
        ),
    )


def cell(estimate: Estimate | None) -> str:
    """``.60 [.37, .75]`` with leading zeros, or a dash."""
    if estimate is None or estimate.value is None:
        return NOT_DEFINED
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _criteria(report: JudgeReport) -> Titled:
    figures = report.figures
    return Titled(
        title=f"Judge {report.judge} on rubric {report.rubric}, {', '.join(report.data)}",
        note=f"{figures.conversations} conversations in {figures.groups} groups, {figures.passes} passes, "
        f"{figures.raters} raters. {_note(report.unlabelled, report.failures)} {_log_note(report)}".strip(),
        columns=(
            "criterion", "n", "weighted kappa", "Spearman", "exact", "within 1", "raters' kappa", "alpha of raters",
            "alpha with judge", "self kappa", "no level", "not rated",
        ),
        rows=tuple(
            (
                c.id, c.exact.n, cell(c.kappa["combined"]), cell(c.spearman["combined"]), cell(c.exact),
                cell(c.within_one), cell(c.raters_kappa), cell(c.alpha_raters), cell(c.alpha_with_judge),
                cell(c.self_kappa), c.unscored, c.unrated,
            )
            for c in figures.criteria
        ),
    )  # fmt: skip


def _whole(figures: JudgeFigures) -> Titled:
    rows: list[tuple[str, Estimate | None]] = []
    rows += [(f"mean weighted kappa, {_VIEW_NAMES[view]}", figures.mean_kappa[view]) for view in VIEWS]
    rows.append(("mean weighted kappa, each rater with the median of the others", figures.raters_mean_kappa))
    rows += [(f"composite, Spearman, {_VIEW_NAMES[view]}", figures.composite[view]) for view in VIEWS]
    rows.append(("composite, Spearman, each rater with the mean of the others", figures.raters_composite))
    rows.append(("overall score with raters' overall, Spearman", figures.overall))
    rows.append(("mean weighted kappa between passes", figures.self_mean_kappa))
    rows.append(("same answer to an item in two passes", figures.same_answers))
    rows.append(("trainee's words with raters' overall, Spearman", figures.words_with_raters))
    rows.append(("trainee's words with the judge's composite, Spearman", figures.words_with_judge))
    return Titled(
        title="The whole",
        note="Composite: mean over the criteria by weight, not rounded, scales turned so that 5 is good.",
        columns=("figure", "value [95 % interval]", "n"),
        rows=tuple((name, cell(e), e.n) for name, e in rows if e is not None and e.n),
    )


def _confusions(figures: JudgeFigures) -> Titled:
    rows: list[tuple[Scalar, ...]] = []
    for criterion in figures.criteria:
        for level, row in zip(LEVELS, criterion.confusion, strict=True):
            if any(row):
                rows.append((criterion.id, level, *row))
    return Titled(
        title="Levels: raters' median in rows, judge in columns",
        columns=("criterion", "raters", *map(str, LEVELS)),
        rows=tuple(rows),
    )


def _troubles(figures: JudgeFigures) -> Titled:
    worst = figures.troubles[:TROUBLES_SHOWN]
    more = len(figures.troubles) - len(worst)
    return Titled(
        title=f"Items left unscored, or answered differently by two passes (of {figures.conversations} conversations)",
        note=f"and {more} more items" if more else "",
        columns=("item", "unscored", "split"),
        rows=tuple((item.id, item.unscored, item.split) for item in worst),
    )


def _failures(failures: Sequence[Failure]) -> Titled:
    more = len(failures) - FAILURES_SHOWN
    return Titled(
        title=f"Failures: {len(failures)}, in no figure",
        note=f"and {more} more" if more > 0 else "",
        columns=("id", "pass", "reason"),
        rows=tuple((f.id, f.repeat, f.reason) for f in failures[:FAILURES_SHOWN]),
    )


def _held_out(title: str, held: HeldOut) -> Titled:
    changes: list[tuple[str, Change]] = []
    for name, change in held.kappa.items():
        changes += [(f"{name}, kappa", change), (f"{name}, Spearman", held.spearman[name])]
    changes += [("mean weighted kappa", held.mean_kappa), ("composite, Spearman", held.composite)]
    shares = ", ".join(f"{share:g}" for share in held.anchored_shares)
    return Titled(
        title=f"{title}: {held.conversations} conversations that were not fitted on",
        note=f"Weight of the anchored level, chosen without them: {shares}.",
        columns=("figure", "n", "before", "after", "gain"),
        rows=tuple(
            (
                name,
                change.after.n,
                cell(change.before),
                cell(change.after),
                cell(change.gain) if change.gain else "",
            )
            for name, change in changes
        ),
    )


def _note(unlabelled: int, failures: Sequence[Failure]) -> str:
    return f"{len(failures)} failures, {unlabelled} lines without a label: in no figure."


def _log_note(report: JudgeReport) -> str:
    notes = []
    if report.stale:
        notes.append(
            f"{report.stale} judgements of the log answer other questions or prompts and were not used."
        )
    if report.other_rubric:
        notes.append(f"{report.other_rubric} judgements were made with another version of the rubric file.")
    return " ".join(notes)
