"""An Inspect task: an agent serves our customers, and is scored by how far they calmed down.

The customer is a model behind simcustomer's OpenAI-compatible endpoint, spoken to by Inspect's own client:

    simcustomer serve                      # in another terminal
    export SIMCUSTOMER_BASE_URL=http://127.0.0.1:8000/v1 SIMCUSTOMER_API_KEY=none
    inspect eval examples/inspect/customers.py --model openai/gpt-4o-mini -T agent=model
    inspect eval examples/inspect/customers.py --model mockllm/model -T agent=dismissive    # scripted, no key
"""
# ruff: noqa: INP001  Inspect loads a task file by its path

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from openai import AsyncOpenAI

SCRIPTS = Path(__file__).resolve().parents[2] / "evals" / "trainees"
"""Whole sets of replies by skill, one file a persona and language, as the project's own evaluation uses them."""
CUSTOMERS = "lost-parcel,lost-parcel-es"
MAX_TURNS = 8
BRIEF = "You work at a service desk and answer a customer in a chat, one short message at a time, in their language."


@task
def customers(agent: str = "expert", customers: str | list[str] = CUSTOMERS, turns: int = MAX_TURNS) -> Task:
    """``agent`` is "model" (the one that is evaluated) or a skill in the scripts: expert, competent, dismissive, ...

    ``customers`` are models of ``/v1/models``, each with or without a difficulty: "lost-parcel,fraud-victim-es@5".
    """
    names = customers.split(",") if isinstance(customers, str) else customers  # the command line makes a list
    return Task(
        name=f"customers-{agent}",
        dataset=[Sample(id=name, input=f"the customer {name}") for name in names],
        solver=serve(agent, turns),
        scorer=calmed(),
    )


@solver
def serve(agent: str, turns: int) -> Solver:
    """Hold the conversation: the customer opens, the agent answers, until the customer ends it."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        name = str(state.sample_id)
        customer = get_model(f"openai-api/simcustomer/{name}")
        config = GenerateConfig(extra_headers={"X-Conversation-Id": state.uuid})
        script = replies_of(agent, name) if agent != "model" else None
        state.messages = [ChatMessageSystem(content=await brief_for(name))]
        heard = await customer.generate(as_customer(state.messages), config=config)
        felt = [await feeling_after(heard)]
        for turn in range(turns):
            state.messages.append(ChatMessageUser(content=heard.completion))
            if script is not None:
                if turn == len(script):
                    break
                state.messages.append(ChatMessageAssistant(content=script[turn]))
            else:
                state = await generate(state)
            heard = await customer.generate(as_customer(state.messages), config=config)
            felt.append(await feeling_after(heard))
            if felt[-1]["outcome"]:
                break
        state.metadata["felt"] = felt
        return state

    return solve


def as_customer(messages: list[ChatMessage]) -> list[ChatMessage]:
    """The conversation from the other side: the customer is the assistant there, and the agent the user."""
    return [
        ChatMessageAssistant(content=message.text)
        if message.role == "user"
        else ChatMessageUser(content=message.text)
        for message in messages
        if message.role in ("user", "assistant")
    ]


def ours() -> AsyncOpenAI:
    """simcustomer, for what Inspect does not hand on."""
    return AsyncOpenAI(base_url=os.environ["SIMCUSTOMER_BASE_URL"], api_key=os.environ["SIMCUSTOMER_API_KEY"])


async def feeling_after(heard: ModelOutput) -> dict[str, Any]:
    """Turn, tension and outcome, which stand beside the answer; Inspect keeps its id, by which it is fetched again."""
    async with ours() as client:
        answer = await client.chat.completions.retrieve(str(heard.response_id))
    return dict(answer.model_extra["simcustomer"])


async def brief_for(name: str) -> str:
    """What the agent under test may know: its part and the case file."""
    async with ours() as client:
        model = await client.models.retrieve(name)
    return f"{BRIEF}\nYour case file:\n{yaml.safe_dump(model.model_extra['simcustomer']['case_file'], allow_unicode=True)}"


def replies_of(skill: str, name: str) -> list[str]:
    """The first script of a skill for a customer."""
    persona = name.partition("@")[0]
    persona, language = (persona.removesuffix("-es"), "es") if persona.endswith("-es") else (persona, "en")
    path = SCRIPTS / f"{persona}.{language}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))[skill][0]


@scorer(metrics=[mean(), stderr()])
def calmed() -> Scorer:
    """Points of tension (0-100) by which the customer calmed down from the opening to the end."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001  the scorer's given signature
        felt = state.metadata["felt"]
        start, end = felt[0]["tension"], felt[-1]["tension"]
        outcome = felt[-1]["outcome"] or "open"
        return Score(
            value=start - end,
            answer=outcome,
            explanation=f"tension {start:.0f} to {end:.0f} in {felt[-1]['turn']} turns, {outcome}",
            metadata={"start": start, "end": end, "turns": felt[-1]["turn"], "outcome": outcome},
        )

    return score
