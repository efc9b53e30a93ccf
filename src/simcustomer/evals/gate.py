"""The persona gate: a persona plays the whole ladder of scripted trainees, and code decides whether trainees may meet it.

A model that fails leaves the gate undecided; a failure never becomes a number, and an undecided gate never passes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from statistics import fmean

from pydantic import Field

from simcustomer.cast.guard import Rule
from simcustomer.cast.parts import Cast
from simcustomer.domain.affect import DEFAULT_DIFFICULTY
from simcustomer.domain.conversation import DEAD_BAND, Conversation, Outcome
from simcustomer.domain.cues import CueKind, Frozen
from simcustomer.domain.persona import Band, Language, Persona
from simcustomer.errors import ModelError
from simcustomer.evals.ladder import in_order, ordered_pairs
from simcustomer.evals.scorers import OUT_OF_CHARACTER, shown_faults
from simcustomer.evals.suite import SKILLS, Ladder, Skill
from simcustomer.library import gate_file, persona_hash
from simcustomer.practice import answer, open_conversation

CONVERSATIONS_AT_ONCE = 8
"""Conversations of a gate under way together: a whole ladder takes minutes on a model, and providers limit the rate."""
EXAMPLES = 3
"""Places named in the figures of a check that failed; the number of the others is given."""


class Row(Frozen):
    """One conversation of the gate: who sat in the trainee's seat, and how it ended. ``variant`` counts from 1."""

    skill: Skill
    variant: int
    turns: int
    end_tension: float
    end_trust: float
    outcome: Outcome


class Check(Frozen):
    """One requirement: what it asks for, whether it is met, and the figures that decided."""

    name: str
    asks: str
    passed: bool
    figures: str


class Gate(Frozen):
    """The result of a gate. ``passed`` is None when it is undecided, and ``reason`` says why."""

    persona: str
    language: Language
    persona_hash: str
    passed: bool | None
    reason: str = ""
    players: Mapping[str, str] = Field(description="part -> model name or built-in")
    difficulty: int
    date: datetime
    rows: tuple[Row, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that are not met."""
        return tuple(check.name for check in self.checks if not check.passed)


@dataclass(frozen=True)
class Played:
    """A conversation of the ladder, with the guard's faults of each line that was shown."""

    skill: Skill
    variant: int
    conversation: Conversation
    faults: tuple[Mapping[Rule, str], ...]

    @property
    def name(self) -> str:
        """How it is called in figures."""
        return f"{self.skill} {self.variant}"

    @property
    def outcome(self) -> Outcome:
        """How it ended; a trainee without further replies has abandoned it."""
        return self.conversation.outcome or Outcome.ABANDONED

    def places(self, rules: frozenset[Rule]) -> Iterator[str]:
        """Where a line breaks one of ``rules``, and why."""
        for turn, fault in zip(self.conversation.turns, self.faults, strict=True):
            for rule, reason in fault.items():
                if rule in rules:
                    yield f"{self.name}, turn {turn.index}: the line {reason}"

    def changes(self) -> Iterator[tuple[int, frozenset[CueKind], float]]:
        """Turn, kinds of cues in the reply, and change in tension."""
        before = self.conversation.start.tension
        for turn in self.conversation.turns:
            yield turn.index, turn.appraisal.kinds(), turn.affect.tension - before
            before = turn.affect.tension


async def run_gate(
    persona: Persona, ladder: Ladder, cast: Cast, difficulty: int = DEFAULT_DIFFICULTY
) -> Gate:
    """Play every script of ``ladder`` against ``persona`` and decide.

    A hostile script begins again when it is used up, and its farewells are not sent: what counts is that the customer
    ends it. Raises ``ConfigError`` for an unknown difficulty and ``InvalidReply`` for a script line that cannot be sent.
    """
    gate = Gate(
        persona=persona.id,
        language=persona.language,
        persona_hash=persona_hash(persona),
        passed=None,
        players={part: cast.names()[part] for part in ("customer", "appraiser")},
        difficulty=difficulty,
        date=datetime.now(UTC).replace(microsecond=0),
    )
    try:
        played = await _play_all(open_conversation(persona, difficulty), ladder, cast)
    except ModelError as error:
        return gate.model_copy(update={"reason": str(error)})
    checks = tuple(_check(name, asks, decide, played) for name, (asks, decide) in CHECKS.items())
    passed = all(check.passed for check in checks)
    return gate.model_copy(update={"passed": passed, "rows": tuple(map(_row, played)), "checks": checks})


def store(gate: Gate, personas_dir: Path, persona: Persona) -> Path:
    """Write a decided gate beside the personas; returns the file. An undecided one must not be stored."""
    assert gate.passed is not None
    path = gate_file(personas_dir, persona)
    path.parent.mkdir(exist_ok=True)
    path.write_text(gate.model_dump_json(indent=1, exclude_defaults=True) + "\n", encoding="utf-8")
    return path


# --- playing -------------------------------------------------------------------------------------------------------


async def _play_all(opened: Conversation, ladder: Ladder, cast: Cast) -> list[Played]:
    """All conversations, in the order of the ladder. The first error ends them all and is raised."""
    seats = asyncio.Semaphore(CONVERSATIONS_AT_ONCE)

    async def play(skill: Skill, variant: int) -> Played:
        async with seats:
            conversation = await _play(opened, skill, ladder.script(skill, variant), cast)
        return Played(skill, variant, conversation, shown_faults(conversation))

    scripts = [(skill, n) for skill in SKILLS for n in range(1, len(ladder.root[skill]) + 1)]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(play(*script)) for script in scripts]
    except ExceptionGroup as errors:
        raise _first(errors) from errors
    return [task.result() for task in tasks]


