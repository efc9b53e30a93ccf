"""What the trainee reads for each value of the domain."""

from __future__ import annotations

from collections.abc import Mapping

from simcustomer.domain.conversation import Mode, Outcome
from simcustomer.domain.cues import CueKind
from simcustomer.domain.persona import Band
from simcustomer.web.language import N_

BANDS: Mapping[str, str] = {
    Band.CALM: N_("Calm"),
    Band.WARY: N_("Wary"),
    Band.FRUSTRATED: N_("Frustrated"),
    Band.ANGRY: N_("Angry"),
    Band.FURIOUS: N_("Furious"),
}
BAND_CLASS: Mapping[str, str] = {band: f"b{number}" for number, band in enumerate(Band, start=1)}
"""The style class that gives a band its colour."""

LEADS: Mapping[str, str] = {
    "anger": N_("mostly anger"),
    "anxiety": N_("mostly anxiety"),
    "confusion": N_("mostly confusion"),
}
"""The strongest of the three feelings that make up tension."""

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
MODES: Mapping[str, str] = {Mode.PRACTICE: N_("Practice"), Mode.ASSESSMENT: N_("Assessment")}
LEVELS: Mapping[int, str] = {
    1: N_("Harmful"),
    2: N_("Weak"),
    3: N_("Adequate"),
    4: N_("Good"),
    5: N_("Exemplary"),
}
