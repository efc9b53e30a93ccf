"""How rules and trained model settle which cues are reported."""

from __future__ import annotations

from collections.abc import Mapping

from simcustomer.cast.builtin.combination import CUES_OF_A_KIND
from simcustomer.cast.builtin.impression import Impression, Settlement, evidence
from simcustomer.cast.builtin.reading import Reading
from simcustomer.domain.cues import Appraisal, Cue, CueKind, Strength

KIND = CueKind
BARS = dict.fromkeys(KIND, 0.4)
TEXT = "I hear you. It is what it is."


def settled(
    effects: Mapping[str, float], sentences: tuple[dict[CueKind, float], ...], *seen: Cue, text: str = TEXT
) -> dict[CueKind, Strength]:
    """The kinds that are reported, with their strength."""
    given = {"calms": 0.0, "neutral": 0.0, "escalates": 0.0, **effects}
    impression = Impression(given, sentences)
    cues = Settlement(Reading.of(text), Appraisal(cues=seen), impression, BARS).cues()
    return {cue.kind: cue.strength for cue in cues}


HEARS, SHRUGS = {KIND.ACKNOWLEDGES_FEELING: 0.3}, {KIND.DISMISSES_OR_MINIMISES: 0.3}


def test_a_reply_that_sounds_harmful_gets_the_likeliest_harm() -> None:
    """On the sentence that sounds most like it, as a clear cue, though no rule saw anything."""
    assert settled({"escalates": 0.9, "calms": 0.1}, (HEARS, SHRUGS)) == {
        KIND.DISMISSES_OR_MINIMISES: Strength.CLEAR
    }


def test_harm_that_the_rules_saw_goes_when_the_reply_calms() -> None:
    """Unless the model is sure of it; then it stays as a weak one."""
    seen = Cue(kind=KIND.DISMISSES_OR_MINIMISES, quote="It is what it is")
    calming = {"calms": 0.9, "escalates": 0.1}
    unsure = settled(calming, ({KIND.ACKNOWLEDGES_FEELING: 0.9}, SHRUGS), seen)
    sure = settled(calming, ({KIND.ACKNOWLEDGES_FEELING: 0.9}, {KIND.DISMISSES_OR_MINIMISES: 0.7}), seen)
    assert unsure == {KIND.ACKNOWLEDGES_FEELING: Strength.CLEAR}
    assert sure[KIND.DISMISSES_OR_MINIMISES] is Strength.WEAK


def test_a_reply_on_the_fence_does_neither() -> None:
    """With calming and escalating nearly as likely, only neutral cues are left."""
    seen = Cue(kind=KIND.ACKNOWLEDGES_FEELING, quote="I hear you")
    fence = {"calms": 0.45, "escalates": 0.45, "neutral": 0.1}
    assert settled(fence, ({**HEARS, KIND.HOLDING_STATEMENT: 0.8}, SHRUGS), seen) == {
        KIND.HOLDING_STATEMENT: Strength.CLEAR
    }


def test_a_plain_offence_and_an_end_are_never_guessed() -> None:
    """They are named where they are likely by themselves; else a milder kind explains the verdict."""
    rude = {KIND.SARCASM_OR_HOSTILITY: 0.1, KIND.WARM_HANDOVER: 0.45, KIND.COLD_SCRIPT: 0.05}
    assert settled({"escalates": 0.9}, (rude, {})) == {KIND.COLD_SCRIPT: Strength.CLEAR}
    assert KIND.WARM_HANDOVER not in settled({"calms": 0.9}, (rude | HEARS, {}))
    assert KIND.WARM_HANDOVER in settled({"calms": 0.9}, (rude | {KIND.WARM_HANDOVER: 0.6}, {}))


def test_kindness_that_is_nearly_certain_stays_in_a_reply_that_does_nothing() -> None:
    """As a weak cue."""
    seen = Cue(kind=KIND.ACKNOWLEDGES_FEELING, quote="I hear you")
    found = settled({"neutral": 0.9}, ({KIND.ACKNOWLEDGES_FEELING: 0.95}, {}), seen)
    assert found == {KIND.ACKNOWLEDGES_FEELING: Strength.WEAK}


def test_what_hangs_on_history_stands_by_the_rules_alone() -> None:
    """A broken promise or a repeated question cannot be told from the reply; against the verdict it is a weak one."""
    seen = Cue(kind=KIND.CONTRADICTS_ITSELF, quote="It is what it is")
    calms = settled({"calms": 0.9}, ({KIND.ACKNOWLEDGES_FEELING: 0.9}, {}), seen)
    assert calms[KIND.CONTRADICTS_ITSELF] is Strength.WEAK
    assert settled({"escalates": 0.9}, ({}, {}), seen)[KIND.CONTRADICTS_ITSELF] is Strength.CLEAR


def test_talk_to_the_program_needs_little_to_be_seen() -> None:
    """Missing it would let words buy relief."""
    assert KIND.TALKS_TO_THE_SIMULATOR in settled(
        {"calms": 0.9}, (HEARS, {KIND.TALKS_TO_THE_SIMULATOR: 0.36})
    )


def test_talk_to_the_program_hides_no_harm() -> None:
    """What the model sees beside it is reported, also where the reply as a whole would pass for kind; kindness is not."""
    talk = Cue(kind=KIND.TALKS_TO_THE_SIMULATOR, quote="It is what it is")
    impression = Impression(
        {"calms": 0.9, "neutral": 0.1, "escalates": 0.0},
        ({KIND.ACKNOWLEDGES_FEELING: 0.9, KIND.BLAMES: 0.6}, {}),
    )
    harms = Settlement(Reading.of(TEXT), Appraisal(cues=(talk,)), impression, BARS).harms()
    assert {cue.kind for cue in harms} == {KIND.BLAMES, KIND.TALKS_TO_THE_SIMULATOR}


def test_length_buys_nothing() -> None:
    """Of one kind no more is reported than the rules would."""
    text = "I hear you. " * 9
    cues = Settlement(
        Reading.of(text),
        Appraisal(),
        Impression(
            {"calms": 0.9, "neutral": 0.1, "escalates": 0.0},
            ({KIND.ACKNOWLEDGES_FEELING: 0.9},) * 9,
        ),
        BARS,
    ).cues()
    assert len(cues) == CUES_OF_A_KIND


def test_evidence_is_of_the_whole_reply_and_of_its_sentences() -> None:
    """The reply's own scores, highest and last direction of the sentences, highest chance of each kind."""
    parts, kinds = [[0.0, 2.0, -1.0], [1.0, 0.0, -2.0]], [[0.1, 0.9], [0.4, 0.2]]
    assert evidence([1.0, 2.0, 3.0], parts, kinds) == [1, 2, 3, 1, 2, -1, 1, 0, -2, 0.4, 0.9]
