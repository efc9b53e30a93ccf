"""The behaviours that the emotional arithmetic must have, whatever the persona and whatever was said."""

from __future__ import annotations

from itertools import count, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simcustomer.domain.affect import (
    BROKEN_PROMISE,
    DIFFICULTIES,
    FALL_TO_RISE,
    MAX_FALL,
    MAX_RISE,
    PROMISES,
    SETTLES,
    UNSETTLES,
    UPSET_FROM,
    Affect,
    band_of,
    first_affect,
    floor_under,
    next_affect,
)
from simcustomer.domain.cues import NEUTRAL, SETTLING, UNSETTLING, Appraisal, Cue, CueKind, Strength, Touch
from simcustomer.domain.persona import Band, Persona, Temperament, Weights
from tests.people import a_persona, appraisal, cue

KIND = CueKind
EASE = 1e-6

difficulties = st.sampled_from(sorted(DIFFICULTIES))
level = st.floats(0, 100)
positive = st.floats(0.5, 2.0)


@st.composite
def personas(draw: st.DrawFn) -> Persona:
    temperament = {
        "anger": draw(level),
        "anxiety": draw(level),
        "confusion": draw(level),
        "trust": draw(level),
        "patience": draw(level),
        "reactivity": draw(positive),
        "forgiveness": draw(positive),
        "weights": {
            "anger": draw(st.floats(0.1, 1)),
            "anxiety": draw(st.floats(0, 1)),
            "confusion": draw(st.floats(0, 1)),
        },
    }
    return a_persona(temperament=temperament, limits={"abusive": draw(st.booleans())})


def cues_of(kinds: frozenset[CueKind]) -> st.SearchStrategy[Cue]:
    return st.builds(
        Cue,
        kind=st.sampled_from(sorted(kinds)),
        strength=st.sampled_from(list(Strength)),
        quote=st.sampled_from(["one", "two", "three", "four"]),
    )


touches = st.lists(
    st.builds(Touch, id=st.sampled_from(["courier", "bakery", "gift"]), quote=st.just("it")), max_size=2
)
appraisals = st.builds(
    lambda cues, touched: Appraisal(cues=tuple(cues), touched=tuple(touched)),
    st.lists(cues_of(frozenset(KIND)), max_size=6),
    touches,
)
histories = st.lists(appraisals, max_size=5)


def after(persona: Persona, difficulty: int, history: list[Appraisal]) -> Affect:
    affect = first_affect(persona, difficulty)
    for said in history:
        affect = next_affect(affect, said, persona, difficulty).affect
    return affect


def test_every_kind_has_one_effect_table() -> None:
    """Each cue kind either settles, unsettles or does neither, and the tables cover exactly the first two."""
    assert set(SETTLES) == SETTLING
    assert set(UNSETTLES) == UNSETTLING
    assert set(KIND) == SETTLING | UNSETTLING | NEUTRAL


@given(personas(), difficulties, histories, appraisals)
def test_it_is_deterministic_bounded_and_explained(
    persona: Persona, difficulty: int, history: list[Appraisal], said: Appraisal
) -> None:
    """The same input gives the same affect, all of it within 0-100, and the effects add up to the change."""
    before = after(persona, difficulty, history)
    reaction = next_affect(before, said, persona, difficulty)
    assert reaction == next_affect(before, said, persona, difficulty)
    for feeling in ("tension", "anger", "anxiety", "confusion", "trust", "patience"):
        assert 0 <= getattr(reaction.affect, feeling) <= 100
    assert sum(effect.delta for effect in reaction.effects) == pytest.approx(
        reaction.affect.tension - before.tension, abs=EASE
    )


@given(personas(), difficulties, histories, appraisals)
def test_tension_stays_the_weighted_mean_of_the_three_feelings(
    persona: Persona, difficulty: int, history: list[Appraisal], said: Appraisal
) -> None:
    """Whatever happens, the number that is shown is the mean of anger, anxiety and confusion by the persona's weights."""
    affect = next_affect(after(persona, difficulty, history), said, persona, difficulty).affect
    w = persona.temperament.weights
    mean = w.anger * affect.anger + w.anxiety * affect.anxiety + w.confusion * affect.confusion
    assert affect.tension == pytest.approx(mean / (w.anger + w.anxiety + w.confusion), abs=1e-4)


