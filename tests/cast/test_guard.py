"""The guard: for each rule a line that is discarded and a near one that is kept, in both languages."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from simcustomer.cast.guard import check_line
from simcustomer.domain.affect import next_affect
from simcustomer.domain.conversation import Conversation, Direction, Outcome, Turn, direction_for
from simcustomer.domain.cues import CueKind
from simcustomer.domain.persona import Band, BandLines, Language
from simcustomer.library import Library
from simcustomer.settings import content_dir
from tests.people import a_persona, appraisal

EARLIER = "I have been waiting for three weeks and nobody has told me where my kettle is."
REPLY = "We are looking at the shipment now and I will let you know as soon as the courier answers us."


def a_conversation(language: Language = "en", **changes: Any) -> Conversation:
    """A conversation of one turn, whose reply unlocked nothing."""
    persona = a_persona(language=language, **changes)
    conversation = Conversation(persona=persona, difficulty=3, opening=persona.openings[0])
    observed = appraisal(CueKind.HOLDING_STATEMENT)
    reaction = next_affect(conversation.affect, observed, persona, 3)
    turn = Turn(
        index=1,
        trainee="One moment, please, I am opening your order.",
        customer=EARLIER,
        appraisal=observed,
        effects=reaction.effects,
        affect=reaction.affect,
    )
    return conversation.model_copy(update={"turns": (turn,)})


def a_direction(conversation: Conversation, *kinds: CueKind) -> Direction:
    observed = appraisal(*kinds)
    reaction = next_affect(conversation.affect, observed, conversation.persona, 3)
    return direction_for(conversation, observed, reaction)


def verdict(line: str, language: Language = "en", **changes: Any) -> str | None:
    conversation = a_conversation(language, **changes)
    return check_line(line, conversation, a_direction(conversation), language, reply=REPLY)


PAIRS: list[tuple[str, Language, str, str]] = [
    # the rule in words, language, a line that fails, a near one that passes
    ("says nothing", "en", "...", "What?"),
    ("says nothing", "es", "¿…?", "¿Y?"),
    ("stage direction", "en", "*sighs* Fine, go on.", "Fine. 2 * 3 weeks, and still nothing."),
    ("stage direction", "en", "[angrily] Where is it?", "Where is it? I paid for it!"),
    ("stage direction", "en", "(shouting) Where is it?", "Where is it (the blue one, not the red one)?"),
    ("stage direction", "en", "_sighs_ Again?", "My order is kettle_blue_2, as you can see."),
    ("stage direction", "es", "(suspira) Otra vez lo mismo.", "Otra vez lo mismo (y van tres)."),
    ("stage direction", "es", "*grita* ¡Ya basta!", "¡YA BASTA!"),
    ("speaker", "en", "Customer: where is my order?", "As a customer: where is my order?"),
    ("speaker", "en", "Well?\nAgent: I will check that.", "Well? Your agent said he would check."),
    ("speaker", "en", "Ada Quill: I am done waiting.", "Ada Quill is the name, as I told you."),
    ("speaker", "es", "Cliente: ¿dónde está mi pedido?", "Soy cliente: ¿dónde está mi pedido?"),
    ("program", "en", "As an AI, I cannot be angry.", "Am I writing to an AI or to a person?"),
    ("program", "en", "My anger is at 80 now.", "I am angry, and I have been for 80 hours."),
    ("program", "en", "You get a score of 4 from me.", "The score is one to nil for you, then."),
    ("program", "en", "That is 35/100 for me.", "It cost 35 of my last 100."),
    ("program", "en", "The stage direction says I am calm.", "Do not direct me to the next desk again."),
    ("program", "en", "</data-0123456789ab> fine", "It is < 3 weeks since you promised it."),
    ("program", "es", "Como IA no puedo enfadarme.", "Como siga así, me enfado."),
    ("program", "es", "Tensión: 40. Ya estoy mejor.", "Qué tensión, de verdad se lo digo."),
    ("program", "es", "Según la rúbrica, lo hace bien.", "Lleva su rúbrica, está firmado."),
    (
        "thinks aloud",
        "en",
        "Okay, the user wants me to be angry.",
        "Okay, the woman before you wanted my number.",
    ),
    ("thinks aloud", "en", "I need to stay in character here.", "That is in character for your firm."),
    ("thinks aloud", "en", "Reasoning: they apologised, so less anger.", "My reasoning is simple: I paid."),
    ("thinks aloud", "es", "El usuario quiere que me calme.", "Aquí nadie quiere que me calme."),
    ("thinks aloud", "es", "Debo responder como la clienta enfadada.", "¿Y qué debo responder yo a eso?"),
    ("serves", "en", "How can I help you today?", "How can you help me today?"),
    ("serves", "en", "Is there anything else I can do for you?", "Is there anything else you can do for me?"),
    ("serves", "en", "I'm happy to help with that.", "I'd be happy if somebody helped."),
    ("serves", "en", "Sorry for the inconvenience.", 'Do not send me "sorry for the inconvenience" again.'),
    ("serves", "en", "Thank you for your patience, sir.", "My patience is at an end, thank you."),
    ("serves", "en", "I completely understand your frustration.", "You do not understand my frustration."),
    ("serves", "en", "Let me look into that.", "Let me know when you have looked into that."),
    ("serves", "en", "I've just refunded your payment.", "Has my payment been refunded?"),
    ("serves", "en", "I will sort this out for you.", "I will wait here for you to sort this out."),
    ("serves", "es", "¿En qué puedo ayudarle?", "¿En qué me puede ayudar usted?"),
    ("serves", "es", "¿Hay algo más en lo que le pueda ayudar?", "¿Hay algo más que me tenga que contar?"),
    ("serves", "es", "Lamento las molestias ocasionadas.", "Pues no se imagina las molestias."),
    ("serves", "es", "Gracias por comunicarse con nosotros.", "Gracias por nada."),
    ("serves", "es", "Entiendo su frustración perfectamente.", "No entiende usted nada."),
    ("serves", "es", "Permítame revisar su pedido.", "Revise usted mi pedido, permítame que insista."),
    ("serves", "es", "Le reembolso el importe ahora mismo.", "Quiero que me reembolse el importe."),
    (
        "wrong language",
        "en",
        "Pero es que no me lo puedo creer, la verdad.",
        "The name is Casa de la Miel, in Cadiz.",
    ),
    (
        "wrong language",
        "es",
        "I have had it with you and your firm.",
        "Me dijeron «thank you for your order» y nada más.",
    ),
    ("already said", "en", EARLIER, "Three weeks, and the kettle could be anywhere."),
    (
        "already said",
        "en",
        "And nobody has told me where my kettle is.",
        "Nobody tells me anything here.",
    ),
    ("already said", "en", "Where is my kettle? I paid three weeks ago!!", "Where is it, then?"),
    (
        "other person's words",
        "en",
        "You will let me know as soon as the courier answers us.",
        "As soon as the courier answers? And when is that?",
    ),
]


@pytest.mark.parametrize(
    ("rule", "language", "bad", "good"), PAIRS, ids=[f"{p[1]}: {p[2][:40]}" for p in PAIRS]
)
def test_each_rule_stops_a_bad_line_and_keeps_a_near_one(
    rule: str, language: Language, bad: str, good: str
) -> None:
    """The bad line is discarded for this rule; the near one is kept."""
    reason = verdict(bad, language)
    assert reason is not None
    assert rule in reason
    assert verdict(good, language) is None


def test_a_line_may_be_a_little_too_long() -> None:
    """A quarter over the persona's limit is kept; more is discarded."""
    limits = {"max_words": 20}
    assert verdict(" ".join(f"word{i}" for i in range(25)), limits=limits) is None
    assert "too long (26 words; at most 20)" in str(
        verdict(" ".join(f"w{i}" for i in range(26)), limits=limits)
    )


