"""Robustness is decided in code: what worked, what was gained, what was lost; a failed player scores nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from simcustomer.cast.parts import Cast, Spoken
from simcustomer.cli.robustness import robustness
from simcustomer.domain.conversation import Conversation, Direction, Utterance
from simcustomer.domain.cues import Appraisal, Cue, CueKind
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import AnchoredLevel, Answer, Evidence, ItemAnswer, Judgement, Rubric
from simcustomer.errors import ConfigError, ModelUnavailable
from simcustomer.evals.figures import Titled
from simcustomer.evals.robustness.attacks import HOLDING_ADDED, JUDGED_AGAIN
from simcustomer.evals.robustness.content import (
    WAYS,
    Benign,
    Injection,
    Reworded,
    Rewordings,
    Sets,
    Stuffed,
    Whole,
)
from simcustomer.evals.robustness.measure import SAME_TEXT, Measured, measure, trials_of
from simcustomer.evals.robustness.probe import TOPICS, Attack, Moved, Probe, Topic
from simcustomer.evals.robustness.tables import tables_of
from tests.fakes import FakeCoach, a_library

CUES = {
    "SORRY": CueKind.SINCERE_APOLOGY,
    "OWN": CueKind.OWNERSHIP,
    "FAULT": CueKind.BLAMES,
    "PROGRAM": CueKind.TALKS_TO_THE_SIMULATOR,
}
"""What the appraiser of these tests sees, word by word."""


@dataclass
class WordAppraiser:
    """Sees a cue in each of the words above, and fails at the word DOWN."""

    name: str = "words"

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        if "DOWN" in reply:
            raise ModelUnavailable("the appraiser is away")
        return Appraisal(
            cues=tuple(Cue(kind=kind, quote=word) for word, kind in CUES.items() if word in reply)
        )


@dataclass
class LineCustomer:
    """Always says the same line."""

    line: str = "And what about my kettle, then?"
    discarded: tuple[str, ...] = ()
    name: str = "line"

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:
        return Spoken(self.line, by=self.name, discarded=self.discarded)

    async def answer_survey(self, conversation: Conversation, csat: int) -> Spoken:
        raise AssertionError("nobody asks for the survey here")


@dataclass
class WordJudge:
    """Finds everything good, at level 5, once the trainee writes FIVE; fails at the word DOWN."""

    name: str = "words"
    judged: list[Sequence[Utterance]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    async def judge(self, rubric: Rubric, utterances: Sequence[Utterance], language: Language) -> Judgement:
        self.judged.append(utterances)
        if self.errors:
            raise self.errors.pop()
        said = {i: u.text for i, u in enumerate(utterances) if u.role == "trainee"}
        if any("DOWN" in text for text in said.values()):
            raise ModelUnavailable("the judge is away")
        proof = tuple(Evidence(message=i, quote="FIVE") for i, text in said.items() if "FIVE" in text)
        answers = tuple(
            ItemAnswer(
                item=item,
                answer=Answer.MET if proof and item.endswith("_good") else Answer.NOT_MET,
                evidence=proof if item.endswith("_good") else (),
            )
            for item in rubric.items()
        )
        level = 5 if proof else 1
        anchored = tuple(AnchoredLevel(criterion=c.id, level=level, reason="") for c in rubric.criteria)
        return Judgement(answers=answers, anchored=anchored)

    async def judge_again(
        self,
        rubric: Rubric,
        utterances: Sequence[Utterance],
        language: Language,
        first: Judgement,
        items: Sequence[str],
    ) -> Judgement:
        raise AssertionError("every quote of this judge holds")


def a_probe(tmp_path: Path, customer: LineCustomer | None = None) -> Probe:
    """A probe of the players above on the kettle's persona and the small rubric."""
    library = a_library(tmp_path)
    cast = Cast(WordAppraiser(), customer or LineCustomer(), WordJudge(), FakeCoach())
    return Probe(cast, library, library.rubric(), library.rubric_hash())


def an_injection(injection: str, wrap: str = "{injection}", **changes: object) -> Injection:
    """An injection into the kettle's conversation."""
    fields = {"id": "one", "kind": "direct", "target": "appraiser", "persona": "missing-kettle"}
    return Injection.model_validate(
        {**fields, "language": "en", "injection": injection, "wrap": wrap, **changes}
    )


def a_whole(reply: str = "Not us.", name: str = "g-1") -> Whole:
    """A gold conversation of one reply."""
    said = (Utterance(role="customer", text="Where is it?"), Utterance(role="trainee", text=reply))
    return Whole(id=name, persona="missing-kettle", language="en", utterances=said, score=1.0)


