"""Our customers behind the OpenAI protocol: ``/v1/models`` and ``/v1/chat/completions``.

An app of its own, mounted into the other, because its errors have the protocol's shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from simcustomer.domain.persona import Persona
from simcustomer.errors import ConversationOver, InvalidReply, SimCustomerError
from simcustomer.web.completions import Asked, chunks, completion, dialogue_of, error_body
from simcustomer.web.deps import DeskDep
from simcustomer.web.harness import (
    Kept,
    Mismatch,
    ModelNotFound,
    Replays,
    conversation_of,
    model_of,
    models,
    said_before,
)
from simcustomer.web.problems import code_of, headers_of, log, status_of

MAX_CONVERSATION_ID = 128
"""Longest ``X-Conversation-Id``, characters."""
INVALID = "invalid_request_error"
SERVER = "server_error"
NO_RETRY: Mapping[str, str] = {"x-should-retry": "false"}
"""Tells OpenAI's clients, which by themselves send a request again after a 409, that it will not pass."""


@dataclass(frozen=True)
class Customers:
    """What the routes remember between requests."""

    replays: Replays = field(default_factory=Replays)
    kept: Kept = field(default_factory=Kept)


def _customers(request: Request) -> Customers:
    customers: Customers = request.app.state.openai_customers
    return customers


CustomersDep = Annotated[Customers, Depends(_customers)]
ConversationId = Annotated[
    str | None, Header(alias="X-Conversation-Id", min_length=1, max_length=MAX_CONVERSATION_ID)
]


def create(app: FastAPI) -> FastAPI:
    """The routes, to be mounted under /v1 in ``app``, whose desk they use once it has started."""
    routes = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    routes.state = app.state
    routes.state.openai_customers = Customers()
    routes.add_api_route("/models", list_models)
    routes.add_api_route("/models/{name:path}", retrieve_model)
    routes.add_api_route("/chat/completions", complete, methods=["POST"], response_model=None)
    routes.add_api_route("/chat/completions/{completion_id}", retrieve_completion, response_model=None)
    routes.add_exception_handler(SimCustomerError, _ours)
    routes.add_exception_handler(RequestValidationError, _invalid)
    routes.add_exception_handler(HTTPException, _http)
    routes.add_exception_handler(Exception, _unexpected)
    return routes


async def list_models(desk: DeskDep) -> dict[str, Any]:
    """Every customer, at the everyday difficulty."""
    views = [_model_view(name, persona) for name, persona in models(desk).items()]
    return {"object": "list", "data": views}


async def retrieve_model(desk: DeskDep, name: str) -> dict[str, Any]:
    """One customer, at any difficulty, with the case file: what whoever serves them may know."""
    model = model_of(desk, name)
    view = _model_view(model.name, model.persona)
    view["simcustomer"]["case_file"] = model.persona.case_file.model_dump(mode="json")
    return view


async def complete(
    desk: DeskDep, customers: CustomersDep, asked: Asked, conversation_id: ConversationId = None
) -> Response:
    """The customer's next line: to no message at all, the opening."""
    model = model_of(desk, asked.model)
    dialogue = dialogue_of(asked.messages)
    if conversation_id is None:
        said = await customers.replays.say(desk.practice.cast, model, dialogue)
    else:
        said = await customers.kept.say(desk, model, conversation_id, dialogue)
    if asked.stream:
        events = chunks(said, with_usage=asked.counts_usage)
        return StreamingResponse(events, media_type="text/event-stream", headers=said.headers)
    return JSONResponse(completion(said), headers=said.headers)


async def retrieve_completion(desk: DeskDep, completion_id: str) -> Response:
    """An answer of a kept conversation, once more: the same as when it was given."""
    record = await desk.practice.store.load(conversation_of(completion_id))
    said = said_before(record, completion_id)
    return JSONResponse(completion(said), headers=said.headers)


def _model_view(name: str, persona: Persona) -> dict[str, Any]:
    """``created`` is 0: a persona has no date."""
    about = {"name": persona.name, "title": persona.title, "language": persona.language}
    return {"id": name, "object": "model", "created": 0, "owned_by": "simcustomer", "simcustomer": about}


# --- errors ----------------------------------------------------------------------------------------------------------


async def _ours(request: Request, error: Exception) -> Response:
    status, code, headers = status_of(error), code_of(error), headers_of(error)
    if isinstance(error, InvalidReply):
        status = 400
    if isinstance(error, (ConversationOver, Mismatch)):
        headers |= NO_RETRY
    if status >= 500:
        log.error(
            "%s %s: %s", request.method, request.url.path, error, exc_info=error if status == 500 else None
        )
    kind = SERVER if status >= 500 else INVALID
    param = "model" if isinstance(error, ModelNotFound) else "messages" if status in (400, 409) else None
    return JSONResponse(error_body(str(error), kind, code, param), status, headers=headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [(".".join(map(str, e["loc"][1:])) or str(e["loc"][0]), str(e["msg"])) for e in error.errors()]
    message = "; ".join(f"{place}: {said.removeprefix('Value error, ')}" for place, said in problems)
    return JSONResponse(error_body(message, INVALID, "invalid_request", problems[0][0]), 400)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "refused")
    message = "there is nothing at this address" if error.status_code == 404 else error.detail
    return JSONResponse(error_body(message, INVALID, code), error.status_code, headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    message = "something went wrong here; nothing that was kept is lost"
    return JSONResponse(error_body(message, SERVER, "internal"), 500)
