"""The store: what goes in comes out, each turn once, whole or not at all, on both databases."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from simcustomer.domain.affect import Effect, first_affect
from simcustomer.domain.conversation import Conversation, Mode, Outcome, Turn
from simcustomer.domain.cues import Appraisal, Cue, CueKind, Touch
from simcustomer.domain.rubric import (
    Answer,
    Evidence,
    Feedback,
    GateHit,
    ItemScore,
    JudgeInfo,
    Praise,
    Scorecard,
    Verdict,
)
from simcustomer.errors import ConfigError, ConversationOver, NotFound, StoreUnavailable, TurnConflict
from simcustomer.library import Content, content_hash
from simcustomer.llm.ledger import ModelCall
from simcustomer.store.records import ConversationRecord, NewConversation, ScorecardStatus
from simcustomer.store.store import Store
from simcustomer.store.tables import (
    ContentRow,
    ItemAnswerRow,
    ModelCallRow,
    Table,
    TurnRow,
    VerdictRow,
    WorkerRow,
)
from tests.people import a_persona

PERSONA = a_persona()
TRICKY = "<b>{{ 7*7 }}</b> '; DROP TABLE turn; -- \u202e txet \u2067עברית\u2069 ¿Qué? 🫖\nnext"


def content(kind: str, name: str, body: str) -> Content:
    """Content with its own hash."""
    return Content(kind, name, content_hash(body), body)


def new(title: str = PERSONA.title, mode: Mode = Mode.PRACTICE) -> NewConversation:
    """A conversation that begins."""
    persona = PERSONA.model_copy(update={"title": title})
    return NewConversation(
        conversation=Conversation(persona=persona, difficulty=4, opening=persona.openings[0]),
        mode=mode,
        players={"customer": "model-a", "judge": "model-b"},
        content=(
            content("persona", "missing-kettle.en", persona.model_dump_json()),
            content("rubric", "small", "criteria: []"),
            content("prompt", "judge", "Judge this."),
            content("prompt", "customer", "Judge this."),
        ),
    )


def a_turn(index: int, reply: str = "Hello", outcome: Outcome | None = None) -> Turn:
    """A turn in which every field holds something."""
    affect = first_affect(PERSONA, 4).model_copy(
        update={
            "tension": 100 / 3,
            "needs_met": ("heard",),
            "seen": {CueKind.OWNERSHIP: 2},
            "landed": frozenset({CueKind.OWNERSHIP}),
            "relief": {CueKind.OWNERSHIP: 1.25},
            "wordings": frozenset({reply}),
            "touched": frozenset({"courier"}),
        }
    )
    return Turn(
        index=index,
        trainee=reply,
        customer=f"answer to {reply}",
        appraisal=Appraisal(
            cues=(Cue(kind=CueKind.OWNERSHIP, quote=reply),), touched=(Touch(id="courier", quote=reply),)
        ),
        effects=(Effect(cue="ownership", quote=reply, delta=-0.1),),
        affect=affect,
        outcome=outcome,
        spoken_by="model-a",
        discarded=("speaks as the agent",),
    )


def a_scorecard(overall: float | None = 3.5) -> Scorecard:
    """A scorecard in which every field holds something."""
    good = ItemScore(
        id="z_good",
        met=True,
        answer=Answer.MET,
        evidence=(Evidence(message=1, quote="Hello"),),
        votes=(Answer.MET, Answer.NOT_MET, Answer.MET),
    )
    open_item = ItemScore(id="a_open", met=None, answer=Answer.UNSCORED, reason="the passes disagree")
    verdict = Verdict(
        level=4,
        reason="Good.",
        items=(good, open_item),
        votes=(4, None),
        from_items=5,
        anchored=3,
        flags=("gap",),
    )
    unscored = Verdict(level=None, reason="no chance to show this", items=())
    return Scorecard(
        overall=overall,
        reason="" if overall else "too few criteria could be scored",
        criteria={"zeal": verdict, "empathy": unscored},
        gates=(GateHit(id="harm", caps=("overall",), at=2, why="Harm was done."),),
        feedback=(Feedback(message=1, said="Hello", better="Hello, Ada", why="It is personal."),),
        went_well=(Praise(message=1, quote="Hello", why="It is kind."),),
        outcome=Outcome.RESOLVED,
        judge=JudgeInfo(model="model-b", rubric="small", rubric_hash="abc", passes=3),
    )


@pytest.fixture
async def record(store: Store) -> ConversationRecord:
    """A conversation that has just begun."""
    return await store.add_conversation(new())


async def count(store: Store, table: type[Table]) -> int:
    """The rows of a table."""
    async with store.database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


# --- conversations ------------------------------------------------------------------------------------------------


async def test_a_conversation_comes_back_as_it_began(store: Store) -> None:
    """Persona, opening, mode, players and the hashes of all frozen content are there again, for the local person."""
    given = new(mode=Mode.ASSESSMENT)
    made = await store.add_conversation(given)
    record = await store.load(made.id)
    assert record == made
    assert record.conversation == given.conversation
    assert (record.mode, record.players, record.branch) == (Mode.ASSESSMENT, given.players, 1)
    assert {(f.kind, f.name, f.hash) for f in record.content} == {
        (c.kind, c.name, c.hash) for c in given.content
    }
    assert (record.ended_at, record.csat, record.hints_used) == (None, None, 0)
    assert record.person_id == store.person_id


async def test_ids_cannot_be_guessed(store: Store) -> None:
    """Ids are long and random: two of them share no beginning."""
    first, second = [(await store.add_conversation(new())).id for _ in range(2)]
    assert len(first) == 32
    assert first[:8] != second[:8]


async def test_content_is_kept_once(store: Store) -> None:
    """Two conversations with the same persona, rubric and prompts share the bodies; a changed persona is one more."""
    await store.add_conversation(new())
    await store.add_conversation(new())
    assert await count(store, ContentRow) == 3
    await store.add_conversation(new(title="Another title"))
    assert await count(store, ContentRow) == 4


async def test_frozen_content_can_be_read_by_kind(store: Store, record: ConversationRecord) -> None:
    """The rubric is given out as it was at the start, under its name and hash."""
    assert await store.frozen(record.id, "rubric") == content("rubric", "small", "criteria: []")
    with pytest.raises(NotFound):
        await store.frozen(record.id, "poem")


async def test_what_is_not_there_is_not_found(store: Store, record: ConversationRecord) -> None:
    """An unknown conversation or branch is NotFound, for reading and for writing."""
    with pytest.raises(NotFound):
        await store.load("nobody")
    with pytest.raises(NotFound):
        await store.load(record.id, 2)
    with pytest.raises(NotFound):
        await store.keep_turn(record.id, 2, a_turn(1), "c1")
    with pytest.raises(NotFound):
        await store.add_branch("nobody", 1, 1)


async def test_times_have_a_zone(store: Store, record: ConversationRecord) -> None:
    """Times are in UTC and say so, on every database."""
    await store.end(record.id, 1, Outcome.LEFT, 1)
    ended = await store.load(record.id)
    assert ended.ended_at is not None
    for time in (ended.started_at, ended.opened_at, ended.ended_at):
        assert time.utcoffset() == timedelta(0)
        assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)


async def test_a_time_without_a_zone_is_refused(store: Store, record: ConversationRecord) -> None:
    """A naive time would be read as another moment elsewhere, so it cannot be kept at all."""
    await store.end(record.id, 1, Outcome.LEFT, 1)
    naive = datetime(2030, 1, 1)  # noqa: DTZ001
    with pytest.raises(Exception, match="without a zone"):
        await store.set_scorecard_waiting(record.id, 1, "cause", next_try_at=naive)


async def test_my_conversations_come_newest_first_in_pages(store: Store) -> None:
    """A list has the newest first, its newest branch's outcome and overall score, and how many there are in all."""
    for title in ("first", "second", "third"):
        record = await store.add_conversation(new(title))
    await store.keep_turn(record.id, 1, a_turn(1), "c1")
    await store.end(record.id, 1, Outcome.LEFT, 1)
    await store.add_branch(record.id, 1, 1)
    await store.keep_turn(record.id, 2, a_turn(1, outcome=Outcome.RESOLVED), "c2", csat=5)
    await store.keep_scorecard(record.id, 2, a_scorecard(), "Fine.")

    page = await store.list_conversations(limit=2)
    assert (page.total, [item.title for item in page.items]) == (3, ["third", "second"])
    newest, other = page.items
    assert (newest.outcome, newest.overall, newest.branches) == (Outcome.RESOLVED, 3.5, 2)
    assert newest.status is ScorecardStatus.READY
    assert (other.outcome, other.overall, other.status) == (None, None, None)
    rest = await store.list_conversations(limit=2, offset=2)
    assert [item.title for item in rest.items] == ["first"]
    assert (await store.list_conversations("somebody else")).total == 0


