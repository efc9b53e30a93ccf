"""The samples that most contradict the ladder of trainees, with what was said in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from simcustomer.domain.conversation import Outcome
from simcustomer.domain.cues import Frozen
from simcustomer.domain.persona import Language
from simcustomer.evals.results import Run, SampleResult
from simcustomer.evals.suite import RANK, ModelTrainee, Sample, Suite

MOST = 5
"""Samples that are shown with their transcripts: what a person reads in one go."""
BEST = 1
"""The rank of the trainees whose customers should end up settled."""


class Exchange(Frozen):
    """One turn as it was said, and the tension after it, 0-100."""

    trainee: str
    customer: str
    tension: float
    spoken_by: str = ""
    discarded: tuple[str, ...] = ()


class Transcript(Frozen):
    """A whole conversation as it was said; ``start`` is the tension at the opening, 0-100."""

    language: Language
    customer: str
    opening: str
    start: float
    exchanges: tuple[Exchange, ...]


class Worst(Frozen):
    """A sample that contradicts the ladder.

    Of ``rivals`` (the other samples of its place, on other rungs) it ended on the wrong side of ``against``, by ``gap``
    points of tension on average of these. Against none, it is a trainee of the best rank who left the customer
    unsettled.
    """

    position: int
    sample: str
    trainee: str
    outcome: str
    end_tension: float
    gap: float
    against: int
    rivals: int
    transcript: Transcript


def transcript_of(result: SampleResult, run: Run) -> Transcript:
    """What was said in a sample."""
    persona = run.persona_of(result.sample)
    return Transcript(
        language=persona.language,
        customer=persona.name,
        opening=result.opening,
        start=result.conversation(persona).start.tension,
        exchanges=tuple(
            Exchange(
                trainee=turn.trainee,
                customer=turn.customer,
                tension=turn.affect.tension,
                spoken_by=turn.spoken_by,
                discarded=turn.discarded,
            )
            for turn in result.turns
        ),
    )


def ranks_of(suite: Suite) -> Mapping[str, int]:
    """Trainee -> rank on the ladder, for all that stand on it: scripts, and models told how skilled they are."""
    ranks: dict[str, int] = dict(RANK.items())
    return ranks | {t.label: RANK[t.skill] for t in suite.trainees if isinstance(t, ModelTrainee)}


def worst_of(run: Run, most: int = MOST) -> tuple[Worst, ...]:
    """At most ``most`` samples that contradict the ladder, the widest gaps first; failed samples are not among them."""
    ranks = ranks_of(run.suite)
    places: dict[tuple[object, ...], list[_End]] = defaultdict(list)
    positions = {sample.id: number for number, sample in enumerate(run.planned, 1)}
    for result in run.scored:
        rank, tension = ranks.get(result.sample.trainee), result.end_tension
        if rank is not None and tension is not None:
            end = _End(positions[result.sample.id], result, rank, tension)
            places[_place(result.sample)].append(end)
    wrong = []
    for here in places.values():
        for end in here:
            rivals = [rival for rival in here if rival.rank != end.rank]
            gaps = [gap for rival in rivals if (gap := _gap(end, rival)) > 0]
            if gaps or (end.rank == BEST and end.result.outcome is not Outcome.RESOLVED):
                wrong.append((end, gaps, len(rivals)))
    wrong.sort(key=lambda found: (-sum(found[1]), -found[0].tension, found[0].position))
    return tuple(_worst(run, end, gaps, rivals) for end, gaps, rivals in wrong[:most])


@dataclass(frozen=True)
class _End:
    """Where a sample ended."""

    position: int
    result: SampleResult
    rank: int
    tension: float


def _gap(end: _End, rival: _End) -> float:
    """Points of tension by which it ended on the wrong side of a rival: above a worse trainee's, below a better one's."""
    return end.tension - rival.tension if end.rank < rival.rank else rival.tension - end.tension


def _place(sample: Sample) -> tuple[object, ...]:
    """What samples share that may be compared along the ladder."""
    return (sample.persona, sample.language, sample.difficulty, sample.customer, sample.prompts, sample.epoch)


def _worst(run: Run, end: _End, gaps: Sequence[float], rivals: int) -> Worst:
    return Worst(
        position=end.position,
        sample=end.result.sample.id,
        trainee=end.result.sample.trainee,
        outcome=str(end.result.outcome),
        end_tension=end.tension,
        gap=fmean(gaps) if gaps else 0.0,
        against=len(gaps),
        rivals=rivals,
        transcript=transcript_of(end.result, run),
    )
