"""What a reply means in its conversation: the customer's matter, what was asked, given and promised before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from simcustomer.cast.builtin.lexicon import Hit, Lexicon
from simcustomer.cast.builtin.reading import Reading, Span
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import UNSETTLING, CueKind, Strength, Touch
from simcustomer.domain.persona import Persona

NAMED_CLEARLY = 2
"""Words of the customer's matter in one sentence from which it counts as named (with a frame that addresses them)."""
NAMED_DENSELY = 4
"""From this many it counts weakly even without a frame, and clearly when it tells what went wrong."""
TOLD_FROM = 2
"""Words of what is known about the case from which a sentence that tells what happened explains something."""
MIN_ANSWER_WORDS = 5
"""A shorter reply to a question is a beginning, not an evasion."""


@dataclass(frozen=True)
class Scene:
    """The conversation around a reply."""

    persona: Persona | None
    customer: tuple[str, ...]
    trainee: tuple[str, ...]
    issue: frozenset[str]
    desk: frozenset[str]
    was_asked: bool

    @classmethod
    def of(cls, persona: Persona | None, history: Sequence[Utterance], lexicon: Lexicon) -> Scene:
        """Gather what is known before the reply."""
        customer = tuple(said.text for said in history if said.role == "customer")
        trainee = tuple(said.text for said in history if said.role == "trainee")
        issue = frozenset[str]().union(*(lexicon.stems(text) for text in customer))
        desk = issue
        if persona:
            known = [persona.situation, *persona.openings, *(fact.text for fact in persona.facts)]
            issue |= lexicon.stems("\n".join(known))
            desk = issue | lexicon.stems("\n".join(row.value for row in persona.case_file.desk))
        return cls(persona, customer, trainee, issue, desk, bool(customer) and "?" in customer[-1])

    @property
    def given(self) -> str:
        """All that the customer said and the desk shows, in lower case."""
        desk = [f"{row.label} {row.value}" for row in self.persona.case_file.desk] if self.persona else []
        return "\n".join([*self.customer, *desk]).lower()


def named(reading: Reading, scene: Scene, lexicon: Lexicon, hits: Sequence[Hit]) -> Iterator[Hit]:
    """The sentences that name the customer's own matter: in use, not as an echo, a question or beside harm."""
    harmful = [hit.span for hit in hits if hit.kind in UNSETTLING and hit.unless != "substance"]
    for sentence in reading.sentences:
        checks = any(hit.kind is CueKind.CHECKS_UNDERSTANDING and hit.span.start in sentence for hit in hits)
        if reading.is_question(sentence) and not checks:
            continue
        if any(span.start in sentence for span in harmful) or _echoes(reading, sentence, scene):
            continue
        stems = lexicon.stems_in(reading, sentence)
        count = len(stems & scene.issue)
        if len(stems & scene.desk) >= TOLD_FROM and lexicon.has("tells", reading, sentence):
            dense = len(stems & scene.desk) >= NAMED_DENSELY
            strength = Strength.CLEAR if dense or lexicon.has("cause", reading, sentence) else Strength.WEAK
            yield Hit(CueKind.PLAIN_EXPLANATION, strength, sentence)
        framed = lexicon.has("recognition", reading, sentence)
        wronged = count >= NAMED_DENSELY and lexicon.has("grievance", reading, sentence)
        if wronged or (framed and count >= NAMED_CLEARLY):
            yield Hit(CueKind.NAMES_THE_ISSUE, Strength.CLEAR, sentence)
        elif count >= NAMED_DENSELY or (framed and count):
            yield Hit(CueKind.NAMES_THE_ISSUE, Strength.WEAK, sentence)


def reassured(reading: Reading, scene: Scene, lexicon: Lexicon) -> Iterator[Hit]:
    """The sentence that this customer is waiting for, when it is neither negated nor hedged."""
    if scene.persona is None:
        return
    for phrase in scene.persona.key_reassurance.mentions:
        for span in _stands(phrase, reading):
            lead = reading.lead_in(span.start)
            sentence = reading.sentence_at(span.start)
            doubtful = lexicon.negated(reading, span.start) or lexicon.patterns["hedge"].search(lead)
            if not doubtful and not reading.is_question(sentence):
                yield Hit(CueKind.KEY_REASSURANCE, Strength.STRONG, span)


def fitting(hits: Sequence[Hit], reading: Reading, scene: Scene, lexicon: Lexicon) -> list[Hit]:
    """The hits, with what would reassure anybody a mere explanation to a customer who waits for something else.

    A sentence fits when it shares a word with what this customer waits for, or a word of one family with it.
    """
    if scene.persona is None:
        return list(hits)
    key = scene.persona.key_reassurance
    awaited = "\n".join([key.meaning, *key.mentions])
    wanted, families = lexicon.stems(awaited), lexicon.families_of(Reading.of(awaited).words)

    def fits(hit: Hit) -> bool:
        sentence = reading.sentence_at(hit.span.start)
        said = reading.words_in(sentence)
        return bool(lexicon.stems_in(reading, sentence) & wanted or lexicon.families_of(said) & families)

    return [
        hit
        if hit.kind is not CueKind.KEY_REASSURANCE or fits(hit)
        else hit.as_kind(CueKind.PLAIN_EXPLANATION, Strength.WEAK)
        for hit in hits
    ]