@given(personas(), difficulties, histories, appraisals)
def test_one_reply_moves_tension_by_a_bounded_step(
    persona: Persona, difficulty: int, history: list[Appraisal], said: Appraisal
) -> None:
    """No reply moves tension further than the persona's bounds, and the bound on falls is below that on rises."""
    before = after(persona, difficulty, history)
    change = next_affect(before, said, persona, difficulty).affect.tension - before.tension
    rise = MAX_RISE * persona.temperament.reactivity
    fall = min(MAX_FALL * persona.temperament.forgiveness, FALL_TO_RISE * rise)
    assert fall < rise
    assert -fall - EASE <= change <= rise + EASE


@given(personas(), difficulties, st.lists(st.sampled_from(sorted(SETTLING)), min_size=1, max_size=40))
def test_kind_words_alone_stop_at_the_floor(persona: Persona, difficulty: int, kinds: list[CueKind]) -> None:
    """However many settling cues come, tension does not fall under the floor that the unmet needs hold up."""
    affect, fresh = first_affect(persona, difficulty), count()
    for kind in kinds:
        said = Appraisal(cues=(cue(kind, "strong", f"wording {next(fresh)}"),))
        moved = next_affect(affect, said, persona, difficulty).affect
        assert moved.tension >= min(affect.tension, floor_under(moved.needs_met, persona, difficulty)) - EASE
        affect = moved


@given(personas(), difficulties)
def test_every_need_that_is_met_lowers_the_floor(persona: Persona, difficulty: int) -> None:
    """The floor falls with each required need and is gone when all are met."""
    met = [need.id for need in persona.needs]
    floors = [floor_under(met[:n], persona, difficulty) for n in range(len(met) + 1)]
    start = first_affect(persona, difficulty).tension
    assume(start > 0.001)  # under it the floors of single needs are too small to tell apart
    assert all(a > b for a, b in pairwise(floors))
    assert floors[-1] == 0
    assert floors[0] < start


def test_ten_empathy_formulas_plateau() -> None:
    """Ten different sentences of feeling, with no need but being heard met, leave the customer frustrated at least."""
    persona = a_persona()
    said = [
        Appraisal(
            cues=(
                cue("acknowledges_feeling", "strong", f"I see {n}"),
                cue("sincere_apology", "weak", f"sorry {n}"),
            )
        )
        for n in range(10)
    ]
    assert after(persona, 3, said).band not in (Band.CALM, Band.WARY)


@given(personas(), difficulties, st.sampled_from(sorted(SETTLING - {KIND.RESPECTFUL_BOUNDARY})))
def test_the_same_cue_again_counts_less(persona: Persona, difficulty: int, kind: CueKind) -> None:
    """A second cue of a kind gives less relief than the first, and the same words again less than new ones."""
    affect = first_affect(persona, difficulty)
    first = next_affect(affect, Appraisal(cues=(cue(kind, quote="a"),)), persona, difficulty).affect
    fair = first.model_copy(update={"trust": affect.trust, "tension": affect.tension})

    def relief(of: Affect, quote: str) -> float:
        said = Appraisal(cues=(cue(kind, quote=quote),))
        return next_affect(of, said, persona, difficulty).affect.relief[kind] - of.relief.get(kind, 0.0)

    assert relief(affect, "a") > relief(fair, "b") > relief(fair, "a")


@given(
    personas(),
    difficulties,
    histories,
    st.lists(cues_of(SETTLING), max_size=12),
    st.sampled_from(sorted(UNSETTLING)),
)
def test_keywords_never_pay_off_a_clear_harm(
    persona: Persona, difficulty: int, history: list[Appraisal], sweets: list[Cue], harm: CueKind
) -> None:
    """A reply with a clear unsettling cue never lowers tension and meets no need, whatever else stands in it."""
    before = after(persona, difficulty, history)
    assume(harm is not KIND.PREMATURE_SOLUTION or before.tension >= UPSET_FROM)
    assume(
        harm is not KIND.PREMATURE_SOLUTION
        or not {KIND.ACKNOWLEDGES_FEELING, KIND.NAMES_THE_ISSUE} & before.landed
    )
    sweets = [s for s in sweets if s.kind not in (KIND.ACKNOWLEDGES_FEELING, KIND.NAMES_THE_ISSUE)]
    moved = next_affect(before, Appraisal(cues=(*sweets, cue(harm))), persona, difficulty).affect
    assert moved.tension >= before.tension - EASE
    assert set(moved.needs_met) <= set(before.needs_met)


