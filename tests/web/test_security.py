"""What no request may do, and what every response carries."""

from __future__ import annotations

import httpx
import pytest

from simcustomer.web.security import MAX_BODY_BYTES


@pytest.mark.parametrize(
    "path", ["/", "/conversations", "/api/v1/personas", "/nothing", "/static/css/base.css"]
)
async def test_every_response_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    """Pages, JSON, errors and files all say what a browser may do with them."""
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://test.evil.example"},
    ],
)
async def test_another_site_cannot_write(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """A write that a browser makes for another site is refused."""
    body = {"persona": "missing-kettle"}
    response = await client.post("/api/v1/conversations", json=body, headers=headers)
    assert response.status_code == 403
    assert (await client.post("/conversations", data=body, headers=headers)).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://test"}])
async def test_this_site_and_programs_can_write(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """The site's own pages and programs without a browser may write."""
    response = await client.post("/api/v1/conversations", json={"persona": "missing-kettle"}, headers=headers)
    assert response.status_code == 201


async def test_another_site_may_link_here(client: httpx.AsyncClient) -> None:
    """Following a link from elsewhere is no write."""
    assert (await client.get("/", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


async def test_a_body_that_is_too_large(client: httpx.AsyncClient) -> None:
    """A body over the limit is refused by its announced length."""
    response = await client.post("/api/v1/conversations", content=b"x" * (MAX_BODY_BYTES + 1))
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


async def test_a_body_that_turns_out_too_large(client: httpx.AsyncClient) -> None:
    """A body of unknown length is refused once it has passed the limit."""

    async def endless() -> object:
        for _ in range(MAX_BODY_BYTES // 1024 + 1):
            yield b" " * 1024

    response = await client.post(
        "/api/v1/conversations", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


async def test_what_people_write_is_not_cached(client: httpx.AsyncClient) -> None:
    """Pages and JSON are not kept by the browser; a file asked for by its hash is kept for ever."""
    assert (await client.get("/conversations")).headers["cache-control"] == "no-store"
    assert "immutable" in (await client.get("/static/css/base.css?v=1")).headers["cache-control"]
