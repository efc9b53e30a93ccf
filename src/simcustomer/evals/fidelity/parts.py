"""The parts of the page that are measured now, on the built-in players; each is some tables, or says why there are none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simcustomer.cast.parts import Cast
from simcustomer.evals.fidelity import attacks, cue_set, customer, fairness, feedback, judge, labels
from simcustomer.evals.fidelity.cue_set import READERS, CueSet
from simcustomer.evals.fidelity.stored import OPENED, Opened, Part, Stored, noise_of
from simcustomer.evals.figures import Titled
from simcustomer.evals.robustness.content import read_sets
from simcustomer.evals.robustness.measure import measure
from simcustomer.evals.robustness.probe import Probe
from simcustomer.library import Library

LEFT_OUT = "left out of this run"


@dataclass(frozen=True)
class Measurement:
    """The tables of a part; without any ``missing`` says why."""

    tables: tuple[Titled, ...] = ()
    missing: str = ""


@dataclass(frozen=True)
class Bench:
    """All that is measured and with what: the folder ``evals``, the built-in cast, and what was stored by hand."""

    evals: Path
    library: Library
    cast: Cast
    stored: Sequence[Stored] = ()
    opened: Opened | None = None

    def probe(self) -> Probe:
        """Asks the cast one reply or one conversation at a time."""
        return Probe(self.cast, self.library, self.library.rubric(), self.library.rubric_hash())


async def measurement_of(part: Part, bench: Bench) -> Measurement:
    """Measure one part. Raises ``ConfigError`` when a file is wrong or the statistics are not installed."""
    return await MEASURES[part](bench)


async def _appraiser(bench: Bench) -> Measurement:
    cues = CueSet.of(bench.evals / "cues")
    if not cues.development or not cues.reporting:
        return Measurement(missing="evals/cues has no development part or no reporting part")
    if bench.opened is None:
        return Measurement(
            (cue_set.sizes(cues),),
            f"the reporting part has not been opened; evals/fidelity/{OPENED} says when it is",
        )
    read = {reader: cue_set.read_by(reader, cues.reporting, bench.library.persona) for reader in READERS}
    whole = read[READERS[1]]
    return Measurement(
        (
            cue_set.sizes(cues),
            cue_set.surface(cues),
            cue_set.readers(read),
            attacks.calmed({reader: read[reader] for reader in READERS[:2]}),
            cue_set.slices(whole),
            cue_set.kinds(whole),
            cue_set.wrong_way(whole),
        )
    )


async def _labels(bench: Bench) -> Measurement:
    folder = bench.evals / "cues" / "labels"
    if not folder.is_dir():
        return Measurement(missing="evals/cues/labels has no passes yet")
    cues = CueSet.of(bench.evals / "cues")
    found = labels.agreement(folder, (*cues.development, *cues.reporting))
    return (
        Measurement((found,)) if found else Measurement(missing="evals/cues/labels has not both passes yet")
    )


async def _attacks(bench: Bench) -> Measurement:
    return Measurement(tuple(await attacks.robustness(bench.probe(), read_sets(bench.evals))))


async def _customer(bench: Bench) -> Measurement:
    personas = bench.library.personas()
    found = await customer.thirty_turns(personas, bench.evals, bench.cast.appraiser, bench.cast.customer)
    return Measurement(tuple(customer.tables_of(found)))


async def _judge(bench: Bench) -> Measurement:
    rubric, rubric_hash = bench.library.rubric(), bench.library.rubric_hash()
    cases = await judge.gold_cases(bench.evals / "gold", rubric, rubric_hash, bench.cast.judge)
    return Measurement(tuple(judge.tables_of(rubric, cases)))


async def _feedback(bench: Bench) -> Measurement:
    finished = await feedback.scripted(bench.library.personas(), bench.evals, bench.cast)
    figures = await feedback.figures_of(finished, bench.cast, bench.library.rubric())
    return Measurement((feedback.table_of(figures, "Better wordings of the built-in coach, now"),))


async def _fairness(bench: Bench) -> Measurement:
    sets = read_sets(bench.evals)
    measured = await measure(bench.probe(), sets, ("rewordings",))
    return Measurement(tuple(fairness.tables_of(measured, sets, noise_of(bench.stored))))


MEASURES: Mapping[Part, Callable[[Bench], Awaitable[Measurement]]] = {
    "appraiser": _appraiser,
    "labels": _labels,
    "attacks": _attacks,
    "customer": _customer,
    "judge": _judge,
    "feedback": _feedback,
    "fairness": _fairness,
}