# --- turns --------------------------------------------------------------------------------------------------------


async def test_a_turn_comes_back_as_it_was(store: Store, record: ConversationRecord) -> None:
    """Every field of a turn survives, floats to the last digit."""
    turn = a_turn(1, TRICKY)
    assert await store.keep_turn(record.id, 1, turn, "c1") == turn
    loaded = await store.load(record.id)
    assert loaded.conversation.turns == (turn,)
    assert loaded.turn_of("c1") == turn
    assert loaded.turn_of("c2") is None


async def test_nul_is_replaced(store: Store, record: ConversationRecord) -> None:
    """NUL, which a model may write and PostgreSQL cannot hold, becomes the replacement character; the rest stays."""
    await store.keep_turn(record.id, 1, a_turn(1, "a\0b🫖", Outcome.LEFT), "c1", csat=1)
    [turn] = (await store.load(record.id)).conversation.turns
    assert turn.trainee == "a\ufffdb🫖"
    assert turn.customer == "answer to a\ufffdb🫖"


async def test_half_a_character_is_replaced(store: Store, ended: str) -> None:
    """Half a surrogate pair, as an error message may hold it, does not keep the reason from being kept."""
    await store.set_scorecard_waiting(ended, 1, "model said \ud83c, then \udc9f🫖")
    assert (await store.scorecard(ended, 1)).cause == "model said \ufffd, then \ufffd🫖"


