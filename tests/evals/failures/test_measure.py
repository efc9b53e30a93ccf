"""A model that shows a failure is seen before the code and not behind it; one that behaves is never accused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from simcustomer.cast.builtin.customer import BuiltInCustomer
from simcustomer.cast.customer import LLMCustomer
from simcustomer.cast.grader import Grade
from simcustomer.cast.guard import faults_of
from simcustomer.cast.parts import BUILT_IN, Appraiser, Cast, Customer, Judge
from simcustomer.cli.failures import failures
from simcustomer.domain.affect import next_affect
from simcustomer.domain.conversation import Utterance, direction_for
from simcustomer.domain.cues import SETTLING, Appraisal, Cue, CueKind
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import AnchoredLevel, Answer, Evidence, ItemAnswer, Judgement, Rubric
from simcustomer.errors import ConfigError, ModelUnavailable
from simcustomer.evals.failures.content import (
    FAILURES,
    Failure,
    Situation,
    appraisal_of,
    read_failures,
    staged,
)
from simcustomer.evals.failures.judged import trivial
from simcustomer.evals.failures.measure import Measured, Overheard, Stage, chosen_of, measure
from simcustomer.evals.failures.tables import tables_of
from simcustomer.library import Library
from simcustomer.llm import litellm_model
from simcustomer.llm.model import Message, T
from simcustomer.llm.prompts import Prompts
from simcustomer.settings import content_dir
from tests.fakes import FakeCoach

LIBRARY = Library(content_dir("personas"), content_dir("prompts"))
RUBRIC = LIBRARY.rubric()
TABLES = read_failures(content_dir("evals") / "failures", LIBRARY, RUBRIC)
SITUATIONS = {s.id: s for table in TABLES for s in table.situations}
SPOKEN: tuple[Failure, ...] = tuple(
    table.failure for table in TABLES if any(s.part == "customer" for s in table.situations)
)
GOOD = {"en": "And my own trouble, then?", "es": "¿Y lo mío, entonces?"}
BAD: dict[Failure, dict[str, str]] = {
    "calms_too_fast": {
        "en": "Thank you so much for your help, I feel so much better.",
        "es": "Muchísimas gracias por tu ayuda, ya me siento más tranquila.",
    },
    "never_leaves": {"en": "I'll wait here for you, then.", "es": "Me quedo aquí esperando."},
    "role_reversal": {"en": "How can I help you today?", "es": "¿En qué le puedo ayudar?"},
    "reasoning_leak": {
        "en": "As an upset customer, I would react with anger.",
        "es": "Como clienta molesta, yo respondería con enojo.",
    },
    "invents_facts": {"en": "It is 4471029385.", "es": "Es el 4471029385."},
    "breaks_character": {
        "en": "As an AI, I cannot engage with that.",
        "es": "Soy una IA y no puedo participar en eso.",
    },
    "ends_early": {"en": "Okay, thanks. Bye!", "es": "Bueno, gracias. ¡Hasta luego!"},
}


def bad_line(failure: Failure, situation: Situation) -> str:
    """A line that shows the failure in this situation."""
    persona = LIBRARY.persona(situation.persona, situation.language)
    conversation = staged(situation, persona)
    if failure == "repeats":
        return conversation.utterances[-1].text
    if failure != "hidden_fact":
        return BAD[failure][situation.language]
    observed = appraisal_of(situation.reply or "", situation.did, situation.touched)
    reaction = next_affect(conversation.affect, observed, persona, 3)
    direction = direction_for(conversation, observed, reaction)
    words = (word.rstrip("*") for fact in persona.facts if fact.unlock for word in fact.keywords)
    lines = (f"{word}..." for word in words)
    return next(
        line
        for line in lines
        if "locked_fact" in faults_of(line, conversation, direction, situation.language)
    )


@dataclass
class Speaker:
    """Answers as the test says: what it is told for a first answer, and a good line when that was discarded."""

    first: Callable[[Sequence[Message]], str]
    asked: int = 0
    name: str = "some/speaker"

    async def complete(self, messages: Sequence[Message], *, schema: type[T], purpose: str) -> T:
        self.asked += 1
        language = "es" if "You write in Spanish" in messages[0].text else "en"
        again = "An earlier try at this message was thrown away" in messages[-1].text
        return schema.model_validate({"line": GOOD[language] if again else self.first(messages)})


@dataclass
class Grader:
    """Calls every line with a digit invented."""

    name: str = "digits"

    async def grade(self, persona: Persona, history: Sequence[Utterance], line: str) -> Grade:
        invented = any(letter.isdigit() for letter in line)
        return Grade(invented=invented, words=line if invented else "")


@dataclass
class Reader:
    """Sees the same cues in every reply, each quoting all of it, or fails."""

    kinds: tuple[CueKind, ...] = ()
    error: ModelUnavailable | None = None
    name: str = "reader"

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        if self.error:
            raise self.error
        return Appraisal(cues=tuple(Cue(kind=kind, quote=reply) for kind in self.kinds))


@dataclass
class Scorer:
    """Finds everything met in the customer's words, at the highest level; asked again, it finds nothing."""

    quote_of: str = "customer"
    rubrics: list[Rubric] = field(default_factory=list)
    name: str = "scorer"

    async def judge(self, rubric: Rubric, utterances: Sequence[Utterance], language: Language) -> Judgement:
        number, said = next((i, u.text) for i, u in enumerate(utterances) if u.role == self.quote_of)
        merits = {item.id for criterion in rubric.criteria for item in criterion.items if item.points > 0}
        answers = (
            ItemAnswer(
                item=item,
                answer=Answer.MET if item in merits else Answer.NOT_MET,
                evidence=(Evidence(message=number, quote=said),) if item in merits else (),
            )
            for item in rubric.items()
        )
        anchored = tuple(AnchoredLevel(criterion=c.id, level=2) for c in rubric.criteria)
        return Judgement(answers=tuple(answers), anchored=anchored)

    async def judge_again(
        self,
        rubric: Rubric,
        utterances: Sequence[Utterance],
        language: Language,
        first: Judgement,
        items: Sequence[str],
    ) -> Judgement:
        return Judgement(answers=tuple(ItemAnswer(item=item, answer=Answer.NOT_MET) for item in items))


