"""What the scorecard page shows: the story in a sentence, effects by reply, criteria with proof, marked transcript."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simcustomer.domain.affect import UPSET_FROM
from simcustomer.domain.conversation import Conversation, Outcome
from simcustomer.domain.persona import Band
from simcustomer.domain.rubric import Answer, Criterion, Feedback, Item, Rubric, Scorecard, Verdict
from simcustomer.store.records import ConversationRecord, ScorecardRecord
from simcustomer.web.charts import curve
from simcustomer.web.language import N_
from simcustomer.web.talk import Versions, initials, messages_of, points_between
from simcustomer.web.words import LEVELS

LANE_LIMIT = 6
"""Most turns whose effects stand in columns under the curve; more are a list."""
SHOWN_EFFECTS = 4
"""Effects shown for one reply before the rest is folded away."""
TOLD_FROM = 5
"""Points of tension from which a single reply is worth naming in the story: a quarter of a band."""


@dataclass(frozen=True)
class Told:
    """A sentence for the page: a text of the catalogue and what it is filled with."""

    text: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """What one reply did: whole points of tension, and each cue's share in points with one decimal."""

    turn: int
    change: int
    before: Band
    after: Band
    effects: tuple[tuple[str, str, float], ...]

    @property
    def strongest(self) -> str:
        """The cue that pulled most in the direction of the change, or nothing."""
        sign = 1 if self.change > 0 else -1
        pulls = [effect for effect in self.effects if effect[2] * sign > 0]
        return max(pulls, key=lambda effect: abs(effect[2]))[0] if pulls else ""


@dataclass(frozen=True)
class Row:
    """A criterion with its verdict: what its level means, or why it has none."""

    criterion: Criterion
    verdict: Verdict
    items: Mapping[str, Item]
    anchor: str
    open: Told

    @property
    def applied(self) -> bool:
        """False when there was no occasion for any of it."""
        return any(item.answer is not Answer.NOT_APPLICABLE for item in self.verdict.items)


def steps_of(talk: Conversation) -> list[Step]:
    """What each reply did."""
    before, steps = talk.start, []
    for turn in talk.turns:
        effects = tuple((e.cue, e.quote, round(e.delta, 1)) for e in turn.effects if round(e.delta, 1))
        change = points_between(before, turn.affect)
        steps.append(Step(turn.index, change, before.band, turn.affect.band, effects))
        before = turn.affect
    return steps


def headline(talk: Conversation, steps: Sequence[Step]) -> Told:
    """What happened, in one sentence that the numbers bear out."""
    name = talk.persona.first_name
    best = min(steps, key=lambda step: step.change, default=None)
    worst = max(steps, key=lambda step: step.change, default=None)
    start, end = talk.start.tension, talk.affect.tension
    if best is None or worst is None:
        return Told(N_("You ended it before the first reply."), {})
    if talk.outcome is Outcome.RESOLVED:
        high = max(start, *(turn.affect.tension for turn in talk.turns))
        turned = high >= UPSET_FROM and -best.change >= TOLD_FROM
        text = (
            N_("You turned it around at turn %(turn)s.")
            if turned
            else N_("%(name)s left with what they needed.")
        )
        return Told(text, {"turn": best.turn, "name": name})
    if talk.outcome is Outcome.BOUNDARY:
        return Told(N_("You drew the line, and closed with respect."), {})
    if talk.outcome in (Outcome.LEFT, Outcome.SUPERVISOR) and worst.change >= TOLD_FROM:
        return Told(N_("You lost %(name)s at turn %(turn)s."), {"name": name, "turn": worst.turn})
    if end <= start - TOLD_FROM:
        return Told(N_("%(name)s ended calmer than they came."), {"name": name})
    if end >= start + TOLD_FROM:
        return Told(N_("%(name)s ended more upset than they came."), {"name": name})
    return Told(N_("%(name)s ended much as they came."), {"name": name})


def story(talk: Conversation, steps: Sequence[Step]) -> list[Told]:
    """The best and the worst reply, each in a sentence."""
    told = []
    name = talk.persona.first_name
    best = min(steps, key=lambda step: step.change, default=None)
    worst = max(steps, key=lambda step: step.change, default=None)
    if best and best.change <= -TOLD_FROM:
        told.append(
            Told(
                N_("Your reply at turn %(turn)s helped most: %(name)s went down by %(points)s points."),
                {"turn": best.turn, "name": name, "points": -best.change, "cue": best.strongest},
            )
        )
    if worst and worst.change >= TOLD_FROM:
        told.append(
            Told(
                N_("Turn %(turn)s cost you most: up by %(points)s points."),
                {"turn": worst.turn, "name": name, "points": worst.change, "cue": worst.strongest},
            )
        )
    return told


def rows_of(rubric: Rubric, scorecard: Scorecard) -> list[Row]:
    """The criteria in the rubric's order, with what their level means."""
    rows = []
    for criterion in rubric.criteria:
        verdict = scorecard.criteria.get(criterion.id)
        if verdict is None:
            continue
        level = verdict.level
        rows.append(
            Row(
                criterion=criterion,
                verdict=verdict,
                items={item.id: item for item in criterion.items},
                anchor=criterion.anchors.of(level) if level else "",
                open=why_open(verdict),
            )
        )
    return rows