async def test_the_same_client_turn_id_yields_the_one_turn(store: Store, record: ConversationRecord) -> None:
    """A turn that is sent twice is kept once, and the first one is what both get."""
    first = await store.keep_turn(record.id, 1, a_turn(1, "one"), "same")
    again = await store.keep_turn(record.id, 1, a_turn(1, "two"), "same")
    assert again == first
    assert len((await store.load(record.id)).conversation.turns) == 1


async def test_another_reply_in_the_same_place_is_a_conflict(
    store: Store, record: ConversationRecord
) -> None:
    """Of two different replies to the same message the first is kept and the second refused."""
    await store.keep_turn(record.id, 1, a_turn(1, "one"), "c1")
    with pytest.raises(TurnConflict):
        await store.keep_turn(record.id, 1, a_turn(1, "two"), "c2")
    assert [turn.trainee for turn in (await store.load(record.id)).conversation.turns] == ["one"]


async def test_of_many_replies_at_once_one_is_kept(store: Store, record: ConversationRecord) -> None:
    """Ten different replies race for the same place, as from ten processes: one wins, nine are told."""
    race = (store.keep_turn(record.id, 1, a_turn(1, f"reply {i}"), f"c{i}") for i in range(10))
    results = await asyncio.gather(*race, return_exceptions=True)
    kept = [result for result in results if isinstance(result, Turn)]
    assert sum(isinstance(result, TurnConflict) for result in results) == 9
    assert list((await store.load(record.id)).conversation.turns) == kept


async def test_the_same_reply_many_times_at_once_is_kept_once(
    store: Store, record: ConversationRecord
) -> None:
    """One client turn id that arrives ten times at once yields the same turn ten times."""
    race = (store.keep_turn(record.id, 1, a_turn(1, f"reply {i}"), "same") for i in range(10))
    results = await asyncio.gather(*race)
    assert len({turn.trainee for turn in results}) == 1
    assert len((await store.load(record.id)).conversation.turns) == 1


async def test_a_turn_with_an_outcome_ends_the_branch(store: Store, record: ConversationRecord) -> None:
    """The last turn, the end, the satisfaction and the request for a scorecard are kept in one go."""
    await store.keep_turn(record.id, 1, a_turn(1, outcome=Outcome.LEFT), "c1", csat=2)
    ended = await store.load(record.id)
    assert ended.ended_at is not None
    assert (ended.conversation.outcome, ended.csat) == (Outcome.LEFT, 2)
    assert ended.branches[0].outcome is Outcome.LEFT
    assert (await store.scorecard(record.id, 1)).status is ScorecardStatus.PENDING