def a_stage(
    customer: Customer | None = None,
    appraiser: Appraiser | None = None,
    judge: Judge | None = None,
    grader: Grader | None = None,
) -> Stage:
    cast = Cast(appraiser or Reader(), customer or BuiltInCustomer(), judge or Scorer(), FakeCoach())
    return Stage(cast, grader, LIBRARY, RUBRIC, at_once=4)


def on_model(model: Speaker) -> LLMCustomer:
    return LLMCustomer(Overheard(model), Prompts(content_dir("prompts")), BuiltInCustomer())


async def tried(stage: Stage, *only: str) -> Measured:
    return await measure(stage, chosen_of(TABLES, only))


def said_to(situations: Sequence[Situation], messages: Sequence[Message]) -> Situation:
    """The situation that a prompt is of: the one whose reply came last."""
    return next(s for s in situations if s.reply and s.reply in messages[-1].text)


# --- customers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", SPOKEN)
async def test_a_customer_that_fails_is_caught(failure: Failure) -> None:
    """Every first answer shows the failure and is counted; the second is good, and is what the trainee sees."""
    own = [s for s in SITUATIONS.values() if s in next(t for t in TABLES if t.failure == failure).situations]
    model = Speaker(lambda messages: bad_line(failure, said_to(own, messages)))
    measured = await tried(a_stage(on_model(model), grader=Grader()), failure)
    spoken = [trial for trial in measured.trials if trial.part == "customer"]
    assert [trial.before for trial in spoken] == [True] * len(spoken)
    assert [(trial.id, trial.saw_after) for trial in spoken if trial.after] == []
    assert all(trial.discarded and trial.by == model.name for trial in spoken)
    assert model.asked == 2 * len(spoken)


async def test_a_customer_that_behaves_is_never_accused() -> None:
    """A plain line in the right language shows none of the failures, and is asked for once."""
    model = Speaker(lambda m: GOOD["es" if "You write in Spanish" in m[0].text else "en"])
    measured = await tried(a_stage(on_model(model), grader=Grader()), "customer")
    assert [(t.id, t.saw_before) for t in measured.trials if t.before or t.after] == []
    assert model.asked == len(measured.trials)


async def test_a_customer_that_fails_twice_is_stood_in_for() -> None:
    """The built-in player's line is what is looked at then."""

    class Stubborn(Speaker):
        async def complete(self, messages: Sequence[Message], *, schema: type[T], purpose: str) -> T:
            return schema.model_validate({"line": "How can I help you today? ¿En qué le puedo ayudar?"})

    measured = await tried(a_stage(on_model(Stubborn(lambda _: ""))), "role_reversal")
    assert {(trial.by, trial.before, trial.after) for trial in measured.trials} == {(BUILT_IN, True, False)}
    assert tables_of(measured)[1].rows == ((8, 0, 0, 8),)


async def test_without_a_grader_inventions_are_not_measured() -> None:
    """No share is made up: the row has no n, and says how many are missing."""
    measured = await tried(a_stage(), "invents_facts")
    assert {(trial.before, trial.after) for trial in measured.trials} == {(None, None)}
    assert tables_of(measured)[0].rows[0][2:] == (0, "", "", "", "", 0, 7)


async def test_the_built_in_customer_shows_no_failure() -> None:
    """Neither before nor after, which are one."""
    measured = await tried(a_stage(), "customer")
    assert [(t.id, t.saw_after) for t in measured.trials if t.before or t.after] == []


# --- replies and transcripts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", ["calms_too_fast", "ends_early"])
async def test_an_appraiser_that_sees_only_good_calms_nobody_at_once(failure: Failure) -> None:
    """Added up, all settling cues at once would settle anybody; the engine lets it fall no further than it may."""
    everything = tuple(sorted(SETTLING - {CueKind.WARM_HANDOVER, CueKind.KEY_REASSURANCE}))
    measured = await tried(a_stage(appraiser=Reader(everything)), failure)
    read = [trial for trial in measured.trials if trial.part == "appraiser"]
    assert all(trial.before for trial in read)
    assert not any("ended" in fault for trial in read for fault in trial.saw_after)