def test_a_solution_before_being_heard_works_at_a_reduced_rate() -> None:
    """At high tension a plan gives less relief to a customer who has not been heard than to one who has."""
    persona = a_persona()
    upset = first_affect(persona, 3)
    heard = upset.model_copy(update={"landed": frozenset({KIND.ACKNOWLEDGES_FEELING})})
    plan = appraisal("concrete_next_step", "time_commitment")
    change = [next_affect(a, plan, persona, 3).affect.tension - a.tension for a in (upset, heard)]
    assert change[1] < change[0] < 0


def test_at_low_tension_a_solution_needs_no_hearing_first() -> None:
    """A customer who is only wary takes a plan at its full worth, and no premature_solution cue counts against it."""
    persona = a_persona(temperament={"anger": 50, "anxiety": 50, "confusion": 50})
    calm = first_affect(persona, 3)
    heard = calm.model_copy(update={"landed": frozenset({KIND.ACKNOWLEDGES_FEELING})})
    plan, early = appraisal("concrete_next_step"), appraisal("concrete_next_step", "premature_solution")
    assert (
        next_affect(calm, plan, persona, 3).affect.tension
        == next_affect(heard, plan, persona, 3).affect.tension
    )
    assert (
        next_affect(calm, early, persona, 3).affect.tension
        == next_affect(calm, plan, persona, 3).affect.tension
    )


@given(difficulties)
def test_a_broken_promise_costs_more_than_it_gave(difficulty: int) -> None:
    """Going back on a promise costs more than the promise gave, and the need that it met is open again."""
    persona = a_persona(
        temperament={"anger": 50, "anxiety": 50, "confusion": 50, "trust": 50, "patience": 90}
    )
    start = first_affect(persona, difficulty)
    promised = next_affect(
        start, appraisal("concrete_next_step", "time_commitment"), persona, difficulty
    ).affect
    gave = sum(promised.relief.get(kind, 0.0) for kind in PROMISES)
    broken = next_affect(promised, appraisal("contradicts_itself"), persona, difficulty).affect
    assert broken.tension - promised.tension >= BROKEN_PROMISE * gave - EASE
    assert broken.tension - promised.tension > start.tension - promised.tension > 0
    assert "plan" in promised.needs_met
    assert "plan" not in broken.needs_met


@given(
    difficulties,
    st.sampled_from(sorted(SETTLING - {KIND.RESPECTFUL_BOUNDARY})),
    st.sampled_from(sorted(UNSETTLING)),
)
def test_trust_falls_faster_than_it_grows(difficulty: int, good: CueKind, bad: CueKind) -> None:
    """Per point that a cue pulls at tension, harm takes more trust than relief gives."""
    persona = a_persona()
    affect = first_affect(persona, difficulty).model_copy(update={"trust": 50.0})
    up = next_affect(affect, appraisal(good), persona, difficulty).affect
    down = next_affect(affect, appraisal(bad), persona, difficulty)
    gained_per_point = (up.trust - 50.0) / sum(up.relief.values())
    lost_per_point = (50.0 - down.affect.trust) / sum(effect.delta for effect in down.effects)
    assert lost_per_point > gained_per_point > 0


@given(personas(), difficulties)
def test_patience_runs_out_on_turns_that_meet_no_need(persona: Persona, difficulty: int) -> None:
    """Empty replies use up any patience within a finite number of turns; difficulty never makes it last longer.

    Of whoever is upset: somebody calm does not wait for anything.
    """
    assume(first_affect(persona, difficulty).band is not Band.CALM)
    turns = []
    for d in (difficulty, max(DIFFICULTIES)):
        affect, n = first_affect(persona, d), 0
        while affect.patience > 0:
            affect, n = next_affect(affect, Appraisal(), persona, d).affect, n + 1
        turns.append(n)
    assert turns[1] <= turns[0] <= 100


@given(personas(), difficulties)
def test_somebody_calm_loses_no_patience(persona: Persona, difficulty: int) -> None:
    """A friendly chat may go on: a reply that meets no need costs a calm customer nothing."""
    calm = first_affect(persona, difficulty).model_copy(
        update={"tension": 10.0, "anger": 10.0, "anxiety": 10.0, "confusion": 10.0}
    )
    assert next_affect(calm, Appraisal(), persona, difficulty).affect.patience == calm.patience


@given(personas(), st.lists(appraisals, min_size=1, max_size=6))
def test_a_harder_difficulty_never_ends_calmer_under_the_same_harm(
    persona: Persona, history: list[Appraisal]
) -> None:
    """Replies that only harm end at least as tense at difficulty 5 as at difficulty 1."""
    harmful = [Appraisal(cues=tuple(c for c in said.cues if c.kind in UNSETTLING)) for said in history]
    assert after(persona, 5, harmful).tension >= after(persona, 1, harmful).tension - EASE


