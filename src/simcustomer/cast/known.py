"""What a better wording may draw on: the transcript, and what the case file shows, offers and forbids.

Figures and names decide, and shared words where there are none: nothing here understands a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from simcustomer.cast.stated import Figure, all_ways, figures, names, sentences, words_of
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.persona import Language, Persona

FORBIDDEN_SHARE = 0.6
"""Share of the content words of something forbidden from which a sentence is read as saying it."""
FORBIDDEN_WORDS = 2
"""Content words that must be shared at least; one alone ("hour") says too little."""
STEM = 5
"""Letters by which two words are compared there: enough to tell words apart, few enough to leave endings out."""
CONTENT_LETTERS = 4
"""Letters from which a word counts as a content word."""

_STOP = frozenset(
    {
        *("that", "with", "from", "this", "their", "them", "they", "have", "what", "when", "before", "after"),
        *(
            "until",
            "into",
            "about",
            "other",
            "than",
            "para",
            "como",
            "sobre",
            "antes",
            "hasta",
            "desde",
            "esta",
        ),
        *("este", "ella", "ellos", "haber", "estar", "cuando", "cual", "otra", "otro", "sido"),
    }
)
_DENIED = re.compile(
    r"\b(?:no|not|never|cannot|nobody|without|nunca|jam[aá]s|sin|ni|tampoco|nadie)\b|n['’]t\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Known:
    """What is known in one conversation; without a persona there is no case file."""

    persona: Persona | None
    language: Language
    utterances: tuple[Utterance, ...]

    @cached_property
    def case_text(self) -> str:
        """What the customer wrote and what the case file shows."""
        said = [one.text for one in self.utterances if one.role == "customer"]
        if self.persona is None:
            return "\n".join(said)
        case = self.persona.case_file
        desk = [f"{entry.label} {entry.value}" for entry in case.desk]
        return "\n".join(
            [*said, self.persona.name, case.organisation, case.trainee_role, *desk, self._offers]
        )

    def figures_to_keep(self, text: str) -> list[Figure]:
        """The figures of ``text`` but for those that contradict the case file.

        A figure contradicts it when neither case file nor customer holds it, while the case file holds another of its sort.
        """
        found = figures(text, self.language)
        other = {figure.sort for figure in self._case_figures}
        return [figure for figure in found if self._is_given(figure) or figure.sort not in other]

    def names_to_keep(self, text: str) -> frozenset[str]:
        """The names in ``text``; the customer's own is a form of address and may go."""
        return names(text) - (words_of(self.persona.name) if self.persona else frozenset())

    def invented(self, text: str) -> list[str]:
        """Figures and names in ``text`` that neither transcript nor case file holds, in order of the alphabet."""
        whole = "\n".join([*(one.text for one in self.utterances), self.case_text])
        held = all_ways(figures(whole, self.language, loosely=True))
        new = {figure.text for figure in figures(text, self.language) if not figure.ways & held}
        return sorted(new | (names(text) - words_of(whole)))

    def beyond_limits(self, text: str) -> list[str]:
        """Sums and shares in ``text`` that are more than the desk may give and that nobody else brought up."""
        if self.persona is None:
            return []
        offered = figures(self._offers, self.language, loosely=True)
        most = {
            sort: max((figure.amount for figure in offered if figure.sort == sort), default=0.0)
            for sort in ("money", "share")
        }
        return [
            figure.text
            for figure in figures(text, self.language)
            if figure.sort in most and not self._is_given(figure) and figure.amount > most[figure.sort]
        ]

    def forbidden(self, text: str) -> list[str]:
        """The lines of "may not" that a sentence of ``text`` goes against."""
        may_not = self.persona.case_file.may_not if self.persona else ()
        return [line for line in may_not if any(says_forbidden(part, line) for part in sentences(text))]

    def _is_given(self, figure: Figure) -> bool:
        """By the case file or by the customer."""
        return bool(figure.ways & all_ways([*self._case_figures, *self._customers_figures]))

    @cached_property
    def _offers(self) -> str:
        offers = self.persona.case_file.may_offer if self.persona else ()
        return "\n".join(f"{offer.what}; {offer.up_to or ''}" for offer in offers)

    @cached_property
    def _case_figures(self) -> tuple[Figure, ...]:
        desk = [entry.value for entry in self.persona.case_file.desk] if self.persona else []
        return figures("\n".join([*desk, self._offers]), self.language, loosely=True)

    @cached_property
    def _customers_figures(self) -> tuple[Figure, ...]:
        said = "\n".join(one.text for one in self.utterances if one.role == "customer")
        return figures(said, self.language, loosely=True)


def says_forbidden(sentence: str, forbidden: str) -> bool:
    """Does a sentence say what the case file forbids? By the words they share; a denied sentence does not.

    The first word of what is forbidden is the verb ("promise", "ask") and does not count. What is said in other words is
    not seen here.
    """
    stems = _stems(" ".join(forbidden.split()[1:]))
    enough = len(stems & _stems(sentence)) >= max(FORBIDDEN_WORDS, FORBIDDEN_SHARE * len(stems))
    return enough and not _DENIED.search(sentence)


def shares_words(text: str, other: str, least: int) -> bool:
    """Have two texts at least so many content words in common?"""
    return len(_stems(text) & _stems(other)) >= least


def _stems(text: str) -> frozenset[str]:
    long = (word for word in words_of(text) if len(word) >= CONTENT_LETTERS and word not in _STOP)
    return frozenset(word[:STEM] for word in long)
