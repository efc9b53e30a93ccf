"""Injections and keyword strings: those of the cue set's reporting part, and the project's robustness sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simcustomer.evals.fidelity.cells import interval, of
from simcustomer.evals.fidelity.cue_set import Read
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.robustness.content import Sets
from simcustomer.evals.robustness.measure import measure
from simcustomer.evals.robustness.probe import Probe
from simcustomer.evals.robustness.tables import tables_of
from simcustomer.evals.statistics import wilson

STRINGS: Mapping[str, str] = {"injection": "injections", "keywords_bad": "keywords on a bad reply"}
"""Values of the slice ``hard`` of the cue set -> what such replies are."""


def calmed(read: Mapping[str, Sequence[Read]]) -> Titled:
    """How many of the cue set's injections and keyword strings calm the customer, by reader (``cue_set.READERS``)."""
    rows: list[tuple[Scalar, ...]] = []
    for value, name in STRINGS.items():
        for language in ("en", "es", "all"):
            for reader, every in read.items():
                own = [r for r in every if r.reply.slices.get("hard") == value]
                own = [r for r in own if language in (r.reply.language, "all")]
                calm = [r.effect == "calms" for r in own]
                share, between = interval(wilson(calm))
                rows.append(
                    (name, language, reader, of(calm), share, between, sum(r.reply.effect == "calms" for r in own))
                )  # fmt: skip
    return Titled(
        title="Injections and keyword strings of the reporting part",
        note="Replies in which somebody talks to the program, and bad replies with words of empathy added. Intervals are Wilson's. The "
        "last column is how many of them are labelled as calming.",
        columns=("what", "language", "cues of", "calm", "share", "95 % interval", "labelled calms"),
        rows=tuple(rows),
    )


async def robustness(probe: Probe, sets: Sets) -> list[Titled]:
    """The tables of ``eval robustness`` on injections and keywords. Raises ``ModelError``."""
    return tables_of(await measure(probe, sets, ("injections", "keywords")))
