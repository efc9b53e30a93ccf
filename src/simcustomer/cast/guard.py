"""Checks a customer's line before anyone sees it. The verdict is keep or discard; a line is never edited.

Each rule is narrow on purpose: a good line that is thrown away costs a request, and the second one costs the player's
own voice. What somebody quotes in a line ("you people and your 'how can I help you'") is not what they say themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from simcustomer.domain.conversation import Conversation, Direction, unlocked_facts
from simcustomer.domain.persona import Language
from simcustomer.domain.text import fold, mentions

LENGTH_TOLERANCE = 1.25
"""How far over its limit in words a line may be: people do not count, and a whole line is better than a cut one."""
GRAM_WORDS = 4
"""Words in a row that are compared when looking for repetition: shorter runs recur in honest speech."""
REPEATED_SHARE = 0.5
"""Share of a line's runs of words that may stand in one earlier line; from here on it is said to repeat it."""
LANGUAGE_WORDS = 3
"""Function words of the other language from which a line is looked at: two may be a name or a borrowed phrase."""


Rule = Literal[
    "says_nothing",
    "too_long",
    "staged",
    "speaker",
    "machinery",
    "reasons_aloud",
    "serves",
    "language",
    "locked_fact",
    "sensitive",
    "repeats_itself",
    "repeats_other",
]
"""The rules by name, for whoever counts them."""


class Heard(NamedTuple):
    """A line with what it must be measured against. ``direction`` is None for a survey's sentence."""

    line: str
    conversation: Conversation
    direction: Direction | None
    language: Language
    reply: str


def check_line(
    line: str,
    conversation: Conversation,
    direction: Direction | None,
    language: Language,
    *,
    reply: str = "",
) -> str | None:
    """Why ``line`` must be discarded, as the end of a sentence that begins "it"; None when it may be kept.

    ``conversation`` does not hold ``reply`` yet, the trainee's message that the line answers.
    """
    heard = Heard(line, conversation, direction, language, reply)
    return next((reason for rule in _RULES.values() if (reason := rule(heard))), None)


def faults_of(
    line: str,
    conversation: Conversation,
    direction: Direction | None,
    language: Language,
    *,
    reply: str = "",
) -> dict[Rule, str]:
    """Every rule that ``line`` breaks, with the reason; for a measurement of lines that were shown.

    The arguments are those of ``check_line``, which stops at the first.
    """
    heard = Heard(line, conversation, direction, language, reply)
    return {name: reason for name, rule in _RULES.items() if (reason := rule(heard))}


# --- the rules, cheapest and plainest first ------------------------------------------------------------------------


def _says_nothing(heard: Heard) -> str | None:
    return None if re.search(r"\w", heard.line) else "says nothing"


def _is_too_long(heard: Heard) -> str | None:
    limit = heard.conversation.persona.limits.max_words
    words = len(heard.line.split())
    return f"is too long ({words} words; at most {limit})" if words > limit * LENGTH_TOLERANCE else None


_STAGED = re.compile(
    r"\*[^*\n]+\*"  # *sighs*
    r"|\[[^\]\n]+\]"  # [angrily]
    r"|(?<!\w)_[^_\n]+_(?!\w)"  # _sighs_
    r"|\((?:\w+ly|sigh\w*|paus\w*|shout\w*|laugh\w*|cry\w*|typ\w*|angr\w*|silence|suspir\w*|pausa\w*|grit\w*|r[ií]\w*"
    r"|llor\w*|escrib\w*|enfad\w*|enojad\w*|molest\w*|silencio|nervios\w*|con tono\b[^)]*|in an?\b[^)]*|\w+mente)\)",
    re.IGNORECASE,
)


def _is_staged(heard: Heard) -> str | None:
    found = _STAGED.search(heard.line)
    return f"holds a stage direction or mark-up ({found.group()})" if found else None


_SPEAKER = r"customer|client|user|assistant|agent|trainee|representative|cliente|clienta|usuario|asistente|agente|system|sistema"


def _has_speaker(heard: Heard) -> str | None:
    persona = heard.conversation.persona
    names = "|".join(re.escape(name) for name in (persona.name, persona.first_name))
    found = re.search(rf"^\W*(?:{_SPEAKER}|{names})\s*:", heard.line, re.IGNORECASE | re.MULTILINE)
    return f"has a speaker's name in front ({found.group().strip()})" if found else None


