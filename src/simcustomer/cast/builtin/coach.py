"""The built-in coach: nudges while practising; afterwards better wordings of real replies, and praise with its quote."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from simcustomer.cast.better_wording import WordingCheck
from simcustomer.cast.builtin.lines import Lines, lines_of, notices
from simcustomer.cast.builtin.replies import usual_effects, worst_kind
from simcustomer.cast.builtin.review import Review
from simcustomer.cast.parts import BUILT_IN, Appraiser
from simcustomer.domain.conversation import RESOLVED_BELOW, Conversation, Utterance
from simcustomer.domain.cues import CueKind
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.rubric import Feedback, Praise, Rubric, Scorecard

REMEMBERED = 256
"""Points of conversations for which the coach remembers its hints, so that another hint is another one."""


class BuiltInCoach:
    """Coaches from authored wordings. ``appraiser`` observes each trainee message."""

    name = BUILT_IN

    def __init__(self, appraiser: Appraiser) -> None:
        self.appraiser = appraiser
        self._given: OrderedDict[str, list[str]] = OrderedDict()

    async def hint(self, conversation: Conversation) -> str:
        """A nudge for the next reply; asked again at the same point it gives the next one, and never one twice running."""
        options = list(dict.fromkeys(_hints(conversation, lines_of(conversation.persona.language))))
        here = self._given.setdefault(_key(conversation), [])
        fresh = [hint for hint in options if hint not in here] or options
        chosen = next((hint for hint in fresh if hint != self._last_hint(conversation)), fresh[0])
        here.append(chosen)
        while len(self._given) > REMEMBERED:
            self._given.popitem(last=False)
        return chosen

    def _last_hint(self, conversation: Conversation) -> str:
        """The hint that was given last in this conversation, at this point or before it."""
        for index in range(len(conversation.turns), -1, -1):
            if given := self._given.get(_key(conversation.cut_after(index))):
                return given[-1]
        return ""

    async def feedback(
        self,
        persona: Persona | None,
        language: Language,
        utterances: Sequence[Utterance],
        rubric: Rubric,
        scorecard: Scorecard,
    ) -> tuple[tuple[Feedback, ...], tuple[Praise, ...]]:
        """Up to three better wordings, of the replies that hurt or missed most, and up to three passages that worked.

        Every wording has passed the checks of ``better_wording``; where none does there are none.
        """
        check = await WordingCheck.of(self.appraiser, persona, language, utterances, rubric)
        review = Review(check, rubric.read_in(language), scorecard)
        praise = review.praise()
        return await review.feedback(praised=bool(praise)), praise


# --- hints --------------------------------------------------------------------------------------------------------


def _key(conversation: Conversation) -> str:
    persona = conversation.persona
    said = [utterance.text for utterance in conversation.utterances]
    return "\0".join([persona.id, persona.language, str(conversation.difficulty), *said])


def _hints(conversation: Conversation, lines: Lines) -> Iterator[str]:
    """All hints that fit now, the most urgent first."""
    persona, affect, coach = conversation.persona, conversation.affect, lines.coach
    open_needs = [need for need in persona.needs if need.id not in affect.needs_met]
    open_needs.sort(key=lambda need: not need.required)
    insulted = notices(conversation.utterances[-1].text, lines.judge.occasions["abuse"])
    if insulted and persona.limits.abusive and CueKind.RESPECTFUL_BOUNDARY not in affect.landed:
        yield coach.hint_for_abuse
    wrong = _went_wrong(conversation)
    if wrong and open_needs:
        yield f"{coach.after[wrong]} {open_needs[0].hint}"
    elif wrong:
        yield coach.after[wrong]
    if not any(need.required for need in open_needs):
        yield coach.hint_for_end if affect.tension < RESOLVED_BELOW else coach.hint_for_heat
    for need in open_needs:
        yield need.hint
    yield from coach.hints


def _went_wrong(conversation: Conversation) -> CueKind | None:
    """What hurt most in the last reply."""
    if not conversation.turns:
        return None
    turn = conversation.turns[-1]
    return worst_kind(usual_effects(turn.appraisal, {effect.cue for effect in turn.effects}))
