"""The JSON API: shapes, what stays hidden, every error with its status."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from simcustomer import errors
from tests.fakes import FakeAppraiser, FakeJudge, Gate
from tests.web.conftest import SECRETS, Scoring, Talk, begin

AFFECT = {"tension", "trust", "patience", "anger", "anxiety", "confusion", "band"}


def code(response: httpx.Response) -> str:
    """The error's code, after checking the shape of the body."""
    error = response.json()["error"]
    assert error["message"]
    return error["code"]


async def test_personas_show_what_a_trainee_may_know(client: httpx.AsyncClient) -> None:
    """The list of personas holds the case file and the goal, and nothing of what is hidden."""
    response = await client.get("/api/v1/personas")
    (persona,) = response.json()
    assert persona["id"] == "missing-kettle"
    assert persona["case_file"]["may_offer"]
    assert persona["starts"]["band"] == "angry"
    assert not [secret for secret in SECRETS if secret in response.text]
    assert not {"needs", "facts", "triggers", "situation", "voice", "examples"} & set(persona)


async def test_begin_gives_id_opening_and_affect(client: httpx.AsyncClient) -> None:
    """A conversation begins with 201, its address, the authored opening and how the customer feels."""
    response = await client.post("/api/v1/conversations", json={"persona": "missing-kettle", "difficulty": 4})
    body = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/api/v1/conversations/{body['id']}"
    assert body["opening"].startswith("Where is my kettle?")
    assert set(body["affect"]) == AFFECT
    assert body["difficulty"] == 4


@pytest.mark.parametrize(
    ("fields", "status", "expected"),
    [
        ({"persona": "nobody"}, 404, "not_found"),
        ({"persona": "missing-kettle", "language": "es"}, 404, "not_found"),
        ({"persona": "missing-kettle", "language": "xx"}, 422, "invalid_request"),
        ({"persona": "missing-kettle", "difficulty": 9}, 422, "invalid_request"),
        ({"persona": "missing-kettle", "mode": "exam"}, 422, "invalid_request"),
        ({"persona": "missing-kettle", "extra": 1}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
    ],
)
async def test_begin_refuses_what_does_not_exist(
    client: httpx.AsyncClient, fields: dict[str, object], status: int, expected: str
) -> None:
    """An unknown persona, language, difficulty, mode or field is an error that says which."""
    response = await client.post("/api/v1/conversations", json=fields)
    assert (response.status_code, code(response)) == (status, expected)


async def test_a_turn_has_cues_effects_and_affect(talk: Talk) -> None:
    """The answer to a reply holds what was said, what it did and how the customer feels."""
    response = await talk.say("The kettle is three weeks late.", "one")
    turn = response.json()
    assert response.status_code == 200
    assert turn["index"] == 1
    assert turn["trainee"] == "The kettle is three weeks late."
    assert turn["customer"] == "Answer 1."
    assert turn["cues"] == [
        {"kind": "names_the_issue", "strength": "clear", "quote": "The kettle is three weeks late."}
    ]
    assert set(turn["affect"]) == AFFECT
    assert sum(effect["delta"] for effect in turn["effects"]) == pytest.approx(turn["change"], abs=0.01)
    assert turn["outcome"] is None


async def test_the_same_client_turn_id_is_one_turn(talk: Talk, appraiser: FakeAppraiser) -> None:
    """Sending a reply again, also while it is being answered, yields the one turn."""
    appraiser.gate = Gate()
    first = asyncio.create_task(talk.say("Three weeks is too long.", "same"))
    await appraiser.gate.reached.wait()
    second = asyncio.create_task(talk.say("Three weeks is too long.", "same"))
    appraiser.gate.open.set()
    third = await talk.say("Three weeks is too long.", "same")
    assert (await first).json() == (await second).json() == third.json()
    assert appraiser.heard == ["Three weeks is too long."]


async def test_two_different_replies_at_once_conflict(talk: Talk, appraiser: FakeAppraiser) -> None:
    """While one reply is being answered another one is refused with 409, and the first is answered."""
    appraiser.gate = Gate()
    first = asyncio.create_task(talk.say("First reply.", "one"))
    await appraiser.gate.reached.wait()
    second = await talk.say("Second reply.", "two")
    appraiser.gate.open.set()
    assert (second.status_code, code(second)) == (409, "turn_conflict")
    assert (await first).status_code == 200
    assert len((await talk.get())["turns"]) == 1


async def test_the_answer_goes_on_when_the_browser_goes_away(talk: Talk, appraiser: FakeAppraiser) -> None:
    """A request that is dropped while the customer writes does not stop the answer."""
    appraiser.gate = Gate()
    request = asyncio.create_task(talk.say("Are you there?", "one"))
    await appraiser.gate.reached.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    appraiser.gate.open.set()
    again = await talk.say("Are you there?", "one")
    assert again.json()["customer"] == "Answer 1."
    assert appraiser.heard == ["Are you there?"]


@pytest.mark.parametrize("text", ["", "   \n ", "\x00\x01\x7f", "x" * 20_000])
async def test_a_reply_that_cannot_be_taken(talk: Talk, text: str) -> None:
    """An empty, blank, control-character or 20,000-character reply is refused and nothing is kept."""
    response = await talk.say(text, "one")
    assert (response.status_code, code(response)) == (422, "invalid_reply")
    assert (await talk.get())["turns"] == []


async def test_control_characters_are_taken_out(talk: Talk) -> None:
    """Control characters in a reply are dropped; line breaks stay."""
    turn = (await talk.say("Three\x00 weeks\x1b[31m.\r\nSorry.", "one")).json()
    assert turn["trainee"] == "Three weeks[31m.\nSorry."


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (errors.ModelUnavailable("busy", retry_after_s=16.2), 503, "model_unavailable"),
        (errors.ModelUnavailable("down"), 503, "model_unavailable"),
        (errors.ModelRefused("no"), 502, "model_refused"),
        (errors.ModelOutputInvalid("not JSON"), 502, "model_output_invalid"),
        (errors.BudgetExceeded("spent"), 402, "budget_exceeded"),
        (errors.StoreUnavailable("locked"), 503, "store_unavailable"),
        (errors.Forbidden("no"), 403, "forbidden"),
        (errors.ConfigError("a prompt is gone"), 500, "config_error"),
    ],
)
async def test_each_error_has_its_status(
    talk: Talk, appraiser: FakeAppraiser, error: Exception, status: int, expected: str
) -> None:
    """A failure while answering keeps nothing, has the status of the table, and the reply can be sent again."""
    appraiser.errors.append(error)
    response = await talk.say("Three weeks.", "one")
    assert (response.status_code, code(response)) == (status, expected)
    assert ("retry-after" in response.headers) is (status == 503)
    assert (await talk.get())["turns"] == []
    assert (await talk.say("Three weeks.", "one")).status_code == 200


