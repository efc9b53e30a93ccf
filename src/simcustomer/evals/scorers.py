"""What is measured of every sample, and the figures of a run. Nothing here asks a model; a grader's answers are read.

A scorer gives a number or None: None means that it could not score this sample. A failed sample has no score at all. A
metric says how many samples it scored of how many that it is meant for, failed ones included.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from simcustomer.cast.guard import Rule, faults_of
from simcustomer.cast.parts import BUILT_IN
from simcustomer.domain.affect import Reaction
from simcustomer.domain.conversation import Conversation, Outcome, direction_for, effect_on
from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Persona
from simcustomer.evals.ladder import ladder_order, trust_slope
from simcustomer.evals.results import Run, SampleResult
from simcustomer.evals.suite import SKILLS, Sample, Skill

Better = Literal["up", "down"]

OUT_OF_CHARACTER: frozenset[Rule] = frozenset(
    {"staged", "speaker", "machinery", "reasons_aloud", "serves", "says_nothing"}
)
"""Rules of the guard that a customer who is a person in a chat never breaks."""
NO_RISE: frozenset[Skill] = frozenset({"expert", "competent"})
"""Skills whose replies should not raise tension."""
NO_FALL: frozenset[Skill] = frozenset({"dismissive", "hostile"})
"""Skills whose replies should not lower it. What the others do to a customer depends on the reply."""


class Metric(Frozen):
    """One figure of a run: ``value`` over the ``scored`` of ``of`` samples (or groups, as ``what`` says), None without any.

    ``better`` says which way is an improvement, None where neither is.
    """

    name: str
    value: float | None
    scored: int
    of: int
    better: Better | None
    unit: str
    what: str


@dataclass(frozen=True)
class Scene:
    """A finished sample as the scorers see it. ``faults`` are the guard's, of each customer line that was shown."""

    result: SampleResult
    conversation: Conversation
    faults: tuple[Mapping[Rule, str], ...]

    @property
    def skill(self) -> Skill | None:
        """The rung of the ladder; None for a model or a bot in the trainee's seat, whose skill is not known."""
        return skill_of(self.result.sample)

    def share(self, *rules: Rule) -> float | None:
        """Share of the customer's lines that break one of ``rules``."""
        return _mean(bool(fault.keys() & set(rules)) for fault in self.faults)


@dataclass(frozen=True)
class Scorer:
    """A number for each sample that it is ``meant_for``; ``what`` describes the mean over samples."""

    name: str
    unit: str
    better: Better | None
    what: str
    score: Callable[[Scene], float | None]
    meant_for: Callable[[Sample], bool] = lambda _: True


def scores_of(result: SampleResult, persona: Persona) -> Mapping[str, float | None]:
    """The scores of one sample by scorer; None where a scorer could not score it. A failed sample has none."""
    if result.failure:
        return {}
    conversation = result.conversation(persona)
    scene = Scene(result, conversation, shown_faults(conversation))
    scores = {
        scorer.name: scorer.score(scene) if scorer.meant_for(result.sample) else None for scorer in SCORERS
    }
    return scores | _judges_scores(result)


def metrics_of(run: Run, scores: Sequence[Mapping[str, float | None]] | None = None) -> tuple[Metric, ...]:
    """The figures of a run: the mean of each scorer, then those of the whole ladder.

    ``scores`` are those of its results, where they are known already: to find them is nearly all the work.
    """
    results = run.results
    scores = scores or [scores_of(result, run.persona_of(result.sample)) for result in results]
    metrics = []
    for scorer in SCORERS:
        meant = [own for r, own in zip(results, scores, strict=True) if scorer.meant_for(r.sample)]
        metrics.append(_metric(scorer.name, meant, scorer.better, scorer.unit, scorer.what))
    for name, what in _judges_names(results).items():
        metrics.append(_metric(name, scores, "up", "level 1-5", what))
    return (*metrics, _order(results), _slope(results))


def shown_faults(conversation: Conversation) -> tuple[Mapping[Rule, str], ...]:
    """The guard's rules applied again to each line that was shown, whoever spoke it: rule -> reason, turn by turn."""
    found = []
    for turn in conversation.turns:
        before = conversation.cut_after(turn.index - 1)
        reaction = Reaction(affect=turn.affect, effects=turn.effects)
        direction = direction_for(before, turn.appraisal, reaction)
        language = conversation.persona.language
        found.append(faults_of(turn.customer, before, direction, language, reply=turn.trainee))
    return tuple(found)


def skill_of(sample: Sample) -> Skill | None:
    """The scripted trainee's skill; None for any other trainee."""
    return sample.trainee if sample.trainee in SKILLS else None


# --- the scorers ---------------------------------------------------------------------------------------------------


def _end_trust(scene: Scene) -> float | None:
    return scene.conversation.turns[-1].affect.trust if scene.conversation.turns else None


def _direction(scene: Scene) -> float | None:
    """Changes inside the dead band count as standing still."""
    wrong = "escalates" if scene.skill in NO_RISE else "calms"
    tensions = [scene.conversation.start.tension, *(t.affect.tension for t in scene.conversation.turns)]
    return _mean(effect_on(*pair) != wrong for pair in itertools.pairwise(tensions))


def _walk_away(scene: Scene) -> float | None:
    """None when the trainee ended the conversation first: then the customer could not."""
    last = scene.conversation.turns[-1].outcome if scene.conversation.turns else None
    if last is Outcome.ABANDONED:
        return None
    return float(last in (Outcome.LEFT, Outcome.SUPERVISOR))


