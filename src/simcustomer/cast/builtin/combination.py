"""What passages mean together: contrast, substance, alternatives, keyword lists. Words do not decide, use does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from simcustomer.cast.builtin.keywords import keyword_lists
from simcustomer.cast.builtin.lexicon import Hit, Lexicon
from simcustomer.cast.builtin.reading import Reading, Span
from simcustomer.cast.builtin.relations import (
    ALTERNATIVE,
    APOLOGY_BACKED,
    BEATS,
    CLAUSE_WIDE,
    FELT,
    HEARD,
    KIND_WORDS,
    ORDER,
    PROMISED,
    SUBSTANCE,
    TOLD,
    WORDING,
)
from simcustomer.domain.cues import NEUTRAL, SETTLING, UNSETTLING, CueKind, Strength

CROWD_KINDS = 5
"""Different settling behaviours that no single clause of real talk holds."""
WORKS_FROM = 3
"""Different kinds of plain work on the case that make a single harm of that sort doubtful."""
EMPTY_FROM = 5
"""Words from which a reply that holds nothing is a form letter and not just a short word."""
GREETING_WORDS = 6
"""Words that a greeting takes up before anything has been said."""
TOLD_TOGETHER = 2
"""Sentences that each name or explain the case a little from which the reply does so clearly."""
CUES_OF_A_KIND = 2
"""Most cues of one kind in one reply: a long reply is not a better one."""


@dataclass(frozen=True)
class Combination:
    """The rules about a whole reply, in the order of ``settled``."""

    reading: Reading
    lexicon: Lexicon

    def settled(self, hits: Sequence[Hit], issue: frozenset[str]) -> list[Hit]:
        """The hits that hold when the whole reply is seen, the least certain readings gone."""
        hits = self._without_lists(hits, issue)
        hits = self._unconditional(hits)
        hits = self._ruled_out(hits, spared=KIND_WORDS)
        hits = self._with_alternatives(hits)
        hits = self._turned_round(hits)
        hits = self._ruled_out(hits, spared=frozenset())
        hits = self._with_substance(hits, issue)
        hits = self._added_up(hits)
        hits = self._doubted(hits)
        hits = [*hits, *self._empty(hits, issue)]
        hits = self._more_than_words(hits)
        return self._few(hits)

    # --- the steps -------------------------------------------------------------------------------------------------

    def _without_lists(self, hits: Sequence[Hit], issue: frozenset[str]) -> list[Hit]:
        """Keyword lists settle nothing and read like a form."""
        lists = keyword_lists(self.reading, self.lexicon, issue)
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

    def _unconditional(self, hits: Sequence[Hit]) -> list[Hit]:
        """A promise that hangs on what somebody else must first do or prove, or on luck, is none."""
        return [hit for hit in hits if hit.kind not in PROMISED or not self._hangs(hit)]

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
        wanted = HEARD if any(hit.unless == "hearing" for hit in hits) else SUBSTANCE
        behind = any(
            hit.kind in wanted and not hit.formula and (hit.strength is not Strength.WEAK or hit.kind in TOLD)
            for hit in hits
        )
        heard = any(hit.kind in HEARD and (not hit.formula or self._specific(hit, issue)) for hit in hits)
        owned = any(
            hit.kind in APOLOGY_BACKED and not hit.formula and hit.strength is not Strength.WEAK
            for hit in hits
        )
        kept, hollow = [], []
        for hit in hits:
            if (hit.unless == "substance" and behind) or (hit.unless == "hearing" and heard):
                continue
            if hit.formula and not behind and not self._specific(hit, issue):
                if not self._validated(hit, hits):
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

    def _added_up(self, hits: Sequence[Hit]) -> list[Hit]:
        """Two sentences that each tell a little of the case, and none that does more, tell it together."""
        kept = list(hits)
        for kind in TOLD:
            told = [hit for hit in kept if hit.kind is kind]
            sentences = {self.reading.sentence_at(hit.span.start) for hit in told}
            if len(sentences) >= TOLD_TOGETHER and all(hit.strength is Strength.WEAK for hit in told):
                kept[kept.index(told[0])] = replace(told[0], strength=Strength.CLEAR)
        return kept

    def _more_than_words(self, hits: Sequence[Hit]) -> list[Hit]:
        """Words of the case that neither name it nor explain it do nothing for anybody when nothing else is said."""
        settling = [hit for hit in hits if hit.kind in SETTLING]
        if any(hit.kind not in TOLD or hit.strength is not Strength.WEAK for hit in settling):
            return list(hits)
        return [hit for hit in hits if hit not in settling]

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
        """A reply of some length to an upset customer in which nothing is done, asked or owned leaves them cold."""
        greeted = any(hit.kind is CueKind.SMALL_TALK for hit in hits)
        others = any(hit.kind is not CueKind.SMALL_TALK for hit in hits)
        enough = len(self.reading.words) >= EMPTY_FROM + (GREETING_WORDS if greeted else 0)
        if issue and enough and not others and self.reading.sentences:
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

    def _validated(self, hit: Hit, hits: Sequence[Hit]) -> bool:
        """True when the sentence of a formula says the like in words of its own, too."""
        sentence = self.reading.sentence_at(hit.span.start)
        formulas = [other.span for other in hits if other.formula]
        return any(
            other.kind in FELT
            and not other.formula
            and other.span.start in sentence
            and not any(span.start <= other.span.start and other.span.end <= span.end for span in formulas)
            for other in hits
        )

    # --- small questions --------------------------------------------------------------------------------------------

    def _scope(self, hit: Hit) -> Span:
        return Span(
            self.reading.sentence_at(hit.span.start).start,
            max(hit.span.end, self.reading.sentence_at(hit.span.start).end),
        )

    def _overlap(self, other: Hit, scope: Span, hit: Hit) -> bool:
        if other.kind in CLAUSE_WIDE:
            scope = self.reading.clauses_over(hit.span)
        return other.span.start in scope or other.span.start <= hit.span.start < other.span.end

    def _hangs(self, hit: Hit) -> bool:
        sentence = self._scope(hit)
        return any(self.lexicon.has(name, self.reading, sentence) for name in ("conditional", "unsure"))

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
