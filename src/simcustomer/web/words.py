"""What the trainee reads for each value of the domain."""

from __future__ import annotations

from collections.abc import Mapping

from simcustomer.domain.conversation import Mode, Outcome
from simcustomer.domain.cues import CueKind
from simcustomer.domain.persona import Band
from simcustomer.domain.rubric import DISAGREED, MISQUOTED, UNANSWERED
from simcustomer.web.language import N_

ANGER = (N_("Calm"), N_("Wary"), N_("Frustrated"), N_("Angry"), N_("Furious"))
ANXIETY = (N_("Calm"), N_("Uneasy"), N_("Worried"), N_("Frightened"), N_("Panicked"))
CONFUSION = (N_("Calm"), N_("Unsure"), N_("Confused"), N_("Lost"), N_("Overwhelmed"))
BANDS: Mapping[str, Mapping[str, str]] = {
    feeling: dict(zip(Band, texts, strict=True))
    for feeling, texts in (("anger", ANGER), ("anxiety", ANXIETY), ("confusion", CONFUSION))
}
"""The five bands in words, by the feeling that is foremost in the persona: who panics is not called angry."""
BAND_CLASS: Mapping[str, str] = {band: f"b{number}" for number, band in enumerate(Band, start=1)}
"""The style class that gives a band its colour."""

CUES: Mapping[str, str] = {
    CueKind.ACKNOWLEDGES_FEELING: N_("acknowledged the feeling"),
    CueKind.NAMES_THE_ISSUE: N_("named what went wrong"),
    CueKind.SINCERE_APOLOGY: N_("a sincere apology"),
    CueKind.OPEN_QUESTION: N_("an open question"),
    CueKind.PLAIN_EXPLANATION: N_("a plain explanation"),
    CueKind.OWNERSHIP: N_("took ownership"),
    CueKind.CONCRETE_NEXT_STEP: N_("a concrete next step"),
    CueKind.TIME_COMMITMENT: N_("a time to count on"),
    CueKind.OFFERS_CHOICE: N_("a choice"),
    CueKind.KEY_REASSURANCE: N_("the sentence they were waiting for"),
    CueKind.PROTECTIVE_ACTION: N_("protected them first"),
    CueKind.CHECKS_UNDERSTANDING: N_("checked that it was clear"),
    CueKind.RESPECTFUL_BOUNDARY: N_("a respectful boundary"),
    CueKind.WARM_HANDOVER: N_("a warm handover"),
    CueKind.BLAMES: N_("blame"),
    CueKind.DISMISSES_OR_MINIMISES: N_("made it smaller than it is"),
    CueKind.TELLS_TO_CALM_DOWN: N_("told them to calm down"),
    CueKind.REFUSAL_WITHOUT_ALTERNATIVE: N_("a no without an alternative"),
    CueKind.POLICY_WALL: N_("hid behind policy"),
    CueKind.JARGON: N_("jargon"),
    CueKind.PASSES_THE_BUCK: N_("passed it to somebody else"),
    CueKind.PREMATURE_SOLUTION: N_("a solution before they were heard"),
    CueKind.ASKS_TO_REPEAT: N_("asked them to repeat"),
    CueKind.HOLLOW_EMPATHY: N_("empathy with nothing behind it"),
    CueKind.COLD_SCRIPT: N_("a cold script"),
    CueKind.FALSE_CHEER: N_("cheer out of place"),
    CueKind.SARCASM_OR_HOSTILITY: N_("sarcasm or hostility"),
    CueKind.OVERPROMISE: N_("promised too much"),
    CueKind.CONTRADICTS_ITSELF: N_("contradicted an earlier reply"),
    CueKind.IGNORES_QUESTION: N_("left their question unanswered"),
    CueKind.THREATENS_TO_END: N_("threatened to end it"),
    CueKind.INTERRUPTS: N_("answered before they had finished"),
    CueKind.TALKS_TO_THE_SIMULATOR: N_("talked to the program, not to the customer"),
    "soft_spot": N_("something this customer holds dear"),
    "sore_point": N_("a sore point of this customer"),
}
"""Names of cues and of a persona's own triggers, as they stand beside an effect."""

OUTCOMES: Mapping[str, str] = {
    Outcome.RESOLVED: N_("Resolved"),
    Outcome.SUPERVISOR: N_("Went to a supervisor"),
    Outcome.LEFT: N_("The customer left"),
    Outcome.BOUNDARY: N_("Closed with a boundary"),
    Outcome.ABANDONED: N_("Ended before it was settled"),
    Outcome.TURN_LIMIT: N_("Ran out of time"),
}
OUTCOME_TONE: Mapping[str, str] = {
    Outcome.RESOLVED: "good",
    Outcome.SUPERVISOR: "warn",
    Outcome.LEFT: "bad",
    Outcome.BOUNDARY: "good",
    Outcome.ABANDONED: "warn",
    Outcome.TURN_LIMIT: "warn",
}
DIFFICULTIES: Mapping[int, str] = {
    1: N_("Very gentle: patient, and quick to calm"),
    2: N_("Gentle: forgives a slip"),
    3: N_("Everyday: reacts as most people would"),
    4: N_("Hard: heats up fast and calms slowly"),
    5: N_("Very hard: little patience, and words alone do little"),
}
REASONS: Mapping[str, str] = {
    MISQUOTED: N_("The judge quoted what nobody said, so this does not count."),
    UNANSWERED: N_("The judge did not answer this."),
    DISAGREED: N_("The passes of the judge disagree."),
}
"""Why a question is open, where arithmetic says so and not the judge in its own words."""
ERRORS: Mapping[str, str] = {
    "invalid_reply": N_("A reply cannot be empty, nor longer than 4,000 characters."),
    "invalid_request": N_("Something in the request is missing or wrong."),
    "not_found": N_("There is nothing at this address."),
    "conversation_over": N_("The conversation has ended."),
    "turn_conflict": N_("Another reply is still being answered, or came first. Wait for its answer."),
    "forbidden": N_("This cannot be done in an assessment."),
    "budget_exceeded": N_("The budget for language models is used up."),
    "store_unavailable": N_("The database does not answer. Nothing was kept; try again in a moment."),
    "model_unavailable": N_("The language model does not answer. Try again in a moment."),
    "model_refused": N_("The language model refused to answer this."),
    "model_output_invalid": N_("The language model gave an answer that cannot be used. Try again."),
    "model_error": N_("The language model failed. Try again in a moment."),
    "config_error": N_("Something is wrong in the settings or in a content file."),
    "too_large": N_("That is too long to be taken."),
    "internal": N_("Something went wrong here. What was kept is not lost."),
}
"""What a trainee reads about an error, by its code. A code that is not here is told in the error's own words."""
WITH_CAUSE = frozenset(
    {
        "invalid_request",
        "budget_exceeded",
        "store_unavailable",
        "model_unavailable",
        "model_refused",
        "model_output_invalid",
        "model_error",
        "config_error",
    }
)
"""Errors whose own words, in English, say more: the cause that whoever runs this can mend."""
MODES: Mapping[str, str] = {Mode.PRACTICE: N_("Practice"), Mode.ASSESSMENT: N_("Assessment")}
LEVELS: Mapping[int, str] = {
    1: N_("Harmful"),
    2: N_("Weak"),
    3: N_("Adequate"),
    4: N_("Good"),
    5: N_("Exemplary"),
}
