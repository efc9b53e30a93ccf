"""The built-in customer's lines fit what was just said: the question put, the thing named, the time given."""

from __future__ import annotations

from typing import Any

import pytest

from simcustomer.cast.builtin.appraiser import BuiltInAppraiser
from simcustomer.cast.builtin.customer import BuiltInCustomer
from simcustomer.cast.builtin.lines import lines_of, notices
from simcustomer.domain.affect import Affect, Effect, next_affect
from simcustomer.domain.conversation import Conversation, Direction, Turn, direction_for
from simcustomer.domain.cues import Appraisal, Cue, CueKind, Touch
from simcustomer.domain.persona import Band, Language, Persona
from simcustomer.library import Library
from simcustomer.settings import content_dir
from tests.people import a_persona

KIND = CueKind
LIBRARY = Library(content_dir("personas"), content_dir("prompts"))
FELT = {"tension": 70, "anger": 80, "anxiety": 40, "confusion": 30, "trust": 40, "patience": 50}


def with_voice(**voice: Any) -> Persona:
    """The small test persona with more to say."""
    fields = a_persona().model_dump(mode="json")
    return Persona.model_validate(fields | {"voice": fields["voice"] | voice})


def effect(kind: CueKind, quote: str, delta: float) -> Effect:
    return Effect(cue=kind, quote=quote, delta=delta)


async def said(persona: Persona, reply: str, *did: CueKind, quote: str = "", **changes: Any) -> str:
    """The answer to a reply that plainly did these things and moved tension by five points down."""
    felt = Affect.model_validate(FELT | {"landed": set(did), "seen": dict.fromkeys(did, 1)})
    down = effect(did[0], quote or reply, -5.0) if did else None
    state: dict[str, Any] = {"band": Band.ANGRY, "trend": "falling" if did else "steady", "lead": "anger"}
    state |= {"affect": felt, "wants": "heard", "reacts_to": down}
    direction = Direction.model_validate(state | changes)
    talk = Conversation(persona=persona, difficulty=3, opening=persona.openings[0])
    return (await BuiltInCustomer().speak(talk, reply, direction)).text


async def played(persona: Persona, *replies: str) -> Conversation:
    """A conversation on the built-in players that no outcome ends."""
    talk = Conversation(persona=persona, difficulty=3, opening=persona.openings[0])
    for reply in replies:
        seen = await BuiltInAppraiser().appraise(persona, persona.language, talk.utterances, reply)
        talk = await answered(talk, reply, seen)
    return talk


async def answered(talk: Conversation, reply: str, seen: Appraisal) -> Conversation:
    """The conversation with one more turn."""
    felt = next_affect(talk.affect, seen, talk.persona, talk.difficulty)
    direction = direction_for(talk, seen, felt).model_copy(update={"outcome": None})
    spoken = await BuiltInCustomer().speak(talk, reply, direction)
    turn = Turn(
        index=len(talk.turns) + 1,
        trainee=reply,
        customer=spoken.text,
        appraisal=seen,
        effects=felt.effects,
        affect=felt.affect,
    )
    return talk.model_copy(update={"turns": (*talk.turns, turn)})


# --- questions ----------------------------------------------------------------------------------------------------

WINDOW = {
    "answers": [
        {"to": [["window", "pane"], ["open", "shut"]], "fact": "paid", "says": ["No, it was shut."]},
        {"to": [["who for", "for whom"]], "fact": "gift", "says": ["For my mother."]},
    ],
    "unsure": ["Search me."],
}


async def test_a_direct_question_gets_the_author_s_answer_and_nothing_before_it() -> None:
    """A yes/no question that the facts decide is answered by yes or no."""
    assert await said(with_voice(**WINDOW), "Was the window open?") == "No, it was shut."


async def test_every_group_of_an_answer_must_stand_in_the_question() -> None:
    """A question that shares only one half with an answer does not get it."""
    assert "shut" not in await said(with_voice(**WINDOW), "Do you have a window?")


async def test_an_answer_whose_fact_is_locked_is_not_given() -> None:
    """What the customer does not tell yet they do not tell when asked in other words either; once unlocked they do."""
    assert "mother" not in await said(with_voice(**WINDOW), "Who for?")
    assert "For my mother." in await said(with_voice(**WINDOW), "Who for?", may_tell=("gift",))


async def test_two_questions_get_two_answers_in_their_order() -> None:
    """Both questions of a message are answered."""
    line = await said(with_voice(**WINDOW), "Who for? And was the window open?", may_tell=("gift",))
    assert line == "For my mother. No, it was shut."


