"""What the store takes and gives: frozen values that know nothing of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from simcustomer.domain.conversation import Conversation, Mode, Outcome, Turn
from simcustomer.domain.rubric import Scorecard
from simcustomer.library import Content

FIRST_BRANCH = 1
"""The number of the branch that a conversation starts with."""


@dataclass(frozen=True)
class NewConversation:
    """A conversation that begins: its opening, who plays what, and the content that is frozen into it.

    ``person_id`` None is the local person.
    """

    conversation: Conversation
    mode: Mode
    players: Mapping[str, str]
    content: tuple[Content, ...]
    person_id: str | None = None


@dataclass(frozen=True)
class Frozen:
    """Which content a conversation started with: kind (persona, rubric, prompt), name, hash."""

    kind: str
    name: str
    hash: str


@dataclass(frozen=True)
class Branch:
    """One way through a conversation: its parent's turns before ``from_turn``, then its own."""

    number: int
    parent: int | None
    from_turn: int
    opened_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None


@dataclass(frozen=True)
class ConversationRecord:
    """A conversation as it is kept, seen along one branch.

    ``conversation`` holds the turns of that branch and the persona as it was at the start. ``started_at`` is when the
    conversation began, ``opened_at`` when this branch did. ``sent`` holds every turn of every branch by the id that
    the client gave it.
    """

    id: str
    person_id: str
    mode: Mode
    branch: int
    branches: tuple[Branch, ...]
    conversation: Conversation
    players: Mapping[str, str]
    content: tuple[Frozen, ...]
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    csat: int | None
    survey: str | None
    hints_used: int
    sent: Mapping[str, Turn]

    def turn_of(self, client_turn_id: str) -> Turn | None:
        """The turn that was kept for this client turn id, on any branch."""
        return self.sent.get(client_turn_id)

    def versions_at(self, index: int) -> tuple[int, ...]:
        """The branches that differ at turn ``index`` and are the same before it, this one's own among them.

        One number means that nobody went back to this turn. To look at another version, load that branch.
        """
        by_number = {branch.number: branch for branch in self.branches}
        before = origin(by_number, self.branch, index - 1)
        related = (n for n in by_number if origin(by_number, n, index - 1) == before)
        return tuple(sorted({origin(by_number, n, index) for n in related}))

    def version_of(self, index: int) -> int:
        """Which of ``versions_at(index)`` this branch shows: the branch on which turn ``index`` was written."""
        return origin({branch.number: branch for branch in self.branches}, self.branch, index)


class ScorecardStatus(StrEnum):
    """Pending: not tried yet. Waiting: tried, with the reason. Ready: there it is."""

    PENDING = "pending"
    WAITING = "waiting"
    READY = "ready"


@dataclass(frozen=True)
class ScorecardRecord:
    """The scorecard of a branch that has ended, or where it stands.

    ``asked`` counts how often scoring was asked for, ``tries`` the failed tries since it was last asked for.
    """

    conversation_id: str
    branch: int
    status: ScorecardStatus
    asked: int
    tries: int
    cause: str
    next_try_at: datetime | None
    scorecard: Scorecard | None = None
    survey: str | None = None

    @property
    def given_up(self) -> bool:
        """True when it waits and will not be tried again unless somebody asks."""
        return self.status is ScorecardStatus.WAITING and self.next_try_at is None

    def is_due(self, now: datetime) -> bool:
        """True when it is to be tried now: never tried, or the time of its next try has come."""
        if self.status is ScorecardStatus.READY or self.given_up:
            return False
        return self.next_try_at is None or self.next_try_at <= now

    @property
    def reason(self) -> str:
        """Why there is no scorecard yet, in one sentence; empty when it is pending or ready."""
        if self.status is not ScorecardStatus.WAITING:
            return ""
        tried = "tried once" if self.tries == 1 else f"tried {self.tries} times"
        if self.next_try_at is None:
            return f"{self.cause}; {tried}; given up, ask again to try once more"
        return f"{self.cause}; {tried}; next try at {self.next_try_at:%H:%M} UTC"


@dataclass(frozen=True)
class ListedConversation:
    """A line of "my conversations": the newest branch's outcome and score."""

    id: str
    mode: Mode
    persona: str
    language: str
    title: str
    difficulty: int
    started_at: datetime
    branches: int
    ended_at: datetime | None
    outcome: Outcome | None
    status: ScorecardStatus | None
    overall: float | None


@dataclass(frozen=True)
class Page:
    """Some conversations of a person, newest first, and how many there are in all."""

    items: tuple[ListedConversation, ...]
    total: int


@dataclass(frozen=True)
class Worker:
    """A process that scores conversations, and when it was last seen."""

    id: str
    host: str
    pid: int
    seen_at: datetime


def origin(branches: Mapping[int, Branch], number: int, index: int) -> int:
    """The branch on which turn ``index`` of branch ``number`` is written; 0 for what stands before the first turn."""
    if index < 1:
        return 0
    branch = branches[number]
    while index < branch.from_turn and branch.parent is not None:
        branch = branches[branch.parent]
    return branch.number
