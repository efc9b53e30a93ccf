"""The built-in coach: nudges that do not repeat, better wordings that promise no more than the desk can keep."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcustomer.cast.better_wording import WordingCheck, in_place, longest
from simcustomer.cast.builtin.coach import BuiltInCoach
from simcustomer.cast.builtin.judge import BuiltInJudge
from simcustomer.cast.builtin.lines import lines_of
from simcustomer.cast.builtin.review import MAX_FEEDBACK
from simcustomer.cast.builtin.rewording import kept_passages, passage, runs, span
from simcustomer.cast.stated import sentences
from simcustomer.domain.affect import next_affect
from simcustomer.domain.conversation import RESOLVED_BELOW, Conversation, Turn
from simcustomer.domain.cues import Appraisal, Cue, CueKind
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import JudgeInfo, Scorecard, score
from simcustomer.domain.text import contains_quote
from simcustomer.judging import judge_conversation
from simcustomer.library import Library
from simcustomer.settings import content_dir
from tests.cast.builtin.scripted import ScriptedAppraiser, dialogue, unmarked
from tests.people import a_persona, appraisal, persona_fields

LIBRARY = Library(content_dir("personas"), content_dir("prompts"))
RUBRIC = LIBRARY.rubric()
OPENING = "C: Where is my kettle? I paid three weeks ago."


async def scorecard(*lines: str, persona: Persona | None = None, language: Language = "en") -> Scorecard:
    """The conversation judged and coached; every quote of the result is checked against what was said."""
    utterances, appraiser = dialogue(*lines, persona=persona, language=language)
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
        assert len(said.better.split()) <= longest(said.said)
        assert "{" not in said.better + said.why
        check = await WordingCheck.of(appraiser, persona, language, utterances, RUBRIC)
        assert await check.faults(said.message, said.said, said.better) == ()
    for praise in result.went_well:
        assert contains_quote(utterances[praise.message].text, praise.quote)
    return result


def ada(**changes: Any) -> Persona:
    """The small persona, whose desk knows when a parcel arrives."""
    desk = [{"label": "Order", "value": "4711"}, {"label": "Parcels", "value": "arrive on Friday"}]
    case_file = persona_fields()["case_file"] | {"desk": [*desk, {"label": "Paid", "value": "by card"}]}
    return a_persona(**({"case_file": case_file} | changes))


def talk(*replies: Appraisal, persona: Persona | None = None) -> Conversation:
    """A conversation after these appraisals."""
    persona = persona or ada()
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


DONE = appraisal(
    "acknowledges_feeling", "names_the_issue", "ownership", "concrete_next_step", "time_commitment"
)


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
    persona = ada(limits={"abusive": True})
    insulted = talk(appraisal("blames"), persona=persona)
    turn = insulted.turns[0].model_copy(update={"customer": "You stupid idiot."})
    insulted = insulted.model_copy(update={"turns": (turn,)})
    assert await coach().hint(insulted) == lines_of("en").coach.hint_for_abuse


async def test_when_all_is_met_the_hint_is_to_close() -> None:
    """With no required need open, and the customer calm enough to let it rest, the coach points to the close."""
    mild = ada(temperament={"anger": 40, "anxiety": 30, "confusion": 30, "trust": 80})
    assert await coach().hint(talk(DONE, persona=mild)) == lines_of("en").coach.hint_for_end


@pytest.mark.parametrize("difficulty", [1, 3, 5])
async def test_an_upset_customer_is_never_nearly_done(difficulty: int) -> None:
    """All needs are met and tension is still up: the hint speaks of the heat, and not of closing."""
    hot = talk(DONE)
    assert hot.affect.tension >= RESOLVED_BELOW
    hint = await coach().hint(hot.model_copy(update={"difficulty": difficulty}))
    assert hint == lines_of("en").coach.hint_for_heat


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
    result = await scorecard(*DISMISSIVE, persona=ada())
    says = [need.say for need in ada().needs]
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
        "T: [blames: You should have called earlier]. [concrete_next_step: I am calling the depot now], Ada. "
        "[policy_wall: Those are the rules]."
    )
    better = (await scorecard(OPENING, reply, persona=ada())).feedback[0].better
    assert "I am calling the depot now, Ada." in better
    assert "called earlier" not in better


async def test_a_sum_that_the_case_file_does_not_know_is_not_repeated() -> None:
    """The better wording never carries on a promise of money beyond the case file."""
    around = "T: [blames: You ordered wrongly]. [concrete_next_step: {}]. [policy_wall: Those are the rules]."
    wild = around.format("I am sending you €500 today")
    fine = around.format("I am putting 40 EUR on your card")
    assert "500" not in (await scorecard(OPENING, wild, persona=ada())).feedback[0].better
    assert "40 EUR" in (await scorecard(OPENING, fine, persona=ada())).feedback[0].better


async def test_a_reply_that_misses_is_reworded_too() -> None:
    """With needs open, a reply that does no harm and no good counts as missed, and says what was waited for."""
    result = await scorecard(OPENING, "T: Okay, noted, thank you for that.", persona=ada())
    assert "Three weeks without a kettle is too long." in result.feedback[0].better
    assert "Ada was still waiting for this: to be heard." in result.feedback[0].why


async def test_the_same_message_is_reworded_once() -> None:
    """A reply that was sent again word for word gets one better wording, at its first place."""
    again = "T: [hollow_empathy: I understand]."
    result = await scorecard(OPENING, again, "C: Do you?", again, "C: Well?", again, persona=ada())
    assert [f.message for f in result.feedback] == [1]


async def test_nothing_is_said_twice_in_a_better_wording() -> None:
    """A sentence of the trainee's that says what the added one says goes."""
    again = "[open_question: Three weeks without your kettle is too long, what now?]"
    for reply in (
        f"[blames: You ordered wrongly]. {again}",
        f"[blames: Wrong]. {again} [policy_wall: It is a rule].",
    ):
        result = await scorecard(OPENING, f"T: {reply}", persona=ada())
        point = result.feedback[0]
        assert in_place(unmarked(reply), point.said, point.better).count("too long") == 1


