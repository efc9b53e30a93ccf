"""A line is sent in messages that are the line again, and none of them is a scrap."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simcustomer.domain.bursts import (
    LEAST_CHARS,
    MAX_PAUSE_S,
    MIN_PAUSE_S,
    MOST_MESSAGES,
    Bursts,
    interruption,
    messages_of,
    pause_before,
)
from simcustomer.domain.cues import OBSERVED_BY_CODE, UNSETTLING
from simcustomer.domain.text import contains_quote, fold
from simcustomer.library import read_personas
from simcustomer.practice import clean_reply
from tests.people import a_persona, persona_fields

bursts = st.builds(Bursts, most=st.integers(1, MOST_MESSAGES), pause_s=st.floats(MIN_PAUSE_S, MAX_PAUSE_S))
words = st.text("aá.,!?¿¡…»\")' \n\t\u200b5", min_size=1, max_size=12)
lines = st.one_of(st.text(max_size=300), st.lists(words, max_size=40).map(" ".join))


@given(lines, bursts)
def test_the_messages_are_the_line_again(line: str, how: Bursts) -> None:
    """Whatever the line holds, its messages joined with blanks are the line; none is a scrap, none too many."""
    messages = messages_of(line, how)
    assert " ".join(messages) == line
    assert 1 <= len(messages) <= how.most
    assert len(messages) == 1 or min(map(len, messages)) >= LEAST_CHARS


@given(lines, bursts)
def test_pauses_grow_with_the_message(line: str, how: Bursts) -> None:
    """A longer message takes no less time, and none takes more than half as long again as the persona's pause."""
    pauses = [pause_before(message, how) for message in sorted(messages_of(line, how), key=len)]
    assert pauses == sorted(pauses)
    assert how.pause_s / 2 - 0.01 <= pauses[0] <= pauses[-1] <= how.pause_s * 1.5 + 0.01


@pytest.mark.parametrize(
    ("line", "messages"),
    [
        ("Where is it? I have waited for three weeks.", 1),
        ("I have waited for my kettle for three weeks now. Nobody has told me where it is!! Do you know?", 2),
        (
            "I have waited for three weeks now, and I have called you twice, and nobody knows anything at all about it",
            1,
        ),
        (
            "I spoke to Mr. Quill about it at 5 p.m. on a Monday, and to Dr. Ames, who sent me on to a third person",
            1,
        ),
        (
            "hi i need someone right now please, it is urgent. there is money gone from my account. "
            "¿Y quién me lo va a devolver ahora, si se puede saber? what am i going to do about the rent on friday",
            3,
        ),
    ],
)
def test_a_line_is_cut_at_sentence_ends(line: str, messages: int) -> None:
    """A short line stays whole; a longer one is cut between sentences, never within one or after an abbreviation."""
    parts = messages_of(line, Bursts(most=3))
    assert len(parts) == messages
    assert all(part[-1] in ".!?…" for part in parts[:-1])


def test_a_persona_that_says_nothing_of_bursts_sends_one_message() -> None:
    """The default is what it was before: one line, one message."""
    long = (
        "I have waited for my kettle for three weeks now. Nobody has told me where it is, and I have called."
    )
    assert messages_of(long, a_persona().voice.bursts) == (long,)


@given(st.text(min_size=1, max_size=200).filter(fold))
def test_an_interruption_quotes_the_beginning_of_the_reply(text: str) -> None:
    """Whatever the trainee wrote, the cue's quote stands in it, so that it is shown like any other."""
    reply = clean_reply(text)
    cue = interruption(reply)
    assert contains_quote(reply, cue.quote)
    assert cue.kind in OBSERVED_BY_CODE & UNSETTLING


@pytest.mark.parametrize(
    ("reply", "quote"),
    [
        ("I am sorry. Tell me more.", "I am sorry."),
        ("Hello\nWhat is your order number?", "Hello"),
        ("\u200b\nHello", "Hello"),
        ("no " * 40, ("no " * 20).strip()),
    ],
)
def test_an_interruption_quotes_one_sentence(reply: str, quote: str) -> None:
    """The first sentence is quoted, or its first words when it does not end."""
    assert interruption(reply).quote == quote


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"most": 4}, "voice.bursts.most: Input should be less than or equal to 3 (is: '4')"),
        ({"most": 0}, "voice.bursts.most: Input should be greater than or equal to 1 (is: '0')"),
        (
            {"most": 2, "pause_s": 60},
            "voice.bursts.pause_s: Input should be less than or equal to 20 (is: '60')",
        ),
        ({"messages": 2}, "voice.bursts.messages: is not a known field; see: simcustomer persona schema"),
        (3, "voice.bursts: takes fields; allowed: most (1 to 3 messages), pause_s (0.5 to 20 seconds)"),
    ],
)
def test_a_persona_file_with_wrong_bursts_is_explained(tmp_path: Path, wrong: object, told: str) -> None:
    """`persona check` names the line, the field, and what is allowed."""
    voice = persona_fields()["voice"] | {"bursts": wrong}
    file = tmp_path / "kettle.en.yaml"
    file.write_text(yaml.safe_dump(persona_fields(voice=voice)), encoding="utf-8")
    _, [problem] = read_personas([file])
    assert str(problem).endswith(told)
    line = file.read_text(encoding="utf-8").splitlines()[problem.line - 1]
    assert line.strip().startswith(problem.field.rpartition(".")[2])