async def test_no_turn_is_kept_after_the_end(store: Store, record: ConversationRecord) -> None:
    """A reply that was being answered when the conversation ended is refused; one that was kept is still given."""
    kept = await store.keep_turn(record.id, 1, a_turn(1), "c1")
    await store.end(record.id, 1, Outcome.ABANDONED, 2)
    with pytest.raises(ConversationOver):
        await store.keep_turn(record.id, 1, a_turn(2), "c2")
    assert await store.keep_turn(record.id, 1, a_turn(2), "c1") == kept


async def test_a_conversation_that_ended_without_an_outcome_is_abandoned(
    store: Store, record: ConversationRecord
) -> None:
    """Ended by the trainee after a turn that decided nothing: abandoned, once, whatever is said later."""
    await store.keep_turn(record.id, 1, a_turn(1), "c1")
    await store.end(record.id, 1, Outcome.ABANDONED, 2)
    first = await store.load(record.id)
    assert first.conversation.outcome is Outcome.ABANDONED
    await store.end(record.id, 1, Outcome.RESOLVED, 5)
    assert await store.load(record.id) == first


# --- branches -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def tree(store: Store, record: ConversationRecord) -> str:
    """A conversation of three branches: 1 is a b c, 2 leaves it at turn 2 (a d e), 3 leaves 2 at turn 3 (a d f)."""
    for index, reply in enumerate("abc", 1):
        await store.keep_turn(record.id, 1, a_turn(index, reply), reply)
    assert await store.add_branch(record.id, 1, from_turn=2) == 2
    for index, reply in enumerate("de", 2):
        await store.keep_turn(record.id, 2, a_turn(index, reply), reply)
    assert await store.add_branch(record.id, 2, from_turn=3) == 3
    await store.keep_turn(record.id, 3, a_turn(3, "f"), "f")
    return record.id


@pytest.mark.parametrize(("branch", "said"), [(1, "abc"), (2, "ade"), (3, "adf"), (None, "adf")])
async def test_a_branch_has_its_parents_turns_and_its_own(
    store: Store, tree: str, branch: int | None, said: str
) -> None:
    """Each branch is a whole conversation; without a number it is the newest one."""
    record = await store.load(tree, branch)
    assert "".join(turn.trainee for turn in record.conversation.turns) == said
    assert [turn.index for turn in record.conversation.turns] == [1, 2, 3]
    assert record.branch == (branch or 3)


@pytest.mark.parametrize(
    ("branch", "versions"),
    [
        (1, {1: ((1,), 1), 2: ((1, 2), 1), 3: ((1,), 1)}),
        (2, {1: ((1,), 1), 2: ((1, 2), 2), 3: ((2, 3), 2)}),
        (3, {1: ((1,), 1), 2: ((1, 2), 2), 3: ((2, 3), 3)}),
    ],
)
async def test_a_branch_knows_its_other_versions_at_each_turn(
    store: Store, tree: str, branch: int, versions: dict[int, tuple[tuple[int, ...], int]]
) -> None:
    """At each turn it is known which branches went another way there, and which of them is shown ("2 of 2")."""
    record = await store.load(tree, branch)
    assert {i: (record.versions_at(i), record.version_of(i)) for i in (1, 2, 3)} == versions


async def test_a_fresh_branch_is_open_where_it_left(store: Store, record: ConversationRecord) -> None:
    """Going back from the end opens the conversation again before that turn; the old branch stays ended."""
    await store.keep_turn(record.id, 1, a_turn(1), "c1")
    await store.keep_turn(record.id, 1, a_turn(2, outcome=Outcome.LEFT), "c2", csat=1)
    await store.count_hint(record.id, 1)
    await store.add_branch(record.id, 1, from_turn=2)
    again, before = await store.load(record.id), await store.load(record.id, 1)
    assert (again.conversation.outcome, again.ended_at, again.hints_used) == (None, None, 0)
    assert (len(again.conversation.turns), again.versions_at(2), again.version_of(2)) == (1, (1, 2), 2)
    assert (before.conversation.outcome, before.hints_used) == (Outcome.LEFT, 1)


async def test_a_turn_of_any_branch_is_found_by_its_client_turn_id(store: Store, tree: str) -> None:
    """A reply that is sent again after going back is still known."""
    record = await store.load(tree)
    kept = record.turn_of("c")
    assert kept is not None
    assert kept.trainee == "c"