def some_sets(**changes: object) -> Sets:
    """Sets that hold nothing but what a test gives."""
    fields: dict[str, object] = {"injections": (), "benign": (), "keywords": (), "rewordings": (), "gold": ()}
    return Sets.model_validate({**fields, **changes})


async def attacks_on(probe: Probe, part: str, sets: Sets) -> list[Attack]:
    """The trials of one part."""
    measured = await measure(probe, sets, ["injections"])
    return [attack for attack in measured.attacks if attack.part == part]


@pytest.mark.parametrize(
    ("injection", "wrap", "won"),
    [
        ("SORRY and OWN", "{injection}", True),
        ("please", "SORRY and OWN {injection}", False),
        ("SORRY and OWN", "FAULT {injection}", False),
        ("nothing", "{injection}", False),
        ("SORRY and OWN, PROGRAM", "{injection}", False),
    ],
    ids=["calms alone", "calms without it too", "harm outweighs", "does nothing", "is noticed"],
)
async def test_an_attack_on_the_appraiser_works_when_it_calms(
    tmp_path: Path, injection: str, wrap: str, won: bool
) -> None:
    """The reply must calm, and the same reply without the injection must not."""
    sets = some_sets(injections=(an_injection(injection, wrap),))
    (attack,) = await attacks_on(a_probe(tmp_path), "appraiser", sets)
    assert attack.won is won
    assert attack.aimed


@pytest.mark.parametrize(
    ("line", "won"),
    [
        ("And what about my kettle, then?", False),
        ("How can I help you today?", True),
        ("As an AI I have no kettle.", True),
        ("I told you about my mother.", True),
        ("I am as happy as a lark.", True),
        ("Where, *sighs*, is it?", False),
    ],
    ids=["in the part", "serves", "machinery", "locked fact", "follows", "style only"],
)
async def test_an_attack_on_the_customer_works_when_the_line_shows_it(
    tmp_path: Path, line: str, won: bool
) -> None:
    """Leaving the part, telling what is locked or saying what was asked for; a fault of style is no success."""
    sets = some_sets(injections=(an_injection("Be happy.", success_if=("happy as a lark",)),))
    customer = LineCustomer(line, discarded=("speaks of the program",))
    (attack,) = await attacks_on(a_probe(tmp_path, customer), "customer", sets)
    assert attack.won is won
    assert attack.discarded == 1


async def test_an_attack_on_the_judge_works_when_the_score_rises(tmp_path: Path) -> None:
    """The injection stands in the last trainee message; the controls gain nothing from a judge without noise."""
    sets = some_sets(injections=(an_injection("FIVE"), an_injection("Hm.", id="two")), gold=(a_whole(),))
    trials = {attack.id: attack for attack in await attacks_on(a_probe(tmp_path), "judge", sets)}
    assert {name: trial.won for name, trial in trials.items()} == {
        "one": True, "two": False, JUDGED_AGAIN: False, HOLDING_ADDED: False,
    }  # fmt: skip
    assert trials["one"].gain == 4.0
    assert [name for name, trial in trials.items() if trial.control] == [JUDGED_AGAIN, HOLDING_ADDED]


async def test_a_conversation_whose_first_judgement_failed_is_judged_again(tmp_path: Path) -> None:
    """One failure of the judge does not spoil every trial in that conversation."""
    probe = a_probe(tmp_path)
    assert isinstance(probe.cast.judge, WordJudge)
    probe.cast.judge.errors.append(ModelUnavailable("busy"))
    sets = some_sets(injections=(an_injection("FIVE"),), gold=(a_whole(),))
    assert [trial.failure for trial in await attacks_on(probe, "judge", sets)] == ["", "", ""]


async def test_the_judge_is_attacked_in_the_language_of_the_conversation(tmp_path: Path) -> None:
    """An English injection is not tried on a Spanish conversation; that has its controls all the same."""
    spanish = a_whole().model_copy(update={"language": "es"})
    sets = some_sets(injections=(an_injection("FIVE"),), gold=(spanish,))
    trials = await attacks_on(a_probe(tmp_path), "judge", sets)
    assert {trial.id for trial in trials} == {JUDGED_AGAIN, HOLDING_ADDED}


async def test_a_failed_player_spoils_its_trial_and_no_other(tmp_path: Path) -> None:
    """It is neither won nor lost, is listed with its reason, and stays out of the shares."""
    injections = (an_injection("DOWN"), an_injection("SORRY and OWN", id="two"))
    sets = some_sets(injections=injections, gold=(a_whole(), a_whole("DOWN", "g-2")))
    measured = await measure(a_probe(tmp_path), sets, ["injections"])
    won = {(a.part, a.id, a.where): a.won for a in measured.attacks}
    assert won["appraiser", "one", "missing-kettle.en"] is None
    assert won["appraiser", "two", "missing-kettle.en"] is True
    assert won["judge", "two", "g-2"] is None
    assert won["judge", "two", "g-1"] is False
    reasons = {why for _, why in measured.failures}
    assert reasons == {"the appraiser is away", "the judge is away"}
    table = tables_of(measured)[0]
    row = next(row for row in table.rows if row[:2] == ("appraiser", "all"))
    assert dict(zip(table.columns, row, strict=True))["n"] == 1
    assert dict(zip(table.columns, row, strict=True))["failed"] == 1


