"""Whatever is wrong with a request gets a 4xx that names the field, and is not repeated to us."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from retrieval.wire import Problem
from tests.contract.conftest import Backend
from tests.contract.wire_examples import event, message, summary

SECRET = "hunter2"
LONG = "x" * 300
JSON = {"Content-Type": "application/json"}


def refused(response: httpx.Response, status: int) -> Problem:
    """The problem in a response of that status, which must not repeat the input."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    problem = Problem.model_validate(response.json())
    assert problem.status == status
    assert problem.title
    assert problem.detail
    assert SECRET not in response.text
    return problem


MESSAGE_FIELDS = [
    ({"content": ""}, "content"),
    ({"content": " \n\t"}, "content"),
    ({"content": SECRET * 150_000}, "content"),
    ({"content": f"{SECRET}\x00"}, "content"),
    ({"content": f"{SECRET}\ud800"}, "content"),
    ({"content": None}, "content"),
    ({"content": [SECRET]}, "content"),
    ({"created_at": "2025-03-01T12:00:00"}, "created_at"),
    ({"created_at": SECRET}, "created_at"),
    ({"created_at": "2025-02-30T12:00:00Z"}, "created_at"),
    ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at"),
    ({"created_at": "9999-12-31T23:59:59-14:00"}, "created_at"),
    ({"role": SECRET}, "role"),
    ({"role": "system"}, "role"),
    ({"participant": ""}, "participant"),
    ({"participant": LONG}, "participant"),
    ({"participant": "a\x00"}, "participant"),
    ({"id": ""}, "id"),
    ({"id": LONG}, "id"),
    ({"id": "\udfff"}, "id"),
    ({"id": 7}, "id"),
    ({"interrupted": SECRET}, "interrupted"),
    ({"interruptd": SECRET}, "interruptd"),
]


@pytest.mark.parametrize(("change", "field"), MESSAGE_FIELDS)
async def test_a_bad_message_is_named_by_its_place_and_nothing_is_stored(
    api: httpx.AsyncClient, conversation_id: UUID, change: dict[str, Any], field: str
) -> None:
    path = f"/conversations/{conversation_id}/messages"
    batch = [message(id=f"m{n}") for n in range(3)] + [message(id="m3") | change]

    problem = refused(await _post(api, path, {"messages": batch}), 422)

    assert [error.field for error in problem.errors] == [f"messages[3].{field}"]
    assert (await api.get(path)).json()["message_count"] == 0


@pytest.mark.parametrize("field", ["id", "role", "participant", "content", "created_at"])
async def test_a_missing_field_of_a_message_is_named(
    api: httpx.AsyncClient, conversation_id: UUID, field: str
) -> None:
    incomplete = {key: value for key, value in message().items() if key != field}

    problem = refused(
        await _post(api, f"/conversations/{conversation_id}/messages", {"messages": [incomplete]}),
        422,
    )

    assert [error.field for error in problem.errors] == [f"messages[0].{field}"]


@pytest.mark.parametrize(
    "body",
    [{}, {"messages": []}, {"messages": None}, {"messages": {}}, {"messages": "x"}],
    ids=json.dumps,
)
async def test_a_batch_must_be_a_list_with_something_in_it(
    api: httpx.AsyncClient, conversation_id: UUID, body: dict[str, Any]
) -> None:
    problem = refused(await _post(api, f"/conversations/{conversation_id}/messages", body), 422)

    assert [error.field for error in problem.errors] == ["messages"]


