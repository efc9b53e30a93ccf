"""The engine's values in the words of a stage direction: bands, feelings, cues and endings as an actor is told them."""

from __future__ import annotations

from collections.abc import Mapping

from simcustomer.domain.conversation import Outcome
from simcustomer.domain.cues import SETTLING, UNSETTLING, CueKind
from simcustomer.domain.persona import Band, Language

LANGUAGES: Mapping[Language, str] = {"en": "English", "es": "Spanish"}

UPSET = (Band.ANGRY, Band.FURIOUS)
"""The bands in which a single good sentence is noticed and no more."""

MOODS: Mapping[Band, str] = {
    Band.CALM: "calm: the pressure is off, and you can be friendly in your own way",
    Band.WARY: "wary: the worst has eased, but you do not trust it yet",
    Band.FRUSTRATED: "frustrated: you are upset and it shows, but you still listen",
    Band.ANGRY: "very upset: you interrupt, you insist, kindness alone does not reach you",
    Band.FURIOUS: "beside yourself: you hardly listen, and one thing at most gets through to you",
}

FEELINGS: Mapping[str, str] = {
    "anger": "anger",
    "anxiety": "fear of what this will do to you",
    "confusion": "not understanding what is going on",
}

TRENDS: Mapping[str, str] = {
    "rising": "What they just wrote made it worse: let it show.",
    "steady": "What they just wrote changed nothing in that: do not soften.",
    "falling": "What they just wrote eased it somewhat: let that show a little, and no more.",
}
"""What the last reply did to the mood."""
EASED_WHILE_UPSET = (
    "What they just wrote eased it by very little: take note of it in a word or two, still in this mood."
)
STEADY_WHILE_CALM = "What they just wrote changed nothing in that: stay as you are."

LANDED: Mapping[str, str] = {
    CueKind.ACKNOWLEDGES_FEELING: "they saw what this does to you.",
    CueKind.NAMES_THE_ISSUE: "they have understood what happened.",
    CueKind.SINCERE_APOLOGY: "they are sorry, and it sounded meant.",
    CueKind.OPEN_QUESTION: "they want to hear more from you.",
    CueKind.PLAIN_EXPLANATION: "now you understand something that you did not.",
    CueKind.OWNERSHIP: "somebody is taking this on at last.",
    CueKind.CONCRETE_NEXT_STEP: "something definite is going to be done.",
    CueKind.TIME_COMMITMENT: "you know when.",
    CueKind.OFFERS_CHOICE: "you may choose.",
    CueKind.KEY_REASSURANCE: "they said the very thing you were waiting to hear.",
    CueKind.PROTECTIVE_ACTION: "they are keeping you from harm right now.",
    CueKind.CHECKS_UNDERSTANDING: "they want to be sure that you are with them.",
    CueKind.RESPECTFUL_BOUNDARY: "they drew a line about your tone, and stayed decent.",
    CueKind.WARM_HANDOVER: "somebody who knows your case will take over.",
    CueKind.BLAMES: "they say, as you read it, that it is your own fault.",
    CueKind.DISMISSES_OR_MINIMISES: "they make it small or do not believe it, and to you it is real.",
    CueKind.TELLS_TO_CALM_DOWN: "they tell you to calm down.",
    CueKind.REFUSAL_WITHOUT_ALTERNATIVE: "they said no, and offered nothing in its place.",
    CueKind.POLICY_WALL: "they hide behind rules.",
    CueKind.JARGON: "they used words that you do not understand.",
    CueKind.PASSES_THE_BUCK: "they push it on to somebody else.",
    CueKind.PREMATURE_SOLUTION: "they are at solutions already, and have not taken in what happened.",
    CueKind.ASKS_TO_REPEAT: "they ask for what you have already told them.",
    CueKind.HOLLOW_EMPATHY: "they had kind words with nothing behind them.",
    CueKind.COLD_SCRIPT: "it sounds like a form letter.",
    CueKind.FALSE_CHEER: "they are cheerful about it.",
    CueKind.SARCASM_OR_HOSTILITY: "they were rude to you.",
    CueKind.OVERPROMISE: "it sounds too good to be true.",
    CueKind.CONTRADICTS_ITSELF: "they said something else before.",
    CueKind.IGNORES_QUESTION: "they went past what you had just asked or told them.",
    CueKind.THREATENS_TO_END: "they threaten to leave you alone with this.",
    CueKind.INTERRUPTS: "they answered before you had finished writing.",
    CueKind.TALKS_TO_THE_SIMULATOR: "it made no sense to you; it did not even seem meant for you.",
    CueKind.INFORMATION_REQUEST: "they want a detail from you.",
    CueKind.HOLDING_STATEMENT: "they ask you to wait a moment.",
    CueKind.SMALL_TALK: "they chat about something else.",
    CueKind.ENDS_CONVERSATION: "they are ending the chat.",
}
"""How each cue strikes the customer."""