@given(personas(), difficulties, histories, st.lists(cues_of(SETTLING), max_size=6))
def test_instructions_to_the_program_never_settle(
    persona: Persona, difficulty: int, history: list[Appraisal], sweets: list[Cue]
) -> None:
    """A reply that talks to the program leaves the customer at least as tense, and no less confused if confused at all."""
    before = after(persona, difficulty, history)
    said = Appraisal(cues=(*sweets, cue("talks_to_the_simulator", "weak")))
    assert next_affect(before, said, persona, difficulty).affect.tension >= before.tension - EASE


@given(personas(), difficulties, histories, appraisals, cues_of(SETTLING), st.integers(0, 6))
def test_adding_a_settling_cue_never_raises_tension(
    persona: Persona, difficulty: int, history: list[Appraisal], said: Appraisal, extra: Cue, at: int
) -> None:
    """The same reply with one settling cue more leaves the customer at most as tense."""
    before = after(persona, difficulty, history)
    more = said.model_copy(update={"cues": (*said.cues[:at], extra, *said.cues[at:])})
    assert (
        next_affect(before, more, persona, difficulty).affect.tension
        <= next_affect(before, said, persona, difficulty).affect.tension + EASE
    )


@given(personas(), difficulties, histories, appraisals, cues_of(UNSETTLING), st.integers(0, 6))
def test_adding_an_unsettling_cue_never_lowers_tension(
    persona: Persona, difficulty: int, history: list[Appraisal], said: Appraisal, extra: Cue, at: int
) -> None:
    """The same reply with one unsettling cue more leaves the customer at least as tense."""
    before = after(persona, difficulty, history)
    more = said.model_copy(update={"cues": (*said.cues[:at], extra, *said.cues[at:])})
    assert (
        next_affect(before, more, persona, difficulty).affect.tension
        >= next_affect(before, said, persona, difficulty).affect.tension - EASE
    )


@pytest.mark.parametrize(
    ("tension", "band"),
    [(0, "calm"), (19.9, "calm"), (20, "wary"), (40, "frustrated"), (79.9, "angry"), (100, "furious")],
)
def test_bands_are_five_of_equal_width(tension: float, band: str) -> None:
    """The bands are 20 points each, lower edge included, and 100 is furious."""
    assert band_of(tension) == band


def test_a_persons_own_sore_point_moves_tension_once() -> None:
    """Touching a trigger raises (or lowers) tension by itself, the first time only, and hides the trigger's id."""
    persona = a_persona()
    start = first_affect(persona, 3)
    sore = Appraisal(touched=(Touch(id="courier", quote="the courier"),))
    first = next_affect(start, sore, persona, 3)
    second = next_affect(first.affect, sore, persona, 3)
    soft = next_affect(start, Appraisal(touched=(Touch(id="bakery", quote="your bakery"),)), persona, 3)
    assert first.affect.tension > start.tension > soft.affect.tension
    assert second.affect.tension == first.affect.tension
    assert [effect.cue for effect in first.effects] == ["sore_point"]


def test_a_boundary_settles_only_where_there_was_abuse_to_bound() -> None:
    """A respectful boundary means something to a customer who insults, and nothing to one who does not."""
    for abusive in (True, False):
        persona = a_persona(limits={"abusive": abusive})
        start = first_affect(persona, 3)
        moved = next_affect(start, appraisal("respectful_boundary"), persona, 3).affect
        assert (moved.tension < start.tension) is abusive


@pytest.mark.parametrize(
    ("weights", "foremost"),
    [
        ({"anger": 1.0, "anxiety": 0.2}, "anger"),
        ({"anger": 0.3, "anxiety": 1.0, "confusion": 0.3}, "anxiety"),
        ({"anger": 0.4, "anxiety": 0.5, "confusion": 1.0}, "confusion"),
        ({"anger": 0.0, "anxiety": 1.0, "confusion": 1.25}, "anxiety"),
    ],
)
def test_the_foremost_feeling_makes_up_most_of_the_tension(weights: dict[str, float], foremost: str) -> None:
    """Weight times value decides, not the weight or the value alone; of equals the first named."""
    felt = Temperament(anger=60, anxiety=50, confusion=40, weights=Weights(**weights))
    assert felt.foremost == foremost