async def test_retry_after_is_the_providers_wish(talk: Talk, appraiser: FakeAppraiser) -> None:
    """The provider's Retry-After is handed on, in whole seconds rounded up."""
    appraiser.errors.append(errors.ModelUnavailable("busy", retry_after_s=16.2))
    assert (await talk.say("Three weeks.", "one")).headers["retry-after"] == "17"


async def test_an_unexpected_error_tells_nothing_of_itself(talk: Talk, appraiser: FakeAppraiser) -> None:
    """An error that nobody foresaw is a 500 without its text, and with the security headers."""
    appraiser.errors.append(RuntimeError("secret detail"))
    response = await talk.say("Three weeks.", "one")
    assert (response.status_code, code(response)) == (500, "internal")
    assert "secret" not in response.text
    assert "content-security-policy" in response.headers


async def test_a_reply_after_the_end(talk: Talk) -> None:
    """A conversation that has ended takes no reply."""
    await talk.say("Goodbye, I am hanging up.", "one")
    response = await talk.say("Wait!", "two")
    assert (response.status_code, code(response)) == (409, "conversation_over")


async def test_an_unknown_conversation(client: httpx.AsyncClient) -> None:
    """Every address of a conversation that does not exist is a 404 of the house's shape."""
    for method, rest in (("GET", ""), ("POST", "/finish"), ("GET", "/scorecard"), ("GET", "/events")):
        response = await client.request(method, f"/api/v1/conversations/nope{rest}")
        assert (response.status_code, code(response)) == (404, "not_found")


async def test_an_address_that_does_not_exist(client: httpx.AsyncClient) -> None:
    """An unknown address and a wrong method answer in the house's shape too."""
    assert code(await client.get("/api/v1/nothing")) == "not_found"
    assert code(await client.delete("/api/v1/personas")) == "method_not_allowed"


