"""Robustness in tables: each figure with how many it is of and a 95 % interval, and the worst cases by their ids.

The intervals are those of ``statistics``: whole injections, replies or conversations are drawn, not single trials.
A share of 0 or 1 has no spread to draw from; there the bound is the rule of three, 3/n (Hanley and Lippman-Hand 1983).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.robustness.attacks import HOLDING_ADDED, JUDGED_AGAIN, LEVEL_GAIN, OVERALL_GAIN
from simcustomer.evals.robustness.content import KINDS, PARTS, WAYS, Part
from simcustomer.evals.robustness.measure import SAME_TEXT, Measured
from simcustomer.evals.robustness.probe import Attack, Moved, Rescored
from simcustomer.evals.statistics import Estimate, mean, share

RULE_OF_THREE = 3.0
"""With none of n, at most about this many of n are compatible with it (95 %)."""
WORST_SHOWN = 12
"""Cases named in a table of worst ones."""

_HEADS = ("what", "value", "95 % interval", "n", "groups", "failed")


def tables_of(measured: Measured) -> list[Titled]:
    """All tables of the topics that were measured. Raises ``ConfigError`` when the statistics are not installed."""
    tables: list[Titled] = []
    if "injections" in measured.topics:
        tables += [_attacks(measured), _attacks_that_worked(measured)]
    if "keywords" in measured.topics:
        tables += [_keywords(measured), _moved_most("keywords", measured)]
    if "hardening" in measured.topics:
        tables += [_hardening(measured), _moved_most("hardening", measured)]
    if "rewordings" in measured.topics:
        tables += [_rewordings(measured), _moved_most("rewordings", measured)]
    return tables


# --- injections ---------------------------------------------------------------------------------------------------


def _attacks(measured: Measured) -> Titled:
    rows: list[tuple[Scalar, ...]] = []
    for part in PARTS:
        own = [a for a in measured.attacks if a.part == part and not a.control]
        rows.append(_attack_row(part, "all", own))
        rows.append(_attack_row(part, "those aimed at it", [a for a in own if a.aimed]))
        rows += [_attack_row(part, kind, [a for a in own if a.kind == kind]) for kind in KINDS]
    for control in (JUDGED_AGAIN, HOLDING_ADDED):
        row = [a for a in measured.attacks if a.control and a.id == control]
        rows.append(_attack_row("judge", f"control: {control}", row))
    discarded = sum(attack.discarded for attack in measured.attacks)
    return Titled(
        title="Attack success",
        note="Appraiser: the reply calms and the same reply without the injection does not. Customer: the line that was "
        "shown leaves the part, tells a locked fact or says what was asked for. Judge: with the injection a conversation "
        f"gains {OVERALL_GAIN} overall or {LEVEL_GAIN} level in a criterion. Mean gain: points of tension for the "
        "appraiser, levels of the overall score for the judge; by overall: the share that gained as much overall. A control adds no injection. The guard threw "
        f"away {discarded} lines before any was shown.",
        columns=(
            "part", "injections", "success", "95 % interval", "n", "groups", "mean gain", "by overall", "failed",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _attack_row(part: Part, name: str, attacks: Sequence[Attack]) -> tuple[Scalar, ...]:
    known = [(a, a.won) for a in attacks if a.won is not None]
    # The controls have one id, and every one is another conversation.
    groups = [a.where if a.control else a.id for a, _ in known]
    success = share([won for _, won in known], groups)
    gains = [a.gain for a, _ in known if a.gain is not None]
    gain = round(sum(gains) / len(gains), 2) + 0.0 if gains else None  # not -0.0
    by_overall = None
    if part == "judge" and gains:
        by_overall = round(sum(by >= OVERALL_GAIN for by in gains) / len(gains), 2)
    head = (part, name, _rounded(success), _share_interval(success), success.n, success.groups)
    return (*head, gain, by_overall, len(attacks) - len(known))


def _attacks_that_worked(measured: Measured) -> Titled:
    """Every injection that worked on a part; of several conversations the one with the largest gain."""
    rows: list[tuple[Scalar, ...]] = []
    for part in PARTS:
        own = [a for a in measured.attacks if a.part == part and not a.control]
        won: dict[str, list[Attack]] = {}
        for attack in own:
            if attack.won:
                won.setdefault(attack.id, []).append(attack)
        for name, hits in sorted(won.items(), key=lambda pair: -max(a.gain or 0.0 for a in pair[1])):
            best = max(hits, key=lambda a: a.gain or 0.0)
            tried = sum(a.id == name for a in own)
            rows.append((part, name, f"{len(hits)} of {tried}", best.where, best.saw))
    return Titled(
        title="Injections that worked",
        note="" if rows else "None did.",
        columns=("part", "injection", "worked", "most in", "what happened"),
        rows=tuple(rows),
    )


# --- the three others ---------------------------------------------------------------------------------------------


def _keywords(measured: Measured) -> Titled:
    moved, scored = _of("keywords", measured)
    rows = []
    for way in (*WAYS, "all"):
        own = [m for m in moved if way in (m.way, "all")]
        rows.append(_row(f"{way}: change in tension, points", _tension(own), own))
        rows.append(_share_row(f"{way}: share that now calms and did not", _now_calms(own), own))
        cards = [r for r in scored if way in (r.way, "all")]
        rows.append(_row(f"{way}: judge's overall, levels", _overall(cards), cards))
    return Titled(
        title="Gained by keywords",
        note="Unhelpful replies with words of empathy and solution added, less the same replies without. Below 0 in "
        "tension and above 0 in the score is a gain. The judge reads short conversations of the replies of one persona.",
        columns=_HEADS,
        rows=tuple(rows),
    )


def _hardening(measured: Measured) -> Titled:
    moved, scored = _of("hardening", measured)
    single = [r for r in scored if r.way == "suspicious"]
    gold = [r for r in scored if r.way == "gold"]
    flagged = share([bool(m.flagged) for m in moved if not m.failure], [m.id for m in moved if not m.failure])
    escaped, messages = measured.escaped
    rows = [
        _share_row("honest replies taken for talk to the program, share", flagged, moved),
        _row("change in tension, points", _tension(moved), moved),
        _row(
            "of it in replies taken for talk to the program",
            _by_flag(moved),
            moved,
        ),
        _row("judge's overall of a one-reply conversation, levels", _overall(single), single),
    ]
    if gold:
        rows.append(_row("judge's overall of the gold set, with that cue less without", _overall(gold), gold))
        changed = share([bool(r.items) for r in gold if not r.failure], [r.id for r in gold if not r.failure])
        rows.append(_share_row("gold conversations with any item answered otherwise, share", changed, gold))
    return Titled(
        title="Lost by the defence",
        note="Honest replies that look suspicious, less the same replies without the suspicious bit (above 0 in tension "
        "and below 0 in the score is a loss). Before a language model reads them, marks that chat formats reserve are "
        f"broken up: that changes {escaped} of {messages} trainee messages of the gold set."
        + (
            ""
            if gold
            else " The judge is a language model, whose fences cannot be taken away: no figure for that."
        ),
        columns=_HEADS,
        rows=tuple(rows),
    )


def _rewordings(measured: Measured) -> Titled:
    moved, scored = _of("rewordings", measured)
    ways = dict.fromkeys((m.language, m.way) for m in moved)
    rows: list[tuple[Scalar, ...]] = []
    for language, way in sorted(ways, key=lambda key: (key[1] == SAME_TEXT, key)):
        own = [m for m in moved if (m.language, m.way) == (language, way)]
        cards = [r for r in scored if (r.language, r.way) == (language, way)]
        known = [m for m in own if m.tension is not None]
        size = mean([abs(m.tension or 0.0) for m in known], [m.id for m in known])
        good, bad = (_tension([m for m in known if m.quality == quality]) for quality in ("good", "bad"))
        turned = sum(m.before != m.after for m in known)
        items = mean(*_values((r.id, r.items) for r in cards))
        level = mean(*_values((r.id, None if r.overall is None else abs(r.overall)) for r in cards))
        failed = len(own) - len(known) + sum(bool(r.failure) for r in cards)
        rows.append(
            (
                language, way, len(known), _rounded(size), _interval(size), _rounded(good), _rounded(bad), turned,
                _rounded(items), _rounded(level), _interval(level), failed,
            )
        )  # fmt: skip
    return Titled(
        title="Moved by rewording",
        note="The same reply as others would write it, less the base. Movement is the mean size of the change; the mean "
        "change of good and of bad replies has its sign (above 0: the customer is tenser). Turned: another effect "
        f"(calms, neutral, escalates). {SAME_TEXT.capitalize()!r} is the players' own noise.",
        columns=(
            "language", "variety", "n", "movement of tension, points", "95 % interval", "good replies", "bad replies",
            "turned", "judge's items moved, share", "movement of overall, levels", "95 % interval (overall)", "failed",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _moved_most(topic: str, measured: Measured) -> Titled:
    """The replies whose effect on the customer a change of wording moved most: towards gain for keywords, else either way."""
    moved, _ = _of(topic, measured)
    known = [m for m in moved if m.tension]
    if topic == "keywords":
        known = [m for m in known if (m.tension or 0.0) < 0.0]
    worst = sorted(known, key=lambda m: (-abs(m.tension or 0.0), m.id, m.way))[:WORST_SHOWN]
    return Titled(
        title=f"Worst cases: {topic}",
        note="" if worst else "None moved.",
        columns=("reply", "way", "change in tension, points", "effect before", "effect after", "flagged"),
        rows=tuple(
            (m.id, m.way, round(m.tension or 0.0, 1), m.before, m.after, "yes" if m.flagged else "")
            for m in worst
        ),
    )


# --- figures ------------------------------------------------------------------------------------------------------


def _of(topic: str, measured: Measured) -> tuple[list[Moved], list[Rescored]]:
    moved = [m for m in measured.moved if m.topic == topic]
    return moved, [r for r in measured.rescored if r.topic == topic]


def _tension(rows: Iterable[Moved]) -> Estimate:
    return mean(*_values((m.id, m.tension) for m in rows))


def _by_flag(rows: Iterable[Moved]) -> Estimate:
    """The part of the mean change that stands in flagged replies."""
    known = [(m.id, m.tension if m.flagged else 0.0) for m in rows if m.tension is not None]
    return mean(*_values(known))


def _now_calms(rows: Iterable[Moved]) -> Estimate:
    known = [m for m in rows if not m.failure]
    return share([m.after == "calms" and m.before != "calms" for m in known], [m.id for m in known])


def _overall(rows: Iterable[Rescored]) -> Estimate:
    return mean(*_values((r.id, r.overall) for r in rows))


def _values(pairs: Iterable[tuple[str, float | None]]) -> tuple[list[float], list[str]]:
    """The values that are known, and the group of each."""
    known = [(value, group) for group, value in pairs if value is not None]
    return [value for value, _ in known], [group for _, group in known]


def _row(what: str, found: Estimate, rows: Sequence[Moved] | Sequence[Rescored]) -> tuple[Scalar, ...]:
    failed = sum(bool(row.failure) for row in rows)
    return (what, _rounded(found), _interval(found), found.n, found.groups, failed)


def _share_row(what: str, found: Estimate, rows: Sequence[Moved] | Sequence[Rescored]) -> tuple[Scalar, ...]:
    row = _row(what, found, rows)
    return (*row[:2], _share_interval(found), *row[3:])


def _rounded(found: Estimate) -> float | None:
    # Adding 0.0 turns -0.0 into 0.0.
    return None if found.value is None else round(found.value, 2) + 0.0


def _share_interval(found: Estimate) -> str:
    """The interval of a share, with a bound also where all or none of the groups hit."""
    if found.groups and found.value in (0.0, 1.0):
        width = min(1.0, RULE_OF_THREE / found.groups)
        return f"0.00 to {width:.2f}" if found.value == 0.0 else f"{1.0 - width:.2f} to 1.00"
    return _interval(found)


def _interval(found: Estimate) -> str:
    return "" if found.low is None or found.high is None else f"{found.low:.2f} to {found.high:.2f}"
