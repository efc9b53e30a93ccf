"""The built-in appraiser: a bilingual lexicon with negation, scope and combination rules, and a small trained model. No network.

A reply is made legible (``legible``) and read clause by clause (``reading``), rules see single passages (``lexicon``), the conversation tells what
they refer to (``context``), and the whole reply decides what they mean (``combination``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from simcustomer.cast.builtin import context
from simcustomer.cast.builtin.combination import Combination
from simcustomer.cast.builtin.impression import Settlement, impression_of
from simcustomer.cast.builtin.legible import legible_for
from simcustomer.cast.builtin.lexicon import Hit, Lexicon, lexicon_for, program_talk
from simcustomer.cast.builtin.reading import Reading, Span
from simcustomer.cast.builtin.trained import trained_for
from simcustomer.cast.parts import BUILT_IN
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import SETTLING, Appraisal, Cue, CueKind, Strength
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.text import fold

_SHOUTING = re.compile(r"(?:\b[A-ZÁÉÍÓÚÑ]{2,}\b[ ,'!]*){4,}")
_CODE = re.compile(r"\b(?:[A-Z]{1,3}-?\d{2,6}(?:\.\d+)?|[A-Z]{2,6}\d{0,4}|\d[A-Z]{1,3}\d?)\b")
_REFERENCE = re.compile(
    r"(?:number|no\.?|reference|ref\.?|case|ticket|order|code is|número|nº|caso|pedido|referencia|folio|reporte)[ :#]*$",
    re.IGNORECASE,
)
_KNOWN = frozenset(
    [
        "OK",
        "SMS",
        "PIN",
        "PDF",
        "TV",
        "USD",
        "EUR",
        "MXN",
        "COP",
        "ARS",
        "CLP",
        "AM",
        "PM",
        "ID",
        "US",
        "USA",
        "UK",
        "UE",
        "EU",
        "FAQ",
        "ASAP",
        "URL",
        "VIP",
        "CEO",
        "DM",
        "IBAN",
        "CVV",
        "CV",
        "ATM",
        "DNI",
        "NIF",
        "RUT",
        "RFC",
        "CURP",
        "INE",
        "UU",
        "EE",
        "MX",
        "GPS",
        "PC",
        "IT",
        "HR",
        "AI",
        "IA",
        "QR",
        "WIFI",
        "NO",
        "YES",
        "SI",
        "NOT",
        "YOU",
    ]
)
_SPEAKER = re.compile(
    r"""^[\s>*"'«“•–—-]*(?:\[?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?\]?\s*[-–—]?\s*)?"""
    r"(?P<who>[^\W\d][\w.'’]*(?: [^\W\d][\w.'’]*){0,3})\s*(?:\([^)\n]{1,20}\))?\s*:[ \t]*(?=\S)",
    re.MULTILINE,
)
"""A line with a speaker's name in front, as in a transcript, with or without the time."""
_THE_DESK = re.compile(
    r"\b(?:the|this|an?|our) (?:agent|trainee|advis[eo]r|rep|representative|operator|assistant)\b"
    r"|\b(?:el|la|una?|est[ea]) (?:agente|asesora?|operadora?|ejecutiv[oa]|representante|aprendiz|practicante|emplead[oa])\b"
)
_THE_CUSTOMER = re.compile(
    r"\b(?:the|this|a) (?:customer|client|caller|user|patient)(?! (?:service|care|desk|portal|account|number|side|team)\b)\b"
    r"|\b(?:el|la|una?|est[ea]) (?:client[ea]|usuari[oa]|paciente)\b"
)
_SPOKEN_TO = re.compile(
    r"\b(?:you|your|yours|yourself|ustedes|usted|ud|le|les|su|sus|tus?|te|ti|contigo|vos|os|vuestr[oa]s?)\b"
)
_SPACED = re.compile(r"\b(?:\w[ .*_-]){4,}\w\b")
_LEET = re.compile(r"\b(?=\w*[a-z])(?=\w*\d)\w{4,}\b")
_LOOKS_LIKE = str.maketrans("013457", "oieast")
FOREIGN_SHARE = 0.3
"""Share of letters outside the Latin script from which a reply is not addressed to this customer."""


class BuiltInAppraiser:
    """Observes what a reply did by rules and a trained model. Deterministic; some milliseconds for a reply, and about a
    second once for each language, when its model is read."""

    @property
    def name(self) -> str:
        """ "built-in"."""
        return BUILT_IN

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        """All cues in ``reply``, each with a quote from it. Raises nothing: an unreadable reply has no cues."""
        return observe(persona, language, history, reply)


def observe(
    persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
) -> Appraisal:
    """The same, without waiting: what the rules see, settled with what the trained model makes of it."""
    reading = legible_for(language).reading(Reading.of(reply), [said.text for said in history])
    rules = by_rules(persona, language, history, reading)
    if not reading.sentences:
        return rules
    model = trained_for(language)
    impression = impression_of(reading, rules, model)
    settlement = Settlement(reading, rules, impression, model.bars)
    cues, verdict = settlement.cues(), impression.verdict
    if CueKind.TALKS_TO_THE_SIMULATOR in {cue.kind for cue in (*rules.cues, *cues)}:
        cues, verdict = settlement.harms(), "escalates"
    against = _sore_spots_against(persona, verdict)
    return Appraisal(cues=cues, touched=tuple(touch for touch in rules.touched if touch.id not in against))


def _sore_spots_against(persona: Persona | None, verdict: str) -> frozenset[str]:
    """The triggers that do something else than the reply: to mention what soothes or stings is not yet to do it."""
    does = {"calms": "calms", "upsets": "escalates"}
    return frozenset(t.id for t in (persona.triggers if persona else ()) if does[t.effect] != verdict)