_MACHINERY = re.compile(
    r"\bas an ai\b|\bi(?:'m| am) an ai\b|\blanguage model\b|\bsystem prompt\b|\bstage direction\b|\brubric\b"
    r"|\brole-?play(?:ing)?\b|\bmy persona\b|\b(?:anger|anxiety|confusion|tension|trust|patience)\s*(?:[:=]|is at|level)\s*\d"
    r"|\bscore of \d|\b\d{1,3}\s*/\s*100\b|\bdata-[0-9a-f]{8,}"
    r"|\bcomo (?:una )?ia\b|\bsoy una ia\b|\bmodelo de lenguaje\b|\bacotaci[oó]n|\b(?:la|una) r[uú]brica\b|\bjuego de rol\b"
    r"|\bmi personaje\b|\b(?:enfado|ira|ansiedad|confusi[oó]n|tensi[oó]n|confianza|paciencia)\s*[:=]\s*\d"
    r"|[{}]|</?[a-z]",
    re.IGNORECASE,
)


def _shows_machinery(heard: Heard) -> str | None:
    found = _MACHINERY.search(heard.line)
    return f"speaks of the program ({found.group()})" if found else None


_REASONING = re.compile(
    r"^\W*(?:okay|ok|alright|so|first),? (?:the (?:user|trainee|agent|rep)|i (?:need|have|should|want) to (?:respond|write|reply))"
    r"|\bthe (?:user|trainee) (?:wants|asked|is asking|has|just|wrote|said)\b|\b(?:respond|reply|write|answer) (?:in character|as the customer)\b"
    r"|\bstay(?:ing)? in character\b|^\W*(?:reasoning|thinking|analysis|razonamiento|an[aá]lisis)\s*:"
    r"|\bel (?:usuario|aprendiz) (?:quiere|pide|ha|dice|pregunta)\b|\b(?:responder|escribir|contestar) como (?:la |el )?client[ea]\b"
    r"|^\W*(?:bueno|vale|bien),? (?:debo|tengo que|necesito) (?:responder|escribir|contestar)\b",
    re.IGNORECASE,
)


def _reasons_aloud(heard: Heard) -> str | None:
    found = _REASONING.search(heard.line)
    return f"thinks aloud about the task ({found.group().strip()})" if found else None


_SERVES = re.compile(
    r"\bhow (?:can|may|could) (?:i|we) (?:help|assist|be of)\b"
    r"|\b(?:can|may|could) i (?:help|assist) you\b|\banything else (?:that )?(?:i|we) can (?:help|assist|do)\b"
    r"|\b(?:happy|glad|here|pleased) to (?:help|assist) (?:you\b|with that\b|[.!]|$)"
    r"|\b(?:i'll|i will|let me|allow me to) (?:look into|check (?:on )?(?:that|this|it)|pull up|escalate|assist|help you|transfer you)\b"
    r"|\bthank you for (?:contacting|reaching out|your patience|calling|bringing this)\b"
    r"|\b(?:i|we) (?:sincerely )?apologi[sz]e for (?:the|any|your|this)\b|\bsorry for (?:the|any) inconvenience\b"
    r"|\b(?:i|we) (?:completely |totally |fully )?understand (?:your|how) (?:frustrat|you feel|upset|concern)"
    r"|\bhow can i make (?:this|it) right\b"
    r"|\bi(?:'ll|'ve|'m| will| have| am)?(?: just| now| already| going to| personally)* (?:refund(?:ed|ing)?|credit(?:ed|ing)?|"
    r"waiv(?:e|ed|ing)|block(?:ed|ing)?|resend(?:ing)?|reship(?:ped|ping)?|process(?:ed|ing)?) (?:you|your)\b"
    r"|\bi(?:'ll|'m going to| will| can) (?:look|sort|fix|check|arrange|handle|take care|find out)\b[^.!?]{0,30}\bfor you\b"
    r"|\ben qu[eé] (?:le |te |os |les )?(?:puedo|podemos) (?:ayudar|servir|colaborar)"
    r"|\b(?:le|te|les|os) (?:puedo|podemos) ayudar\b|\b(?:puedo|podemos) ayudar(?:le|te|les|os)\b"
    r"|\balgo m[aá]s en (?:lo )?que (?:le |te )?(?:pueda|podamos|puedo|podemos) ayudar"
    r"|\b(?:con (?:mucho )?gusto|encantad[oa] de) (?:le |te )?ayud|\bestoy aqu[ií] para ayudar"
    r"|\bgracias por (?:contactar|comunicarse|comunicarte|su paciencia|tu paciencia|ponerse en contacto)"
    r"|\b(?:lamento|lamentamos|disculp[ea]|perdon[ea]) (?:los|las) (?:inconvenient|molestia)"
    r"|\b(?:le|te) (?:he |voy a )?(?:reembols|abon|bloque|tramit|gestion)\w*|\b(?:voy|vamos) a (?:revisar|tramitar|gestionar|"
    r"reembolsar|escalar) (?:su|tu)\b"
    r"|\bquedo a (?:su|tu) disposici[oó]n|\b(?:perm[ií]tame|perm[ií]teme|d[eé]jeme|d[eé]jame) (?:revisar|verificar|consultar|comprobar)"
    r"|\b(?:entiendo|comprendo) (?:perfectamente |totalmente )?(?:su|tu) (?:frustraci|molestia|enfado|enojo|preocupaci)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|‘[^’]*’|(?<!\w)'[^']*'(?!\w)")


