"""An appraiser that sees what a test marked: ``[kind: words]`` in a message is a cue of that kind with those words.

In a text that is new to it, it sees the marked words again where they stand, and the coach's own sentences for what they
were written for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from simcustomer.cast.builtin.lines import addressed, lines_of
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Appraisal, Cue, CueKind, Strength
from simcustomer.domain.persona import Language, Persona
from simcustomer.domain.text import contains_quote

_MARK = re.compile(r"\[(\w+?)(!|~)?: ([^\]]+)\]")
_STRENGTHS = {"!": Strength.STRONG, "~": Strength.WEAK, None: Strength.CLEAR}


def unmarked(marked: str) -> str:
    """The message without its marks."""
    return _MARK.sub(r"\3", marked)


def dialogue(
    *lines: str, persona: Persona | None = None, language: Language = "en"
) -> tuple[tuple[Utterance, ...], ScriptedAppraiser]:
    """A conversation from lines "C: ..." and "T: ...", and the appraiser that sees its marks."""
    utterances = tuple(
        Utterance(role="customer" if line.startswith("C: ") else "trainee", text=unmarked(line[3:]))
        for line in lines
    )
    return utterances, ScriptedAppraiser([line[3:] for line in lines], coached(persona, language))


def coached(persona: Persona | None, language: Language) -> list[Cue]:
    """What a coach's own sentences are for: those of the needs, and those that serve any case."""
    lines = lines_of(language).coach
    found = [(kind, line) for kind, line in lines.say.items()]
    found += [(CueKind.ACKNOWLEDGES_FEELING, line) for line in lines.instead.values()]
    needs = persona.needs if persona else ()
    cues = [Cue(kind=group[0], quote=need.say) for need in needs for group in need.met_by]
    for kind, line in found:
        cues += [Cue(kind=kind, quote=addressed(line, address)) for address in ("tú", "usted")]
    return cues


class ScriptedAppraiser:
    """Knows the marked messages by their text; sees in any other what it knows by its words."""

    name = "scripted"

    def __init__(self, marked: Sequence[str], known: Sequence[Cue] = ()) -> None:
        self._marked = {unmarked(text): _cues(text) for text in marked}
        self._known = [*known, *(cue for cues in self._marked.values() for cue in cues)]

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        if reply in self._marked:
            return Appraisal(cues=tuple(self._marked[reply]))
        seen = (cue for cue in self._known if contains_quote(reply, cue.quote.rstrip(".")))
        return Appraisal(
            cues=tuple(dict.fromkeys(cue.model_copy(update={"quote": cue.quote.rstrip(".")}) for cue in seen))
        )


def _cues(text: str) -> list[Cue]:
    return [
        Cue(kind=CueKind(kind), strength=_STRENGTHS[strength or None], quote=quote)
        for kind, strength, quote in _MARK.findall(text)
    ]