async def test_of_branches_opened_at_once_each_has_its_own_number(store: Store, tree: str) -> None:
    """Five branches opened at the same time get five numbers, or are told of the conflict; none is lost."""
    race = (store.add_branch(tree, 1, 1) for _ in range(5))
    results = await asyncio.gather(*race, return_exceptions=True)
    numbers = [result for result in results if isinstance(result, int)]
    assert numbers
    assert all(isinstance(result, int | TurnConflict) for result in results)
    assert [branch.number for branch in (await store.load(tree)).branches] == [1, 2, 3, *sorted(numbers)]


# --- scorecards ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def ended(store: Store, record: ConversationRecord) -> str:
    """A conversation that has ended."""
    await store.keep_turn(record.id, 1, a_turn(1, outcome=Outcome.RESOLVED), "c1", csat=4)
    return record.id


@pytest.mark.parametrize("overall", [3.5, None])
async def test_a_scorecard_comes_back_as_it_was(store: Store, ended: str, overall: float | None) -> None:
    """Every field survives, in order, with the survey's sentence; unscored stays None and does not become 0."""
    await store.keep_scorecard(ended, 1, a_scorecard(overall), TRICKY)
    found = await store.scorecard(ended, 1)
    assert found.scorecard == a_scorecard(overall)
    assert found.scorecard is not None
    assert list(found.scorecard.criteria) == ["zeal", "empathy"]
    assert (found.status, found.reason, found.survey) == (ScorecardStatus.READY, "", TRICKY)
    assert (await store.load(ended)).survey == TRICKY


async def test_verdicts_and_item_answers_are_rows(store: Store, ended: str) -> None:
    """Later work can join levels and answers without reading JSON."""
    await store.keep_scorecard(ended, 1, a_scorecard(), "Fine.")
    async with store.database.read() as session:
        verdicts = await session.execute(select(VerdictRow.criterion, VerdictRow.level).order_by("position"))
        answers = await session.execute(select(ItemAnswerRow.item, ItemAnswerRow.met).order_by("position"))
        assert [tuple(row) for row in verdicts] == [("zeal", 4), ("empathy", None)]
        assert [tuple(row) for row in answers] == [("z_good", True), ("a_open", None)]


async def test_a_scorecard_is_kept_once(store: Store, ended: str) -> None:
    """A second judging, also one at the same time, changes nothing."""
    results = [a_scorecard(float(level)) for level in (2, 3, 4)]
    await asyncio.gather(*(store.keep_scorecard(ended, 1, card, "Fine.") for card in results))
    first = await store.scorecard(ended, 1)
    await store.keep_scorecard(ended, 1, a_scorecard(5.0), "Better.")
    assert await store.scorecard(ended, 1) == first
    assert await count(store, VerdictRow) == 2


async def test_an_open_conversation_has_no_scorecard(store: Store, record: ConversationRecord) -> None:
    """Before the end there is nothing to score, and nothing to wait for."""
    with pytest.raises(NotFound, match="has not ended"):
        await store.scorecard(record.id, 1)
    with pytest.raises(NotFound):
        await store.keep_scorecard(record.id, 1, a_scorecard(), "Fine.")


async def test_each_branch_has_its_own_scorecard(store: Store, ended: str) -> None:
    """Going back and ending anew gives a second scorecard beside the first."""
    await store.keep_scorecard(ended, 1, a_scorecard(1.0), "Bad.")
    await store.add_branch(ended, 1, 1)
    await store.keep_turn(ended, 2, a_turn(1, outcome=Outcome.RESOLVED), "c9", csat=5)
    await store.keep_scorecard(ended, 2, a_scorecard(5.0), "Good.")
    cards = [(await store.scorecard(ended, branch)).scorecard for branch in (1, 2)]
    assert [card.overall for card in cards if card] == [1.0, 5.0]


async def test_a_waiting_scorecard_says_why_and_until_when(store: Store, ended: str) -> None:
    """The reason holds the cause, the number of tries, and when the next one is."""
    at = datetime(2031, 2, 3, 14, 5, tzinfo=UTC)
    await store.set_scorecard_waiting(
        ended, 1, "the judge's model is not answering: timeout", tries=2, next_try_at=at
    )
    found = await store.scorecard(ended, 1)
    assert found.status is ScorecardStatus.WAITING
    assert found.reason == "the judge's model is not answering: timeout; tried 2 times; next try at 14:05 UTC"
    assert (found.next_try_at, found.given_up, found.scorecard) == (at, False, None)