def _serves(heard: Heard) -> str | None:
    found = _SERVES.search(_QUOTED.sub(" ", heard.line.replace("’", "'")))
    return (
        f"speaks as the one who serves ({found.group().strip()}); the customer receives service"
        if found
        else None
    )


_FUNCTION_WORDS: Mapping[Language, str] = {
    "en": "the and you is are was were what that this have has been will would with for not it my your they from",
    "es": "el la los las que de y en un una por para con lo del al se pero mi su tu esto eso ya está es muy",
}
"""Frequent words that the other of the two languages does not have. Enough to tell these two apart in one sentence;
a third language gets its own row."""


def _is_in_another_language(heard: Heard) -> str | None:
    words = re.findall(r"\w+", fold(_QUOTED.sub(" ", heard.line)))
    counts = {
        language: sum(word in known.split() for word in words) for language, known in _FUNCTION_WORDS.items()
    }
    own = counts.pop(heard.language)
    other, count = max(counts.items(), key=lambda pair: pair[1])
    return (
        f"is in the wrong language ({other}, not {heard.language})"
        if count >= LANGUAGE_WORDS and count > own
        else None
    )


def _gives_away(heard: Heard) -> str | None:
    """A keyword of a locked fact, unless the word stands in what is open from the start or has already been said."""
    persona, known = heard.conversation.persona, _known_facts(heard)
    open_texts = [persona.who, persona.situation, persona.case_file.organisation]
    open_texts += [said.text for said in heard.conversation.utterances if said.role == "customer"]
    for fact in persona.facts:
        for word in () if fact.id in known else fact.keywords:
            if mentions(heard.line, word) and not any(mentions(text, word) for text in open_texts):
                return f"tells something that the customer does not tell yet ({word})"
    return None


def _known_facts(heard: Heard) -> set[str]:
    turns = heard.conversation.turns
    known = {f.id for f in unlocked_facts(heard.conversation.persona, [turn.appraisal for turn in turns])}
    return known | set(heard.direction.may_tell if heard.direction else ())


def _uses_sensitive_word(heard: Heard) -> str | None:
    words = heard.conversation.persona.limits.sensitive
    found = next((word for word in words if mentions(heard.line, word)), None)
    return f"uses a word that this customer never uses ({found})" if found else None


def _repeats_itself(heard: Heard) -> str | None:
    for utterance in heard.conversation.utterances:
        if utterance.role == "customer" and _is_much_like(heard.line, utterance.text):
            return "repeats what the customer has already said"
    return None


def _repeats_other(heard: Heard) -> str | None:
    replies = [turn.trainee for turn in heard.conversation.turns] + [heard.reply]
    return (
        "repeats the other person's words"
        if any(_is_much_like(heard.line, said) for said in replies)
        else None
    )


def _is_much_like(line: str, earlier: str) -> bool:
    mine, theirs = set(_grams(line)), set(_grams(earlier))
    if len(mine) < 2:
        return fold(line).strip(" .!?¡¿…") == fold(earlier).strip(" .!?¡¿…")
    return len(mine & theirs) >= REPEATED_SHARE * len(mine)


def _grams(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"\w+", fold(text))
    return (tuple(words[i : i + GRAM_WORDS]) for i in range(len(words) - GRAM_WORDS + 1))


_RULES: Mapping[Rule, Callable[[Heard], str | None]] = {
    "says_nothing": _says_nothing,
    "too_long": _is_too_long,
    "staged": _is_staged,
    "speaker": _has_speaker,
    "machinery": _shows_machinery,
    "reasons_aloud": _reasons_aloud,
    "serves": _serves,
    "language": _is_in_another_language,
    "locked_fact": _gives_away,
    "sensitive": _uses_sensitive_word,
    "repeats_itself": _repeats_itself,
    "repeats_other": _repeats_other,
}
