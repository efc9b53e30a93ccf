"""Keyword lists: words strung together that look like good service and say nothing to anybody."""

from __future__ import annotations

import re

from simcustomer.cast.builtin.lexicon import Lexicon
from simcustomer.cast.builtin.reading import Reading, Span, plain

LIST_SHARE = 0.22
"""Share of function words (articles, pronouns, auxiliaries, prepositions) under which words are a list and not a
sentence: running English and Spanish have 0.4 to 0.6."""
LIST_WORDS = 7
"""Fewer words than this are a fragment, not a list."""
LIST_RUN = 7
"""Content words in a row, no mark or function word between them, that no sentence of real talk holds."""
LIST_ITEMS = 5
"""Short items between marks from which a sentence is an enumeration."""
ITEM_WORDS = 3
"""Longest item of an enumeration, in words."""
PARTICULAR_FIGURES = 2
PARTICULAR_SHARE = 0.4
"""Figures, or share of content words out of the customer's matter beside a figure, from which it is about them."""
FRAGMENT_WORDS = 4
"""A sentence of at most this many words is a fragment; several in a row are a list."""
FRAGMENTS_IN_A_ROW = 4
VERBLESS_WORDS = 10
"""A reply of this many words without a verb that is about nobody's facts is keywords joined by small words."""
BARE_WORDS = 4
"""A whole reply of at least this many words without a verb or an article is a list of keywords."""
JOINTS_FROM = 3
"""Commas and conjunctions from which words without a verb are strung together."""
_JOINTS = re.compile(r",|\b(?:and|y|or|o|plus|con|with)\b")
_FINITE_ENDING = re.compile(
    r"\w+(?:é|ó|í|ré|rá|rás|rán|remos|aron|ieron|aste|iste|ndo(?:me|te|le|se|lo|la|nos|les)?)$"
)
"""Endings of Spanish verb forms that no noun shares when the accent is written, and gerunds."""
_OPENS_A_CLAUSE = frozenset(
    {"that", "which", "who", "if", "when", "where", "que", "quien", "si", "cuando", "donde"}
)
"""Words behind which a verb stands, known or not; with an accent they are other words."""
_PUNCTUATED = re.compile(r"[.!](?:\s|$)|:\s")
"""Marks that people who write like a telegram set, and people who string keywords do not."""
_LABEL = re.compile(r"\s*[^\W\d]+(?: \w+){0,2} ?: ")
LABELLED_FROM = 2
"""Function words from which a sentence that opens with a label says something about it."""
_WITHS = re.compile(r"(?:^|, )(?:con|with)\b")
"""What such words are hung up on when they are given the look of a sentence."""
_SLASHES = re.compile(r"\S /.*?/ \S|\S /[^/]*/")


def keyword_lists(reading: Reading, lexicon: Lexicon, issue: frozenset[str]) -> list[Span]:
    """The sentences that are keywords strung together, and runs of fragments."""
    if _is_bare(reading, lexicon) or _is_verbless(reading, lexicon, issue) or _SLASHES.search(reading.text):
        return list(reading.sentences)
    found = [
        s
        for s in reading.sentences
        if _is_list(reading, lexicon, s) and not _is_particular(reading, lexicon, s, issue)
    ]
    run: list[Span] = []
    for sentence in (*reading.sentences, None):
        if sentence and len(reading.words_in(sentence)) <= FRAGMENT_WORDS:
            run.append(sentence)
            continue
        if len(run) >= FRAGMENTS_IN_A_ROW:
            found += run
        run = []
    return found


def _is_list(reading: Reading, lexicon: Lexicon, sentence: Span) -> bool:
    small = [plain(word) in lexicon.function for word in reading.words_in(sentence)]
    clauses = [clause for clause in reading.clauses if clause.start in sentence]
    items = [clause for clause in clauses if len(reading.words_in(clause)) <= ITEM_WORDS]
    if len(items) >= LIST_ITEMS and len(items) > len(clauses) / 2:
        return True
    if len(small) < LIST_WORDS:
        return False
    if _LABEL.match(reading.text, sentence.start) and sum(small) >= LABELLED_FROM:
        return False
    return sum(small) < LIST_SHARE * len(small) or any(_row(reading, lexicon, c) >= LIST_RUN for c in clauses)


def _is_bare(reading: Reading, lexicon: Lexicon) -> bool:
    """True when the whole reply has neither a verb nor an article nor the marks of a telegram."""
    words = [plain(word) for word in reading.words]
    held = lexicon.finite | lexicon.articles
    telegram = _PUNCTUATED.search(reading.text) is not None
    verbs = any(word in held for word in words) or not _OPENS_A_CLAUSE.isdisjoint(reading.words)
    return len(words) >= BARE_WORDS and not telegram and not verbs


def _is_verbless(reading: Reading, lexicon: Lexicon, issue: frozenset[str]) -> bool:
    """True when a reply of some length has no verb that a rule of thumb can see and is not made of facts."""
    words = reading.words
    if len(words) < VERBLESS_WORDS or len(_JOINTS.findall(reading.text)) < JOINTS_FROM:
        return False
    if any(plain(word) in lexicon.finite for word in words):
        return False
    if len(_WITHS.findall(reading.text)) >= JOINTS_FROM:
        return True
    if any(_FINITE_ENDING.match(word) for word in words) or lexicon.patterns["acts"].search(reading.text):
        return False
    return not any(_is_particular(reading, lexicon, sentence, issue) for sentence in reading.sentences)


def _is_particular(reading: Reading, lexicon: Lexicon, sentence: Span, issue: frozenset[str]) -> bool:
    """True when a telegraphic sentence is made of this customer's own facts and figures."""
    stems = lexicon.stems_in(reading, sentence)
    figures = len(lexicon.patterns["number"].findall(reading.text, sentence.start, sentence.end))
    return figures >= PARTICULAR_FIGURES or (
        figures > 0 and len(stems & issue) >= PARTICULAR_SHARE * len(stems)
    )


def _row(reading: Reading, lexicon: Lexicon, clause: Span) -> int:
    """The longest row of words that are not function words."""
    longest = row = 0
    for word in reading.words_in(clause):
        row = 0 if plain(word) in lexicon.function else row + 1
        longest = max(longest, row)
    return longest
