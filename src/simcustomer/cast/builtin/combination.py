"""What passages mean together: contrast, substance, alternatives, keyword lists. Words do not decide, use does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from simcustomer.cast.builtin.lexicon import Hit, Lexicon
from simcustomer.cast.builtin.reading import Reading, Span, plain
from simcustomer.domain.cues import NEUTRAL, SETTLING, UNSETTLING, CueKind, Strength

SUBSTANCE = frozenset(
    {
        CueKind.NAMES_THE_ISSUE,
        CueKind.OPEN_QUESTION,
        CueKind.PLAIN_EXPLANATION,
        CueKind.OWNERSHIP,
        CueKind.CONCRETE_NEXT_STEP,
        CueKind.TIME_COMMITMENT,
        CueKind.OFFERS_CHOICE,
        CueKind.KEY_REASSURANCE,
        CueKind.PROTECTIVE_ACTION,
        CueKind.CHECKS_UNDERSTANDING,
        CueKind.RESPECTFUL_BOUNDARY,
        CueKind.WARM_HANDOVER,
    }
)
"""What can stand behind kind words: something about this customer's matter."""
TOLD = frozenset({CueKind.NAMES_THE_ISSUE, CueKind.PLAIN_EXPLANATION})
"""Substance even when it shows only weakly: it is about the case and nothing else."""
OWNED = frozenset({CueKind.OWNERSHIP, CueKind.NAMES_THE_ISSUE})
"""What makes a bare "sorry" one for something."""
HEARD = SUBSTANCE - {CueKind.CONCRETE_NEXT_STEP, CueKind.TIME_COMMITMENT, CueKind.OFFERS_CHOICE} | {
    CueKind.ACKNOWLEDGES_FEELING,
    CueKind.SINCERE_APOLOGY,
}
"""What shows that the customer was heard before something is offered."""
ALTERNATIVE = frozenset(
    {
        CueKind.CONCRETE_NEXT_STEP,
        CueKind.TIME_COMMITMENT,
        CueKind.OFFERS_CHOICE,
        CueKind.PROTECTIVE_ACTION,
        CueKind.WARM_HANDOVER,
        CueKind.KEY_REASSURANCE,
    }
)
"""What makes up for a no."""
KIND_WORDS = frozenset({CueKind.ACKNOWLEDGES_FEELING, CueKind.SINCERE_APOLOGY, CueKind.OWNERSHIP})
"""What a following "but" takes back."""
BEATS = {
    CueKind.WARM_HANDOVER: {CueKind.PASSES_THE_BUCK},
    CueKind.RESPECTFUL_BOUNDARY: {CueKind.ENDS_CONVERSATION, CueKind.THREATENS_TO_END, CueKind.SARCASM_OR_HOSTILITY, CueKind.BLAMES},
    CueKind.ASKS_TO_REPEAT: {
        CueKind.OPEN_QUESTION,
        CueKind.INFORMATION_REQUEST,
        CueKind.CHECKS_UNDERSTANDING,
    },
    CueKind.TELLS_TO_CALM_DOWN: {CueKind.ACKNOWLEDGES_FEELING},
    CueKind.DISMISSES_OR_MINIMISES: {
        CueKind.ACKNOWLEDGES_FEELING,
        CueKind.SINCERE_APOLOGY,
        CueKind.PLAIN_EXPLANATION,
    },
    CueKind.SARCASM_OR_HOSTILITY: {
        CueKind.ACKNOWLEDGES_FEELING,
        CueKind.SINCERE_APOLOGY,
        CueKind.OPEN_QUESTION,
    },
    CueKind.BLAMES: {CueKind.OPEN_QUESTION, CueKind.INFORMATION_REQUEST, CueKind.PLAIN_EXPLANATION},
    CueKind.PREMATURE_SOLUTION: {CueKind.INFORMATION_REQUEST, CueKind.OPEN_QUESTION},
    CueKind.POLICY_WALL: {CueKind.PLAIN_EXPLANATION},
    CueKind.JARGON: {CueKind.PLAIN_EXPLANATION},
    CueKind.PASSES_THE_BUCK: {CueKind.CONCRETE_NEXT_STEP, CueKind.TIME_COMMITMENT},
    CueKind.OVERPROMISE: {CueKind.TIME_COMMITMENT},
    CueKind.REFUSAL_WITHOUT_ALTERNATIVE: {CueKind.TIME_COMMITMENT, CueKind.CONCRETE_NEXT_STEP},
    CueKind.CONTRADICTS_ITSELF: {CueKind.REFUSAL_WITHOUT_ALTERNATIVE},
    CueKind.COLD_SCRIPT: {CueKind.OPEN_QUESTION, CueKind.INFORMATION_REQUEST, CueKind.OFFERS_CHOICE},
    CueKind.OPEN_QUESTION: {CueKind.INFORMATION_REQUEST},
    CueKind.OFFERS_CHOICE: {CueKind.INFORMATION_REQUEST},
    CueKind.CHECKS_UNDERSTANDING: {CueKind.INFORMATION_REQUEST, CueKind.OPEN_QUESTION},
}
"""In one sentence the first reading of a passage rules out the others."""
CLAUSE_WIDE = frozenset(
    {
        CueKind.PASSES_THE_BUCK,
        CueKind.POLICY_WALL,
        CueKind.REFUSAL_WITHOUT_ALTERNATIVE,
        CueKind.CONTRADICTS_ITSELF,
        CueKind.OVERPROMISE,
    }
)
"""Readings that rule out others in their own clause only."""
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
"""Figures, or share of content words out of the customer's matter, from which an enumeration is about them."""
FRAGMENT_WORDS = 4
"""A sentence of at most this many words is a fragment; several in a row are a list."""
FRAGMENTS_IN_A_ROW = 4
CROWD_KINDS = 5
"""Different settling behaviours that no single clause of real talk holds."""
WORDING = frozenset(
    {
        CueKind.BLAMES,
        CueKind.DISMISSES_OR_MINIMISES,
        CueKind.REFUSAL_WITHOUT_ALTERNATIVE,
        CueKind.POLICY_WALL,
        CueKind.PASSES_THE_BUCK,
        CueKind.JARGON,
        CueKind.COLD_SCRIPT,
        CueKind.ASKS_TO_REPEAT,
        CueKind.PREMATURE_SOLUTION,
        CueKind.OVERPROMISE,
        CueKind.FALSE_CHEER,
    }
)
"""Harms that rules easily see where people see none."""
WORKS_FROM = 3
"""Different kinds of plain work on the case that make a single harm of that sort doubtful."""
EMPTY_FROM = 5
"""Words from which a reply that holds nothing is a form letter and not just a short word."""
CUES_OF_A_KIND = 2
"""Most cues of one kind in one reply: a long reply is not a better one."""
ORDER = {Strength.STRONG: 0, Strength.CLEAR: 1, Strength.WEAK: 2}


