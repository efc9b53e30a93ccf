"""Keyword lists: words strung together that look like good service and say nothing to anybody."""

from __future__ import annotations

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


def keyword_lists(reading: Reading, lexicon: Lexicon, issue: frozenset[str]) -> list[Span]:
    """The sentences that are keywords strung together, and runs of fragments."""
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
    return sum(small) < LIST_SHARE * len(small) or any(_row(reading, lexicon, c) >= LIST_RUN for c in clauses)


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
