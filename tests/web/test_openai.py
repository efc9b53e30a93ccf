"""Our customers as models: the public OpenAI client over real HTTP, and what the wire holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
from fastapi import FastAPI
from openai.types.chat import ChatCompletion

from simcustomer.domain.conversation import Mode
from simcustomer.errors import ModelOutputInvalid, ModelUnavailable, StoreUnavailable
from simcustomer.library import Library, Standing
from simcustomer.web import harness
from simcustomer.web.security import MAX_BODY_BYTES
from tests.fakes import FakeAppraiser, Gate
from tests.people import persona_fields

from .conftest import SECRETS, Scoring, begin, serving

MODEL = "simcustomer/missing-kettle"
OPENING = persona_fields()["openings"][0]
CHAT = "/v1/chat/completions"
Messages = list[dict[str, Any]]


@pytest.fixture
async def ai(app: FastAPI) -> AsyncIterator[openai.AsyncOpenAI]:
    """The public client, over real HTTP."""
    async with (
        serving(app) as address,
        openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="anything") as client,
    ):
        yield client


def said(*texts: str) -> Messages:
    """Messages of a conversation that the customer opens: customer (assistant) and trainee (user) in turns."""
    return [{"role": ("assistant", "user")[i % 2], "content": text} for i, text in enumerate(texts)]


async def ask(
    ai: openai.AsyncOpenAI, messages: Messages, model: str = MODEL, kept_as: str | None = None, **more: Any
) -> Any:
    """One request; ``kept_as`` is the conversation id in the header."""
    headers = {"X-Conversation-Id": kept_as} if kept_as else None
    return await ai.chat.completions.create(model=model, messages=messages, extra_headers=headers, **more)


def line(answer: ChatCompletion) -> str | None:
    """What the customer said."""
    return answer.choices[0].message.content


def beside(answer: ChatCompletion) -> dict[str, Any]:
    """What stands beside the answer."""
    return (answer.model_extra or {})["simcustomer"]


# --- models ----------------------------------------------------------------------------------------------------------


async def test_each_persona_is_a_model(ai: openai.AsyncOpenAI) -> None:
    """The list names it; it can be asked for by itself, harder or gentler, with or without what stands before it."""
    assert [model.id async for model in ai.models.list()] == [MODEL]
    assert (await ai.models.retrieve(f"{MODEL}@5")).id == f"{MODEL}@5"
    assert (await ai.models.retrieve("missing-kettle@3")).id == MODEL
    assert (await ask(ai, [], "missing-kettle@1")).model == f"{MODEL}@1"


async def test_a_model_brings_its_case_file(client: httpx.AsyncClient) -> None:
    """What whoever serves this customer may know, and nothing that is hidden."""
    response = await client.get(f"/v1/models/{MODEL}")
    assert response.json()["simcustomer"]["case_file"]["organisation"] == "Kettles & Co"
    assert [secret for secret in SECRETS if secret in response.text] == []


async def test_drafts_are_no_models(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A persona that trainees do not see is none for harnesses either."""
    monkeypatch.setattr(Library, "standing", lambda *_: Standing(tested=False, why="a draft"))
    assert (await client.get("/v1/models")).json()["data"] == []
    assert (await client.get(f"/v1/models/{MODEL}")).status_code == 404


@pytest.mark.parametrize("name", ["nobody", f"{MODEL}@6", f"{MODEL}@", f"{MODEL}-es", "@3", "", "a" * 5000])
async def test_an_unknown_model_names_those_there_are(client: httpx.AsyncClient, name: str) -> None:
    """404 with the code that clients know, and the list in the message."""
    response = await client.post(CHAT, json={"model": name, "messages": []})
    error = response.json()["error"]
    assert response.status_code == 404
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        "model",
        "model_not_found",
    )
    assert MODEL in error["message"]


# --- stateless -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "system", "content": "You are a customer of a bank."}],
        [{"role": "user", "content": "Hello, how can I help?"}],
        said(OPENING),
    ],
    ids=["nothing", "a system prompt", "a greeting", "the opening itself"],
)
async def test_the_customer_opens(
    ai: openai.AsyncOpenAI, appraiser: FakeAppraiser, messages: Messages
) -> None:
    """Until the customer has said what is wrong there is nothing to appraise: the answer is the opening."""
    answer = await ask(ai, messages)
    assert line(answer) == OPENING
    assert (beside(answer)["turn"], beside(answer)["outcome"]) == (0, None)
    assert appraiser.heard == []


