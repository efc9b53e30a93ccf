"""Trainees that are not people: a language model at a stated skill level, and somebody's own support bot."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from simcustomer.cast.wording import LANGUAGES
from simcustomer.domain.conversation import Conversation
from simcustomer.errors import ModelOutputInvalid
from simcustomer.llm.model import ChatModel, Message, Prose
from simcustomer.llm.prompts import Prompts, plain

PURPOSE = "trainee"
"""The act under which a trainee's requests stand in the ledger."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reply: str
    done: bool


class LLMTrainee:
    """A ``Trainee`` that asks a model. It sees the case file, as people in that seat do, and what was said.

    ``skill`` names a block of ``trainee.j2``: how well or badly it serves.
    """

    def __init__(self, model: ChatModel, prompts: Prompts, skill: str) -> None:
        self._model = model
        self._prompts = prompts
        self._skill = skill

    @property
    def name(self) -> str:
        return f"{self._model.name} as {self._skill}"

    async def reply(self, conversation: Conversation) -> str | None:
        """See ``Trainee.reply``. Words win over ``done``: a reply that came with it is said.

        Raises ``ConfigError`` for a skill that the prompt does not know, ``ModelOutputInvalid`` for an empty reply.
        """
        messages = self._messages(conversation)
        written = await self._model.complete(messages, schema=_Written, purpose=PURPOSE)
        if reply := plain(written.reply).strip():
            return reply
        if written.done:
            return None
        raise ModelOutputInvalid(
            f"{self._model.name}: wrote an empty reply and was not done",
            model=self._model.name,
            purpose=PURPOSE,
        )

    def _messages(self, conversation: Conversation) -> list[Message]:
        """The part, then all that was said, the trainee as ``assistant``. It only ever grows at its end."""
        persona = conversation.persona
        mark = self._prompts.mark(persona.id, persona.language, self._skill, conversation.opening)
        system = self._prompts.text(
            "trainee",
            "system",
            case=persona.case_file,
            manner=self._prompts.text("trainee", self._skill),
            language_name=LANGUAGES[persona.language],
            mark=mark,
        )
        messages = [Message("system", system)]
        for said in conversation.utterances:
            if said.role == "trainee":
                messages.append(Message("assistant", said.text))
            else:
                heard = self._prompts.text("trainee", "heard", said=said.text, mark=mark)
                messages.append(Message("user", heard))
        return messages


class EndpointTrainee:
    """A ``Trainee`` that is somebody's support bot behind the OpenAI protocol.

    It gets the conversation and nothing else, the customer as ``user`` and itself as ``assistant``, and answers free
    text. It never has "no more to say": the conversation goes on until the customer ends it.
    """

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    async def reply(self, conversation: Conversation) -> str | None:
        """See ``Trainee.reply``. An answer without text is ``ModelOutputInvalid``."""
        messages = [
            Message("user" if said.role == "customer" else "assistant", said.text)
            for said in conversation.utterances
        ]
        return (await self._model.complete(messages, schema=Prose, purpose=PURPOSE)).text