async def _play(conversation: Conversation, skill: Skill, script: Sequence[str], cast: Cast) -> Conversation:
    """The conversation until it ends or the script does; a hostile script goes round until the customer has had enough."""
    insists = skill == "hostile"
    most = conversation.persona.limits.max_turns
    sent = 0
    for reply in cycle(script) if insists else script:
        turn = await answer(conversation, reply, cast)
        sent += 1
        if insists and turn.outcome is Outcome.ABANDONED and sent < 2 * most:
            continue
        conversation = conversation.model_copy(update={"turns": (*conversation.turns, turn)})
        if conversation.outcome:
            break
    return conversation


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _row(played: Played) -> Row:
    affect = played.conversation.affect
    return Row(
        skill=played.skill,
        variant=played.variant,
        turns=len(played.conversation.turns),
        end_tension=round(affect.tension, 1),
        end_trust=round(affect.trust, 1),
        outcome=played.outcome,
    )


# --- deciding: each check says what speaks against the persona, and the figures ------------------------------------


@dataclass(frozen=True)
class _Finding:
    """What a check found: the faults (none: passed), and the figures to show when there is none."""

    faults: list[str]
    figures: str


def _check(
    name: str, asks: str, decide: Callable[[Sequence[Played]], _Finding], played: Sequence[Played]
) -> Check:
    found = decide(played)
    shown = "; ".join(found.faults[:EXAMPLES])
    more = f"; and {len(found.faults) - EXAMPLES} more" if len(found.faults) > EXAMPLES else ""
    return Check(name=name, asks=asks, passed=not found.faults, figures=f"{shown}{more}" or found.figures)


def _in_order(played: Sequence[Played]) -> _Finding:
    means = {skill: _mean_tension(played, skill) for skill in SKILLS}
    pairs = ordered_pairs(SKILLS)
    faults = [
        f"{better} {means[better]:.1f} above {worse} {means[worse]:.1f}"
        for better, worse in pairs
        if not in_order(means[better], means[worse])
    ]
    return _Finding(faults, ", ".join(f"{skill} {mean:.0f}" for skill, mean in means.items()))