@dataclass(frozen=True)
class Combination:
    """The rules about a whole reply, in the order of ``settled``."""

    reading: Reading
    lexicon: Lexicon

    def settled(self, hits: Sequence[Hit], issue: frozenset[str]) -> list[Hit]:
        """The hits that hold when the whole reply is seen, the least certain readings gone."""
        hits = self._without_lists(hits, issue)
        hits = self._ruled_out(hits, spared=KIND_WORDS)
        hits = self._with_alternatives(hits)
        hits = self._turned_round(hits)
        hits = self._ruled_out(hits, spared=frozenset())
        hits = self._with_substance(hits, issue)
        hits = self._doubted(hits)
        hits = [*hits, *self._empty(hits, issue)]
        return self._few(hits)

    def lists(self, issue: frozenset[str]) -> tuple[Span, ...]:
        """The sentences that are keywords strung together, and runs of fragments."""
        found = [s for s in self.reading.sentences if self._is_list(s) and not self._is_particular(s, issue)]
        run: list[Span] = []
        for sentence in (*self.reading.sentences, None):
            if sentence and len(self.reading.words_in(sentence)) <= FRAGMENT_WORDS:
                run.append(sentence)
                continue
            if len(run) >= FRAGMENTS_IN_A_ROW:
                found += run
            run = []
        return tuple(found)

    # --- the steps -------------------------------------------------------------------------------------------------

    def _without_lists(self, hits: Sequence[Hit], issue: frozenset[str]) -> list[Hit]:
        """Keyword lists settle nothing and read like a form."""
        lists = list(self.lists(issue))
        for clause in self.reading.clauses:
            kinds = {hit.kind for hit in hits if hit.kind in SETTLING and hit.span.start in clause}
            if len(kinds) >= CROWD_KINDS:
                lists.append(clause)
        if not lists:
            return list(hits)
        kept = [
            hit for hit in hits if hit.kind in UNSETTLING or not any(hit.span.start in span for span in lists)
        ]
        return [*kept, Hit(CueKind.COLD_SCRIPT, Strength.CLEAR, lists[0])]

    def _ruled_out(self, hits: Sequence[Hit], spared: frozenset[CueKind]) -> list[Hit]:
        """Of two readings of one sentence the one that explains more stays; ``spared`` kinds wait for a later step."""
        kept = []
        for hit in hits:
            sentence = self._scope(hit)
            rivals = {
                other.kind for other in hits if other is not hit and self._overlap(other, sentence, hit)
            }
            if hit.kind in spared or not any(hit.kind in BEATS.get(kind, ()) for kind in rivals):
                kept.append(hit)
        return kept

    def _with_alternatives(self, hits: Sequence[Hit]) -> list[Hit]:
        """A no that is followed by what can be done is not a wall; what was done before softens it.

        A formality after the thing itself is no longer a formality first.
        """
        ways = [hit for hit in hits if hit.kind in ALTERNATIVE and hit.strength is not Strength.WEAK]
        kept = []
        for hit in hits:
            if not hit.soft or not ways:
                kept.append(hit)
            elif any(way.span.start >= hit.span.start for way in ways):
                continue
            elif self._contrast_between(ways[-1].span.start, hit.span.start):
                kept.append(hit)
            elif hit.kind is not CueKind.COLD_SCRIPT:
                kept.append(hit.weakened())
        return kept

    def _turned_round(self, hits: Sequence[Hit]) -> list[Hit]:
        """Kind words before a "but" that is followed by nothing good were an introduction to it."""
        turns = [m.start() for m in self.lexicon.patterns["contrast"].finditer(self.reading.text)]
        kept = []
        for hit in hits:
            turn = next(
                (turn for turn in turns if hit.kind in KIND_WORDS and self._introduces(hit, turn)), None
            )
            if turn is None or not self._only_bad_after(hits, turn):
                kept.append(hit)
            elif hit.kind is CueKind.ACKNOWLEDGES_FEELING:
                kept.append(hit.as_kind(CueKind.HOLLOW_EMPATHY))
        return kept

    def _with_substance(self, hits: Sequence[Hit], issue: frozenset[str]) -> list[Hit]:
        """A formula counts only when something about this customer's matter stands behind it.

        A bare "sorry" beside what it is for is as good as a long one.
        """
        behind = any(
            hit.kind in SUBSTANCE
            and not hit.formula
            and (hit.strength is not Strength.WEAK or hit.kind in TOLD)
            for hit in hits
        )
        heard = any(hit.kind in HEARD for hit in hits)
        owned = any(
            hit.kind in OWNED and not hit.formula and hit.strength is not Strength.WEAK for hit in hits
        )
        kept, hollow = [], []
        for hit in hits:
            if (hit.unless == "substance" and behind) or (hit.unless == "hearing" and heard):
                continue
            if hit.formula and not behind and not self._specific(hit, issue):
                hollow.append(hit)
            elif hit.kind is CueKind.SINCERE_APOLOGY and owned:
                kept.append(replace(hit, strength=Strength.CLEAR))
            else:
                kept.append(hit)
        said = any(hit.kind is CueKind.HOLLOW_EMPATHY for hit in kept)
        if hollow and not said:
            only_sorry = all(hit.kind is CueKind.SINCERE_APOLOGY for hit in hollow)
            strength = Strength.WEAK if only_sorry else Strength.CLEAR
            kept.append(hollow[0].as_kind(CueKind.HOLLOW_EMPATHY, strength))
        return kept

    def _doubted(self, hits: Sequence[Hit]) -> list[Hit]:
        """One harm of the kinds that hang on wording, in a reply that plainly works on the case, is only weak."""
        works = {
            h.kind for h in hits if h.kind in SUBSTANCE and not h.formula and h.strength is not Strength.WEAK
        }
        harms = [hit for hit in hits if hit.kind in UNSETTLING and hit.strength is not Strength.WEAK]
        if len(works) < WORKS_FROM or len(harms) != 1 or harms[0].kind not in WORDING:
            return list(hits)
        return [hit.weakened() if hit is harms[0] else hit for hit in hits]

    def _empty(self, hits: Sequence[Hit], issue: frozenset[str]) -> Iterator[Hit]:
        """A reply of some length that names nothing, does nothing and asks nothing is a form letter."""
        if hits or len(self.reading.words) < EMPTY_FROM or not self.reading.sentences:
            return
        whole = Span(self.reading.sentences[0].start, self.reading.sentences[-1].end)
        if not self.lexicon.stems_in(self.reading, whole) & issue:
            yield Hit(CueKind.COLD_SCRIPT, Strength.WEAK, self.reading.sentences[0])

    def _few(self, hits: Sequence[Hit]) -> list[Hit]:
        """One cue of a kind for one sentence, and only the plainest few of a kind."""
        best: dict[tuple[CueKind, int], Hit] = {}
        for hit in sorted(hits, key=lambda hit: (ORDER[hit.strength], hit.span.start)):
            best.setdefault((hit.kind, self.reading.sentence_at(hit.span.start).start), hit)
        count: dict[CueKind, int] = {}
        kept = []
        for hit in best.values():
            count[hit.kind] = count.get(hit.kind, 0) + 1
            if count[hit.kind] <= CUES_OF_A_KIND:
                kept.append(hit)
        return sorted(kept, key=lambda hit: (hit.span.start, hit.kind))

    # --- small questions --------------------------------------------------------------------------------------------

    def _is_list(self, sentence: Span) -> bool:
        small = [plain(word) in self.lexicon.function for word in self.reading.words_in(sentence)]
        clauses = [clause for clause in self.reading.clauses if clause.start in sentence]
        items = [clause for clause in clauses if len(self.reading.words_in(clause)) <= ITEM_WORDS]
        if len(items) >= LIST_ITEMS and len(items) > len(clauses) / 2:
            return True
        if len(small) < LIST_WORDS:
            return False
        return sum(small) < LIST_SHARE * len(small) or any(
            self._run(clause) >= LIST_RUN for clause in clauses
        )

    def _is_particular(self, sentence: Span, issue: frozenset[str]) -> bool:
        """True when a telegraphic sentence is made of this customer's own facts and figures."""
        words = self.reading.words_in(sentence)
        stems = self.lexicon.stems_in(self.reading, sentence)
        figures = sum(word[0].isdigit() for word in words)
        return figures >= PARTICULAR_FIGURES or len(stems & issue) >= PARTICULAR_SHARE * len(stems)

    def _run(self, clause: Span) -> int:
        """The longest row of words that are not function words."""
        longest = run = 0
        for word in self.reading.words_in(clause):
            run = 0 if plain(word) in self.lexicon.function else run + 1
            longest = max(longest, run)
        return longest

    def _scope(self, hit: Hit) -> Span:
        return Span(
            self.reading.sentence_at(hit.span.start).start,
            max(hit.span.end, self.reading.sentence_at(hit.span.start).end),
        )

    def _overlap(self, other: Hit, scope: Span, hit: Hit) -> bool:
        if other.kind in CLAUSE_WIDE:
            scope = self.reading.clauses_over(hit.span)
        return other.span.start in scope or other.span.start <= hit.span.start < other.span.end

    def _contrast_between(self, start: int, end: int) -> bool:
        return self.lexicon.patterns["contrast"].search(self.reading.text, start, end) is not None

    def _introduces(self, hit: Hit, turn: int) -> bool:
        """True when the contrast at ``turn`` comes after the hit in its sentence, or opens the next one."""
        if turn < hit.span.end:
            return False
        here, there = self.reading.sentence_at(hit.span.start), self.reading.sentence_at(turn)
        sentences = self.reading.sentences
        if here == there:
            return True
        opens = not self.reading.text[there.start : turn].strip(" ,;-")
        return opens and sentences.index(there) == sentences.index(here) + 1

    def _only_bad_after(self, hits: Sequence[Hit], turn: int) -> bool:
        sentence = self.reading.sentence_at(turn)
        after = [hit for hit in hits if hit.span.end > turn and hit.strength is not Strength.WEAK]
        if any(hit.kind in UNSETTLING and not hit.unless and hit.span.start <= sentence.end for hit in after):
            return True
        return not any(hit.kind in SETTLING or hit.kind in NEUTRAL for hit in after if hit.span.start >= turn)

    def _specific(self, hit: Hit, issue: frozenset[str]) -> bool:
        """True when the sentence around a formula holds words of the customer's matter outside the formula."""
        sentence = self.reading.sentence_at(hit.span.start)
        own = self.lexicon.stems_in(self.reading, hit.span)
        return bool((self.lexicon.stems_in(self.reading, sentence) - own) & issue)