async def test_nothing_hidden_leaves_an_open_conversation(talk: Talk) -> None:
    """While a conversation is open neither facts, triggers, needs, discarded lines nor directions are in its JSON."""
    await talk.say("Three weeks is too long. What about the courier?", "one")
    text = json.dumps(await talk.get())
    assert not [secret for secret in SECRETS if secret in text.replace("What about the courier", "")]
    assert not [
        word
        for word in ("needs_met", "touched", 'too long"', "direction", "may_tell", "wants")
        if word in text
    ]


async def test_needs_are_shown_after_the_end(talk: Talk) -> None:
    """Which needs were met is told when the conversation is over."""
    await talk.say("Three weeks is too long.", "one")
    await talk.finish()
    (turn,) = (await talk.get())["turns"]
    assert turn["needs_met"] == []


async def test_an_assessment_withholds_feelings_until_the_end(client: httpx.AsyncClient) -> None:
    """In an assessment affect, cues and effects are null while it is open, and there afterwards."""
    talk = await begin(client, mode="assessment")
    assert (await talk.get())["affect"] is None
    turn = (await talk.say("Three weeks.", "one")).json()
    assert (turn["affect"], turn["cues"], turn["effects"], turn["change"]) == (None, None, None, None)
    await talk.finish()
    (turn,) = (await talk.get())["turns"]
    assert set(turn["affect"]) == AFFECT
    assert turn["cues"]


async def test_an_assessment_has_neither_hints_nor_retries(client: httpx.AsyncClient) -> None:
    """A hint or a retry in an assessment is refused."""
    talk = await begin(client, mode="assessment")
    await talk.say("Three weeks.", "one")
    assert (await client.post(f"{talk.path}/hints")).status_code in (403, 409)
    response = await client.post(f"{talk.path}/branches", json={"from_turn": 1})
    assert (response.status_code, code(response)) == (403, "forbidden")


async def test_a_hint_is_given_and_counted(talk: Talk) -> None:
    """A hint comes back and is counted."""
    response = await talk.client.post(f"{talk.path}/hints")
    assert response.json() == {"hint": "Name the problem."}
    assert (await talk.get())["hints_used"] == 1


async def test_going_back_keeps_the_first_version(talk: Talk) -> None:
    """A branch opens before the turn, and the first branch can still be read."""
    await talk.say("First try.", "one")
    response = await talk.client.post(f"{talk.path}/branches", json={"from_turn": 1})
    assert (response.status_code, response.json()["branch"], response.json()["turns"]) == (201, 2, [])
    await talk.say("Second try.", "two")
    assert (await talk.get())["turns"][0]["trainee"] == "Second try."
    assert (await talk.get("?branch=1"))["turns"][0]["trainee"] == "First try."
    assert [branch["branch"] for branch in (await talk.get())["branches"]] == [1, 2]


async def test_going_back_on_an_older_branch(talk: Talk) -> None:
    """A retry may start from a branch that is not the newest."""
    await talk.say("First.", "one")
    await talk.say("Second.", "two")
    await talk.client.post(f"{talk.path}/branches", json={"from_turn": 1})
    response = await talk.client.post(f"{talk.path}/branches", json={"from_turn": 2, "branch": 1})
    assert [turn["trainee"] for turn in response.json()["turns"]] == ["First."]


@pytest.mark.parametrize(("from_turn", "status"), [(0, 422), (2, 404), ("x", 422)])
async def test_going_back_to_a_turn_that_is_not_there(talk: Talk, from_turn: object, status: int) -> None:
    """There is no going back to a turn that was not taken."""
    await talk.say("First.", "one")
    response = await talk.client.post(f"{talk.path}/branches", json={"from_turn": from_turn})
    assert response.status_code == status


async def test_finish_is_accepted_and_scored(talk: Talk) -> None:
    """Finishing answers 202 at once, and the scorecard follows with proof."""
    await talk.say("Three weeks is too long.", "one")
    response = await talk.finish()
    assert (response.status_code, response.json()["outcome"]) == (202, "abandoned")
    body = await talk.get("/scorecard")
    assert (body["status"], body["reason"]) == ("ready", "")
    card = body["scorecard"]
    assert card["outcome"] == "abandoned"
    assert card["judge"]["model"] == "fake-judge"
    assert len(card["judge"]["rubric_hash"]) == 64
    item = card["criteria"]["empathy"]["items"][0]
    assert item["evidence"] == [{"message": 1, "quote": "Three weeks is too long."}]
    assert card["feedback"][0]["better"] == "Better."
    assert body["csat"] in range(1, 6)