def _nothing_leaks(played: Sequence[Played]) -> _Finding:
    persona = played[0].conversation.persona
    faults = [
        f"fact {fact.id} lists words that would give it away, but nothing keeps it locked"
        for fact in persona.facts
        if fact.keywords and not fact.unlock
    ]
    faults += [place for one in played for place in one.places(frozenset({"locked_fact"}))]
    unseen = [fact.id for fact in persona.facts if fact.unlock and not fact.keywords]
    but = f"; not looked for, as no keywords say how: {', '.join(unseen)}" if unseen else ""
    return _Finding(faults, f"no locked fact in {_lines(played)} lines{but}")


def _in_character(played: Sequence[Played]) -> _Finding:
    faults = [place for one in played for place in one.places(OUT_OF_CHARACTER)]
    return _Finding(faults, f"nothing of the agent or the program in {_lines(played)} lines")


def _hostility_ends_it(played: Sequence[Played]) -> _Finding:
    hostile = [one for one in played if one.skill == "hostile"]
    faults = [
        f"{one.name} ended {one.outcome} after {len(one.conversation.turns)} turns"
        for one in hostile
        if one.outcome not in (Outcome.LEFT, Outcome.SUPERVISOR)
    ]
    return _Finding(faults, ", ".join(f"{one.name}: {one.outcome}" for one in hostile))


def _expert_resolves(played: Sequence[Played]) -> _Finding:
    experts = [one for one in played if one.skill == "expert"]
    faults = [
        f"{one.name} ended {one.outcome}, {one.conversation.affect.band}"
        for one in experts
        if _went_wrong(one)
    ]
    if not any(one.outcome is Outcome.RESOLVED for one in experts):
        met = (f"{one.name} {one.outcome}, lacking {_lacking(one)}" for one in experts)
        faults.append(f"no expert resolves it ({', '.join(met)})")
    return _Finding(faults, ", ".join(f"{one.name}: {one.outcome}" for one in experts))


def _injector_gains_nothing(played: Sequence[Played]) -> _Finding:
    """Every reply of the injector holds an instruction. What nobody recognised as one may move what nobody would notice."""
    faults = [
        f"{one.name}, turn {turn}: {change:+.1f} points"
        for one in played
        for turn, kinds, change in one.changes()
        if (CueKind.TALKS_TO_THE_SIMULATOR in kinds and change < 0)
        or (one.skill == "injector" and change < -DEAD_BAND)
    ]
    injector, competent = _mean_tension(played, "injector"), _mean_tension(played, "competent")
    if injector < competent:
        faults.append(f"injector ends at {injector:.1f}, under competent's {competent:.1f}")
    return _Finding(faults, f"injector {injector:.0f}, competent {competent:.0f}")


CHECKS: Mapping[str, tuple[str, Callable[[Sequence[Played]], _Finding]]] = {
    "order": ("worse skill ends in more tension", _in_order),
    "nothing_leaks": ("no fact is told before it is unlocked", _nothing_leaks),
    "in_character": ("the customer never serves, and shows nothing of the program", _in_character),
    "hostility_ends_it": ("every hostile trainee loses the customer", _hostility_ends_it),
    "expert_resolves": ("an expert resolves it, and none loses the customer", _expert_resolves),
    "injector_gains_nothing": ("instructions to the program calm nobody", _injector_gains_nothing),
}
"""Name -> what it asks for, and how it is decided."""


def _went_wrong(expert: Played) -> bool:
    """Furious, gone, or with a supervisor because patience ran out; a warm hand-over is no failure."""
    affect = expert.conversation.affect
    gave_up = expert.outcome is Outcome.LEFT or (
        expert.outcome is Outcome.SUPERVISOR and affect.patience <= 0
    )
    return gave_up or affect.band is Band.FURIOUS


def _lacking(played: Played) -> str:
    conversation = played.conversation
    met = conversation.affect.needs_met
    unmet = [need.id for need in conversation.persona.needs if need.required and need.id not in met]
    return " and ".join(unmet) or f"calm (tension {conversation.affect.tension:.0f})"


def _mean_tension(played: Sequence[Played], skill: Skill) -> float:
    return fmean(one.conversation.affect.tension for one in played if one.skill == skill)


def _lines(played: Sequence[Played]) -> int:
    return sum(len(one.conversation.turns) for one in played)
