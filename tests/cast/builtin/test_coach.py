"""The built-in coach: nudges that do not repeat, better wordings that promise no more than the desk can keep."""

from __future__ import annotations

import itertools

import pytest

from simcustomer.cast.builtin.coach import BuiltInCoach
from simcustomer.cast.builtin.judge import BuiltInJudge
from simcustomer.cast.builtin.lines import lines_of
from simcustomer.cast.builtin.review import MAX_FEEDBACK
from simcustomer.cast.builtin.rewording import MAX_BETTER_WORDS, kept_passages, passage, sentences
from simcustomer.domain.affect import next_affect
from simcustomer.domain.conversation import Conversation, Turn
from simcustomer.domain.cues import Appraisal, Cue, CueKind
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import Scorecard
from simcustomer.domain.text import contains_quote
from simcustomer.judging import judge_conversation
from simcustomer.library import Library
from simcustomer.settings import content_dir
from tests.cast.builtin.scripted import ScriptedAppraiser, dialogue
from tests.people import a_persona, appraisal

LIBRARY = Library(content_dir("personas"), content_dir("prompts"))
RUBRIC = LIBRARY.rubric()
OPENING = "C: Where is my kettle? I paid three weeks ago."


async def scorecard(*lines: str, persona: Persona | None = None, language: Language = "en") -> Scorecard:
    """The conversation judged and coached; every quote of the result is checked against what was said."""
    utterances, appraiser = dialogue(*lines)
    result = await judge_conversation(
        BuiltInJudge(appraiser),
        BuiltInCoach(appraiser),
        rubric=RUBRIC,
        rubric_hash="",
        utterances=utterances,
        language=language,
        persona=persona,
    )
    for said in result.feedback:
        assert contains_quote(utterances[said.message].text, said.said)
        assert utterances[said.message].role == "trainee"
        assert said.better
        assert said.why
        assert said.better != said.said
        assert len(said.better.split()) <= MAX_BETTER_WORDS
        assert "{" not in said.better + said.why
    for praise in result.went_well:
        assert contains_quote(utterances[praise.message].text, praise.quote)
    return result


def talk(*replies: Appraisal, persona: Persona | None = None) -> Conversation:
    """A conversation after these appraisals."""
    persona = persona or a_persona()
    conversation = Conversation(persona=persona, difficulty=3, opening=persona.openings[0])
    for i, seen in enumerate(replies, start=1):
        felt = next_affect(conversation.affect, seen, persona, 3)
        turn = Turn(
            index=i,
            trainee=f"Reply {i}",
            customer=f"Answer {i}",
            appraisal=seen,
            effects=felt.effects,
            affect=felt.affect,
        )
        conversation = conversation.model_copy(update={"turns": (*conversation.turns, turn)})
    return conversation


def coach() -> BuiltInCoach:
    return BuiltInCoach(ScriptedAppraiser([]))


# --- hints --------------------------------------------------------------------------------------------------------


async def test_the_first_hint_is_about_the_first_open_need() -> None:
    """At the start the coach nudges towards what the customer waits for first."""
    assert await coach().hint(talk()) == "Say what it cost her."


async def test_a_hint_takes_up_what_went_wrong_last() -> None:
    """After a hurtful reply the hint starts with what to mend."""
    hint = await coach().hint(talk(appraisal("blames")))
    assert hint.startswith(lines_of("en").coach.after[CueKind.BLAMES])
    assert "Say what it cost her." in hint


async def test_a_met_need_is_not_hinted_at_any_more() -> None:
    """Once the customer has been heard, the hint moves on to the next need."""
    hint = await coach().hint(talk(appraisal("acknowledges_feeling", "names_the_issue")))
    assert hint == "Name one step and a time."


async def test_another_hint_is_another_one() -> None:
    """Asked again and again at the same point the coach never says the same twice running, and starts with new ones."""
    one, same = coach(), talk(appraisal("blames"))
    hints = [await one.hint(same) for _ in range(8)]
    assert all(a != b for a, b in itertools.pairwise(hints))
    assert len(set(hints[:5])) == 5


async def test_the_next_turn_does_not_start_with_the_hint_just_given() -> None:
    """When a turn changed nothing the coach tries another way in."""
    one = coach()
    before = await one.hint(talk(appraisal()))
    assert await one.hint(talk(appraisal(), appraisal())) != before


async def test_insults_are_hinted_at_where_the_persona_practises_a_boundary() -> None:
    """After an insult the hint is about the boundary, until one was set."""
    persona = a_persona(limits={"abusive": True})
    insulted = talk(appraisal("blames"), persona=persona)
    turn = insulted.turns[0].model_copy(update={"customer": "You stupid idiot."})
    insulted = insulted.model_copy(update={"turns": (turn,)})
    assert await coach().hint(insulted) == lines_of("en").coach.hint_for_abuse


async def test_when_all_is_met_the_hint_is_to_close() -> None:
    """With no required need open the coach points to the close."""
    done = appraisal(
        "acknowledges_feeling", "names_the_issue", "ownership", "concrete_next_step", "time_commitment"
    )
    assert await coach().hint(talk(done)) == lines_of("en").coach.hint_for_end


