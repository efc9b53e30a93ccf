"""What comes back in a conversation is counted, word for word, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simcustomer.cast.builtin.appraiser import BuiltInAppraiser
from simcustomer.cast.parts import Spoken
from simcustomer.domain.conversation import Conversation, Direction
from simcustomer.domain.persona import Persona
from simcustomer.evals.fidelity.customer import TURNS, played, repeats_in, tables_of
from tests.people import a_persona


@dataclass
class Scripted:
    """A customer who says these lines, one after the other and from the beginning again."""

    lines: Sequence[str]
    name: str = "scripted"

    async def speak(self, conversation: Conversation, reply: str, direction: Direction) -> Spoken:
        return Spoken(self.lines[len(conversation.turns) % len(self.lines)], self.name)

    async def answer_survey(self, conversation: Conversation, csat: int) -> Spoken:
        raise NotImplementedError


async def talk_of(lines: Sequence[str], persona: Persona | None = None) -> Conversation:
    """Thirty turns of such a customer."""
    return await played(persona or a_persona(), ["ok", "Calm down."], BuiltInAppraiser(), Scripted(lines))


async def test_thirty_turns_are_played_whatever_happens() -> None:
    """Nobody leaves, though the trainee gives every reason to."""
    talk = await talk_of([f"Line {n}." for n in range(TURNS)])
    assert len(talk.turns) == TURNS
    assert talk.outcome is None


async def test_every_return_of_a_line_counts() -> None:
    """A line that is said thirty times came back twenty-nine times; case and spaces do not make it another."""
    found = repeats_in("harsh", await talk_of(["Where is  it?", "where IS it?"]))
    assert (found.lines, len(found.said_again)) == (TURNS + 1, TURNS - 1)


async def test_short_sentences_may_come_back() -> None:
    """ "Yes, please." twice sounds like a person; a sentence of five words twice sounds like a record."""
    lines = [f"Yes, please. I am at number {n}." for n in range(TURNS)]
    assert repeats_in("kind", await talk_of(lines)).sentences_again == ()
    lines = [f"I have told you this before. Number {n}." for n in range(TURNS)]
    found = repeats_in("kind", await talk_of(lines))
    assert (found.said_again, len(found.sentences_again)) == ((), TURNS - 1)


async def test_the_tables_count_and_quote() -> None:
    """By persona and over all, with the words that came back."""
    bad = repeats_in("harsh", await talk_of(["You said that already, did you not?"]))
    good = repeats_in("kind", await talk_of([f"Line {n}." for n in range(TURNS)]))
    counts, quoted = tables_of([bad, good])
    assert [row[:4] for row in counts.rows] == [
        ("missing-kettle.en", 2, 62, TURNS - 1),
        ("all", 2, 62, TURNS - 1),
    ]
    assert {row[1] for row in quoted.rows} == {"harsh"}
    assert "2 scripted trainees" in counts.note
    assert tables_of([good])[1].note == "Nothing."