async def test_a_bare_statement_of_the_case_is_not_praised() -> None:
    """Naming the matter and doing nothing with it is no achievement."""
    result = await scorecard(OPENING, "T: [names_the_issue: Three weeks and no kettle].", persona=ada())
    assert result.went_well == ()


async def test_a_moment_to_look_something_up_is_no_missed_chance() -> None:
    """Asking the customer to wait a moment gets no better wording when another reply missed more."""
    result = await scorecard(
        OPENING,
        "T: [holding_statement: One moment please].",
        "C: Fine.",
        "T: Okay, noted.",
        persona=ada(),
    )
    assert [f.message for f in result.feedback] == [3]


async def test_what_needs_repair_is_repaired_first() -> None:
    """Having asked for something twice, the better wording starts with not asking again, where there is room for it."""
    long = f"[asks_to_repeat: What happened to you with this order {'and so on and on ' * 4}then]?"
    result = await scorecard(OPENING, f"T: {long}", persona=ada())
    assert result.feedback[0].better.startswith(lines_of("en").coach.instead[CueKind.ASKS_TO_REPEAT])
    short = await scorecard(OPENING, "T: [asks_to_repeat: What happened?]", persona=ada())
    assert "too long" in short.feedback[0].better


async def test_earlier_replies_get_the_earlier_needs_and_no_sentence_stands_twice() -> None:
    """Three hurtful replies are mended in the order in which they came, each by other sentences."""
    result = await scorecard(
        OPENING,
        "T: [jargon: It is a POD exception].",
        "C: No.",
        "T: [policy_wall: That is our policy].",
        "C: So?",
        "T: [blames: You ordered wrongly].",
        persona=ada(),
    )
    assert [point.message for point in result.feedback] == [1, 3, 5]
    assert "too long" in result.feedback[0].better
    assert len({point.better for point in result.feedback}) == MAX_FEEDBACK


async def test_a_reply_that_no_draft_mends_gets_none() -> None:
    """Where the appraiser sees no draft help, none is offered: a wording that does not calm teaches nothing."""
    utterances, _ = dialogue(OPENING, "T: [holding_statement: One moment].", "C: And?", "T: Okay, noted.")
    sees_nothing = ScriptedAppraiser([])
    card = await BuiltInJudge(sees_nothing).judge(RUBRIC, utterances, "en")
    info = JudgeInfo(model="m", rubric="r", rubric_hash="", passes=1)
    scored = score(RUBRIC, [card], outcome=None, judge=info)
    found = await BuiltInCoach(sees_nothing).feedback(ada(), "en", utterances, RUBRIC, scored)
    assert found == ((), ())


async def test_what_carries_nothing_is_replaced_and_the_rest_stays_the_trainees() -> None:
    """Greeting, facts and help stay where they stand; only the filling goes."""
    reply = "T: Hi Ada. We value you as always. [concrete_next_step~: Order 4711 is on my screen]."
    result = await scorecard(OPENING, reply, persona=ada())
    assert result.feedback[0].said == "Hi Ada. We value you as always."
    assert result.feedback[0].better.startswith("Hi Ada.")


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
        persona=ada(),
    )
    assert [praise.quote for praise in result.went_well] == [
        "Three weeks of waiting would make me cross too."
    ]
    assert (await scorecard(OPENING, "T: [blames: Your fault].", persona=ada())).went_well == ()


async def test_after_a_clean_conversation_the_weakest_criterion_gives_the_next_step() -> None:
    """Where nothing hurt and nothing was missed there is praise, and one step further on the least effective reply."""
    clean = (
        OPENING,
        "T: [acknowledges_feeling: I see how maddening that is]. [names_the_issue: Three weeks and no kettle]. "
        "[sincere_apology: I am sorry]. [ownership: I will see it through].",
        "C: Good.",
        "T: [concrete_next_step: A new kettle leaves today]. [time_commitment: It is with you on Friday].",
    )
    for persona in (ada(), None):
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
    result = await scorecard(OPENING, f"T: {reply}", persona=ada() if known else None)
    assert result.feedback or result.went_well


async def test_without_a_trainee_there_is_nothing_to_say() -> None:
    """A conversation in which the trainee wrote nothing has neither feedback nor praise."""
    result = await scorecard(OPENING, persona=ada())
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
    kept = kept_passages(text, seen, ["you should have asked"])
    assert [part.text for part in kept] == ["I am truly sorry.", "Order 12 left on Monday."]
    assert [part.merits for part in kept] == [{CueKind.SINCERE_APOLOGY}, set()]


def test_a_span_is_cut_as_it_was_written() -> None:
    """Sentences from one to another, with whatever stood between them."""
    text = "One.  Two!\nThree? Four."
    assert span(text, 1, 2) == "Two!\nThree?"
    assert span(text, 0, 3) == text
    assert span("Yes. Yes. No.", 1, 1) == "Yes."


@given(st.lists(st.booleans(), max_size=12))
def test_runs_cover_exactly_the_true_flags(flags: list[bool]) -> None:
    """Every true flag lies in one run, no false one in any, and the longest run comes first."""
    found = runs(flags)
    covered = [i for first, last in found for i in range(first, last + 1)]
    assert sorted(covered) == [i for i, flag in enumerate(flags) if flag]
    lengths = [last - first for first, last in found]
    assert lengths == sorted(lengths, reverse=True)