def asked_again(reading: Reading, scene: Scene, lexicon: Lexicon) -> Iterator[Hit]:
    """Requests for what the customer or the desk already gave."""
    if not scene.customer and scene.persona is None:
        return
    given = scene.given
    for sentence in reading.sentences:
        if lexicon.has("not_again", reading, sentence):
            continue
        asking = reading.is_question(sentence) or lexicon.has("requests", reading, sentence)
        for ask, known in lexicon.askable:
            found = ask.search(reading.text, sentence.start, sentence.end)
            if found and asking and known.search(given) and not lexicon.negated(reading, found.start()):
                yield Hit(CueKind.ASKS_TO_REPEAT, Strength.CLEAR, Span(found.start(), found.end()))
        for again in lexicon.patterns["asks_again"].finditer(reading.text, sentence.start, sentence.end):
            if not lexicon.negated(reading, again.start()):
                yield Hit(CueKind.ASKS_TO_REPEAT, Strength.CLEAR, Span(again.start(), again.end()))


def contradicted(reading: Reading, scene: Scene, lexicon: Lexicon) -> Iterator[Hit]:
    """What takes back something that the trainee promised earlier."""
    earlier = [_read(text).text for text in scene.trainee]
    broken = [denied for made, denied in lexicon.promises if any(made.search(text) for text in earlier)]
    for denied in broken:
        for found in denied.finditer(reading.text):
            span = Span(found.start(), found.end())
            if not reading.is_question(reading.sentence_at(span.start)):
                yield Hit(CueKind.CONTRADICTS_ITSELF, Strength.CLEAR, span)
    if not any(made.search(text) for made, _ in lexicon.promises for text in earlier):
        return
    for name in ("denies_any", "takes_back"):
        for found in lexicon.patterns[name].finditer(reading.text):
            if name == "takes_back" or lexicon.patterns["denial_needs"].search(found.group()):
                yield Hit(CueKind.CONTRADICTS_ITSELF, Strength.CLEAR, Span(found.start(), found.end()))


def evaded(reading: Reading, scene: Scene, lexicon: Lexicon, hits: Sequence[Hit]) -> Iterator[Hit]:
    """A direct question that the reply neither answers, nor names, nor meets with anything of its own."""
    if not scene.was_asked or len(reading.words) < MIN_ANSWER_WORDS or not reading.sentences:
        return
    if any(hit.kind not in UNSETTLING and hit.kind is not CueKind.SMALL_TALK for hit in hits):
        return
    if lexicon.patterns["admits"].search(reading.text):
        return
    first, last = reading.sentences[0], reading.sentences[-1]
    if not lexicon.stems_in(reading, Span(first.start, last.end)) & scene.issue:
        yield Hit(CueKind.IGNORES_QUESTION, Strength.CLEAR, first)


def touches(reading: Reading, persona: Persona | None) -> tuple[Touch, ...]:
    """The persona's facts and triggers that the reply mentions, each once, with the words that do it."""
    if persona is None:
        return ()
    wanted = [(fact.id, fact.unlock.mentions) for fact in persona.facts if fact.unlock]
    wanted += [(trigger.id, trigger.mentions) for trigger in persona.triggers]
    found = []
    for name, phrases in wanted:
        spans = (span for phrase in phrases for span in _stands(phrase, reading))
        if (span := next(spans, None)) and (quote := reading.quote(span)):
            found.append(Touch(id=name, quote=quote))
    return tuple(found)


def _stands(phrase: str, reading: Reading) -> Iterator[Span]:
    """Where a persona's phrase stands, as ``domain.text.mentions`` has it but blind to accents, which chats often lack."""
    return (Span(m.start(), m.end()) for m in _mention(phrase).finditer(reading.flat))


@lru_cache(maxsize=4096)
def _mention(phrase: str) -> re.Pattern[str]:
    stem = Reading.of(phrase).flat.strip()
    ending = r"\w*" if stem.endswith("*") else ""
    return re.compile(rf"(?<!\w){re.escape(stem.rstrip('*'))}{ending}(?!\w)")


def _echoes(reading: Reading, sentence: Span, scene: Scene) -> bool:
    """True when the sentence only repeats the customer's words in their order."""
    text = " ".join(reading.words_in(sentence))
    size = len(text.split())
    if size < MIN_ANSWER_WORDS:
        return False
    return any(f" {text} " in f" {' '.join(_read(said).words)} " for said in scene.customer)


@lru_cache(maxsize=512)
def _read(said: str) -> Reading:
    """What was said earlier is read once and not with every reply."""
    return Reading.of(said)