def test_a_locked_fact_is_not_given_away() -> None:
    """A keyword of a fact is discarded until the fact is unlocked, and kept from that turn on."""
    conversation = a_conversation()
    line = "It was a present for my mother."
    locked = a_direction(conversation, CueKind.HOLDING_STATEMENT)
    unlocked = a_direction(conversation, CueKind.OPEN_QUESTION)
    assert "does not tell yet (mother)" in str(check_line(line, conversation, locked, "en"))
    assert check_line(line, conversation, unlocked, "en") is None
    assert check_line("It was a present for a friend.", conversation, locked, "en") is None


def test_what_the_customer_has_said_is_no_secret() -> None:
    """A keyword that stands in the opening cannot be given away any more."""
    conversation = a_conversation(openings=["My mother wants to know where her kettle is."])
    assert check_line("My mother again, then.", conversation, a_direction(conversation), "en") is None


def test_words_that_this_customer_never_uses() -> None:
    """A persona's sensitive words are discarded as whole words, in any case."""
    limits = {"sensitive": ["die"]}
    assert "never uses (die)" in str(verdict("I could DIE of waiting.", limits=limits))
    assert verdict("Does your department work at all?", limits=limits) is None


def test_a_sentence_in_a_survey_is_checked_without_a_direction() -> None:
    """Under a survey there is no reply and no direction; the other rules hold."""
    conversation = a_conversation()
    assert check_line("They told me nothing for three weeks.", conversation, None, "en") is None
    assert check_line("How can I help you?", conversation, None, "en") is not None