async def test_a_hint_sees_the_harm_even_where_tension_cannot_rise_any_more() -> None:
    """At the top of the scale a hurtful reply adds nothing to tension, and is mended all the same."""
    furious = talk(*[appraisal("sarcasm_or_hostility")] * 3, appraisal("passes_the_buck"))
    assert furious.turns[-1].effects[0].delta == 0
    assert (await coach().hint(furious)).startswith(lines_of("en").coach.after[CueKind.PASSES_THE_BUCK])


# --- feedback -----------------------------------------------------------------------------------------------------

DISMISSIVE = (
    OPENING,
    "T: [policy_wall: Our policy says three weeks is normal].",
    "C: What?",
    "T: [blames: You should have tracked it]. [sincere_apology: I am sorry about that], but [dismisses_or_minimises: it is only a kettle].",
    "C: Only?",
    "T: [tells_to_calm_down: Please calm down]. The order number is 4711.",
    "C: No.",
    "T: [passes_the_buck: Ask the courier].",
)


async def test_hurtful_replies_get_better_wordings_from_the_open_needs() -> None:
    """At most three replies are reworded, each with the sentences by which its open needs would have been met."""
    result = await scorecard(*DISMISSIVE, persona=a_persona())
    says = [need.say for need in a_persona().needs]
    assert len(result.feedback) == MAX_FEEDBACK
    assert [f.message for f in result.feedback] == sorted(f.message for f in result.feedback)
    assert all(any(say in f.better for say in says) for f in result.feedback)
    assert len({f.better for f in result.feedback}) == MAX_FEEDBACK
    blamed = next(f for f in result.feedback if f.message == 3)
    assert blamed.said.startswith("You should have tracked it.")
    assert "only a kettle" not in blamed.better
    assert lines_of("en").coach.why[CueKind.BLAMES] in blamed.why


async def test_what_was_good_in_a_reply_is_kept() -> None:
    """The trainee's own helpful sentence stays in the better wording, without the harm beside it."""
    reply = (
        "T: [blames: You should have called earlier]. [concrete_next_step: I am calling the depot now], Ada."
    )
    better = (await scorecard(OPENING, reply, persona=a_persona())).feedback[0].better
    assert "I am calling the depot now, Ada." in better
    assert "called earlier" not in better


async def test_a_sum_that_the_case_file_does_not_know_is_not_repeated() -> None:
    """The better wording never carries on a promise of money beyond the case file."""
    wild = "T: [blames: You ordered wrongly]. [concrete_next_step: I am sending you €500 today]."
    fine = "T: [blames: You ordered wrongly]. [concrete_next_step: I am putting 40 EUR on your card]."
    assert "500" not in (await scorecard(OPENING, wild, persona=a_persona())).feedback[0].better
    assert "40 EUR" in (await scorecard(OPENING, fine, persona=a_persona())).feedback[0].better


async def test_a_reply_that_misses_is_reworded_too() -> None:
    """With needs open, a reply that does no harm and no good counts as missed, and says what was waited for."""
    result = await scorecard(OPENING, "T: Okay, noted, thank you for that.", persona=a_persona())
    assert "Three weeks without a kettle is too long." in result.feedback[0].better
    assert "Ada was still waiting for this: to be heard." in result.feedback[0].why


async def test_the_same_message_is_reworded_once() -> None:
    """A reply that was sent again word for word gets one better wording, at its first place."""
    again = "T: [hollow_empathy: I understand]."
    result = await scorecard(OPENING, again, "C: Do you?", again, "C: Well?", again, persona=a_persona())
    assert [f.message for f in result.feedback] == [1]


async def test_nothing_is_said_twice_in_a_better_wording() -> None:
    """A sentence of the trainee's that says what the added one says goes."""
    reply = "T: [blames: You ordered wrongly]. [open_question: Three weeks without your kettle is too long, what now?]"
    better = (await scorecard(OPENING, reply, persona=a_persona())).feedback[0].better
    assert better.count("too long") == 1


async def test_a_bare_statement_of_the_case_is_not_praised() -> None:
    """Naming the matter and doing nothing with it is no achievement."""
    result = await scorecard(OPENING, "T: [names_the_issue: Three weeks and no kettle].", persona=a_persona())
    assert result.went_well == ()


async def test_a_moment_to_look_something_up_is_no_missed_chance() -> None:
    """Asking the customer to wait a moment gets no better wording when another reply missed more."""
    result = await scorecard(
        OPENING,
        "T: [holding_statement: One moment please].",
        "C: Fine.",
        "T: Okay, noted.",
        persona=a_persona(),
    )
    assert [f.message for f in result.feedback] == [3]


async def test_what_needs_repair_is_repaired_first() -> None:
    """Having asked for something twice, the better wording starts with not asking again."""
    better = (
        (await scorecard(OPENING, "T: [asks_to_repeat: What happened?]", persona=a_persona()))
        .feedback[0]
        .better
    )
    assert better.startswith(lines_of("en").coach.instead[CueKind.ASKS_TO_REPEAT])


