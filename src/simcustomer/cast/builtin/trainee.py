"""The scripted trainee: says its replies one after the other and does not react to the customer."""

from __future__ import annotations

from collections.abc import Sequence

from simcustomer.cast.parts import BUILT_IN
from simcustomer.domain.conversation import Conversation


class ScriptedTrainee:
    """A ``Trainee`` with a script of replies."""

    name = BUILT_IN

    def __init__(self, replies: Sequence[str]) -> None:
        self._replies = tuple(replies)

    async def reply(self, conversation: Conversation) -> str | None:
        """See ``Trainee.reply``: the next of the script, as many as there were turns before."""
        said = len(conversation.turns)
        return self._replies[said] if said < len(self._replies) else None