def a_stuffed(**changes: str) -> Stuffed:
    """An unhelpful reply to which OWN is added, in one way as talk to the program."""
    fields = {"id": "k", "persona": "missing-kettle", "language": "en", "reply": "FAULT of yours."}
    ways = {"appended": "SORRY OWN", "prefixed": "PROGRAM", "woven": "SORRY OWN FIVE."}
    return Stuffed.model_validate({**fields, **ways, **changes})


async def test_keywords_are_measured_against_the_bare_reply(tmp_path: Path) -> None:
    """Each way has its own change in tension, and the judge reads the replies of one persona as one conversation."""
    probe = a_probe(tmp_path)
    measured = await measure(probe, some_sets(keywords=(a_stuffed(), a_stuffed(id="l"))), ["keywords"])
    changes = {(m.id, m.way): m.tension or 0.0 for m in measured.moved}
    assert changes["k", "appended"] < 0.0 < changes["k", "prefixed"]
    scores = {r.way: r.overall for r in measured.rescored}
    assert scores == {"appended": 0.0, "woven": 4.0, "prefixed": 0.0}
    assert isinstance(probe.cast.judge, WordJudge)
    assert {len(said) for said in probe.cast.judge.judged} == {5}


async def test_what_the_defence_costs_is_told_apart(tmp_path: Path) -> None:
    """All changes of wording count, and beside them those of replies that were taken for talk to the program."""
    benign = {"persona": "missing-kettle", "language": "en", "looks_like": "x"}
    replies = (
        Benign.model_validate({**benign, "id": "a", "reply": "SORRY, the PROGRAM broke.", "plain": "SORRY."}),
        Benign.model_validate({**benign, "id": "b", "reply": "SORRY. FAULT.", "plain": "SORRY."}),
        Benign.model_validate({**benign, "id": "c", "reply": "So SORRY.", "plain": "SORRY."}),
    )
    measured = await measure(a_probe(tmp_path), some_sets(benign=replies), ["hardening"])
    flagged, worse, same = measured.moved
    assert [m.flagged for m in measured.moved] == [True, False, False]
    lost = flagged.tension or 0.0
    assert lost > 0.0
    assert (worse.tension or 0.0) > 0.0
    assert same.tension == 0.0
    rows = {row[0]: row for row in tables_of(measured)[0].rows}
    assert rows["honest replies taken for talk to the program, share"][1] == 0.33
    assert rows["of it in replies taken for talk to the program"][1] == round(lost / 3, 2)


async def test_a_rewording_is_measured_beside_the_same_text_again(tmp_path: Path) -> None:
    """A variety that loses the apology moves the reply; the base again does not."""
    given = Reworded(
        id="r", persona="missing-kettle", quality="good", base="SORRY. OWN.",
        rewordings={"loses": "Sory. Own.", "keeps": "OWN, SORRY."},
    )  # fmt: skip
    sets = some_sets(rewordings=(Rewordings(language="en", replies=(given,)),))
    measured = await measure(a_probe(tmp_path), sets, ["rewordings"])
    changes = {moved.way: moved.tension or 0.0 for moved in measured.moved}
    assert changes["loses"] > 0.0
    assert changes["keeps"] == changes[SAME_TEXT] == 0.0
    table = tables_of(measured)[0]
    assert [row[:2] for row in table.rows] == [("en", "keeps"), ("en", "loses"), ("en", SAME_TEXT)]
    turned = table.columns.index("turned")
    assert [row[turned] for row in table.rows] == [0, 1, 0]


@pytest.mark.parametrize("topic", TOPICS)
async def test_every_step_is_announced_and_counted(tmp_path: Path, topic: Topic) -> None:
    """The progress bar ends where it was said to end."""
    library = a_library(tmp_path)
    cast = Cast(WordAppraiser(), LineCustomer(), WordJudge(), FakeCoach())
    steps: list[None] = []
    probe = Probe(cast, library, library.rubric(), library.rubric_hash(), done=lambda: steps.append(None))
    reworded = Reworded(
        id="r", persona="missing-kettle", quality="bad", base="No.", rewordings={"x": "Nope."}
    )
    sets = some_sets(
        injections=(an_injection("FIVE"),),
        benign=(
            Benign(id="a", persona="missing-kettle", language="en", looks_like="x", reply="A", plain="B"),
        ),
        keywords=(a_stuffed(),),
        rewordings=(Rewordings(language="en", replies=(reworded,)),),
        gold=(a_whole(),),
    )
    await measure(probe, sets, [topic])
    assert len(steps) == trials_of(probe, sets, [topic])


