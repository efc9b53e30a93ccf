"""From the log of an evaluation run on a language model to a measurement that the page shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean, median

from simcustomer.cast.parts import BUILT_IN
from simcustomer.domain.conversation import Conversation
from simcustomer.domain.rubric import Answer, Rubric, Scorecard
from simcustomer.domain.text import fold
from simcustomer.errors import ConfigError
from simcustomer.evals.fidelity.cells import NONE, interval
from simcustomer.evals.fidelity.stored import BY_HAND, Noise, Stored
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.results import Run, SampleResult
from simcustomer.evals.scorers import shown_faults
from simcustomer.evals.statistics import Estimate, mean
from simcustomer.evals.suite import SKILLS

PASSES = 2
"""Judgements of a conversation that are compared."""


@dataclass(frozen=True)
class _Twice:
    """What two passes of one judge said of one conversation. ``overall`` is None where a pass could not be scored."""

    group: str
    alike: tuple[bool, ...]
    apart: tuple[float, ...]
    overall: float | None


def run_kept(
    name: str, run: Run, rubric: Rubric, made_on: date, player: str = BY_HAND, note: str = ""
) -> Stored:
    """The tables of a run, with the judge's noise where it judged each conversation at least twice.

    ``rubric`` is the one of the run. Raises ``ConfigError`` when no conversation went through, or for another rubric.
    """
    if not run.scored:
        raise ConfigError(f"run {run.id}: no conversation went through: there is nothing to keep")
    twice = _twice(run, rubric)
    tables = [_endings(run), _lines(run), *([_self_agreement(twice)] if twice else [])]
    missed = len(run.planned) - len(run.scored)
    return Stored(
        id=name,
        section="conversations",
        title="Whole conversations",
        made_on=made_on,
        player=player,
        n=len(run.scored),
        of="conversations",
        note=" ".join(filter(None, (note, f"{missed} of those planned are missing." if missed else ""))),
        tables=tuple(tables),
        judge_noise=_noise(twice),
    )


def _noise(twice: Sequence[_Twice]) -> Noise | None:
    found = _overall(twice)
    return Noise(overall=found.value, low=found.low, high=found.high, n=found.n) if found.value is not None else None  # fmt: skip


# --- how it ended -------------------------------------------------------------------------------------------------


def _endings(run: Run) -> Titled:
    skills = _skills(run)
    places = sorted({(skills[r.sample.trainee], r.sample.language) for r in run.scored}, key=_rank)
    rows: list[tuple[Scalar, ...]] = []
    for skill, language in places:
        own = [r for r in run.scored if (skills[r.sample.trainee], r.sample.language) == (skill, language)]
        talks = [result.conversation(run.persona_of(result.sample)) for result in own]
        outcomes = Counter(str(result.outcome) for result in own)
        ends = [talk.affect.tension for talk in talks]
        rows.append(
            (
                skill, language, len(own), ", ".join(f"{count} {name}" for name, count in outcomes.most_common()),
                f"{fmean(len(talk.turns) for talk in talks):.1f}", f"{fmean(t.start.tension for t in talks):.0f}",
                f"{fmean(ends):.0f}", f"{min(ends):.0f} to {max(ends):.0f}",
            )
        )  # fmt: skip
    return Titled(
        title="How conversations ended, by trainee",
        note="Turns and tension (0-100) are means over the conversations.",
        columns=("trainee", "language", "n", "outcomes", "turns", "tension at the start", "at the end", "lowest to highest end"),
        rows=tuple(rows),
    )  # fmt: skip


def _skills(run: Run) -> Mapping[str, str]:
    """Trainee of a sample -> skill: the name of the model in that seat says nothing."""
    labels = {t.label: getattr(t, "skill", t.label) for t in run.suite.trainees if not isinstance(t, str)}
    return {sample.trainee: labels.get(sample.trainee, sample.trainee) for sample in run.planned}


def _rank(place: tuple[str, str]) -> tuple[int, str, str]:
    skill, language = place
    known = [str(name) for name in SKILLS]
    return known.index(skill) if skill in known else len(known), skill, language


# --- what the customer said ---------------------------------------------------------------------------------------


def _lines(run: Run) -> Titled:
    rows: list[tuple[Scalar, ...]] = []
    languages = sorted({str(result.sample.language) for result in run.scored})
    for language in (*languages, *(["all"] if len(languages) > 1 else [])):
        own = [r for r in run.scored if language in (r.sample.language, "all")]
        talks = [result.conversation(run.persona_of(result.sample)) for result in own]
        turns = [turn for talk in talks for turn in talk.turns]
        words = [len(turn.customer.split()) for turn in turns]
        if not words:
            continue
        discarded = sum(len(turn.discarded) for turn in turns)
        stood_in = sum(t.spoken_by == BUILT_IN for r in own if r.sample.customer != BUILT_IN for t in r.turns)
        same, alike = (sum(map(count, talks)) for count in (_word_for_word, _alike))
        rows.append(
            (
                language, len(turns), f"{fmean(words):.1f}", f"{median(words):.0f}", f"{min(words)} to {max(words)}", discarded,
                stood_in, same, alike,
            )
        )  # fmt: skip
    return Titled(
        title="What the customer said",
        note="Discarded: lines that the guard threw away before anybody saw them. Stand-in: the built-in customer's line was shown. Repeated: said "
        "before in the conversation, word for word; alike: by the guard's own rule.",
        columns=(
            "language", "lines", "words each, mean", "median", "fewest to most", "discarded", "stand-in", "repeated", "alike",
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _word_for_word(talk: Conversation) -> int:
    lines = [fold(talk.opening), *(fold(turn.customer) for turn in talk.turns)]
    return len(lines) - len(set(lines))


def _alike(talk: Conversation) -> int:
    return sum("repeats_itself" in faults for faults in shown_faults(talk))


# --- the judge with itself ----------------------------------------------------------------------------------------


def _twice(run: Run, rubric: Rubric) -> list[_Twice]:
    found = []
    known = {criterion.id for criterion in rubric.criteria}
    for result in run.scored:
        cards = [j.scorecard for j in result.judged if j.scorecard and j.scorecard.judge.passes >= PASSES]
        for card in cards[:1]:
            if set(card.criteria) != known:
                raise ConfigError(
                    f"run {run.id}: was judged by rubric {card.judge.rubric}, not {rubric.id}: say which with --rubric"
                )
            found.append(_two_passes(result, card, rubric))
    return found


def _two_passes(result: SampleResult, card: Scorecard, rubric: Rubric) -> _Twice:
    items = [
        item for verdict in card.criteria.values() for item in verdict.items if len(item.votes) >= PASSES
    ]
    levels = [v.votes[:PASSES] for v in card.criteria.values() if len(v.votes) >= PASSES]
    one, other = (_overall_of(card, rubric, nth) for nth in range(PASSES))
    return _Twice(
        group=f"{result.sample.persona}.{result.sample.language}",
        alike=tuple(item.votes[0] is item.votes[1] for item in items),
        apart=tuple(float(abs(a - b)) for a, b in levels if a is not None and b is not None),
        overall=abs(one - other) if one is not None and other is not None else None,
    )


def _overall_of(card: Scorecard, rubric: Rubric, nth: int) -> float | None:
    """The overall score that pass ``nth`` alone gives: mean of its levels by weight, under the gates that it closes."""
    met = {item.id: item.votes[nth] for verdict in card.criteria.values() for item in verdict.items}
    answers = {True: Answer.MET, False: Answer.NOT_MET}
    gates = [gate for gate in rubric.gates if met.get(gate.item) is answers[gate.met]]
    levels = []
    for criterion in rubric.criteria:
        level = card.criteria[criterion.id].votes[nth]
        if level is not None:
            capped = min([level, *(gate.at for gate in gates if criterion.id in gate.caps)])
            levels.append((criterion.weight, capped))
    if not levels:
        return None
    overall = sum(w * level for w, level in levels) / sum(w for w, _ in levels)
    return min([overall, *(float(gate.at) for gate in gates if "overall" in gate.caps)])


def _overall(twice: Sequence[_Twice]) -> Estimate:
    known = [(one.overall, one.group) for one in twice if one.overall is not None]
    return mean([value for value, _ in known], [group for _, group in known])


def _self_agreement(twice: Sequence[_Twice]) -> Titled:
    alike = mean(*_spread([(one.group, one.alike) for one in twice]))
    apart = mean(*_spread([(one.group, one.apart) for one in twice]))
    same = sum(sum(one.alike) for one in twice)
    rows = (
        ("items answered alike", f"{same} of {alike.n}", *interval(alike)),
        ("distance of a criterion's two levels, mean", NONE, *interval(apart, 2)),
        ("distance of the two overall scores, levels, mean", NONE, *interval(_overall(twice), 2)),
    )
    return Titled(
        title="The judge with itself",
        note=f"{len(twice)} conversations judged twice, from the same prompt. One reader gave both answers, so people would differ more.",
        columns=("what", "of", "value", "95 % interval"),
        rows=rows,
    )


def _spread(rows: Sequence[tuple[str, Sequence[float]]]) -> tuple[list[float], list[str]]:
    """The values of all rows, and the group of each."""
    pairs = [(float(value), group) for group, values in rows for value in values]
    return [value for value, _ in pairs], [group for _, group in pairs]
