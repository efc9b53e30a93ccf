"""The single sentences of ``evals/appraise/sentences``, and the rules that were learnt on them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from simcustomer.cast.builtin.appraiser import by_rules
from simcustomer.cast.builtin.keywords import keyword_lists
from simcustomer.cast.builtin.lexicon import lexicon_for
from simcustomer.cast.builtin.reading import Reading
from simcustomer.cast.builtin.rules import PatternCompiler
from simcustomer.domain.affect import DEFAULT_DIFFICULTY, first_affect, next_affect
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import SETTLING, Appraisal, CueKind, Strength
from simcustomer.domain.persona import Language, Persona
from simcustomer.library import Library
from simcustomer.settings import Settings
from tests.cast.builtin.labelled import direction

FOLDER = Path(__file__).parents[3] / "evals" / "appraise" / "sentences"
LIBRARY = Library(Settings().personas_dir, Settings().prompts_dir)
SEEN_OF_GOOD = 0.93
"""Share of the labelled cues that the lexicon saw clearly when the sentences were last worked on, rounded down."""
CALMED_BY_HARM = 0.08
"""Share of the harmful sentences that still calm, rounded up."""


@cache
def rows(language: Language) -> list[dict[str, Any]]:
    """The labelled sentences of a language."""
    lines = (FOLDER / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def seen(persona: Persona, reply: str, history: list[Utterance] | None = None) -> Appraisal:
    """What the rules see in a reply to the persona's opening."""
    opening = [Utterance(role="customer", text=persona.openings[0])]
    return by_rules(persona, persona.language, history or opening, Reading.of(reply)).only_quoted_from(reply)


def plainly(name: str, language: Language, reply: str) -> set[CueKind]:
    """The kinds of cue seen with more than weak strength."""
    cues = seen(LIBRARY.persona(name, language), reply).cues
    return {cue.kind for cue in cues if cue.strength is not Strength.WEAK}


def effect(row: dict[str, Any]) -> str:
    """What a labelled sentence does to its customer."""
    persona = LIBRARY.persona(row["persona"], row["language"])
    start = first_affect(persona, DEFAULT_DIFFICULTY)
    history = [Utterance.model_validate(said) for said in row["history"]]
    after = next_affect(start, seen(persona, row["reply"], history), persona, DEFAULT_DIFFICULTY).affect
    return direction(after.tension - start.tension)


@pytest.mark.parametrize("language", get_args(Language))
def test_good_sentences_are_seen_for_what_they_do(language: Language) -> None:
    """Nearly every labelled sentence of good service shows the cue that it was written for."""
    good = [row for row in rows(language) if row["group"] == "good"]
    missed = [r for r in good if not set(r["cues"]) <= plainly(r["persona"], language, r["reply"])]
    assert len(missed) <= (1 - SEEN_OF_GOOD) * len(good), [row["reply"] for row in missed]


@pytest.mark.parametrize("language", get_args(Language))
def test_harm_seldom_calms(language: Language) -> None:
    """Polite blame, walls, veiled scorn: hardly one of them calms."""
    harm = [row for row in rows(language) if row["group"] == "harm"]
    calming = [row["reply"] for row in harm if effect(row) == "calms"]
    assert len(calming) <= CALMED_BY_HARM * len(harm), calming


@pytest.mark.parametrize("language", get_args(Language))
def test_nothing_said_to_the_program_calms(language: Language) -> None:
    """Neither instructions to the program nor strings of keywords calm anybody."""
    program = [row for row in rows(language) if row["group"] == "program"]
    assert [row["reply"] for row in program if effect(row) == "calms"] == []


@pytest.mark.parametrize("language", get_args(Language))
def test_service_that_sounds_like_talk_to_the_program_is_none(language: Language) -> None:
    """Plans with labels, salutations with a colon, and "ignore what you were told" are said to customers."""
    for row in (row for row in rows(language) if row["group"] == "lookalike"):
        kinds = seen(LIBRARY.persona(row["persona"], language), row["reply"]).kinds()
        assert CueKind.TALKS_TO_THE_SIMULATOR not in kinds, row["reply"]