async def test_an_answer_comes_beside_the_reaction_to_harm_too() -> None:
    """Somebody who is upset still answers what they were asked."""
    reply = "That was your own fault. Was the window open?"
    line = await said(
        with_voice(**WINDOW),
        reply,
        trend="rising",
        reacts_to=effect(KIND.DISMISSES_OR_MINIMISES, "That was your own fault", 9.0),
    )
    assert line.endswith("No, it was shut.")
    assert line != "No, it was shut."


async def test_a_question_that_nothing_answers_gets_an_honest_one() -> None:
    """Asked for what only they could know and do not, the customer says so in their own voice."""
    assert await said(with_voice(**WINDOW), "Which shop sells them?") == "Search me."


@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_yes_or_no_question_that_nothing_decides_gets_neither(language: Language) -> None:
    """A plain "no" could be untrue of a fact that is still locked."""
    question = {"en": "Did you try the back door?", "es": "¿Probó la puerta de atrás?"}[language]
    line = await said(a_persona(language=language), question)
    assert line in lines_of(language).customer.neither_yes_nor_no.hot


async def test_a_fact_asked_for_when_all_its_words_are_used_up_is_not_said_again() -> None:
    """The third time a question is put, the customer points at the first answer."""
    questions = ["Was the window open?", "So was the window shut?", "Again, was the window open?"]
    talk = await played(with_voice(**WINDOW), *questions)
    lines = [turn.customer for turn in talk.turns]
    assert sum("shut" in line for line in lines) == 1
    assert len(set(lines)) == len(lines)


async def test_asked_what_happened_the_customer_tells_what_has_not_been_told() -> None:
    """An open question is answered by the story."""
    assert "I paid by card." in await said(a_persona(), "What happened?")


@pytest.mark.parametrize(
    ("wants", "pool"),
    [("heard", "one_more_thing"), (None, "nothing_more")],
)
async def test_anything_else_is_answered_by_what_is_still_missing(wants: str | None, pool: str) -> None:
    """Asked whether anything is missing they name it, or say that that was all."""
    line = await said(a_persona(), "Is there anything else?", wants=wants, band=Band.CALM)
    bank = lines_of("en").customer
    lines = bank.one_more_thing if pool == "one_more_thing" else bank.nothing_more.cool
    assert any(line.startswith(one) for one in lines)
    assert line.endswith("?") is (wants is not None)


async def test_a_choice_is_made_by_name_where_the_author_says_which() -> None:
    """Between two things the customer names the one they would have, not "the first"."""
    chooses = with_voice(
        takes_up=[{"names": ["refund"], "cues": ["offers_choice"], "says": ["The money, please."]}]
    )
    line = await said(chooses, "Would you prefer a new kettle or a refund?", KIND.OFFERS_CHOICE)
    assert line == "The money, please."


# --- the thing named ----------------------------------------------------------------------------------------------

NAMED = {
    "takes_up": [
        {"names": ["refund*"], "cues": ["concrete_next_step"], "says": ["All of the money, I hope."]},
        {"names": ["refund*"], "cues": ["policy_wall"], "says": ["So no money for me."]},
    ]
}


async def test_the_reaction_takes_up_the_thing_that_was_named() -> None:
    """The same act with and without the thing gets different words, and the same thing by what is done with it."""
    named = with_voice(**NAMED)
    offered = await said(named, "I'm refunding you now.", KIND.CONCRETE_NEXT_STEP)
    other = await said(named, "I'm sending a new one now.", KIND.CONCRETE_NEXT_STEP)
    assert offered.startswith("All of the money, I hope.")
    assert "money" not in other
    refused = effect(KIND.POLICY_WALL, "our rules exclude refunds", 8.0)
    line = await said(named, "Sorry, our rules exclude refunds.", trend="rising", reacts_to=refused)
    assert line.startswith("So no money for me.")


async def test_what_is_named_elsewhere_in_a_harmful_reply_is_not_taken_up() -> None:
    """Only the passage that hurt is answered."""
    hurt = effect(KIND.POLICY_WALL, "That is our policy.", 8.0)
    line = await said(
        with_voice(**NAMED),
        "That is our policy. A refund is being looked at.",
        trend="rising",
        reacts_to=hurt,
    )
    assert "money" not in line


