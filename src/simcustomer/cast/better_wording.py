"""Is a better wording really better? Every one is checked here before a trainee sees it, whoever wrote it.

Five checks: it is not longer than what it replaces; it keeps the trainee's facts and brings none in; it promises nothing
beyond the case file; put in its place it calms where the words it replaces did not, and unsettles nowhere; and the
assessment would count it no lower.

The effect is the arithmetic of ``affect`` over what an ``Appraiser`` observes, with the same history and persona as in
the conversation. The assessment is the rubric's own table of cues (``Item.seen_as``), read over the same observation: a
judge answers for a whole conversation, so asking one again would cost a judgement for each wording, and most of what it
says would be about other messages. Items that no cue decides, or that hang on an occasion, do not take part.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from simcustomer.cast.builtin.replies import Reply, replayed, usual_effects
from simcustomer.cast.known import Known
from simcustomer.cast.parts import Appraiser
from simcustomer.cast.stated import all_ways, figures, sentences, words_of
from simcustomer.domain.affect import DEFAULT_DIFFICULTY, next_affect
from simcustomer.domain.conversation import DEAD_BAND, Utterance
from simcustomer.domain.cues import (
    OBSERVED_BY_CODE,
    SETTLING,
    UNSETTLING,
    Appraisal,
    CueKind,
    Frozen,
    Strength,
)
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import Item, Rubric
from simcustomer.domain.text import contains_quote, fold, overlaps

Check = Literal["length", "facts", "promises", "effect", "items"]
CHECKS: tuple[Check, ...] = ("length", "facts", "promises", "effect", "items")

FEW_WORDS = 20
"""Words to which a wording may grow whatever it replaces: "Calm down." cannot be mended in two. One plain sentence that
names the matter or a step has about that many (median of the sentences authored in the first ten personas: 19 words)."""
MARGIN = 2 * DEAD_BAND
"""Points of tension by which a wording that does not calm must at least beat what it replaces: a change that is felt."""
SAME = 1e-6
"""Two changes in tension closer than this are one (rounding of floats)."""
END_MESSAGES = 2
"""How many of the trainee's last messages are the close of a conversation, as in ``SeenAs.at_end``."""
_STRENGTHS = list(Strength)
_QUOTE_MARKS = "\"'‘’“”«»"


class Fault(Frozen):
    """Why a better wording is not shown: which check it fails, and how, as the end of a sentence that begins "it"."""

    check: Check
    says: str