def by_rules(
    persona: Persona | None, language: Language, history: Sequence[Utterance], reading: Reading
) -> Appraisal:
    """What lexicon, grammar and combination alone see in a reply."""
    lexicon = lexicon_for(language)
    scene = context.Scene.of(persona, history, lexicon)
    aside = list(_to_the_program(reading)) or list(_transcript(reading, persona))
    hits = context.fitting(lexicon.hits(reading, scene.issue), reading, scene, lexicon)
    hits += [*_jargon(reading, scene, lexicon), *_shouting(reading)]
    hits += [*context.reassured(reading, scene, lexicon), *context.asked_again(reading, scene, lexicon)]
    hits += [*context.contradicted(reading, scene, lexicon)]
    hits += context.named(reading, scene, lexicon, hits)
    hits += context.evaded(reading, scene, lexicon, hits)
    if aside:
        hits = [hit for hit in hits if hit.kind not in SETTLING]
    settled = (
        [*aside, *Combination(reading, lexicon).settled(hits, scene.issue)] if hits or not aside else aside
    )
    cues = (_cue(hit, reading) for hit in settled)
    return Appraisal(cues=tuple(cue for cue in cues if cue), touched=context.touches(reading, persona))


def _cue(hit: Hit, reading: Reading) -> Cue | None:
    quote = reading.quote(reading.clauses_over(hit.span)) or reading.quote(hit.span)
    return Cue(kind=hit.kind, strength=hit.strength, quote=quote) if quote else None


def _to_the_program(reading: Reading) -> Iterator[Hit]:
    """Instructions to the program or the judge, in any of the languages, in mark-up, in code, in another script.

    As typed too: what makes a hasty reply legible must not tear a disguise apart.
    """
    whole = Span(0, len(reading.text))
    disguised = (reading.typed, *_undisguised(reading.typed))
    for pattern in program_talk():
        if found := pattern.search(reading.text):
            yield Hit(CueKind.TALKS_TO_THE_SIMULATOR, Strength.CLEAR, Span(found.start(), found.end()))
            return
        if any(pattern.search(text) for text in disguised):
            yield Hit(CueKind.TALKS_TO_THE_SIMULATOR, Strength.CLEAR, whole)
            return
    letters = [char for char in reading.text if char.isalpha()]
    if letters and sum(char > "ɏ" for char in letters) > FOREIGN_SHARE * len(letters):
        yield Hit(CueKind.TALKS_TO_THE_SIMULATOR, Strength.CLEAR, whole)


def _transcript(reading: Reading, persona: Persona | None) -> Iterator[Hit]:
    """A made-up conversation: lines of two speakers, one of whom speaks twice or is this customer, or one that is told.

    Nobody who is in a chat writes that. A list of facts with labels has each label once.
    """
    spoken = [fold(line["who"]) for line in _SPEAKER.finditer(reading.raw)]
    names = set(fold(f"{persona.name} {persona.first_name}").split()) if persona else set()
    known = len(spoken) > len(set(spoken)) or any(names & set(speaker.split()) for speaker in spoken)
    if (len(set(spoken)) > 1 and known) or _is_told(reading):
        yield Hit(CueKind.TALKS_TO_THE_SIMULATOR, Strength.CLEAR, Span(0, len(reading.text)))


def _is_told(reading: Reading) -> bool:
    """Desk and customer both in the third person and nobody spoken to: a tale of a conversation, told to a third."""
    typed = reading.typed  # in whatever language: mending is for the conversation's own
    return bool(_THE_DESK.search(typed) and _THE_CUSTOMER.search(typed) and not _SPOKEN_TO.search(typed))


def _undisguised(text: str) -> Iterator[str]:
    """The text with spaced-out words closed up, and with digits read as the letters they look like."""
    if _SPACED.search(text):
        yield _SPACED.sub(lambda word: re.sub(r"[\W_]", "", word.group()), text)
    if _LEET.search(text):
        yield _LEET.sub(lambda word: word.group().translate(_LOOKS_LIKE), text)


def _jargon(reading: Reading, scene: context.Scene, lexicon: Lexicon) -> Iterator[Hit]:
    """Codes and acronyms that the customer did not use and nobody explains; one alone is only a weak sign."""
    if _SHOUTING.search(reading.raw):
        return
    known = scene.given
    found: dict[str, Span] = {}
    for match in _CODE.finditer(reading.raw):
        token = match.group()
        if token in _KNOWN or _given(token, known) or _REFERENCE.search(reading.raw[: match.start()]):
            continue
        start = next((i for i, at in enumerate(reading.at) if at >= match.start()), 0)
        sentence = reading.sentence_at(start)
        if not lexicon.has("explains", reading, Span(sentence.start, _next_end(reading, sentence))):
            found.setdefault(token, Span(start, start + len(token)))
    for i, span in enumerate(found.values()):
        strength = Strength.CLEAR if len(found) > 1 else Strength.WEAK
        if i < 1:
            yield Hit(CueKind.JARGON, strength, span)


def _given(token: str, known: str) -> bool:
    """True when the customer or the desk used the code, as a word of its own."""
    return re.search(rf"(?<!\w){re.escape(token.lower())}(?!\w)", known) is not None


def _next_end(reading: Reading, sentence: Span) -> int:
    later = [other.end for other in reading.sentences if other.start >= sentence.end]
    return later[0] if later else sentence.end


def _shouting(reading: Reading) -> Iterator[Hit]:
    """Four words or more in capitals."""
    if match := _SHOUTING.search(reading.raw):
        start = next((i for i, at in enumerate(reading.at) if at >= match.start()), 0)
        yield Hit(CueKind.SARCASM_OR_HOSTILITY, Strength.CLEAR, Span(start, start + 1))