async def test_the_messages_are_the_conversation(ai: openai.AsyncOpenAI) -> None:
    """The answer follows from what was said; tension and band stand beside it."""
    answer = await ask(ai, said(OPENING, "Three weeks."))
    assert line(answer) == "Answer 1."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is None
    assert beside(answer)["turn"] == 1
    assert 0 < beside(answer)["tension"] < 100
    assert beside(answer)["band"] == "angry"
    assert beside(answer)["conversation"] is None


async def test_a_turn_costs_one_appraisal(ai: openai.AsyncOpenAI, appraiser: FakeAppraiser) -> None:
    """What was answered before is remembered as it stood."""
    await ask(ai, said(OPENING, "One."))
    await ask(ai, said(OPENING, "One.", "Answer 1.", "Two."))
    third = await ask(ai, said(OPENING, "One.", "Answer 1.", "Two.", "Answer 2.", "Three."))
    assert line(third) == "Answer 3."
    assert appraiser.heard == ["One.", "Two.", "Three."]


async def test_replayed_is_the_same_as_lived(ai: openai.AsyncOpenAI, app: FastAPI) -> None:
    """With nothing remembered, the state is rebuilt from the replies alone and is the same."""
    told = said(OPENING, "One.", "Answer 1.", "Two.", "Answer 2.", "Three.")
    for count in (2, 4):
        await ask(ai, told[:count])
    lived = beside(await ask(ai, told))
    app.state.openai_customers.replays._known.clear()
    assert beside(await ask(ai, told)) == lived


async def test_what_the_harness_edited_counts_as_said(
    ai: openai.AsyncOpenAI, appraiser: FakeAppraiser
) -> None:
    """Another opening and another answer than ours are taken as said; only the replies move the customer."""
    ours = beside(await ask(ai, said(OPENING, "One.", "Answer 1.", "Two.")))
    edited = beside(await ask(ai, said("My own opening.", "One.", "My own answer.", "Two.")))
    assert edited == ours
    assert appraiser.heard == ["One.", "Two.", "One.", "Two."]


async def test_conversations_do_not_mix(ai: openai.AsyncOpenAI) -> None:
    """The same words at another difficulty are another conversation."""
    told = said(OPENING, "One.", "Answer 1.", "Two.")
    gentle, hard = [beside(await ask(ai, told, f"{MODEL}@{difficulty}")) for difficulty in (1, 5)]
    assert gentle["tension"] < hard["tension"]


