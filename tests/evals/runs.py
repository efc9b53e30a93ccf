"""Runs to test with: one played by the built-in players, and results whose every number a test chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import typer
from typer.testing import CliRunner

from simcustomer.cast.casting import cast_from
from simcustomer.cast.parts import BUILT_IN, Cast
from simcustomer.domain.affect import first_affect
from simcustomer.domain.conversation import Outcome, Turn
from simcustomer.domain.cues import Appraisal
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import JudgeInfo, Scorecard, Verdict
from simcustomer.evals.log import End, Finished, Header, Stop, new_log
from simcustomer.evals.results import Judged, Run, SampleResult, Spent
from simcustomer.evals.suite import Ladder, Sample, Suite, load_ladder, personas_of, plan
from simcustomer.judging import judge_conversation
from simcustomer.library import Library, content_hash
from simcustomer.practice import answer as answered
from simcustomer.practice import open_conversation
from simcustomer.settings import Settings, content_dir
from tests.people import a_persona

BEGAN = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
ENDED = datetime(2026, 3, 4, 9, 31, tzinfo=UTC)
SUITE = Suite(
    id="small",
    title="A small run",
    personas=("lost-parcel", "fraud-victim"),
    trainees=("expert", "competent", "dismissive", "hostile"),
    variants=1,
)


@cache
def played_run() -> Run:
    """2 personas x 2 languages x 4 trainees, one script each, as the built-in players played it. Made once."""
    return _outside_the_loop(SUITE, "played")


@cache
def broken_run() -> Run:
    """The first persona of ``played_run`` again, its temper broken: whatever is said to it, it calms down."""
    return _outside_the_loop(SUITE.model_copy(update={"personas": SUITE.personas[:1]}), "broken", _calmed)


def _calmed(persona: Persona) -> Persona:
    easy = persona.temperament.model_copy(update={"anger": 20.0, "anxiety": 5.0, "reactivity": 0.5})
    return persona.model_copy(update={"temperament": easy})


def _outside_the_loop(suite: Suite, run_id: str, change: Callable[[Persona], Persona] = lambda p: p) -> Run:
    with ThreadPoolExecutor(max_workers=1) as thread:  # tests have a loop of their own
        return thread.submit(lambda: asyncio.run(_played(suite, run_id, change))).result()


async def _played(suite: Suite, run_id: str, change: Callable[[Persona], Persona]) -> Run:
    library = Library(content_dir("personas"), content_dir("prompts"))
    personas = [change(persona) for persona in personas_of(suite, library)]
    folder = content_dir("evals") / "trainees"
    ladders = {(p.id, p.language): load_ladder(folder, p.id, p.language) for p in personas}
    by_place, cast = {(p.id, p.language): p for p in personas}, cast_from(Settings())
    results = []
    for sample in plan(suite, personas, ladders):
        place = (sample.persona, sample.language)
        results.append(await _one(sample, by_place[place], library, ladders[place], cast))
    content = {f"persona:{p.id}.{p.language}": content_hash(p.model_dump_json()) for p in personas}
    return a_run(results, suite=suite, personas=personas, run_id=run_id, content=content)


async def _one(
    sample: Sample, persona: Persona, library: Library, ladder: Ladder, cast: Cast
) -> SampleResult:
    talk = open_conversation(persona, sample.difficulty)
    for reply in ladder.root[sample.trainee][sample.variant - 1]:  # type: ignore[index] # a skill
        turn = await answered(talk, reply, cast)
        talk = talk.model_copy(update={"turns": (*talk.turns, turn)})
        if turn.outcome:
            break
    talk = talk.model_copy(update={"abandoned": talk.outcome is None})
    card = await judge_conversation(
        cast.judge,
        cast.coach,
        rubric=library.rubric(),
        rubric_hash=library.rubric_hash(),
        utterances=talk.utterances,
        language=persona.language,
        persona=persona,
        outcome=talk.outcome,
    )
    return SampleResult(
        sample=sample,
        opening=talk.opening,
        turns=talk.turns,
        abandoned=talk.abandoned,
        judged=(Judged(judge=BUILT_IN, scorecard=card),),
    )


# --- results made by hand -----------------------------------------------------------------------------------------


def a_sample(
    persona: str = "missing-kettle",
    language: Language = "en",
    trainee: str = "expert",
    variant: int = 1,
    *,
    customer: str = BUILT_IN,
    prompts: str = "default",
    epoch: int = 1,
) -> Sample:
    """A place in a plan."""
    return Sample(
        persona=persona,
        language=language,
        difficulty=3,
        customer=customer,
        prompts=prompts,
        trainee=trainee,
        variant=variant,
        epoch=epoch,
    )


def a_result(
    sample: Sample,
    tensions: Sequence[float] = (),
    outcome: Outcome | None = None,
    *,
    overall: float | None = None,
    levels: Mapping[str, int | None] | None = None,
    said: str = "I will look at it.",
    answer: str = "Answer {}.",
    failure: str = "",
    spent: Mapping[str, Spent] | None = None,
    judge: str = BUILT_IN,
) -> SampleResult:
    """A conversation with these tensions after its turns. With ``overall`` or ``levels`` a judge has scored it."""
    affect = first_affect(a_persona(), sample.difficulty)
    turns = tuple(
        Turn(
            index=index,
            trainee=said,
            customer=answer.format(index),
            appraisal=Appraisal(),
            effects=(),
            affect=affect.model_copy(update={"tension": float(tension)}),
            outcome=outcome if index == len(tensions) else None,
            spoken_by=sample.customer,
        )
        for index, tension in enumerate(tensions, 1)
    )
    scored = overall is not None or levels is not None
    return SampleResult(
        sample=sample,
        opening="Where is my kettle?",
        turns=turns,
        abandoned=outcome is None and not failure,
        failure=failure,
        judged=(Judged(judge=judge, scorecard=_card(judge, overall, levels or {})),) if scored else (),
        spent=spent or {},
    )


def _card(judge: str, overall: float | None, levels: Mapping[str, int | None]) -> Scorecard:
    return Scorecard(
        overall=overall,
        reason="" if overall is not None else "too few criteria could be scored",
        criteria={
            name: Verdict(level=level, reason="" if level else "not scored", items=())
            for name, level in levels.items()
        },
        judge=JudgeInfo(model=judge, rubric="small", rubric_hash="r1", passes=1),
    )


def a_run(
    results: Sequence[SampleResult],
    *,
    run_id: str = "first",
    suite: Suite | None = None,
    personas: Sequence[Persona] = (),
    content: Mapping[str, str] | None = None,
    version: str = "0.1.0",
    planned: Sequence[Sample] = (),
) -> Run:
    """A run of these results. Without ``personas`` every one of them is Ada with another id."""
    samples = tuple(planned) or tuple(result.sample for result in results)
    known = {f"{p.id}.{p.language}": p for p in personas} or {
        f"{s.persona}.{s.language}": a_persona(id=s.persona, language=s.language) for s in samples
    }
    hashes = {"rubric:small": "r1", "lexicon": "l1", "prompt:default/judge": "j1"}
    hashes |= {f"{kind}:{name}": f"{kind[0]}1" for name in known for kind in ("persona", "ladder")}
    return Run(
        id=run_id,
        suite=suite or Suite(id="small", title="A small run"),
        version=version,
        started_at=BEGAN,
        finished_at=ENDED if len(results) == len(samples) else None,
        stopped=None if len(results) == len(samples) else "interrupted",
        content=hashes | dict(content or {}),
        personas=known,
        planned=samples,
        results=tuple(results),
    )


def write_log(run: Run, folder: Path) -> Path:
    """The run as its log would tell it."""
    header = Header(
        **{name: getattr(run, name) for name in Header.model_fields if name not in ("kind", "salt")},
        salt="00",
    )
    path = folder / f"{run.id}.jsonl"
    with new_log(path, header) as log:
        for result in run.results:
            log.write(Finished(result=result))
        log.write(End(at=run.finished_at) if run.finished_at else Stop(at=ENDED, reason="interrupted"))
    return path


def output_of(command: Callable[..., object], *arguments: str) -> str:
    """What a command of the terminal prints. Raises what it raises."""
    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, arguments)
    if isinstance(done.exception, Exception):
        raise done.exception
    return done.output
