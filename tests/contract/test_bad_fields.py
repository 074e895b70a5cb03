import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.refusals import JSON, LONG, SECRET, post, refused
from tests.support.wire_examples import event, summary, window_message


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
        ({"query": "q", "limit": "5"}, "limit"),
        ({"query": "q", "limit": True}, "limit"),
        ({"query": "q", "since": 0}, "since"),
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
        ({"query": "q", "metadata": [SECRET]}, "metadata"),
        ({"query": "q", "metadata": {"x": "\x00"}}, "metadata"),
        ({"query": "q", "metadata": {"x": SECRET * 1000}}, "metadata"),
        ({"query": "q", "exclude_ids": ["m"] * 501}, "exclude_ids"),
        ({"query": "q", "exclude_ids": ["a\x00"]}, "exclude_ids[0]"),
        ({"query": "q", "exclude_ids": ["\ud800"]}, "exclude_ids[0]"),
        ({"query": "q", "window": [window_message()] * 21}, "window"),
        ({"query": "q", "window": [window_message(content="c" * 2001)]}, "window[0].content"),
        ({"query": "q", "window": [window_message(content=" ")]}, "window[0].content"),
        ({"query": "q", "window": [window_message(role="root")]}, "window[0].role"),
        (
            {"query": "q", "window": [window_message(), window_message(participant="")]},
            "window[1].participant",
        ),
        ({"query": "q", "window": "before"}, "window"),
        ({"query": "q", "explain": SECRET}, "explain"),
        ({"query": "q", "conversation_id": SECRET}, "conversation_id"),
    ],
)
async def test_a_bad_search_names_its_field(
    api: httpx.AsyncClient, conversation_id: UUID, request_body: dict[str, Any], field: str
) -> None:
    problem = refused(
        await post(api, f"/conversations/{conversation_id}/search", request_body), 422
    )

    assert [error.field for error in problem.errors] == [field]


async def test_a_search_must_not_end_before_it_begins(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    span = {"since": "2025-03-02T00:00:00Z", "until": "2025-03-01T00:00:00Z"}

    problem = refused(
        await post(api, f"/conversations/{conversation_id}/search", {"query": "q"} | span), 422
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

    problem = refused(await post(api, path, {"events": [event(id="ok"), event() | change]}), 422)

    assert [error.field for error in problem.errors] == [f"events[1].{field}"]
    alone = await post(api, path, {"events": [event(id="ok")]})
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
        ({"name": "ok", "admin": True}, "(unknown)"),
    ],
)
async def test_a_bad_room_names_its_field(
    api: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    problem = refused(await post(api, "/rooms", body), 422)

    assert [error.field for error in problem.errors] == [field]


@pytest.mark.parametrize("room", ["%00", "%20", LONG])
async def test_a_bad_room_in_the_path_is_named(api: httpx.AsyncClient, room: str) -> None:
    body = {"identity": "agent", "session_id": "s"}

    problem = refused(await post(api, f"/rooms/{room}/agent-joined", body), 422)

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
        ("order=seq", "order"),
        ("befor=3", "(unknown)"),
    ],
)
async def test_a_bad_page_names_its_parameter(
    api: httpx.AsyncClient, conversation_id: UUID, query: str, field: str
) -> None:
    problem = refused(await api.get(f"/conversations/{conversation_id}/messages?{query}"), 422)

    assert [error.field for error in problem.errors] == [field]
