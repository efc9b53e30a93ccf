"""The built-in coach on conversations of the scripted trainees: which checks its better wordings hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simcustomer.cast.better_wording import CHECKS, Check
from simcustomer.cast.parts import Cast
from simcustomer.domain.affect import DEFAULT_DIFFICULTY
from simcustomer.domain.persona import Persona
from simcustomer.domain.rubric import Rubric
from simcustomer.evals.feedback import FeedbackFigures, Finished, coach_all, feedback_figures
from simcustomer.evals.fidelity.cells import interval
from simcustomer.evals.figures import Scalar, Titled
from simcustomer.evals.suite import load_ladder
from simcustomer.practice import answer, open_conversation

VARIANTS = 1
"""Scripts of each skill that are played: the first of two, which keeps the page a matter of minutes."""
SAYS: dict[Check, str] = {
    "length": "not longer than what it replaces",
    "facts": "keeps the trainee's facts, brings none in",
    "promises": "promises nothing beyond the case file",
    "effect": "calms where the original did not (by the appraiser)",
    "items": "counts no lower in the assessment",
}


async def scripted(personas: Sequence[Persona], evals: Path, cast: Cast) -> list[Finished]:
    """The ladder of scripted trainees, played at the default difficulty. Raises ``ConfigError`` or ``ModelError``."""
    finished = []
    for persona in personas:
        ladder = load_ladder(evals / "trainees", persona.id, persona.language)
        for variants in ladder.root.values():
            for script in variants[:VARIANTS]:
                talk = open_conversation(persona, DEFAULT_DIFFICULTY)
                for reply in script:
                    turn = await answer(talk, reply, cast)
                    talk = talk.model_copy(update={"turns": (*talk.turns, turn)})
                    if talk.outcome:
                        break
                finished.append(Finished(persona.language, talk.utterances, persona, talk.outcome))
    return finished


async def figures_of(finished: Sequence[Finished], cast: Cast, rubric: Rubric) -> FeedbackFigures:
    """The coach's feedback on them through every check. Raises ``ModelError``."""
    coached = await coach_all(finished, cast.coach, cast.judge, rubric)
    return await feedback_figures(cast.coach.name, coached, cast.appraiser, rubric)


def table_of(figures: FeedbackFigures, title: str) -> Titled:
    """One table of a coach's figures."""
    shares = {
        **{SAYS[check]: figures.checks[check] for check in CHECKS},
        "holds all five checks": figures.all_checks,
        "praise stands in the conversation word for word": figures.quoted,
        "at most three points in a conversation": figures.within_three,
    }
    rows: list[tuple[Scalar, ...]] = [
        (says, "-" if e.value is None else f"{round(e.value * e.n)} of {e.n}", *interval(e))
        for says, e in shares.items()
    ]
    return Titled(
        title=title,
        note=f"{figures.conversations} conversations, {figures.wordings} better wordings, {figures.praises} praises. "
        f"{figures.without_wording} conversations got no wording, {figures.with_nothing} of them no praise either. Intervals are Wilson's.",
        columns=("what holds", "of", "share", "95 % interval"),
        rows=tuple(rows),
    )