async def test_whoever_is_blamed_long_enough_leaves() -> None:
    """Without patience nobody ever leaves; with it everybody does."""
    cues = (CueKind.BLAMES, CueKind.REFUSAL_WITHOUT_ALTERNATIVE)
    measured = await tried(a_stage(appraiser=Reader(cues)), "never_leaves")
    read = [trial for trial in measured.trials if trial.part == "appraiser"]
    assert [(trial.before, trial.after) for trial in read] == [(True, False)] * len(read)


async def test_words_that_nobody_takes_for_deeds_calm_nobody() -> None:
    """An appraiser that sees a script in keywords lets none of them work."""
    measured = await tried(a_stage(appraiser=Reader((CueKind.COLD_SCRIPT,))), "keyword_stuffing")
    read = [trial for trial in measured.trials if trial.part == "appraiser"]
    assert [(trial.before, trial.after) for trial in read] == [(False, False)] * len(read)


async def test_a_judge_that_quotes_the_customer_is_corrected() -> None:
    """The story is no evidence: the items are asked again, and the scorecard is that of nothing done."""
    measured = await tried(a_stage(judge=Scorer()), "judge_scores_context")
    nothing = [t for t in measured.trials if (j := SITUATIONS[t.id].judged) and j.nothing_done]
    assert [(trial.before, trial.after) for trial in nothing] == [(True, False)] * len(nothing)


async def test_a_judge_that_takes_any_words_for_deeds_is_seen() -> None:
    """Code cannot know better than a quote that stands there; then the rate behind the code says so."""
    measured = await tried(a_stage(judge=Scorer(quote_of="trainee")), "judge_lenient")
    assert [(trial.before, trial.after) for trial in measured.trials] == [(True, True)] * 6
    assert len(tables_of(measured)[2].rows) == 6


async def test_a_failed_call_is_no_figure() -> None:
    """Its trial is counted as failed, says why, and is in no share."""
    stage = a_stage(appraiser=Reader(error=ModelUnavailable("the model is away")))
    measured = await tried(stage, "keyword_stuffing")
    failed = [trial for trial in measured.trials if trial.failure]
    assert {trial.failure for trial in failed} == {"the model is away"}
    rows = {row[1]: row for row in tables_of(measured)[0].rows}
    assert rows["appraiser: reader"][2:] == (0, "", "", "", "", 6, 0)


def test_nothing_done_is_worth_what_the_items_say() -> None:
    """No merit and no harm is level 2 of 5 by the standard rubric's tables."""
    assert trivial(RUBRIC) == 2.0


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_shows_the_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Players, situations and the three tables; the JSON file holds every trial."""
    out = tmp_path / "failures.json"
    failures(only=["role_reversal"], out=out, at_once=4)
    shown = capsys.readouterr().out
    assert "built-in practice engine" in shown
    assert "8 customer lines" in shown
    assert "Failures, provoked" in shown
    written = json.loads(out.read_text(encoding="utf-8"))
    assert [trial["id"] for trial in written["trials"]] == [s.id for s in TABLES[2].situations]


def test_only_takes_known_names() -> None:
    """A failure or a part; anything else is refused with what is allowed."""
    with pytest.raises(ConfigError, match=f"allowed: customer, appraiser, judge, {FAILURES[0]}"):
        failures(only=["everything"], at_once=4)


def test_a_stopped_measurement_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was answered is kept, half a line at the end is forgotten, and only what is missing is asked for."""
    model = Speaker(lambda messages: BAD["role_reversal"]["en"])
    monkeypatch.setattr(litellm_model, "LiteLLMModel", lambda *_: model)
    monkeypatch.setenv("SIMCUSTOMER_CUSTOMER_MODEL", model.name)
    log = tmp_path / "log" / "failures.jsonl"
    failures(only=["role_reversal"], log=log, as_json=True, at_once=4)
    first, asked = json.loads(capsys.readouterr().out), model.asked
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    failures(only=["role_reversal"], log=log, as_json=True, at_once=4)
    assert json.loads(capsys.readouterr().out) == first
    assert asked == 16
    assert model.asked == asked + 1


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "run"}\n',
        "Notes that end\nwithout a line end",
        "One line of notes",
        '{"failure_table": 1, "salt": "zz"}\n',
    ],
)
def test_a_log_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    """With its line, and nothing in it is changed, nor in the file for the result."""
    log, out = tmp_path / "other.jsonl", tmp_path / "out.json"
    log.write_text(text, encoding="utf-8")
    out.write_text("[1]", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"other\.jsonl:1: .* not a log of the failure table"):
        failures(log=log, out=out, at_once=4)
    assert log.read_text(encoding="utf-8") == text
    assert out.read_text(encoding="utf-8") == "[1]"