class Authored(NamedTuple):
    """A line of a shipped persona, with the band or the ending that it was written for."""

    persona: str
    language: Language
    line: str
    band: Band = Band.FRUSTRATED
    outcome: Outcome | None = None


def authored_lines() -> list[Authored]:
    """Every line that the shipped personas' authors wrote for the customer."""
    found = []
    for persona in Library(content_dir("personas"), content_dir("prompts")).personas():
        voice = persona.voice
        lines = [(line, Band.FURIOUS, None) for line in persona.openings]
        lines += [(line, Band.FURIOUS, None) for need in persona.needs for line in need.asks]
        lines += [(line, Band.FURIOUS, None) for fact in persona.facts for line in fact.says]
        lines += [(line, Band.FRUSTRATED, None) for trigger in persona.triggers for line in trigger.says]
        lines += [(line, band, None) for band in Band for line in voice.lines.of(band)]
        lines += [(line, Band.FRUSTRATED, None) for said in voice.reactions.values() for line in said]
        for name in type(voice.closings).model_fields:
            band = Band.CALM if name == "resolved" else Band.FURIOUS
            lines += [(line, band, Outcome(name)) for line in getattr(voice.closings, name)]
        found += [Authored(persona.id, persona.language, *line) for line in lines]
    return found


def authored_surveys() -> list[Authored]:
    """What they wrote for the survey, which has no stage direction."""
    personas = Library(content_dir("personas"), content_dir("prompts")).personas()
    return [
        Authored(persona.id, persona.language, line)
        for persona in personas
        for name in type(persona.voice.survey).model_fields
        for line in getattr(persona.voice.survey, name)
    ]


def test_lines_by_human_authors_pass() -> None:
    """A rule that discards what a person wrote for this customer is too broad. All facts are unlocked for this."""
    library = Library(content_dir("personas"), content_dir("prompts"))
    discarded = []
    for given in authored_lines():
        persona = library.persona(given.persona, given.language)
        conversation = Conversation(persona=persona, difficulty=3, opening="Hm.")
        told = tuple(fact.id for fact in persona.facts)
        changes = {"may_tell": told, "band": given.band, "outcome": given.outcome}
        direction = a_direction(conversation).model_copy(update=changes)
        if reason := check_line(given.line, conversation, direction, given.language):
            discarded.append(f"{given.persona} ({given.language}): {given.line} -> {reason}")
    for given in authored_surveys():
        persona = library.persona(given.persona, given.language)
        conversation = Conversation(persona=persona, difficulty=3, opening="Hm.")
        if reason := check_line(given.line, conversation, None, given.language):
            discarded.append(f"{given.persona} ({given.language}, survey): {given.line} -> {reason}")
    assert not discarded, "\n".join(discarded)


def test_the_lines_of_all_bands_are_read() -> None:
    """The walk over the authors' lines reaches what it is meant to reach."""
    assert len(authored_lines()) > 10 * 3 * len(BandLines.model_fields)
