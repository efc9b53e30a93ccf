"""Checks a customer's line before anyone sees it. The verdict is keep or discard; a line is never edited.

Each rule is narrow on purpose: a good line that is thrown away costs a request, and the second one costs the player's
own voice. What somebody quotes in a line ("you people and your 'how can I help you'") is not what they say themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from simcustomer.cast.phrases import (
    ADVISES,
    GOODBYE,
    MACHINERY,
    PRAISES,
    REASONING,
    REFERENCE,
    SERVES,
    STAGED,
    STAYS,
)
from simcustomer.domain.conversation import Conversation, Direction, Outcome, unlocked_facts
from simcustomer.domain.persona import Band, Language
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
    "advises",
    "praises",
    "goodbye",
    "stays",
    "language",
    "locked_fact",
    "sensitive",
    "invents_number",
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


def _is_staged(heard: Heard) -> str | None:
    found = STAGED.search(heard.line)
    return f"holds a stage direction or mark-up ({found.group()})" if found else None


_SPEAKER = r"customer|client|user|assistant|agent|trainee|representative|cliente|clienta|usuario|asistente|agente|system|sistema"


def _has_speaker(heard: Heard) -> str | None:
    persona = heard.conversation.persona
    names = "|".join(re.escape(name) for name in (persona.name, persona.first_name))
    found = re.search(rf"^\W*(?:{_SPEAKER}|{names})\s*:", heard.line, re.IGNORECASE | re.MULTILINE)
    return f"has a speaker's name in front ({found.group().strip()})" if found else None


def _shows_machinery(heard: Heard) -> str | None:
    found = MACHINERY.search(heard.line)
    return f"speaks of the program ({found.group()})" if found else None


def _reasons_aloud(heard: Heard) -> str | None:
    found = REASONING.search(heard.line)
    return f"thinks aloud about the task ({found.group().strip()})" if found else None


UPSET = (Band.ANGRY, Band.FURIOUS)
"""The bands in which nobody is relieved, thanks heartily or gives top marks."""
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|‘[^’]*’|(?<!\w)'[^']*'(?!\w)")


def _own_words(heard: Heard) -> str:
    """The line without what it quotes."""
    return _QUOTED.sub(" ", heard.line.replace("’", "'"))


def _serves(heard: Heard) -> str | None:
    found = SERVES.search(_own_words(heard))
    return (
        f"speaks as the one who serves ({found.group().strip()}); the customer receives service"
        if found
        else None
    )


def _advises(heard: Heard) -> str | None:
    found = ADVISES.search(_own_words(heard))
    return f"advises the other person on their work ({found.group().strip()})" if found else None


def _goes_on(heard: Heard) -> bool:
    """This line is not the customer's last; a survey's sentence has no direction, and comes after the end."""
    return heard.direction is not None and heard.direction.outcome is None


def _praises(heard: Heard) -> str | None:
    if not _goes_on(heard) or heard.direction is None or heard.direction.band not in UPSET:
        return None
    found = PRAISES.search(_own_words(heard))
    return f"is calmer than the customer feels ({found.group().strip()})" if found else None


def _says_goodbye(heard: Heard) -> str | None:
    found = GOODBYE.search(_own_words(heard)) if _goes_on(heard) else None
    return f"ends the chat, which goes on ({found.group().strip(' .!?,')})" if found else None


def _stays(heard: Heard) -> str | None:
    if heard.direction is None or heard.direction.outcome is not Outcome.LEFT:
        return None
    found = STAYS.search(_own_words(heard))
    return f"goes on, although the customer is leaving for good ({found.group().strip()})" if found else None


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
    """A keyword of a locked fact, unless the word stands in what is open from the start or was said by either of the two."""
    persona, known = heard.conversation.persona, _known_facts(heard)
    open_texts = [persona.who, persona.situation, persona.case_file.organisation]
    open_texts += [*(said.text for said in heard.conversation.utterances), heard.reply]
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


def _invents_number(heard: Heard) -> str | None:
    """A reference number or mail address that stands in nothing that is known or was said. Round ones exaggerate."""
    given = _unspaced(" ".join(_given_texts(heard)))
    for found in REFERENCE.finditer(heard.line):
        number = _unspaced(found.group())
        if number not in given and not number.endswith("000"):
            return f"states {found.group().strip()}, which nobody gave; the customer does not have it at hand"
    return None


def _unspaced(text: str) -> str:
    """A number as it is compared, however it is grouped."""
    return re.sub(r"[\s.,-]", "", text).casefold()


def _given_texts(heard: Heard) -> list[str]:
    persona = heard.conversation.persona
    known = [fact for fact in persona.facts if fact.id in _known_facts(heard)]
    texts = [persona.who, persona.situation, heard.reply]
    texts += [entry.value for entry in persona.case_file.desk]
    texts += [words for fact in known for words in (fact.text, *fact.says)]
    return texts + [said.text for said in heard.conversation.utterances]


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
    "advises": _advises,
    "praises": _praises,
    "goodbye": _says_goodbye,
    "stays": _stays,
    "language": _is_in_another_language,
    "locked_fact": _gives_away,
    "sensitive": _uses_sensitive_word,
    "invents_number": _invents_number,
    "repeats_itself": _repeats_itself,
    "repeats_other": _repeats_other,
}