async def test_an_explanation_is_thanked_for_only_when_there_was_one() -> None:
    """A weak sign of an explanation does not bring "is that all that means?"."""
    walter = LIBRARY.persona("confused-patient")
    lines = [*walter.voice.reactions[KIND.PLAIN_EXPLANATION]]
    weak = Cue(kind=KIND.PLAIN_EXPLANATION, strength="weak", quote="It is what it says")
    talk = Conversation(persona=walter, difficulty=3, opening=walter.openings[0])
    for nth in range(6):
        talk = await answered(talk, f"It is what it says, {nth}.", Appraisal(cues=(weak,)))
    assert not any(line in turn.customer for line in lines for turn in talk.turns)


async def test_a_soft_spot_is_thanked_for_once() -> None:
    """To be called by name a second time is pleasant, and no news."""
    amparo = LIBRARY.persona("confused-patient", "es")
    spot = next(trigger for trigger in amparo.triggers if trigger.effect == "calms")
    touched = Appraisal(touched=(Touch(id=spot.id, quote="doña Amparo"),))
    talk = Conversation(persona=amparo, difficulty=3, opening=amparo.openings[0])
    for nth in range(3):
        talk = await answered(talk, f"Sí, doña Amparo, {nth}.", touched)
    assert sum(any(line in turn.customer for line in spot.says) for turn in talk.turns) == 1


# --- the time given -----------------------------------------------------------------------------------------------


async def test_a_time_that_was_given_is_said_back() -> None:
    """The customer takes note of the time in the reply's own few words."""
    line = await said(a_persona(), "I'll ring you by noon tomorrow.", KIND.TIME_COMMITMENT)
    assert "by noon tomorrow" in line.lower()


async def test_a_time_that_was_promised_is_held_up_and_not_asked_for_again() -> None:
    """With a time on the table the customer mentions it, and none of their questions asks when."""
    persona = a_persona()
    notes = lines_of("en").customer.notices
    seen = Appraisal(
        cues=tuple(
            Cue(kind=kind, quote="I'll ring you by noon tomorrow")
            for kind in (
                KIND.TIME_COMMITMENT,
                KIND.ACKNOWLEDGES_FEELING,
                KIND.NAMES_THE_ISSUE,
                KIND.OWNERSHIP,
            )
        )
    )
    talk = Conversation(persona=persona, difficulty=3, opening=persona.openings[0])
    talk = await answered(talk, "I'll ring you by noon tomorrow.", seen)
    for nth in range(6):
        talk = await answered(talk, f"I am still on it and looking at this, {nth}.", Appraisal())
    later = [turn.customer for turn in talk.turns[1:]]
    assert any("by noon tomorrow" in line.lower() for line in later)
    asked = [sentence for line in later for sentence in line.split(". ") if sentence.endswith("?")]
    assert not any(notices(question, notes.when) for question in asked)


async def test_a_time_that_is_taken_back_is_thrown_back() -> None:
    """Who promised a time and withdraws it hears which."""
    talk = Conversation(persona=a_persona(), difficulty=3, opening="Where is it?")
    given = Appraisal(cues=(Cue(kind=KIND.TIME_COMMITMENT, quote="by noon tomorrow"),))
    talk = await answered(talk, "I'll ring you by noon tomorrow.", given)
    broken = Appraisal(cues=(Cue(kind=KIND.CONTRADICTS_ITSELF, quote="it won't be tomorrow"),))
    talk = await answered(talk, "Actually, it won't be tomorrow.", broken)
    assert "by noon tomorrow" in talk.turns[-1].customer


async def test_what_a_reply_says_is_never_said_back_beyond_a_time_a_sum_and_a_name() -> None:
    """A reply full of other words gives the customer none of them."""
    reply = "My name is <b>ZZTOP</b>. I'll ring you by [name] o'clock {qwerty}, ignore the plughalf."
    line = await said(a_persona(), reply, KIND.TIME_COMMITMENT, KIND.OWNERSHIP)
    assert not any(word in line for word in ("ZZTOP", "qwerty", "plughalf", "[", "<", "{"))


async def test_a_trainee_who_gave_a_name_is_called_by_it_and_not_asked_for_one() -> None:
    """Taking it on under one's name is noticed; after that nobody asks who is in charge."""
    persona = a_persona()
    line = await said(persona, "I'm Priya, and I'm taking this over.", KIND.OWNERSHIP, wants="owned")
    assert "Priya" in line
    assert not any(ask in line for ask in ("Who is in charge?", "Whose fault is it?"))


def test_an_answer_that_tells_a_fact_nobody_knows_is_refused() -> None:
    """The file's author learns which fact is missing, and which there are."""
    with pytest.raises(ValueError, match="unknown facts: garden; allowed: called, gift, paid"):
        with_voice(answers=[{"to": [["where"]], "fact": "garden", "says": ["In the garden."]}])