async def test_a_given_up_scorecard_says_so_and_can_be_asked_for_again(store: Store, ended: str) -> None:
    """Without a next try it is given up; asking again makes it pending under a new count, once."""
    await store.set_scorecard_waiting(ended, 1, "the judge refused", tries=3)
    found = await store.scorecard(ended, 1)
    assert found.given_up
    assert "given up, ask again" in found.reason
    assert await store.ask_again(ended, 1) is True
    assert await store.ask_again(ended, 1) is False
    again = await store.scorecard(ended, 1)
    assert (again.status, again.asked, again.tries) == (ScorecardStatus.PENDING, 2, 0)


async def test_a_ready_scorecard_never_waits_again(store: Store, ended: str) -> None:
    """A late failure of a second judging does not hide the scorecard that is there."""
    await store.keep_scorecard(ended, 1, a_scorecard(), "Fine.")
    await store.set_scorecard_waiting(ended, 1, "too late")
    assert await store.ask_again(ended, 1) is False
    assert (await store.scorecard(ended, 1)).status is ScorecardStatus.READY


async def test_unscored_are_those_whose_time_has_come(store: Store) -> None:
    """To be tried: never tried, or due. Not: open, ready, given up, or due later."""
    now = datetime.now(UTC)
    ids = [(await store.add_conversation(new())).id for _ in range(6)]
    for conversation_id in ids[1:]:
        await store.end(conversation_id, 1, Outcome.LEFT, 1)
    await store.set_scorecard_waiting(ids[2], 1, "due", next_try_at=now - timedelta(seconds=1))
    await store.set_scorecard_waiting(ids[3], 1, "later", next_try_at=now + timedelta(seconds=60))
    await store.set_scorecard_waiting(ids[4], 1, "given up")
    await store.keep_scorecard(ids[5], 1, a_scorecard(), "Fine.")
    assert [found.conversation_id for found in await store.unscored(now)] == ids[1:3]


# --- what it cost -------------------------------------------------------------------------------------------------


async def test_costs_are_kept_and_unknown_is_not_zero(store: Store, record: ConversationRecord) -> None:
    """Each call is a row, failed ones too; what the provider did not say stays None."""
    known = ModelCall("judge", "m", ok=True, seconds=1.5, input_tokens=10, output_tokens=0, cost_usd=0.0)
    unknown = ModelCall("customer", "m", ok=False, seconds=0.5, error="timeout")
    await store.keep_calls(record.id, [known, unknown], branch=1, turn=3)
    async with store.database.read() as session:
        rows = (await session.scalars(select(ModelCallRow).order_by("seconds"))).all()
    assert [(r.purpose, r.ok, r.output_tokens, r.cost_usd, r.error, r.turn) for r in rows] == [
        ("customer", False, None, None, "timeout", 3),
        ("judge", True, 0, 0.0, "", 3),
    ]


# --- workers ------------------------------------------------------------------------------------------------------


async def test_a_worker_name_belongs_to_one_process(store: Store) -> None:
    """A second process does not get a name that is taken; the holder's further signs of life are welcome."""
    assert await store.heartbeat("host-1", "host", 10) is True
    assert await store.heartbeat("host-1", "host", 11) is False
    [before] = await store.workers()
    assert await store.heartbeat("host-1", "host", 10) is True
    [after] = await store.workers()
    assert after.seen_at > before.seen_at


async def test_of_those_who_take_over_a_dead_worker_one_succeeds(store: Store) -> None:
    """Several processes see the same dead one; exactly one takes its name over."""
    await store.heartbeat("host-1", "host", 10)
    [dead] = await store.workers()
    race = (store.heartbeat("host-1", "host", pid, over=dead) for pid in (11, 12, 13))
    assert sorted(await asyncio.gather(*race)) == [False, False, True]
    await store.forget_worker("host-1")
    assert await count(store, WorkerRow) == 0


# --- trouble ------------------------------------------------------------------------------------------------------


async def test_a_store_that_answers_is_ready(store: Store) -> None:
    """Readiness asks the database."""
    assert await store.is_ready() is True