async def test_only_the_latest_are_remembered(
    ai: openai.AsyncOpenAI, app: FastAPI, appraiser: FakeAppraiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was forgotten is appraised again, and memory does not grow."""
    monkeypatch.setattr(harness, "REMEMBERED", 2)
    for text in ("A.", "B.", "C."):
        await ask(ai, said(OPENING, text))
    assert len(app.state.openai_customers.replays._known) == 2
    await ask(ai, said(OPENING, "A.", "Answer 1.", "More."))
    assert appraiser.heard == ["A.", "B.", "C.", "A.", "More."]


async def test_messages_in_a_row_are_one_reply(ai: openai.AsyncOpenAI, appraiser: FakeAppraiser) -> None:
    """Parts of text are joined, and so are two messages of the trainee with nothing between them."""
    parts = [{"type": "text", "text": "Three "}, {"type": "text", "text": "weeks."}]
    both = [{"role": "user", "content": parts}, {"role": "user", "content": "Too long."}]
    assert beside(await ask(ai, [*said(OPENING), *both]))["turn"] == 1
    assert appraiser.heard == ["Three weeks.\nToo long."]


async def test_what_shapes_a_language_model_is_ignored(ai: openai.AsyncOpenAI) -> None:
    """Temperature, limits, seeds and tools mean nothing to our customers."""
    tool = {"type": "function", "function": {"name": "look", "parameters": {}}}
    more = {"temperature": 2.0, "max_tokens": 1, "seed": 7, "tools": [tool], "logprobs": True, "n": 1}
    assert line(await ask(ai, said(OPENING, "Three weeks."), **more)) == "Answer 1."


async def test_nothing_is_kept(ai: openai.AsyncOpenAI, app: FastAPI) -> None:
    """A replayed conversation is in no list."""
    await ask(ai, said(OPENING, "Three weeks."))
    assert (await app.state.desk.practice.store.list_conversations()).total == 0


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept_as", [None, "talk-1"])
async def test_the_end_is_told_and_is_the_end(ai: openai.AsyncOpenAI, kept_as: str | None) -> None:
    """The answer that ends it says how, in a header and beside it; a message after it is a conflict, asked once."""
    headers = {"X-Conversation-Id": kept_as} if kept_as else None
    raw = await ai.chat.completions.with_raw_response.create(
        model=MODEL, messages=said(OPENING, "Goodbye."), extra_headers=headers
    )
    answer = raw.parse()
    assert raw.headers["X-Simcustomer-Outcome"] == beside(answer)["outcome"] == "abandoned"
    assert answer.choices[0].finish_reason == "stop"
    with pytest.raises(openai.ConflictError) as caught:
        await ask(ai, said(OPENING, "Goodbye.", line(answer) or "", "Wait!"), kept_as=kept_as)
    assert (caught.value.code, caught.value.param) == ("conversation_over", "messages")
    assert caught.value.response.headers["x-should-retry"] == "false"


# --- stateful --------------------------------------------------------------------------------------------------------


async def test_a_kept_conversation_is_like_any_other(
    ai: openai.AsyncOpenAI, app: FastAPI, scoring: Scoring
) -> None:
    """It is in the store as practice, and judged when it has ended."""
    await ask(ai, [], kept_as="talk-1")
    answer = await ask(ai, said(OPENING, "Three weeks."), kept_as="talk-1")
    last = await ask(ai, said(OPENING, "Three weeks.", "Answer 1.", "Goodbye."), kept_as="talk-1")
    record = await app.state.desk.practice.store.load(beside(answer)["conversation"])
    assert record.mode is Mode.PRACTICE
    assert [turn.trainee for turn in record.conversation.turns] == ["Three weeks.", "Goodbye."]
    assert beside(last)["conversation"] == record.id
    assert scoring.asked == [(record.id, 1)]


async def test_the_last_message_alone_is_enough(ai: openai.AsyncOpenAI) -> None:
    """A client that keeps no history sends what the trainee wrote, and nothing else."""
    turns = []
    for messages in ([], said("", "One.")[1:], said("", "Two.")[1:], said("", "Two.")[1:]):
        turns.append(beside(await ask(ai, messages, kept_as="talk-1"))["turn"])
    assert turns == [0, 1, 2, 2]


async def test_a_greeting_is_no_turn(ai: openai.AsyncOpenAI, appraiser: FakeAppraiser) -> None:
    """What the trainee writes before the customer said anything is answered by the opening, as often as it is sent."""
    hello = [{"role": "user", "content": "Hello!"}]
    assert [line(await ask(ai, hello, kept_as="talk-1")) for _ in range(2)] == [OPENING, OPENING]
    answer = await ask(ai, [*hello, *said(OPENING, "Three weeks.")], kept_as="talk-1")
    assert beside(answer)["turn"] == 1
    assert appraiser.heard == ["Three weeks."]


async def test_the_same_request_has_the_same_answer(ai: openai.AsyncOpenAI, appraiser: FakeAppraiser) -> None:
    """Sent again, also later and at the same time, it is no second turn; the answer can be fetched by its id too."""
    first = await ask(ai, said(OPENING, "One."), kept_as="talk-1")
    await ask(ai, said(OPENING, "One.", "Answer 1.", "Two."), kept_as="talk-1")
    assert await ask(ai, said(OPENING, "One."), kept_as="talk-1") == first
    assert await ai.chat.completions.retrieve(first.id) == first
    assert appraiser.heard == ["One.", "Two."]


async def test_sent_again_while_it_is_being_answered(
    ai: openai.AsyncOpenAI, appraiser: FakeAppraiser
) -> None:
    """A client that lost patience joins the answer that is under way; another reply meanwhile is a conflict."""
    await ask(ai, [], kept_as="talk-1")
    appraiser.gate = Gate()
    first = asyncio.create_task(ask(ai, said(OPENING, "One."), kept_as="talk-1"))
    await appraiser.gate.reached.wait()
    again = asyncio.create_task(ask(ai, said(OPENING, "One."), kept_as="talk-1"))
    with pytest.raises(openai.ConflictError) as caught:
        await ask(ai.with_options(max_retries=0), said(OPENING, "Other."), kept_as="talk-1")
    assert caught.value.code == "turn_conflict"
    appraiser.gate.open.set()
    assert await first == await again
    assert appraiser.heard == ["One."]


@pytest.mark.parametrize(
    "messages",
    [said(OPENING, "Another."), said(OPENING, "One.", "Answer 1.", "Two.", "Answer 2.", "Three.")],
    ids=["another reply in its place", "a reply that was never sent before it"],
)
async def test_what_does_not_fit_is_a_conflict(ai: openai.AsyncOpenAI, messages: Messages) -> None:
    """Messages that contradict the kept conversation are refused, and the client does not insist."""
    await ask(ai, said(OPENING, "One."), kept_as="talk-1")
    with pytest.raises(openai.ConflictError) as caught:
        await ask(ai, messages, kept_as="talk-1")
    assert caught.value.code == "mismatch"
    assert caught.value.response.headers["x-should-retry"] == "false"


async def test_a_forgotten_conversation_is_not_begun_anew(ai: openai.AsyncOpenAI) -> None:
    """An id that this process does not know, with a past in its messages: an error, and no other conversation."""
    with pytest.raises(openai.NotFoundError) as caught:
        await ask(ai, said(OPENING, "One.", "Answer 1.", "Two."), kept_as="talk-1")
    assert "begin again" in str(caught.value)


async def test_ids_belong_to_their_model(ai: openai.AsyncOpenAI) -> None:
    """The same id with two models names two conversations."""
    answers = [await ask(ai, [], f"{MODEL}@{difficulty}", kept_as="talk-1") for difficulty in (1, 5)]
    assert len({beside(answer)["conversation"] for answer in answers}) == 2


@pytest.mark.parametrize("length", [0, 129])
async def test_an_id_that_cannot_be_taken(client: httpx.AsyncClient, length: int) -> None:
    """An id has 1 to 128 characters."""
    response = await client.post(
        CHAT, json={"model": MODEL, "messages": []}, headers={"X-Conversation-Id": "x" * length}
    )
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (400, "X-Conversation-Id")


async def test_an_open_assessment_cannot_be_looked_into(client: httpx.AsyncClient) -> None:
    """Its answers, and with them its feelings, are not to be had here."""
    talk = await begin(client, mode="assessment")
    assert (await client.get(f"{CHAT}/chatcmpl-{talk.id}.0")).status_code == 404


@pytest.mark.parametrize("name", ["chatcmpl-none.1", "chatcmpl-1", "x", "chatcmpl-none.99999"])
async def test_an_answer_that_is_not_kept(client: httpx.AsyncClient, name: str) -> None:
    """404, in the protocol's shape."""
    response = await client.get(f"{CHAT}/{name}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


# --- streaming -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("usage", [True, False])
async def test_a_stream_is_one_line_and_its_end(ai: openai.AsyncOpenAI, usage: bool) -> None:
    """The whole line in one chunk, then the end; numbers of tokens, all 0, only for a client that asks for them."""
    stream = await ask(
        ai, said(OPENING, "Three weeks."), stream=True, stream_options={"include_usage": usage}
    )
    chunks = [chunk async for chunk in stream]
    assert [chunk.choices[0].delta.content for chunk in chunks[:2]] == ["Answer 1.", None]
    assert chunks[1].choices[0].finish_reason == "stop"
    assert (chunks[1].model_extra or {})["simcustomer"]["turn"] == 1
    assert [chunk.usage.total_tokens for chunk in chunks[2:] if chunk.usage] == ([0] if usage else [])


async def test_the_events_of_a_stream(client: httpx.AsyncClient) -> None:
    """Each event is one line of JSON, and the last is [DONE]."""
    response = await client.post(
        CHAT, json={"model": MODEL, "messages": said(OPENING, "Goodbye."), "stream": True}
    )
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-simcustomer-outcome"] == "abandoned"
    *events, done = response.text.removesuffix("\n\n").split("\n\n")
    assert done == "data: [DONE]"
    assert {json.loads(event.removeprefix("data: "))["object"] for event in events} == {
        "chat.completion.chunk"
    }


async def test_an_error_comes_before_the_stream(ai: openai.AsyncOpenAI) -> None:
    """A request that fails has a status and no half stream."""
    with pytest.raises(openai.BadRequestError):
        await ask(ai, said(OPENING, " "), stream=True)


# --- errors ----------------------------------------------------------------------------------------------------------

BAD_BODIES: dict[str, dict[str, Any]] = {
    "no messages": {"model": MODEL},
    "an image": {
        "model": MODEL,
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}],
    },
    "a tool's result": {"model": MODEL, "messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]},
    "a tool call": {"model": MODEL, "messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]},
    "a forced tool": {"model": MODEL, "messages": [], "tool_choice": "required"},
    "several answers": {"model": MODEL, "messages": [], "n": 2},
    "an answer as JSON": {"model": MODEL, "messages": [], "response_format": {"type": "json_object"}},
    "an empty reply": {"model": MODEL, "messages": said(OPENING, " \n")},
    "a reply that is too long": {"model": MODEL, "messages": said(OPENING, "x" * 4001)},
    "the customer's own words last": {"model": MODEL, "messages": said(OPENING, "One.", "Answer 1.")},
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_body_that_cannot_be_used(ai: openai.AsyncOpenAI, body: dict[str, Any]) -> None:
    """400 in the protocol's shape, with the field; the client raises its own class."""
    with pytest.raises(openai.BadRequestError) as caught:
        await ai.post("/chat/completions", body=body, cast_to=ChatCompletion)
    error = caught.value
    assert error.type == "invalid_request_error"
    assert error.param
    assert error.code
    assert isinstance(error.body, dict)
    assert set(error.body) == {"message", "type", "param", "code"}


async def test_a_body_that_is_no_json(client: httpx.AsyncClient) -> None:
    """400, and where it broke."""
    response = await client.post(CHAT, content=b'{"model":', headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_half_a_character_is_left_out(client: httpx.AsyncClient, appraiser: FakeAppraiser) -> None:
    """A lone surrogate, which JSON can hold and nothing else can, costs no error."""
    body = json.dumps({"model": MODEL, "messages": said("Hi \ud800", "Three \ud83d weeks.")})
    response = await client.post(CHAT, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    assert appraiser.heard == ["Three  weeks."]


async def test_a_model_that_does_not_answer(ai: openai.AsyncOpenAI, appraiser: FakeAppraiser) -> None:
    """503 with the provider's wish; nothing of the turn stays, and the same request works later."""
    appraiser.errors = [ModelUnavailable("too many requests", retry_after_s=7.2)]
    once = ai.with_options(max_retries=0)
    with pytest.raises(openai.InternalServerError) as caught:
        await ask(once, said(OPENING, "One."), kept_as="talk-1")
    assert (caught.value.status_code, caught.value.code) == (503, "model_unavailable")
    assert caught.value.response.headers["retry-after"] == "8"
    assert beside(await ask(once, said(OPENING, "One."), kept_as="talk-1"))["turn"] == 1


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StoreUnavailable("locked"), 503, "store_unavailable"),
        (ModelOutputInvalid("no JSON"), 502, "model_output_invalid"),
        (ZeroDivisionError("ours"), 500, "internal"),
    ],
)
async def test_trouble_on_our_side(
    client: httpx.AsyncClient, appraiser: FakeAppraiser, error: Exception, status: int, code: str
) -> None:
    """Each has its status and the protocol's shape; what went wrong inside is not told."""
    appraiser.errors = [error]
    response = await client.post(CHAT, json={"model": MODEL, "messages": said(OPENING, "One.")})
    told = response.json()["error"]
    assert (response.status_code, told["type"], told["code"]) == (status, "server_error", code)
    assert "ours" not in told["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("GET", CHAT, 405), ("POST", "/v1/models", 405)],
)
async def test_no_such_route(client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    """Errors of the routing have the protocol's shape too, and the security headers."""
    response = await client.request(method, path)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_body_that_is_too_large(client: httpx.AsyncClient) -> None:
    """413, also when the length was not announced; then in the protocol's shape."""

    async def much() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (MAX_BODY_BYTES // 2)

    announced = await client.post(CHAT, content=b" " * (MAX_BODY_BYTES + 1))
    response = await client.post(CHAT, content=much(), headers={"Content-Type": "application/json"})
    assert (announced.status_code, response.status_code) == (413, 413)
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


# --- what does not leave, and who may ask ----------------------------------------------------------------------------


async def test_hidden_state_never_leaves(client: httpx.AsyncClient) -> None:
    """No needs, facts, cues or effects: in no answer, of no kind."""
    texts = [(await client.get("/v1/models")).text]
    for stream in (False, True):
        for headers in ({}, {"X-Conversation-Id": f"talk-{stream}"}):
            body = {"model": MODEL, "messages": said(OPENING, "Three weeks."), "stream": stream}
            texts.append((await client.post(CHAT, json=body, headers=headers)).text)
    hidden = [*SECRETS, "needs", "heard", "cues", "names_the_issue", "effects", "trust", "patience"]
    assert [word for text in texts for word in hidden if word in text] == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_another_site_cannot_ask(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """A page of another site cannot have a browser talk to our customers."""
    response = await client.post(CHAT, json={"model": MODEL, "messages": []}, headers=headers)
    assert response.status_code == 403
