"""What a better wording must hold before a trainee sees it: each check with wordings that pass and wordings that fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcustomer.cast.better_wording import FEW_WORDS, Check, WordingCheck, in_place, longest
from simcustomer.cast.known import says_forbidden
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Appraisal, Cue, CueKind, Strength
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import Rubric
from simcustomer.library import Library
from simcustomer.settings import content_dir
from tests.fakes import RUBRIC
from tests.people import a_persona, persona_fields

LIBRARY = Library(content_dir("personas"), content_dir("prompts"))
STANDARD = LIBRARY.rubric()
PLAIN = Rubric.model_validate(RUBRIC)


@dataclass(frozen=True)
class Sees:
    """Sees each phrase, where it stands, as the cue that a test says it is."""

    phrases: Mapping[str, str]
    name: str = "sees"

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        found = (_cue(kind, phrase) for phrase, kind in self.phrases.items() if phrase in reply.lower())
        return Appraisal(cues=tuple(found))


def _cue(kind: str, phrase: str) -> Cue:
    strength = Strength.WEAK if kind.endswith("~") else Strength.CLEAR
    return Cue(kind=CueKind(kind.rstrip("~")), strength=strength, quote=phrase)


SEEN = {
    "on us": "ownership",
    "so sorry": "sincere_apology",
    "in the cold": "acknowledges_feeling",
    "corre por nuestra cuenta": "ownership",
    "your fault": "blames",
    "culpa suya": "blames",
    "everything solved": "overpromise",
    "perhaps": "jargon~",
}


def desk(language: Language = "en", **changes: object) -> Persona:
    """Somebody who waits for a kettle, with a case file that has figures and limits."""
    english = language == "en"
    case = {
        "desk": [
            {"label": "Order", "value": "4711, 39.90 EUR"},
            {
                "label": "Parcel",
                "value": "On Mill Road, arrives by 6 pm" if english else "En Zaragoza, llega a las 18:00 h",
            },
            {"label": "Cause", "value": "Wrong label" if english else "Etiqueta equivocada"},
        ],
        "may_offer": [{"what": "A voucher", "up_to": "40 EUR"}, {"what": "A discount", "up_to": "10 %"}],
        "may_not": [
            "Promise that the missing parcel will be found",
            "Prometer una hora exacta de reposición",
        ],
    }
    given = persona_fields()["case_file"] | case
    return a_persona(**({"language": language, "case_file": given} | changes))


async def checks(
    said: str,
    better: str,
    *,
    reply: str = "",
    persona: Persona | None = None,
    language: Language = "en",
    before: Sequence[Utterance] = (),
    rubric: Rubric = PLAIN,
) -> set[Check]:
    """The checks that a wording of the last message fails."""
    opening = Utterance(
        role="customer", text="My kettle is 5 days late." if language == "en" else "Van 5 días."
    )
    utterances = (opening, *before, Utterance(role="trainee", text=reply or said))
    check = await WordingCheck.of(Sees(SEEN), persona, language, utterances, rubric)
    return {fault.check for fault in await check.faults(len(utterances) - 1, said, better)}


# --- length ---------------------------------------------------------------------------------------------------------


@given(st.text(max_size=400))
def test_a_wording_is_never_longer_than_what_it_replaces_but_for_a_few_words(said: str) -> None:
    """The limit is the length of what is replaced, and never under the few words that one sentence takes."""
    assert longest(said) == max(FEW_WORDS, len(said.split()))


@pytest.mark.parametrize(("words", "fails"), [(FEW_WORDS - 2, False), (FEW_WORDS - 1, True)])
async def test_one_word_too_many_is_too_long(words: int, fails: bool) -> None:
    """A short reply may grow to the few words, and to no more."""
    found = await checks("No idea.", "on us " + "word " * words, persona=desk())
    assert ("length" in found) is fails


# --- facts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said", "better", "holds"),
    [
        ("en", "Order 4711 comes at 6 pm.", "Order 4711 is on us and comes at 18:00.", True),
        ("en", "Order 4711 comes at 6 pm.", "It is on us and comes at six.", False),
        ("en", "It is on Mill Road.", "It is on Mill Road and on us.", True),
        ("en", "It is on Mill Road.", "It is close to you, and on us.", False),
        ("en", "You get 99.90 EUR.", "This is on us.", True),
        ("en", "Section 9 makes it your fault.", "This is on us.", True),
        ("en", "No idea.", "On us, and here at 7 pm.", False),
        ("en", "No idea.", "This is on us, says Sarah.", False),
        ("en", "No idea.", "5 days in the cold, and it is on us.", True),
        (
            "es",
            "El pedido 4711 llega a las 18:00.",
            "El 4711 llega a las seis y corre por nuestra cuenta.",
            True,
        ),
        ("es", "El pedido 4711 llega a las 18:00.", "Llega a las seis y corre por nuestra cuenta.", False),
        ("es", "El artículo 9 dice que es culpa suya.", "Esto corre por nuestra cuenta.", True),
        ("es", "Ni idea.", "Corre por nuestra cuenta y llega el martes.", False),
        ("es", "Ni idea.", "Está en Zaragoza y corre por nuestra cuenta.", True),
    ],
)
async def test_the_trainees_facts_stay_and_none_comes_in(
    language: Language, said: str, better: str, holds: bool
) -> None:
    """Figures and names of harmless sentences stay unless the case file has others; new ones need a source."""
    found = await checks(said, better, persona=desk(language), language=language)
    assert ("facts" not in found) is holds


async def test_a_fact_that_stays_in_the_rest_of_the_message_is_kept() -> None:
    """What counts is the mended message as a whole."""
    reply = "Order 4711 is late. So it goes with order 4711."
    assert "facts" not in await checks(
        "So it goes with order 4711.", "That is on us.", reply=reply, persona=desk()
    )


async def test_without_a_case_file_the_transcript_alone_is_the_source() -> None:
    """Every figure of a harmless sentence stays, and what nobody said is new."""
    assert "facts" in await checks("You get 99 EUR.", "That is on us.")
    assert "facts" in await checks("No idea.", "You get 99 EUR, on us.")


# --- promises -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "better", "holds"),
    [
        ("en", "It is on us: 40 EUR for you.", True),
        ("en", "It is on us: 39.90 EUR back.", True),
        ("en", "It is on us: 75 EUR for you.", False),
        ("en", "It is on us: 25 % off.", False),
        ("en", "It is on us, and everything solved today.", False),
        ("en", "It is on us: your missing parcel will be found.", False),
        ("en", "It is on us, but I can't say that the missing parcel will be found.", True),
        ("es", "Corre por nuestra cuenta: 40 EUR.", True),
        ("es", "Corre por nuestra cuenta: 75 EUR.", False),
        ("es", "Corre por nuestra cuenta, y le doy la hora exacta de la reposición.", False),
        ("es", "Corre por nuestra cuenta; no hay hora exacta de reposición.", True),
    ],
)
async def test_no_promise_beyond_the_case_file(language: Language, better: str, holds: bool) -> None:
    """Sums and shares within the limits, nothing that may not be done, nothing the appraiser calls an over-promise."""
    said = "I'll give you 75 EUR or 25 %." if language == "en" else "Le doy 75 EUR."
    found = await checks(said, better, persona=desk(language), language=language)
    assert ("promises" not in found) is holds


@given(st.integers(1, 500))
async def test_a_sum_may_be_named_up_to_the_limit(sum_: int) -> None:
    """What only the trainee brought up is held to the highest offer."""
    found = await checks(f"You get {sum_} EUR.", f"It is on us: {sum_} EUR.", persona=desk())
    assert ("promises" in found) is (sum_ > 40)


def test_what_is_forbidden_is_known_by_its_words() -> None:
    """Two shared content words at least, most of those of the line, and no denial."""
    line = "Promise that the missing parcel will be found"
    assert says_forbidden("We will surely find it: the missing parcel is found tomorrow.", line)
    assert not says_forbidden("Your parcel is late.", line)
    assert not says_forbidden("Nobody can promise that the missing parcel will be found.", line)


@pytest.mark.parametrize("persona", LIBRARY.personas(), ids=lambda p: f"{p.id}.{p.language}")
async def test_what_the_personas_call_a_good_sentence_holds_in_words(persona: Persona) -> None:
    """The authored sentences are short, draw on the case file and promise nothing beyond it."""
    opening = Utterance(role="customer", text=persona.openings[0])
    utterances = (opening, Utterance(role="trainee", text="No."))
    check = await WordingCheck.of(Sees({}), persona, persona.language, utterances, STANDARD)
    for need in persona.needs:
        assert check.faults_in_words(1, "No.", need.say) == (), need.id


# --- effect ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said", "better", "holds"),
    [
        ("en", "No idea.", "That is on us.", True),
        ("en", "No idea.", "Let me see.", False),
        ("en", "It is your fault.", "Let me see.", False),
        ("en", "That is on us.", "That is on us, so sorry.", True),
        ("en", "That is on us.", "Let me see.", False),
        ("en", "No idea.", "That is on us, perhaps.", False),
        ("en", "No idea.", "That is on us and your fault.", False),
        ("es", "Ni idea.", "Corre por nuestra cuenta.", True),
        ("es", "Es culpa suya.", "Corre por nuestra cuenta, y es culpa suya.", False),
        ("es", "Corre por nuestra cuenta.", "Ya veremos.", False),
    ],
)
@pytest.mark.parametrize("known", [True, False])
async def test_it_calms_where_the_other_did_not(
    known: bool, language: Language, said: str, better: str, holds: bool
) -> None:
    """It calms, or calms as much as what it replaces, and nothing in it unsettles, not even weakly."""
    persona = desk(language) if known else None
    assert ("effect" not in await checks(said, better, persona=persona, language=language)) is holds


async def test_what_hurts_in_the_rest_of_the_message_must_be_replaced_too() -> None:
    """A message that still blames does not calm, however kind its first sentence has become."""
    reply = "No idea. It is your fault."
    assert "effect" in await checks("No idea.", "That is on us.", reply=reply, persona=desk())
    assert await checks(reply, "That is on us.", reply=reply, persona=desk()) == set()


async def test_where_words_cannot_calm_any_more_it_must_help_and_spare_the_harm() -> None:
    """At the floor under tension a kind wording lowers nothing; it holds in place of harm, and not of nothing."""
    kind = Utterance(role="trainee", text="You are in the cold.")
    answer = Utterance(role="customer", text="Yes, 5 days.")
    stoic = desk(temperament={"anger": 8, "anxiety": 5, "confusion": 5, "trust": 50})
    before = (kind, answer) * 6
    assert "effect" not in await checks(
        "It is your fault.", "In the cold for 5 days, I see: in the cold.", before=before, persona=stoic
    )
    assert "effect" in await checks("No idea.", "You are in the cold.", before=before, persona=stoic)


# --- items ----------------------------------------------------------------------------------------------------------


async def test_what_the_assessment_counted_is_not_lost() -> None:
    """An apology may go for something that counts as much, and not for less."""
    said = "I am so sorry, on us, and you are in the cold."
    worse = await checks(said, "You are in the cold.", persona=desk(), rubric=STANDARD)
    assert "items" in worse
    assert "items" not in await checks(said, f"{said[:-1]} indeed.", persona=desk(), rubric=STANDARD)


async def test_a_rubric_without_cues_decides_nothing() -> None:
    """Items that no cue decides do not take part."""
    assert "items" not in await checks("I am so sorry, on us.", "You are in the cold.", persona=desk())


# --- in place -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said", "result"),
    [
        ("Hi. No idea. Bye.", "No idea.", "Hi. Yes. Bye."),
        ("Hi. No  idea. Bye.", "no idea.", "Hi. Yes. Bye."),
        ("Hi. I don’t “know”.", 'I don\'t "know".', "Hi. Yes."),
        ("Hi (a+b). Bye.", "(a+b).", "Hi Yes. Bye."),
        ("Hi.", "Gone.", "Yes."),
    ],
)
def test_a_wording_stands_where_the_words_stood(text: str, said: str, result: str) -> None:
    """Case, white space and typographic quotes do not matter; words that are not there are the whole message."""
    assert in_place(text, said, "Yes.") == result