async def test_a_database_out_of_reach_is_unavailable() -> None:
    """A server that is not there is StoreUnavailable, without the password in its text."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(StoreUnavailable) as caught:
        await Store.open(f"postgresql://me:s3cret@127.0.0.1:{port}/x")
    assert "s3cret" not in str(caught.value)


async def test_a_missing_folder_is_a_wrong_setting(tmp_path: Path) -> None:
    """A SQLite file in a folder that does not exist is a configuration error that names the folder."""
    with pytest.raises(ConfigError, match=f"SIMCUSTOMER_DATABASE_URL: there is no folder {tmp_path}/missing"):
        await Store.open(f"sqlite:///{tmp_path}/missing/file.db")


@pytest.fixture
async def impatient(store: Store, url: str) -> AsyncIterator[Store]:
    """Another store on the same database, which waits for a lock for a quarter of a second only."""
    impatient = await Store.open(url, lock_wait_s=0.25)
    yield impatient
    await impatient.close()


async def test_a_locked_database_keeps_nothing_and_says_so(store: Store, impatient: Store) -> None:
    """While another process holds the lock a turn is refused whole; afterwards the same turn is kept."""
    record = await impatient.add_conversation(new())
    async with store.database.write() as session:
        where = "WHERE conversation_id = :id"
        await session.execute(text(f"UPDATE branch SET hints_used = 0 {where}"), {"id": record.id})
        with pytest.raises(StoreUnavailable, match="nothing was kept"):
            await impatient.keep_turn(record.id, 1, a_turn(1, outcome=Outcome.LEFT), "c1", csat=1)
        assert await impatient.load(record.id) == record, "readers are not held up"
    await impatient.keep_turn(record.id, 1, a_turn(1, outcome=Outcome.LEFT), "c1", csat=1)
    assert (await impatient.load(record.id)).conversation.outcome is Outcome.LEFT


async def test_a_full_disk_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    """A turn that does not fit is refused whole, and the conversation before it can still be read."""
    path = tmp_path / "full.db"
    store = await Store.open(f"sqlite:///{path}")
    record = await store.add_conversation(new())
    before = await store.load(record.id)
    async with store.database.engine.connect() as connection:  # the pool's one connection
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        await store.keep_turn(record.id, 1, a_turn(1, "x" * 100_000, outcome=Outcome.LEFT), "c1", csat=1)
    assert await store.load(record.id) == before
    await store.close()


async def test_a_lost_connection_is_unavailable_and_then_mended(tmp_path: Path, postgres_url: str) -> None:
    """PostgreSQL is started again under us: what was being kept is refused, and the next request works."""
    store = await Store.open(postgres_url)
    record = await store.add_conversation(new())
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    killer = await Store.open(postgres_url)

    async def lose_it() -> None:
        async with store.database.write() as session:
            await session.execute(select(TurnRow))
            async with killer.database.write() as other:
                await other.execute(text(f"{others} AND pid <> pg_backend_pid()"))
            await session.execute(select(TurnRow))

    with pytest.raises(StoreUnavailable):
        await lose_it()
    assert (await store.load(record.id)).id == record.id
    await store.close()
    await killer.close()


async def test_sqlite_is_set_up_for_several_readers_and_one_writer(tmp_path: Path) -> None:
    """Write-ahead log, normal synchronisation, a long wait for locks, and foreign keys that hold."""
    store = await Store.open(f"sqlite:///{tmp_path}/x.db")
    async with store.database.engine.connect() as connection:
        values = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]
    assert values == ["wal", 1, 30_000, 1]
    await store.close()
    with sqlite3.connect(tmp_path / "x.db") as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_turn_needs_its_conversation(store: Store, record: ConversationRecord) -> None:
    """Foreign keys hold on both databases: cost without a conversation is a bug that shows."""
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await store.keep_calls("nobody", [ModelCall("judge", "m", ok=True, seconds=1.0)])


async def test_a_person_sees_only_their_own(store: Store) -> None:
    """A conversation belongs to the person it was made for."""
    async with store.database.write() as session:
        await session.execute(
            text("INSERT INTO person (id, name, created_at) VALUES ('p2', 'other', '2030-01-01 00:00:00+00')")
        )
    await store.add_conversation(replace(new(), person_id="p2"))
    assert (await store.list_conversations()).total == 0
    assert (await store.list_conversations("p2")).total == 1
