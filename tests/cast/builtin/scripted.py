"""An appraiser that sees what a test marked: ``[kind: words]`` in a message is a cue of that kind with those words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Appraisal, Cue, CueKind, Strength
from simcustomer.domain.persona import Language, Persona

_MARK = re.compile(r"\[(\w+?)(!|~)?: ([^\]]+)\]")
_STRENGTHS = {"!": Strength.STRONG, "~": Strength.WEAK, None: Strength.CLEAR}


def unmarked(marked: str) -> str:
    """The message without its marks."""
    return _MARK.sub(r"\3", marked)


def dialogue(*lines: str) -> tuple[tuple[Utterance, ...], ScriptedAppraiser]:
    """A conversation from lines "C: ..." and "T: ...", and the appraiser that sees its marks."""
    utterances = tuple(
        Utterance(role="customer" if line.startswith("C: ") else "trainee", text=unmarked(line[3:]))
        for line in lines
    )
    return utterances, ScriptedAppraiser([line[3:] for line in lines])


class ScriptedAppraiser:
    """Knows the marked messages by their text; sees nothing in any other."""

    name = "scripted"

    def __init__(self, marked: Sequence[str]) -> None:
        self._marked = {unmarked(text): text for text in marked}

    async def appraise(
        self, persona: Persona | None, language: Language, history: Sequence[Utterance], reply: str
    ) -> Appraisal:
        marks = _MARK.findall(self._marked.get(reply, ""))
        cues = (
            Cue(kind=CueKind(kind), strength=_STRENGTHS[strength or None], quote=quote)
            for kind, strength, quote in marks
        )
        return Appraisal(cues=tuple(cues))
