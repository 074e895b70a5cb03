"""Requests refused before their fields are read: paths, methods, bodies, credentials."""

import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.backend_under_test import BackendUnderTest
from tests.support.refusals import JSON, SECRET, refused
from tests.support.wire_examples import event, message, summary

REQUESTS = [
    ("POST", "messages", {"messages": [message()]}),
    ("GET", "messages", None),
    ("POST", "search", {"query": "q"}),
    ("POST", "events", {"events": [event()]}),
    ("GET", "export", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_an_unknown_conversation_is_not_found(
    api: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    refused(await api.request(method, f"/conversations/{uuid4()}/{path}", json=body), 404)


async def test_a_session_of_an_unknown_conversation_is_not_found(api: httpx.AsyncClient) -> None:
    refused(await api.put("/sessions/s", json=summary(conversation_id=str(uuid4()))), 404)


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_a_conversation_id_that_is_no_uuid_is_named(
    api: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    response = await api.request(method, f"/conversations/{SECRET}/{path}", json=body)

    assert [error.field for error in refused(response, 422).errors] == ["conversation_id"]


async def test_an_unknown_path_is_not_found(api: httpx.AsyncClient) -> None:
    refused(await api.get("/nothing-here"), 404)


async def test_a_method_that_a_path_does_not_take_is_answered_with_those_it_takes(
    api: httpx.AsyncClient,
) -> None:
    response = await api.request("PATCH", f"/conversations/{uuid4()}/messages", json={})

    refused(response, 405)
    allowed = {method.strip() for method in response.headers["allow"].split(",")}
    assert allowed >= {"GET", "POST"}
    assert "PATCH" not in allowed


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"name": "x"',
        b"name=x",
        b'{"name": "\xff"}',
        b'\xff\xfe{\x00"\x00',
        b"[" * 100_000,
        b'{"name":' * 50_000,
        b'{"name": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda body: repr(body[:16]),
)
async def test_a_body_that_is_no_json_object_is_refused(
    api: httpx.AsyncClient, body: bytes
) -> None:
    response = await api.post("/rooms", content=body, headers=JSON)

    assert response.status_code in (400, 422)
    refused(response, response.status_code)


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"x"'])
async def test_json_that_is_no_object_is_refused(api: httpx.AsyncClient, body: bytes) -> None:
    problem = refused(await api.post("/rooms", content=body, headers=JSON), 422)

    assert [error.field for error in problem.errors] == ["body"]


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml"]
)
async def test_another_content_type_is_refused(
    api: httpx.AsyncClient, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    refused(await api.post("/rooms", content=b'{"name": "x"}', headers=headers), 415)


async def test_a_charset_beside_the_content_type_is_no_harm(
    api: httpx.AsyncClient, room_name: str
) -> None:
    body = json.dumps({"name": room_name}).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}

    assert (await api.post("/rooms", content=body, headers=headers)).status_code == 201


async def test_a_body_above_the_limit_is_refused(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    body = b'{"messages": [' + b" " * 5_000_000

    with _connection_may_break():
        refused(
            await api.post(
                f"/conversations/{conversation_id}/messages", content=body, headers=JSON
            ),
            413,
        )


async def test_a_chunked_body_above_the_limit_is_refused(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b" " * 65_536

    with _connection_may_break():
        refused(
            await api.post(
                f"/conversations/{conversation_id}/messages", content=chunks(), headers=JSON
            ),
            413,
        )


@contextmanager
def _connection_may_break() -> Iterator[None]:
    """A backend may close the connection without reading the rest of a refused body."""
    try:
        yield
    except (httpx.WriteError, httpx.ReadError):
        return


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic dTpw", "Bearer", "ü"])
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_without_the_credential_nothing_is_answered(
    backend: BackendUnderTest,
    certificates: ssl.SSLContext,
    conversation_id: UUID,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    authorization: str | None,
) -> None:
    if not backend.headers:
        pytest.skip("this backend is open")
    headers = [(b"Authorization", authorization.encode())] if authorization else []
    async with httpx.AsyncClient(
        base_url=f"{backend.url}/api/v1", headers=headers, verify=certificates
    ) as stranger:
        response = await stranger.request(
            method, f"/conversations/{conversation_id}/{path}", json=body
        )

    refused(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")