async def test_a_batch_of_ten_thousand_is_refused_with_the_limit(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    batch = [message(id=f"m{n}") for n in range(10_000)]

    problem = refused(
        await _post(api, f"/conversations/{conversation_id}/messages", {"messages": batch}), 422
    )

    assert problem.errors[0].field == "messages"
    assert "500" in problem.errors[0].message


async def test_ten_thousand_errors_are_answered_shortly(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    response = await _post(
        api, f"/conversations/{conversation_id}/messages", {"messages": [{}] * 400}
    )

    refused(response, 422)
    assert len(response.content) < 10_000


@pytest.mark.parametrize(
    ("request_body", "field"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": "  "}, "query"),
        ({"query": "x" * 65_537}, "query"),
        ({"query": "\x00"}, "query"),
        ({"query": "\ud83d"}, "query"),
        ({"query": "q", "limit": 0}, "limit"),
        ({"query": "q", "limit": 101}, "limit"),
        ({"query": "q", "limit": 10**30}, "limit"),
        ({"query": "q", "limit": SECRET}, "limit"),
        ({"query": "q", "token_budget": 49}, "token_budget"),
        ({"query": "q", "neighbours": 11}, "neighbours"),
        ({"query": "q", "neighbours": -1}, "neighbours"),
        ({"query": "q", "asker": ""}, "asker"),
        ({"query": "q", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"query": "q", "time_zone": "../../../etc/passwd"}, "time_zone"),
        ({"query": "q", "since": "2025-03-01T12:00:00"}, "since"),
        ({"query": "q", "until": "yesterday"}, "until"),
        ({"query": "q", "participants": []}, "participants"),
        ({"query": "q", "participants": ["a\x00"]}, "participants[0]"),
        ({"query": "q", "roles": ["root"]}, "roles[0]"),
        ({"query": "q", "exclude_ids": ["m"] * 501}, "exclude_ids"),
        ({"query": "q", "exclude_ids": ["a\x00"]}, "exclude_ids[0]"),
        ({"query": "q", "exclude_ids": ["\ud800"]}, "exclude_ids[0]"),
        ({"query": "q", "explain": SECRET}, "explain"),
        ({"query": "q", "conversation_id": SECRET}, "conversation_id"),
    ],
)
async def test_a_bad_search_names_its_field(
    api: httpx.AsyncClient, conversation_id: UUID, request_body: dict[str, Any], field: str
) -> None:
    problem = refused(
        await _post(api, f"/conversations/{conversation_id}/search", request_body), 422
    )

    assert [error.field for error in problem.errors] == [field]


async def test_a_search_must_not_end_before_it_begins(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    span = {"since": "2025-03-02T00:00:00Z", "until": "2025-03-01T00:00:00Z"}

    problem = refused(
        await _post(api, f"/conversations/{conversation_id}/search", {"query": "q"} | span), 422
    )

    assert "since" in problem.detail


def _nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for _ in range(depth):
        data = {"a": data}
    return data


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"kind": SECRET}, "kind"),
        ({"created_at": "2025-03-01T12:00:00"}, "created_at"),
        ({"participant": "\x00"}, "participant"),
        ({"data": [1]}, "data"),
        ({"data": {"x": f"{SECRET}\x00"}}, "data"),
        ({"data": {f"{SECRET}\x00": 1}}, "data"),
        ({"data": {"x": ["\ud800"]}}, "data"),
        ({"data": {"x": float("nan")}}, "data"),
        ({"data": {"x": float("inf")}}, "data"),
        ({"data": {"x": 10**40}}, "data"),
        ({"data": {"x": SECRET * 3000}}, "data"),
        ({"data": _nested(40)}, "data"),
    ],
)
async def test_a_bad_event_is_named_by_its_place(
    api: httpx.AsyncClient, conversation_id: UUID, change: dict[str, Any], field: str
) -> None:
    path = f"/conversations/{conversation_id}/events"

    problem = refused(await _post(api, path, {"events": [event(id="ok"), event() | change]}), 422)

    assert [error.field for error in problem.errors] == [f"events[1].{field}"]
    alone = await _post(api, path, {"events": [event(id="ok")]})
    assert alone.json()["recorded"] == 1, "the refused batch left nothing behind"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"conversation_id": SECRET}, "conversation_id"),
        ({"message_count": -1}, "message_count"),
        ({"message_count": 2**63}, "message_count"),
        ({"message_count": 1.5}, "message_count"),
        ({"started_at": "2025-03-01T12:00:00"}, "started_at"),
        ({"participants": ["a", ""]}, "participants[1]"),
        ({"usage": {"x": "\x00"}}, "usage"),
        ({"close_reason": "\x00"}, "close_reason"),
        ({"close_reason": LONG}, "close_reason"),
        ({"messages": [SECRET]}, "messages"),
    ],
)
async def test_a_bad_session_names_its_field(
    api: httpx.AsyncClient, conversation_id: UUID, change: dict[str, Any], field: str
) -> None:
    body = summary(conversation_id=str(conversation_id)) | change

    problem = refused(await api.put("/sessions/s", content=json.dumps(body), headers=JSON), 422)

    assert [error.field for error in problem.errors] == [field]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": LONG}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "line\nbreak"}, "name"),
        ({"name": "line\u2028break"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": 7}, "name"),
        ({"name": "ok", "identity": ""}, "identity"),
        ({"name": "ok", "admin": True}, "admin"),
    ],
)
async def test_a_bad_room_names_its_field(
    api: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    problem = refused(await _post(api, "/rooms", body), 422)

    assert [error.field for error in problem.errors] == [field]


@pytest.mark.parametrize("room", ["%00", "%20", LONG])
async def test_a_bad_room_in_the_path_is_named(api: httpx.AsyncClient, room: str) -> None:
    body = {"identity": "agent", "session_id": "s"}

    problem = refused(await _post(api, f"/rooms/{room}/agent-joined", body), 422)

    assert [error.field for error in problem.errors] == ["room"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("before=0", "before"),
        ("before=99999999999999999999", "before"),
        ("after=-1", "after"),
        ("befor=3", "befor"),
    ],
)
async def test_a_bad_page_names_its_parameter(
    api: httpx.AsyncClient, conversation_id: UUID, query: str, field: str
) -> None:
    problem = refused(await api.get(f"/conversations/{conversation_id}/messages?{query}"), 422)

    assert [error.field for error in problem.errors] == [field]


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


async def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(
    api: httpx.AsyncClient,
) -> None:
    response = await api.request("PATCH", "/rooms", json={})

    refused(response, 405)
    assert response.headers["allow"] == "POST"


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
    """A backend that refuses a body need not read the rest of it."""
    try:
        yield
    except (httpx.WriteError, httpx.ReadError):
        return


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic dTpw", "Bearer", "ü"])
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_without_the_credential_nothing_is_answered(
    backend: Backend,
    conversation_id: UUID,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    authorization: str | None,
) -> None:
    if not backend.headers:
        pytest.skip("this backend is open")
    headers = [(b"Authorization", authorization.encode())] if authorization else []
    async with httpx.AsyncClient(base_url=f"{backend.url}/api/v1", headers=headers) as stranger:
        response = await stranger.request(
            method, f"/conversations/{conversation_id}/{path}", json=body
        )

    refused(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")


async def _post(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    # Not httpx's own encoder: it refuses the NaN and the lone surrogates that we mean to send.
    return await api.post(path, content=json.dumps(body), headers=JSON)
