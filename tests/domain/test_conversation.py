"""How a conversation ends, what the customer may tell, and what the player is told."""

from __future__ import annotations

import pytest

from simcustomer.domain.affect import Affect, Reaction, first_affect, next_affect
from simcustomer.domain.conversation import (
    Conversation,
    Outcome,
    Turn,
    direction_for,
    outcome_after,
    simulated_csat,
    unlocked_facts,
)
from simcustomer.domain.cues import Appraisal, CueKind, Touch
from simcustomer.domain.persona import Persona
from tests.people import a_persona, appraisal, cue

ALL_NEEDS = ("heard", "plan", "owned")


def conversation(persona: Persona | None = None, *affects: Affect) -> Conversation:
    turns = tuple(
        Turn(index=i + 1, trainee="t", customer="c", appraisal=Appraisal(), effects=(), affect=affect)
        for i, affect in enumerate(affects)
    )
    return Conversation(persona=persona or a_persona(), difficulty=3, opening="Where is it?", turns=turns)


def feeling(**changes: object) -> Affect:
    return first_affect(a_persona(), 3).model_copy(update=changes)


def test_it_is_resolved_when_the_needs_are_met_and_tension_is_low() -> None:
    """Both are needed: calm without the plan, or the plan without calm, goes on."""
    settled = feeling(tension=30.0, needs_met=ALL_NEEDS)
    assert outcome_after(conversation(), Appraisal(), settled) is Outcome.RESOLVED
    assert outcome_after(conversation(), Appraisal(), feeling(tension=30.0, needs_met=("heard",))) is None
    assert outcome_after(conversation(), Appraisal(), feeling(tension=60.0, needs_met=ALL_NEEDS)) is None


@pytest.mark.parametrize("way", ["left", "supervisor"])
def test_out_of_patience_ends_the_way_of_this_person(way: str) -> None:
    """At patience zero the customer leaves or asks for a supervisor, as the persona says."""
    persona = a_persona(limits={"out_of_patience": way})
    assert outcome_after(conversation(persona), Appraisal(), feeling(patience=0.0)) == way


def test_a_warm_handover_ends_with_a_supervisor() -> None:
    """A hand-over that landed is taken; one that came with harm, and so did not land, is not."""
    persona = a_persona()
    for kinds, outcome in ((["warm_handover"], Outcome.SUPERVISOR), (["warm_handover", "blames"], None)):
        said = appraisal(*kinds)
        moved = next_affect(feeling(), said, persona, 3).affect
        assert outcome_after(conversation(persona), said, moved) is outcome


def test_closing_after_a_boundary_is_proper_only_with_an_abusive_customer() -> None:
    """Ending the conversation counts as a boundary after a respectful warning; without one it is abandoned."""
    bye = appraisal("ends_conversation")
    warned = feeling(landed=frozenset({CueKind.RESPECTFUL_BOUNDARY}))
    abusive = a_persona(limits={"abusive": True})
    assert outcome_after(conversation(abusive, warned), bye, warned) is Outcome.BOUNDARY
    assert outcome_after(conversation(abusive, feeling()), bye, feeling()) is Outcome.ABANDONED
    assert outcome_after(conversation(a_persona(), warned), bye, warned) is Outcome.ABANDONED


def test_the_turn_limit_ends_it() -> None:
    """The reply that reaches the persona's last turn ends the conversation."""
    persona = a_persona(limits={"max_turns": 4})
    assert outcome_after(conversation(persona, *[feeling()] * 2), Appraisal(), feeling()) is None
    assert (
        outcome_after(conversation(persona, *[feeling()] * 3), Appraisal(), feeling()) is Outcome.TURN_LIMIT
    )


def test_a_locked_fact_is_not_known_until_its_trigger() -> None:
    """A mention unlocks its fact; a cue unlocks one more fact each turn, in the persona's order."""
    persona = a_persona()
    ids = [
        [fact.id for fact in unlocked_facts(persona, said)]
        for said in (
            [],
            [appraisal("blames")],
            [appraisal("open_question")],
            [appraisal("open_question"), appraisal("open_question")],
            [Appraisal(touched=(Touch(id="gift", quote="present"),))],
        )
    ]
    assert ids == [["paid"], ["paid"], ["paid", "gift"], ["paid", "gift", "called"], ["paid", "gift"]]


def test_the_direction_names_the_next_need_and_what_was_just_met() -> None:
    """The player learns band, trend, the first required need that is still open, new facts and the strongest effect."""
    persona, talk = a_persona(), conversation()
    said = Appraisal(cues=(cue("acknowledges_feeling"), cue("open_question"), cue("ownership", "strong")))
    reaction = next_affect(talk.affect, said, persona, 3)
    direction = direction_for(talk, said, reaction)
    assert direction.trend == "falling"
    assert direction.just_met == ("heard", "owned")
    assert direction.wants == "plan"
    assert direction.may_tell == ("gift",)
    assert direction.reacts_to is not None
    assert direction.reacts_to.cue == "ownership"


def test_a_reply_that_does_nothing_reads_as_steady() -> None:
    """No cue, no trend, nothing to react to."""
    talk = conversation()
    direction = direction_for(talk, Appraisal(), Reaction(affect=talk.affect, effects=()))
    assert (direction.trend, direction.reacts_to, direction.outcome) == ("steady", None, None)


def test_harm_at_the_top_of_the_scale_is_no_standstill() -> None:
    """A customer who cannot get any angrier still hears an insult as one."""
    talk = conversation(None, feeling(tension=100.0))
    said = appraisal("blames")
    reaction = next_affect(talk.affect, said, talk.persona, 3)
    assert reaction.affect.tension == talk.affect.tension
    assert direction_for(talk, said, reaction).trend == "rising"
    assert direction_for(talk, Appraisal(), Reaction(affect=talk.affect, effects=())).trend == "steady"


def test_who_left_is_not_satisfied_and_who_was_helped_is_at_least_neutral() -> None:
    """The simulated satisfaction follows tension and trust within the bounds of the outcome."""

    def csat(outcome: Outcome, **changes: object) -> int:
        talk = conversation(None, feeling(**changes))
        last = talk.turns[-1].model_copy(update={"outcome": outcome})
        return simulated_csat(talk.model_copy(update={"turns": (last,)}))

    assert csat(Outcome.LEFT, tension=10.0, trust=100.0) == 2
    assert csat(Outcome.RESOLVED, tension=90.0, trust=0.0) == 3
    assert csat(Outcome.RESOLVED, tension=10.0, trust=70.0) == 5
    assert csat(Outcome.SUPERVISOR, tension=95.0, trust=0.0) == 1


def test_utterances_are_numbered_from_the_opening() -> None:
    """The opening is 0, trainee reply n is 2n-1 and the answer to it 2n; cutting keeps the first turns."""
    talk = conversation(None, feeling(), feeling())
    assert [said.role for said in talk.utterances] == [
        "customer",
        "trainee",
        "customer",
        "trainee",
        "customer",
    ]
    assert len(talk.cut_after(1).turns) == 1
    assert talk.cut_after(0).utterances == talk.utterances[:1]


def test_an_abandoned_conversation_has_that_outcome_unless_it_had_ended() -> None:
    """Leaving early is recorded as abandoned; an outcome that was reached stays."""
    open_talk = conversation(None, feeling()).model_copy(update={"abandoned": True})
    assert open_talk.outcome is Outcome.ABANDONED
    last = open_talk.turns[-1].model_copy(update={"outcome": Outcome.RESOLVED})
    assert open_talk.model_copy(update={"turns": (last,)}).outcome is Outcome.RESOLVED