@dataclass(frozen=True)
class WordingCheck:
    """Checks the better wordings of one finished conversation. ``replies`` are its trainee messages, by their number."""

    appraiser: Appraiser
    persona: Persona | None
    language: Language
    utterances: tuple[Utterance, ...]
    rubric: Rubric
    replies: Mapping[int, Reply]

    @classmethod
    async def of(
        cls,
        appraiser: Appraiser,
        persona: Persona | None,
        language: Language,
        utterances: Sequence[Utterance],
        rubric: Rubric,
    ) -> WordingCheck:
        """Observe every trainee message, all at once, each after what stood before it. Raises ``ModelError``."""
        mine = [i for i, said in enumerate(utterances) if said.role == "trainee"]
        calls = (appraiser.appraise(persona, language, utterances[:i], utterances[i].text) for i in mine)
        # One that fails does not stop the others half-way: what they cost is known when it is raised.
        results = await asyncio.gather(*calls, return_exceptions=True)
        found: dict[int, Appraisal] = {}
        for i, result in zip(mine, results, strict=True):
            if isinstance(result, BaseException):
                raise result
            found[i] = result.only_quoted_from(utterances[i].text)
        replies = {reply.message: reply for reply in replayed(persona, utterances, found)}
        return cls(appraiser, persona, language, tuple(utterances), rubric, replies)

    async def faults(self, message: int, said: str, better: str) -> tuple[Fault, ...]:
        """All that speaks against showing ``better`` in place of ``said``, which stands in ``message``.

        Raises ``ModelError``.
        """
        return self.faults_in_words(message, said, better) + await self.faults_in_place(message, said, better)

    def faults_in_words(self, message: int, said: str, better: str) -> tuple[Fault, ...]:
        """What can be seen without an appraiser: length, facts, and promises that the case file rules out."""
        found = [*self._too_long(said, better)]
        found += [*self._loses_facts(message, said, better), *self._invents(better)]
        return (*found, *self._promises(better))

    async def faults_in_place(self, message: int, said: str, better: str) -> tuple[Fault, ...]:
        """What it does in its place: to the customer, and to what the assessment counts. Raises ``ModelError``."""
        text = in_place(self.utterances[message].text, said, better)
        history = self.utterances[:message]
        seen = await self.appraiser.appraise(self.persona, self.language, history, text)
        mended = seen.only_quoted_from(text)
        rest = in_place(self.utterances[message].text, said, "\n")
        return (
            *_unsettles(mended, rest),
            *self._does_not_calm(message, mended),
            *self._loses_points(message, mended),
        )

    # --- in words ------------------------------------------------------------------------------------------------

    def _too_long(self, said: str, better: str) -> list[Fault]:
        words, most = len(better.split()), longest(said)
        if words <= most:
            return []
        return [
            Fault(
                check="length",
                says=f"has {words} words and is too long; at most {most} words are allowed here",
            )
        ]

    def _loses_facts(self, message: int, said: str, better: str) -> list[Fault]:
        """Facts of the harmless sentences that stand in the mended message no more."""
        text = in_place(self.utterances[message].text, said, better)
        harmless = self._harmless(message, said)
        left = all_ways(figures(text, self.language, loosely=True))
        lost = [figure.text for figure in self.known.figures_to_keep(harmless) if not figure.ways & left]
        lost += sorted(self.known.names_to_keep(harmless) - words_of(text))
        says = f"leaves out what the trainee gave: {', '.join(dict.fromkeys(lost))}"
        return [Fault(check="facts", says=says)] if lost else []

    def _harmless(self, message: int, said: str) -> str:
        seen = _of_words(self.replies[message].appraisal)
        if CueKind.TALKS_TO_THE_SIMULATOR in seen.kinds():
            return ""
        hurtful = [cue.quote for cue in seen.cues if cue.kind in UNSETTLING]
        kept = (part for part in sentences(said) if not any(overlaps(part, quote) for quote in hurtful))
        return "\n".join(kept)

    def _invents(self, better: str) -> list[Fault]:
        new = self.known.invented(better)
        says = f"holds what nobody gave: {', '.join(new)}"
        return [Fault(check="facts", says=says)] if new else []

    def _promises(self, better: str) -> list[Fault]:
        """Sums and shares beyond what the desk may give, and what the desk may not do."""
        beyond = [
            f"promises {text}, more than the case file allows" for text in self.known.beyond_limits(better)
        ]
        forbidden = [f"does what the desk may not do ({line})" for line in self.known.forbidden(better)]
        return [Fault(check="promises", says=says) for says in (*beyond, *forbidden)]

    @cached_property
    def known(self) -> Known:
        """What a better wording may draw on."""
        return Known(self.persona, self.language, self.utterances)

    # --- in place ------------------------------------------------------------------------------------------------

    def _does_not_calm(self, message: int, mended: Appraisal) -> list[Fault]:
        """It must calm, or, where words alone cannot lower tension any further, help and spare the customer the harm.

        Where the reply calmed already, the mended one must calm as much.
        """
        reply = self.replies[message]
        before, after = self._change(reply, _of_words(reply.appraisal)), self._change(reply, mended)
        if before < -DEAD_BAND:
            enough = after <= before + SAME
        else:
            helps = bool(mended.kinds() & SETTLING) and after <= SAME
            enough = after < -DEAD_BAND or (helps and before - after >= MARGIN)
        if enough:
            return []
        return [Fault(check="effect", says="would not calm this customer more than what it replaces")]

    def _change(self, reply: Reply, appraisal: Appraisal) -> float:
        """Change in tension by a message in the place of ``reply``; without a persona, what its cues do by themselves."""
        if self.persona is None or reply.before is None:
            return sum(effect.delta for effect in usual_effects(appraisal))
        felt = next_affect(reply.before, appraisal, self.persona, DEFAULT_DIFFICULTY)
        return felt.affect.tension - reply.before.tension

    def _loses_points(self, message: int, mended: Appraisal) -> list[Fault]:
        place = sorted(self.replies).index(message)
        items = [item for item in self.rubric.items().values() if self._counts(item, place)]
        before = {item.id for item in items if _is_met(item, _of_words(self.replies[message].appraisal))}
        after = {item.id for item in items if _is_met(item, mended)}
        points = {item.id: item.points for item in items}
        if sum(points[i] for i in after) >= sum(points[i] for i in before):
            return []
        worse = sorted((before - after) | {i for i in after - before if points[i] < 0})
        says = f"loses what the reply had done well: {', '.join(worse).replace('_', ' ')}"
        return [Fault(check="items", says=says)]

    def _counts(self, item: Item, place: int) -> bool:
        """Can a message at this place among the trainee's decide the item? ``place`` counts from 0."""
        if item.seen_as is None or item.occasion:
            return False
        early = item.seen_as.within is None or place < item.seen_as.within
        return early and (not item.seen_as.at_end or place >= len(self.replies) - END_MESSAGES)


def longest(said: str) -> int:
    """How many words may stand in place of ``said``."""
    return max(FEW_WORDS, len(said.split()))


def in_place(text: str, said: str, better: str) -> str:
    """``text`` with ``better`` where ``said`` stands, whatever its case, white space and quotation marks.

    ``better`` alone when ``said`` cannot be found.
    """
    if said in text:
        return text.replace(said, better, 1)
    marks = f"[{re.escape(_QUOTE_MARKS)}]"
    words = (re.sub(marks, lambda _: marks, re.escape(word)) for word in said.split())
    found = re.search(r"\s+".join(words), text, re.IGNORECASE)
    return text[: found.start()] + better + text[found.end() :] if found else better


def _of_words(appraisal: Appraisal) -> Appraisal:
    """Without what no wording can mend: when the message was sent."""
    return Appraisal(
        cues=tuple(cue for cue in appraisal.cues if cue.kind not in OBSERVED_BY_CODE),
        touched=appraisal.touched,
    )


def _unsettles(mended: Appraisal, rest: str) -> list[Fault]:
    """What would hurt in the new words; what stood in the message already is not theirs."""
    hurts = [cue for cue in mended.cues if cue.kind in UNSETTLING and not contains_quote(rest, cue.quote)]
    return [
        Fault(
            check="promises" if cue.kind is CueKind.OVERPROMISE else "effect",
            says=f"would itself upset the customer ({cue.kind.replace('_', ' ')}: “{fold(cue.quote)}”)",
        )
        for cue in hurts
    ]


def _is_met(item: Item, appraisal: Appraisal) -> bool:
    """Would this message alone meet the item, by its cues?"""
    wanted = item.seen_as
    assert wanted
    least = 0 if wanted.absent else _STRENGTHS.index(wanted.at_least)
    seen = any(cue.kind in wanted.cues and _STRENGTHS.index(cue.strength) >= least for cue in appraisal.cues)
    return seen is not wanted.absent