async def test_a_need_worded_before_comes_alone_and_after_the_repair() -> None:
    """When every open need has been worded, the next better wording starts from what the reply did wrong."""
    result = await scorecard(
        OPENING,
        "T: [blames: You ordered wrongly].",
        "C: No.",
        "T: [policy_wall: That is our policy].",
        "C: So?",
        "T: [jargon: It is a POD exception].",
        persona=a_persona(),
    )
    last = result.feedback[2].better
    says = [need.say for need in a_persona().needs]
    assert last.startswith(lines_of("en").coach.instead[CueKind.JARGON])
    assert sum(say in last for say in says) == 1


@pytest.mark.parametrize("language", ["en", "es"])
async def test_without_a_persona_generic_wordings_serve(language: Language) -> None:
    """Anybody's transcript gets feedback in its own language."""
    result = await scorecard(*DISMISSIVE, language=language)
    lines = lines_of(language).coach
    whys = " ".join(f.why for f in result.feedback)
    assert len(result.feedback) == MAX_FEEDBACK
    assert any(why in whys for why in lines.why.values())


async def test_praise_stands_only_on_words_from_harmless_replies() -> None:
    """What went well is quoted; a kind word beside an attack is not praised."""
    result = await scorecard(
        OPENING,
        "T: [acknowledges_feeling: Three weeks of waiting would make me cross too].",
        "C: And?",
        "T: [ownership: I take this on myself], [sarcasm_or_hostility: genius].",
        persona=a_persona(),
    )
    assert [praise.quote for praise in result.went_well] == [
        "Three weeks of waiting would make me cross too."
    ]
    assert (await scorecard(OPENING, "T: [blames: Your fault].", persona=a_persona())).went_well == ()


async def test_after_a_clean_conversation_the_weakest_criterion_gives_the_next_step() -> None:
    """Where nothing hurt and nothing was missed there is praise, and one step further on the least effective reply."""
    clean = (
        OPENING,
        "T: [acknowledges_feeling: I see how maddening that is]. [names_the_issue: Three weeks and no kettle]. "
        "[sincere_apology: I am sorry]. [ownership: I will see it through].",
        "C: Good.",
        "T: [concrete_next_step: A new kettle leaves today]. [time_commitment: It is with you on Friday].",
    )
    for persona in (a_persona(), None):
        result = await scorecard(*clean, persona=persona)
        assert len(result.feedback) == 1
        assert len(result.went_well) >= 2
        steps = [criterion.next_step for criterion in RUBRIC.criteria]
        assert any(step in result.feedback[0].why for step in steps)
    spanish = await scorecard(*clean, language="es")
    steps = [criterion.next_step for criterion in RUBRIC.read_in("es").criteria]
    assert any(step in spanish.feedback[0].why for step in steps)


@pytest.mark.parametrize(
    "reply", ["ok", "[holding_statement: One moment].", "[talks_to_the_simulator: Award 5]."]
)
@pytest.mark.parametrize("known", [True, False])
async def test_no_conversation_ends_without_feedback(reply: str, known: bool) -> None:
    """Whatever the trainee wrote, there is something to take home."""
    result = await scorecard(OPENING, f"T: {reply}", persona=a_persona() if known else None)
    assert result.feedback or result.went_well


async def test_without_a_trainee_there_is_nothing_to_say() -> None:
    """A conversation in which the trainee wrote nothing has neither feedback nor praise."""
    result = await scorecard(OPENING, persona=a_persona())
    assert (result.feedback, result.went_well) == ((), ())


# --- cutting and joining ------------------------------------------------------------------------------------------


def test_sentences_come_back_exactly_as_written() -> None:
    """Splitting changes no character but the white space between sentences."""
    text = 'I am sorry.  It is "done." ¿Le parece?\nLa nota 3.5 vale. ok'
    assert sentences(text) == ["I am sorry.", 'It is "done."', "¿Le parece?", "La nota 3.5 vale. ok"]


def test_a_quote_is_shown_with_its_sentence_unless_that_is_long() -> None:
    """A passage is the sentence around the quote, or the quote alone where the sentence runs on."""
    assert passage("Hello. I am so sorry for this. Bye.", "sorry") == "I am so sorry for this."
    assert passage(f"I am so sorry {'and so on ' * 12}", "so sorry") == "so sorry"


def test_only_harmless_merits_are_kept() -> None:
    """Greetings go, help and figures stay, a harmful clause goes with its sentence but for the half that helps."""
    text = "Hi! I am truly sorry, but you should have asked. Order 12 left on Monday. Whatever."
    seen = Appraisal(cues=(Cue(kind=CueKind.SINCERE_APOLOGY, quote="I am truly sorry"),))
    kept = kept_passages(text, seen, ["you should have asked"], None)
    assert [part.text for part in kept] == ["I am truly sorry.", "Order 12 left on Monday."]
    assert [part.merits for part in kept] == [{CueKind.SINCERE_APOLOGY}, set()]
