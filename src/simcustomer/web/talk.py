"""What the conversation page shows: messages with feelings and versions, the meter, the curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from simcustomer.domain.affect import Affect
from simcustomer.domain.bursts import messages_of as sent_as
from simcustomer.domain.bursts import pause_before
from simcustomer.domain.conversation import Mode, Turn
from simcustomer.domain.persona import Persona
from simcustomer.store.records import ConversationRecord
from simcustomer.web.charts import curve, points_of
from simcustomer.web.desk import cursor_of, is_withheld
from simcustomer.web.live import InFlight


@dataclass(frozen=True)
class Versions:
    """Which of several versions of a turn this is, and the branches of its neighbours."""

    number: int
    count: int
    previous: int | None
    next: int | None

    @classmethod
    def among(cls, branches: Sequence[int], branch: int) -> Versions:
        """The place of one branch among those that differ."""
        place = branches.index(branch)
        return cls(
            number=place + 1,
            count=len(branches),
            previous=branches[place - 1] if place else None,
            next=branches[place + 1] if place + 1 < len(branches) else None,
        )


@dataclass(frozen=True)
class Part:
    """One message of a customer's line, and the seconds of writing before it; the first comes at once."""

    text: str
    pause_s: float


@dataclass(frozen=True)
class Message:
    """One thing that was said. ``number`` is the judge's number of it: 0 the opening, then one each.

    ``band`` and ``change`` (whole points of tension) are None where the feeling may not be seen, or did not change yet.
    ``parts`` are the messages in which a customer sent it. ``interrupts``: a trainee sent it before the last of them.
    """

    number: int
    role: Literal["customer", "trainee"]
    text: str
    turn: int
    band: str | None = None
    change: int | None = None
    versions: Versions | None = None
    retry: bool = False
    parts: tuple[Part, ...] = ()
    interrupts: bool = False


@dataclass(frozen=True)
class Mood:
    """How the customer feels now in whole points of tension, and how many since the turn before."""

    affect: Affect
    points: int
    change: int
    moved: bool


def messages_of(record: ConversationRecord) -> list[Message]:
    """All that was said on this branch, the opening first, as its trainee may see it now."""
    talk, hidden = record.conversation, is_withheld(record)
    opening = parts_of(talk.opening, talk.persona)
    said = [Message(0, "customer", talk.opening, 0, None if hidden else talk.start.band.value, parts=opening)]
    before = talk.start
    for turn in talk.turns:
        said.append(
            Message(
                turn.index * 2 - 1,
                "trainee",
                turn.trainee,
                turn.index,
                versions=versions_of(record, turn.index),
                retry=record.mode is Mode.PRACTICE,
                interrupts=not hidden and talk.utterances[turn.index * 2 - 1].interrupts,
            )
        )
        said.append(_answer(turn, before, talk.persona, hidden=hidden))
        before = turn.affect
    return said


def versions_of(record: ConversationRecord, index: int) -> Versions | None:
    """The versions of a turn, or None when there is one only."""
    branches = record.versions_at(index)
    return Versions.among(branches, record.version_of(index)) if len(branches) > 1 else None


def points_between(before: Affect, after: Affect) -> int:
    """The change in tension between the two whole numbers that are shown, so that the page adds up."""
    return points_of(after) - points_of(before)


def conversation_page(
    record: ConversationRecord, newest: int, flight: InFlight | None, hint: str | None
) -> dict[str, Any]:
    """The context of the conversation page. ``newest`` is the number of the newest branch."""
    talk, turns = record.conversation, len(record.conversation.turns)
    current = record.branch == newest
    pending = flight if current and record.ended_at is None else None
    felt = [talk.start, *(turn.affect for turn in talk.turns)]
    if pending and pending.felt:
        felt.append(pending.felt)
    mood = None
    if not is_withheld(record):
        moved = len(felt) > 1
        mood = Mood(felt[-1], points_of(felt[-1]), points_between(felt[-2], felt[-1]) if moved else 0, moved)
    again = _first_version(record, turns + 1)
    return {
        "id": record.id,
        "persona": talk.persona,
        "initials": initials(talk.persona.name),
        "branch": record.branch,
        "current": current,
        "cursor": cursor_of(record),
        "mode": record.mode.value,
        "difficulty": talk.difficulty,
        "players": record.players,
        "open": record.ended_at is None,
        "outcome": talk.outcome,
        "turns": turns,
        "messages": messages_of(record),
        "pending": pending,
        "mood": mood,
        "curve": curve(felt) if mood else None,
        "hint": hint,
        "retrying": again if current and not pending else None,
    }


def _first_version(record: ConversationRecord, index: int) -> int | None:
    """The branch that holds the latest other version of a turn which this branch has not written yet."""
    others = [number for number in record.versions_at(index) if number != record.branch]
    return others[-1] if others else None


def initials(name: str) -> str:
    """The first letters of the first and the last name."""
    words = name.split()
    return "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper()


def parts_of(line: str, persona: Persona) -> tuple[Part, ...]:
    """The messages in which a customer sends a line."""
    bursts = persona.voice.bursts
    first, *others = sent_as(line, bursts)
    return (Part(first, 0.0), *(Part(text, pause_before(text, bursts)) for text in others))


def _answer(turn: Turn, before: Affect, persona: Persona, *, hidden: bool) -> Message:
    band, change = (None, None) if hidden else (turn.affect.band.value, points_between(before, turn.affect))
    parts = parts_of(turn.customer, persona)
    return Message(turn.index * 2, "customer", turn.customer, turn.index, band, change, parts=parts)