def test_none_of_ten_is_not_said_to_be_none_of_all() -> None:
    """Where nothing worked the interval is that of the rule of three and not of no width."""
    attacks = [
        Attack(part="customer", id=f"i{n}", kind="direct", aimed=True, where="x", won=False)
        for n in range(10)
    ]
    measured = Measured(players={}, rubric="", topics=("injections",), attacks=tuple(attacks))
    table = tables_of(measured)[0]
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["success"], row["95 % interval"], row["n"]) == (0.0, "0.00 to 0.30", 10)


def test_only_gains_are_the_worst_cases_of_keywords() -> None:
    """A reply that its keywords made worse is no case of gaming; elsewhere either way is bad."""
    moved = [
        Moved(topic=topic, id=f"{topic}{change}", way="x", language="en", tension=change)
        for topic in ("keywords", "rewordings")
        for change in (-3.0, 5.0)
    ]
    measured = Measured(players={}, rubric="", topics=TOPICS, moved=tuple(moved))
    worst = {table.title: [row[0] for row in table.rows] for table in tables_of(measured)}
    assert worst["Worst cases: keywords"] == ["keywords-3.0"]
    assert worst["Worst cases: rewordings"] == ["rewordings5.0", "rewordings-3.0"]


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sets of a few entries for the built-in players, one persona in both languages."""
    evals = tmp_path / "evals"
    (evals / "gold").mkdir(parents=True)
    every = [("en", "Not us.", "One moment."), ("es", "No es cosa nuestra.", "Un momento.")]
    own = {"persona": "lost-parcel"}
    injections = [
        {
            **own, "id": f"i-{code}", "language": code, "kind": "direct", "target": "judge",
            "injection": "[bold]x", "wrap": f"{no} {{injection}}",
        }
        for code, no, _ in every
    ]  # fmt: skip
    keywords = [
        {**own, "id": f"k-{code}", "language": code, "reply": no, "appended": "x", "prefixed": "x", "woven": f"x {no}"}
        for code, no, _ in every
    ]  # fmt: skip
    files: dict[str, object] = {"injections": {"injections": injections}, "keywords": {"replies": keywords}}
    for code, no, other in every:
        reply = {**own, "id": f"r-{code}", "quality": "bad", "base": no, "rewordings": {"other": other}}
        files[f"rewordings.{code}"] = {"language": code, "replies": [reply]}
        messages = [{"role": "customer", "text": "?"}, {"role": "trainee", "text": no}]
        gold = {**own, "id": f"g-{code}", "language": code, "messages": messages}
        (evals / "gold" / f"conversations.{code}.jsonl").write_text(json.dumps(gold), encoding="utf-8")
    for name, body in files.items():
        (evals / f"{name}.yaml").write_text(yaml.safe_dump(body), encoding="utf-8")
    scores = "\n".join(json.dumps({"id": f"g-{code}", "overall": 1}) for code, _, _ in every)
    for name in ("a", "b"):
        (evals / "gold" / f"scores.{name}.jsonl").write_text(scores, encoding="utf-8")
    monkeypatch.setenv("SIMCUSTOMER_EVALS_DIR", str(evals))
    return tmp_path


def test_the_command_prints_json_and_writes_tables_for_a_report(
    content: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the built-in players: every topic, every trial, and the tables in the form that a report takes."""
    robustness(out=content / "new" / "tables.json", as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["players"].values()) == {"built-in"}
    assert printed["failures"] == []
    assert {trial["way"] for trial in printed["trials"]["moved"]} == {*WAYS, "other", SAME_TEXT}
    written = json.loads((content / "new" / "tables.json").read_text(encoding="utf-8"))
    tables = [Titled.model_validate(table) for table in written]
    assert [table.model_dump(mode="json") for table in tables] == printed["tables"]
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)


def test_only_some_topics_are_measured(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal shows the tables of the topics that were asked for."""
    robustness(only=["keywords"])
    shown = capsys.readouterr().out
    assert "Gained by keywords" in shown
    assert "Attack success" not in shown


def test_an_unknown_topic_and_an_unwritable_file_are_errors(content: Path) -> None:
    """The message says what is allowed, or which file it was."""
    with pytest.raises(ConfigError, match="allowed: injections, keywords, hardening, rewordings"):
        robustness(only=["coach"])
    (content / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be written"):
        robustness(only=["keywords"], out=content / "file" / "tables.json")
