"""The trainee's messages as the coach reads them afterwards."""

from __future__ import annotations

import pytest

from simcustomer.cast.builtin.replies import replayed
from simcustomer.domain.conversation import Utterance
from simcustomer.domain.cues import Appraisal, CueKind
from simcustomer.domain.persona import Persona
from tests.people import a_persona, appraisal


@pytest.mark.parametrize("persona", [None, a_persona()], ids=["anybody", "a persona"])
@pytest.mark.parametrize(
    "in_words", [Appraisal(), appraisal("names_the_issue")], ids=["nothing", "something"]
)
def test_a_reply_that_came_early_hurts_whatever_it_says(persona: Persona | None, in_words: Appraisal) -> None:
    """That is seen in the transcript and not in the words: it is the worst of a good reply, and quoted."""
    said = [
        Utterance(role="customer", text="It never came. And another thing:"),
        Utterance(role="trainee", text="I see. Where to?", interrupts=True),
        Utterance(role="customer", text="Let me finish."),
        Utterance(role="trainee", text="I see. Where to?"),
    ]
    early, later = replayed(persona, said, {1: in_words, 3: in_words})
    assert early.worst
    assert (early.worst_kind, early.worst.quote) == (CueKind.INTERRUPTS, "I see.")
    assert later.worst is None