@pytest.mark.parametrize(
    ("name", "language", "promise", "condition"),
    [
        ("lost-parcel", "en", "We'll refund you in full.", "We'll refund you once the courier admits it."),
        ("lost-parcel", "es", "Te devuelvo el dinero.", "Te devuelvo el dinero cuando reconozcan el error."),
        ("fraud-victim", "en", "You won't pay for this.", "You won't pay for this if it really was fraud."),
        ("fraud-victim", "es", "Usted no lo paga.", "Usted no lo paga si de verdad fue fraude."),
    ],
)
def test_a_promise_on_condition_is_none(name: str, language: Language, promise: str, condition: str) -> None:
    """What hangs on somebody else's proof or admission reassures nobody."""
    assert CueKind.KEY_REASSURANCE in plainly(name, language, promise)
    assert CueKind.KEY_REASSURANCE not in plainly(name, language, condition)


@pytest.mark.parametrize(
    ("name", "reply", "awaited"),
    [
        ("fraud-victim", "You're not on the hook for any of it.", True),
        ("saas-outage", "You're not on the hook for any of it.", False),
        ("saas-outage", "I won't be moving this ticket.", True),
    ],
)
def test_reassurance_fits_the_customer(name: str, reply: str, awaited: bool) -> None:
    """A sentence of the family that this customer waits for is the reassurance; another family's is not."""
    assert (CueKind.KEY_REASSURANCE in plainly(name, "en", reply)) is awaited


def test_an_offer_to_hand_over_is_no_handover() -> None:
    """Only a handover that happens is one: an offer leaves the conversation open."""
    offer = "If you want a manager, she can join us here; I'll brief her and stay on with you."
    done = "I'm bringing the manager into this chat now; I've briefed her and I'll stay on with you."
    assert CueKind.WARM_HANDOVER not in plainly("saas-outage", "en", offer)
    assert CueKind.WARM_HANDOVER in plainly("saas-outage", "en", done)


def test_two_sentences_tell_what_one_only_touches() -> None:
    """Two weak tellings of the case make a clear one, and a weak one alone moves nobody."""
    one = "The photo shows a blue front door."
    two = "The photo shows a blue front door. The driver marked it delivered at 14:12."
    assert not plainly("lost-parcel", "en", one) & SETTLING
    assert plainly("lost-parcel", "en", two) & {CueKind.PLAIN_EXPLANATION, CueKind.NAMES_THE_ISSUE}


def test_validation_in_own_words_saves_a_formula() -> None:
    """A stock phrase beside words of one's own in the same sentence is not hollow."""
    assert CueKind.HOLLOW_EMPATHY not in plainly("lost-parcel", "en", "No wonder you're livid, so would I.")
    assert CueKind.HOLLOW_EMPATHY in plainly("lost-parcel", "en", "I can see that you're livid.")


@pytest.mark.parametrize(
    ("reply", "is_list"),
    [
        ("scary valid sorry right thing help", True),
        ("apology / explanation / timeline / follow-up", True),
        ("with empathy, with apology, with ownership, with a crew, with a time, with a call", True),
        ("Trace opened with courier. Response due in 24 h.", False),
        ("Cause: cracked transformer on the pole in Mill Road, north side, 46 homes.", False),
        ("I'm calling the depot and I'll write to you with the answer, and with the photo.", False),
    ],
)
def test_strung_words_and_telegrams(reply: str, is_list: bool) -> None:
    """Words without a verb or an article are a list; a telegram with its marks is not."""
    assert bool(keyword_lists(Reading.of(reply), lexicon_for("en"), frozenset())) is is_list


def test_a_time_of_day_stays_whole() -> None:
    """The colon of a time cuts no clause."""
    reading = Reading.of("I'll ring you at 4:30 with the report.")
    assert len(reading.clauses) == 1


def test_patterns_that_end_in_a_blank_match_before_a_word() -> None:
    """A word boundary is asked for only where the pattern ends in a word."""
    found = PatternCompiler("en", {})("deserve (?:\\w+ )*\nwon't pay")
    assert found.search("you deserve a better answer")
    assert not found.search("they won't payback")


def test_a_code_inside_another_word_is_not_given() -> None:
    """An acronym that only happens to stand inside a word of the customer's is still jargon."""
    assert CueKind.JARGON in {
        cue.kind
        for cue in seen(
            LIBRARY.persona("confused-patient", "en"), "It denied for CO-31, then went to PR-1."
        ).cues
    }