def _in_character(scene: Scene) -> float | None:
    broken = scene.share(*OUT_OF_CHARACTER)
    return None if broken is None else 1.0 - broken


def _language(scene: Scene) -> float | None:
    wrong = scene.share("language")
    return None if wrong is None else 1.0 - wrong


def _length(scene: Scene) -> float | None:
    """Measured by the persona's own limit, without the guard's tolerance."""
    limit = scene.conversation.persona.limits.max_words
    return _mean(len(turn.customer.split()) <= limit for turn in scene.conversation.turns)


def _invented(scene: Scene) -> float | None:
    return _mean(line.grade.invented for line in scene.result.grades if line.grade)


def _discards(scene: Scene) -> float | None:
    return _mean(len(turn.discarded) for turn in scene.conversation.turns)


def _stand_in(scene: Scene) -> float | None:
    return _mean(turn.spoken_by == BUILT_IN for turn in scene.conversation.turns)


def _on_a_model(sample: Sample) -> bool:
    return sample.customer != BUILT_IN


def _with_a_direction(sample: Sample) -> bool:
    return skill_of(sample) in NO_RISE | NO_FALL


def _hostile(sample: Sample) -> bool:
    return skill_of(sample) == "hostile"


LINES = "share of lines"
SCORERS: tuple[Scorer, ...] = (
    Scorer(
        "end_tension", "points 0-100", None, "tension after the last turn", lambda s: s.result.end_tension
    ),
    Scorer("end_trust", "points 0-100", None, "trust after the last turn", _end_trust),
    Scorer(
        "resolved",
        "share of samples",
        None,
        "the customer lets it rest",
        lambda s: float(s.result.outcome is Outcome.RESOLVED),
    ),
    Scorer(
        "direction",
        "share of turns",
        "up",
        "turns of expert and competent that do not raise tension, of dismissive and hostile that do not lower it",
        _direction,
        _with_a_direction,
    ),
    Scorer(
        "walk_away",
        "share of samples",
        "up",
        "hostile conversations that the customer leaves or takes to a supervisor",
        _walk_away,
        _hostile,
    ),
    Scorer("in_character", LINES, "up", "lines of a person in a chat and nothing else", _in_character),
    Scorer("role_reversal", LINES, "down", "lines in which the customer serves", lambda s: s.share("serves")),
    Scorer(
        "locked_fact",
        LINES,
        "down",
        "lines with a keyword of a fact that was still locked",
        lambda s: s.share("locked_fact"),
    ),
    Scorer(
        "invented_fact",
        "share of graded lines",
        "down",
        "lines that state a fact of the case which nobody gave, by a model",
        _invented,
    ),
    Scorer(
        "repetition",
        LINES,
        "down",
        "lines that repeat an earlier one of the customer's",
        lambda s: s.share("repeats_itself"),
    ),
    Scorer("language", LINES, "up", "lines in the persona's language", _language),
    Scorer("length", LINES, "up", "lines within the persona's limit of words", _length),
    Scorer("discards", "lines for each turn", "down", "lines that the guard threw away", _discards),
    Scorer(
        "stand_in",
        "share of turns",
        "down",
        "turns in a model's seat that the built-in customer spoke",
        _stand_in,
        _on_a_model,
    ),
)
"""All scorers of single samples; the judges' scores come on top, as ``score:<judge>`` and ``score:<judge>:<criterion>``."""


def _judges_scores(result: SampleResult) -> dict[str, float | None]:
    scores: dict[str, float | None] = {}
    for judged in result.judged:
        card, name = judged.scorecard, f"score:{judged.judge}"
        scores[name] = card.overall if card else None
        for criterion, verdict in card.criteria.items() if card else ():
            scores[f"{name}:{criterion}"] = verdict.level
    return scores


def _judges_names(results: Sequence[SampleResult]) -> dict[str, str]:
    """The names of the judges' scores, with what each means; those of a judge that always failed too."""
    names = {}
    for judged in itertools.chain.from_iterable(result.judged for result in results):
        names[f"score:{judged.judge}"] = "the judge's overall score"
        for criterion in judged.scorecard.criteria if judged.scorecard else ():
            names[f"score:{judged.judge}:{criterion}"] = f"the judge's level for {criterion}"
    return dict(sorted(names.items()))


# --- the metrics ---------------------------------------------------------------------------------------------------


def _metric(
    name: str, scores: Sequence[Mapping[str, float | None]], better: Better | None, unit: str, what: str
) -> Metric:
    values = [value for own in scores if (value := own.get(name)) is not None]
    return Metric(
        name=name,
        value=_mean(values),
        scored=len(values),
        of=len(scores),
        better=better,
        unit=unit,
        what=what,
    )


def _order(results: Sequence[SampleResult]) -> Metric:
    held, scored, of = ladder_order(results)
    return Metric(
        name="ladder_order",
        value=held / scored if scored else None,
        scored=scored,
        of=of,
        better="up",
        unit="share of pairs of skills",
        what="pairs whose mean end tensions stand in the order of the ladder (ties within the dead band hold), "
        "within each persona, language, difficulty, customer and prompt set",
    )


def _slope(results: Sequence[SampleResult]) -> Metric:
    slopes = trust_slope(results)
    values = [slope for slope in slopes if slope is not None]
    return Metric(
        name="trust_slope",
        value=_mean(values),
        scored=len(values),
        of=len(slopes),
        better="down",
        unit="points of trust for each rank downwards",
        what="least-squares slope of end trust against the rank of the skill, mean over the groups of ladder_order",
    )


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return fmean(found) if found else None