def why_open(verdict: Verdict) -> Told:
    """Why a criterion has no level."""
    undecided = sum(item.answer is Answer.UNSCORED for item in verdict.items)
    if not undecided:
        return Told(N_("There was no occasion to show this."), {})
    text = N_("%(open)s of %(count)s questions could not be decided.")
    return Told(text, {"open": undecided, "count": len(verdict.items)})


def next_time(rows: Sequence[Row]) -> Row | None:
    """The criterion with most to gain: the lowest level, of equals the one that weighs most; None when all is exemplary."""
    below = [row for row in rows if row.verdict.level and row.verdict.level < len(LEVELS)]
    return min(below, key=lambda row: (row.verdict.level, -row.criterion.weight), default=None)


def marked(text: str, quotes: Sequence[str]) -> list[tuple[str, bool]]:
    """The text in pieces, those that a quote covers marked. A quote that cannot be placed marks nothing."""
    covered = [False] * len(text)
    for quote in quotes:
        pattern = _loosely(quote)
        found = re.search(pattern, text, re.IGNORECASE) if pattern else None
        if found:
            covered[found.start() : found.end()] = [True] * (found.end() - found.start())
    pieces: list[tuple[str, bool]] = []
    for char, mark in zip(text, covered, strict=True):
        if pieces and pieces[-1][1] == mark:
            pieces[-1] = (pieces[-1][0] + char, mark)
        else:
            pieces.append((char, mark))
    return pieces


def quotes_by_message(scorecard: Scorecard | None) -> dict[int, list[str]]:
    """Every quote that proves something, by the message it stands in."""
    quotes: dict[int, list[str]] = {}
    if scorecard is None:
        return quotes
    proofs = [e for verdict in scorecard.criteria.values() for item in verdict.items for e in item.evidence]
    for number, quote in [(e.message, e.quote) for e in proofs] + [
        (p.message, p.quote) for p in scorecard.went_well
    ]:
        quotes.setdefault(number, []).append(quote)
    return quotes


def turn_of_message(number: int) -> int:
    """The turn to which a message belongs: its reply is 2n-1, its answer 2n, the opening is 0."""
    return (number + 1) // 2


@dataclass(frozen=True)
class Earlier:
    """The version that was ended before this one, and its overall score."""

    number: int
    overall: float | None


def ended_branches(record: ConversationRecord) -> list[int]:
    """The branches that have a scorecard, or will have one."""
    return [branch.number for branch in record.branches if branch.ended_at is not None]


def versions_of_scorecard(record: ConversationRecord) -> Versions | None:
    """Which of several ended versions this is, or None when it is the only one."""
    ended = ended_branches(record)
    return Versions.among(ended, record.branch) if len(ended) > 1 else None


def result_page(
    record: ConversationRecord, card: ScorecardRecord, rubric: Rubric, seconds: int, earlier: Earlier | None
) -> dict[str, Any]:
    """The context of the scorecard page; without a scorecard only what is known already.

    ``rubric`` has its texts in the language of the page, if it can be read in it.
    """
    talk, scorecard = record.conversation, card.scorecard
    steps = steps_of(talk)
    rows = rows_of(rubric, scorecard) if scorecard else []
    quotes = quotes_by_message(scorecard)
    transcript = [
        (message, marked(message.text, quotes.get(message.number, ()))) for message in messages_of(record)
    ]
    return {
        "id": record.id,
        "branch": record.branch,
        "versions": versions_of_scorecard(record),
        "earlier": earlier,
        "persona": talk.persona,
        "initials": initials(talk.persona.name),
        "mode": record.mode.value,
        "difficulty": talk.difficulty,
        "players": record.players,
        "outcome": talk.outcome,
        "csat": record.csat,
        "survey": card.survey or record.survey,
        "hints_used": record.hints_used,
        "seconds": seconds,
        "headline": headline(talk, steps),
        "story": story(talk, steps),
        "steps": steps,
        "columns": len(steps) if len(steps) <= LANE_LIMIT else 0,
        "shown_effects": SHOWN_EFFECTS,
        "curve": curve([talk.start, *(turn.affect for turn in talk.turns)]),
        "rubric": rubric,
        "card": card,
        "scorecard": scorecard,
        "rows": rows,
        "next_time": next_time(rows),
        "gates": {gate.id: gate.why for gate in rubric.gates},
        "transcript": transcript,
        "turn_of_message": turn_of_message,
        "retry_from": _retry_from(scorecard.feedback if scorecard else (), steps),
    }


def _retry_from(feedback: Sequence[Feedback], steps: Sequence[Step]) -> int | None:
    """The turn most worth trying again: the first that the coach reworded, else the one that cost most."""
    if feedback:
        return min(max(1, turn_of_message(f.message)) for f in feedback)
    worst = max(steps, key=lambda step: step.change, default=None)
    return worst.turn if worst else None


def _loosely(quote: str) -> str:
    """A pattern for a quote: white space and typographic marks may differ, as they may when quotes are checked."""
    alike = {"'": "['‘’‚]", '"': '["“”«»]', "-": "[-–—]"}
    alike |= {variant: group for group in list(alike.values()) for variant in group[1:-1]}
    words = ("".join(alike.get(char, re.escape(char)) for char in word) for word in quote.split())
    return r"\s+".join(words)