ANSWERS: Mapping[str, str] = {
    CueKind.OPEN_QUESTION: "Answer them.",
    CueKind.OFFERS_CHOICE: "Choose, or say what the choice hangs on.",
    CueKind.CHECKS_UNDERSTANDING: "Tell them.",
    CueKind.JARGON: "Say that you do not.",
    CueKind.IGNORES_QUESTION: "Come back to it if it still matters to you.",
    CueKind.TALKS_TO_THE_SIMULATOR: "Say so, as a puzzled customer.",
}
"""What the customer does about some of them."""

CLOSINGS: Mapping[Outcome, str] = {
    Outcome.RESOLVED: "This settles it for you. Close the chat in your own way.",
    Outcome.SUPERVISOR: "You have had enough of this person. Demand somebody in charge; you talk to this one no more.",
    Outcome.LEFT: "You have had enough and leave the chat for good.",
    Outcome.BOUNDARY: "They warned you about your tone, and now they end the chat. These are your last words.",
    Outcome.ABANDONED: "They are ending the chat before the matter is settled. These are your last words.",
    Outcome.TURN_LIMIT: "You have no more time and must go; it is not settled.",
}
HANDED_OVER = (
    "They pass you on to somebody who knows your case. Accept it, in the mood you are in, and end here."
)
SETTLED_WHILE_WARY = "This settles the practical side for you. You are not beaming: close the chat in your own way, cooler than your examples."

ENDINGS: Mapping[Outcome, str] = {
    Outcome.RESOLVED: "Your problem was taken care of.",
    Outcome.SUPERVISOR: "You would not go on with this person and asked for somebody in charge.",
    Outcome.LEFT: "You had had enough and left before the matter was settled.",
    Outcome.BOUNDARY: "They ended it because of your tone, before the matter was settled.",
    Outcome.ABANDONED: "It ended before the matter was settled.",
    Outcome.TURN_LIMIT: "It took too long, and you had to go before the matter was settled.",
}
WAS_HANDED_OVER = "You were passed on to somebody who knows your case."

SATISFACTION: Mapping[int, str] = {
    1: "very dissatisfied",
    2: "dissatisfied",
    3: "neither satisfied nor dissatisfied",
    4: "satisfied",
    5: "very satisfied",
}


def foremost(band: Band, lead: str) -> str:
    """The leading feeling as part of a stage direction; in the low bands it is only what is left."""
    start = "What is left of it is" if band in (Band.CALM, Band.WARY) else "Foremost it is"
    return f"{start} {FEELINGS[lead]}."


def trend(band: Band, direction: str) -> str:
    """What the last reply did to the mood, in words that agree with the mood itself."""
    if direction == "falling" and band in UPSET:
        return EASED_WHILE_UPSET
    if direction == "steady" and band is Band.CALM:
        return STEADY_WHILE_CALM
    return TRENDS[direction]


def struck(cue: str, band: Band, direction: str) -> str:
    """How the strongest cue struck the customer: as what made the mood, or as the one thing that went against it."""
    if cue in SETTLING and direction != "falling":
        lead = "One thing got through to you, though you are no calmer for it"
    elif cue in SETTLING and band in UPSET:
        lead = "One thing got through to you all the same"
    elif cue in UNSETTLING and direction == "falling":
        lead = "One thing in it stung all the same"
    else:
        lead = "What struck you most in what they just wrote"
    return f"{lead}: {LANDED[cue]} {ANSWERS.get(cue, '')}".rstrip()