async def test_finishing_twice_is_the_same_as_once(talk: Talk) -> None:
    """A second finish changes nothing."""
    await talk.say("Three weeks.", "one")
    first = (await talk.finish()).json()
    assert (await talk.finish()).json() | {"survey": None} == first | {"survey": None}


async def test_an_end_by_itself_is_scored(talk: Talk, scoring: Scoring) -> None:
    """A conversation that ends by an outcome is scored without anybody asking."""
    turn = (await talk.say("Goodbye, I am hanging up.", "one")).json()
    assert turn["outcome"] == "abandoned"
    assert scoring.asked == [(talk.id, 1)]
    assert (await talk.get("/scorecard"))["status"] == "ready"


async def test_a_scorecard_that_is_pending(talk: Talk, scoring: Scoring) -> None:
    """Until the judge has looked the scorecard is pending."""
    scoring.off = True
    await talk.say("Three weeks.", "one")
    await talk.finish()
    body = await talk.get("/scorecard")
    assert (body["status"], body["scorecard"]) == ("pending", None)


async def test_a_scorecard_that_waits_says_why_and_comes_later(talk: Talk, judge: FakeJudge) -> None:
    """With the judge down the conversation is kept, the scorecard says why it waits, and comes when asked again."""
    judge.errors.append(errors.ModelUnavailable("the judge does not answer"))
    await talk.say("Three weeks.", "one")
    await talk.finish()
    body = await talk.get("/scorecard")
    assert body["status"] == "waiting"
    assert "the judge does not answer" in body["reason"]
    again = await talk.client.post(f"{talk.path}/scorecard")
    assert (again.status_code, again.json()["status"]) == (202, "ready")


async def test_no_scorecard_while_the_conversation_is_open(talk: Talk) -> None:
    """There is nothing to score before the end."""
    response = await talk.client.get(f"{talk.path}/scorecard")
    assert (response.status_code, code(response)) == (404, "not_found")


async def test_health_and_readiness(client: httpx.AsyncClient) -> None:
    """The process says that it runs and that its database answers."""
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_openapi_lists_the_contract(client: httpx.AsyncClient) -> None:
    """The OpenAPI document holds every path of the contract and none of the pages."""
    paths = (await client.get("/openapi.json")).json()["paths"]
    conversation = "/api/v1/conversations/{conversation_id}"
    assert {
        "/api/v1/personas",
        "/api/v1/conversations",
        conversation,
        *(f"{conversation}/{part}" for part in ("turns", "events", "branches", "finish", "scorecard")),
        "/healthz",
        "/readyz",
    } <= set(paths)
    assert "/conversations" not in paths


async def test_broken_json_is_answered_with_its_place(client: httpx.AsyncClient) -> None:
    """A body that is no JSON says so, and where it broke."""
    answer = await client.post(
        "/api/v1/conversations", content='{"persona": ', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("body at character ")


@pytest.mark.parametrize("branch", [0, -1, 10**25])
async def test_a_branch_number_that_cannot_be_is_refused(client: httpx.AsyncClient, branch: int) -> None:
    """Zero does not mean the newest branch, and a huge number does not reach the database."""
    for path in ("", "/scorecard"):
        answer = await client.get(f"/api/v1/conversations/x{path}?branch={branch}")
        assert answer.status_code == 422


async def test_the_description_says_what_every_answer_holds(client: httpx.AsyncClient) -> None:
    """Each JSON endpoint's answer is described by its fields, not as any object."""
    described = (await client.get("/openapi.json")).json()
    for path, methods in described["paths"].items():
        if not path.startswith("/api/v1") or path.endswith("/events"):
            continue
        for method, operation in methods.items():
            answer = next(v for status, v in operation["responses"].items() if status.startswith("2"))
            schema = answer["content"]["application/json"]["schema"]
            assert "$ref" in schema or "$ref" in schema["items"], (method, path)
    assert "needs_met" not in described["components"]["schemas"]["TurnView"]["required"]
