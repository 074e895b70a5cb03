"""What an operator asks: lists, the timeline of a conversation, and how the backend is doing."""

import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from longroom.client import LongroomClient
from tests.support.backend_under_test import BackendUnderTest
from tests.support.refusals import refused
from tests.support.wire_examples import message, summary

PATHS = ("", "/timeline", "/sessions", "/coverage")


@pytest.fixture
async def lone(backend: BackendUnderTest) -> AsyncIterator[LongroomClient]:
    key = backend.headers.get("Authorization", "").removeprefix("Bearer ") or None
    async with LongroomClient(backend.url, key=key, timeout_s=30) as client:
        yield client


async def test_a_room_is_listed_with_its_figures_as_soon_as_it_exists(
    lone: LongroomClient, stored: list[dict[str, object]], room_name: str, conversation_id: UUID
) -> None:
    (found,) = (await lone.rooms(name=room_name.upper(), limit=200)).rooms

    assert (found.name, found.room, found.key) == (room_name, room_name, None)
    assert found.conversation_id == conversation_id
    assert (found.messages, found.turns, found.recent.turns) == (30, 0, 0)
    assert found.active_at >= found.created_at
    (same,) = (await lone.conversations(name=room_name, limit=1)).conversations
    assert same.conversation_id == conversation_id
    assert (await lone.rooms(name=room_name, degraded=True)).rooms == []
    later = found.active_at + timedelta(seconds=1)
    assert (await lone.rooms(name=room_name, active_since=later)).rooms == []


async def test_lists_are_read_to_their_end_page_by_page(
    lone: LongroomClient, api: httpx.AsyncClient
) -> None:
    mark = secrets.token_hex(6)
    for number in range(5):
        room = {"name": f"{mark} {number}", "conversation": f"{mark} customer {number % 2}"}
        assert (await api.post("/rooms", json=room)).status_code == 201

    names: list[str] = []
    keys: list[str | None] = []
    place: str | None = None
    while True:
        page = await lone.rooms(name=mark, limit=2, after=place)
        names += [room.name for room in page.rooms]
        if (place := page.next) is None:
            break
    while True:
        found = await lone.conversations(name=mark, limit=1, after=place)
        keys += [one.key for one in found.conversations]
        if (place := found.next) is None:
            break

    assert sorted(names) == [f"{mark} {number}" for number in range(5)]
    assert keys == [f"{mark} customer 1", f"{mark} customer 0"]


async def test_a_conversation_is_told_in_figures_sessions_and_coverage(
    lone: LongroomClient,
    api: httpx.AsyncClient,
    stored: list[dict[str, object]],
    room_name: str,
    conversation_id: UUID,
) -> None:
    for number in range(3):
        session = summary(conversation_id=str(conversation_id))
        path = f"/sessions/{secrets.token_hex(4)}-{number}"
        assert (await api.put(path, json=session)).status_code == 204

    whole = await lone.conversation_overview(conversation_id)
    assert (whole.rooms, whole.messages, whole.sessions) == ([room_name], 30, 3)
    page = await lone.sessions(conversation_id, limit=2)
    assert len(page.sessions) == 2
    assert page.next is not None
    last = await lone.sessions(conversation_id, after=page.next)
    assert (len(last.sessions), last.next) == (1, None)
    coverage = await lone.coverage(conversation_id)
    assert coverage.messages == coverage.embedded + coverage.waiting + coverage.failed == 30


async def test_the_timeline_goes_both_ways_and_jumps(
    lone: LongroomClient, stored: list[dict[str, object]], conversation_id: UUID
) -> None:
    newest = await lone.timeline(conversation_id, limit=10)
    assert [entry.message and entry.message.seq for entry in newest.entries] == [*range(21, 31)]
    assert newest.newest
    older = await lone.timeline(conversation_id, limit=10, before=newest.before)
    assert [entry.message and entry.message.seq for entry in older.entries] == [*range(11, 21)]
    again = await lone.timeline(conversation_id, limit=10, after=older.after)
    assert again.entries == newest.entries
    around = await lone.timeline(conversation_id, limit=4, at=15)
    assert [entry.message and entry.message.seq for entry in around.entries] == [13, 14, 15, 16]
    moment = around.entries[2].at
    assert isinstance(moment, datetime)
    at_time = await lone.timeline(conversation_id, limit=4, at=moment, kinds=["message", "event"])
    assert [entry.kind for entry in at_time.entries] == ["message"] * len(at_time.entries)
    assert (await lone.timeline(conversation_id, kinds=["turn"])).entries == []


async def test_a_message_that_arrived_late_stands_where_it_was_said(
    lone: LongroomClient,
    api: httpx.AsyncClient,
    stored: list[dict[str, object]],
    conversation_id: UUID,
) -> None:
    late = message(id="late", content="said first", created_at="2020-01-01T00:00:00Z")
    path = f"/conversations/{conversation_id}/messages"
    assert (await api.post(path, json={"messages": [late]})).status_code == 200

    around = await lone.timeline(conversation_id, limit=3, at=31)

    assert around.before is None
    assert around.entries[0].message is not None
    assert around.entries[0].message.id == "late"


async def test_the_backend_tells_how_it_is_doing(lone: LongroomClient) -> None:
    found = await lone.status()

    assert found.database.writable
    assert found.database.migration
    assert found.database.size_bytes > 0
    assert found.embedding.model
    assert found.embedding.lag_s >= 0
    assert "embedding worker" in {task.name for task in found.background}


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("/rooms", {"limit": 0}, "limit", "must be at least 1"),
    ("/rooms", {"limit": 201}, "limit", "must be at most 200"),
    ("/rooms", {"after": "hunter2"}, "after", "cursor of an earlier page"),
    ("/rooms", {"after": "2025-03-01T12:00:00 x"}, "after", "cursor of an earlier page"),
    ("/rooms", {"after": f"0001-01-01T00:00:00+00:00 {uuid4()}"}, "after", "cursor"),
    ("/rooms", {"active_since": "hunter2"}, "active_since", "with a time zone"),
    ("/rooms", {"name": "a\x00b"}, "name", "NUL"),
    ("/rooms", {"degraded": "hunter2"}, "degraded", "true or false"),
    ("/conversations", {"hunter2": "1"}, "(unknown)", ""),
    ("/conversations", {"limit": "x"}, "limit", "whole number"),
    ("{id}/timeline", {"before": "hunter2"}, "before", "cursor of an earlier page"),
    ("{id}/timeline", {"after": "1.1.x"}, "after", "cursor of an earlier page"),
    ("{id}/timeline", {"at": "hunter2"}, "at", "seq such as 42"),
    ("{id}/timeline", {"at": "2025-03-01T12:00:00"}, "at", "seq such as 42"),
    ("{id}/timeline", {"at": "0001-01-01T00:00:00Z"}, "at", "seq such as 42"),
    ("{id}/timeline", {"kinds": "hunter2"}, "kinds[0]", "must be one of"),
    ("{id}/timeline", {"limit": 201}, "limit", "must be at most 200"),
    ("{id}/timeline", {"at": "1", "before": "1.1.1"}, "query", "one of before, after and at"),
    ("{id}/sessions", {"after": "hunter2"}, "after", "cursor of an earlier page"),
    ("{id}/sessions", {"limit": 0}, "limit", "must be at least 1"),
]


@pytest.mark.parametrize(("path", "query", "field", "mend"), BAD)
async def test_a_bad_query_names_its_field_and_the_remedy(
    api: httpx.AsyncClient,
    conversation_id: UUID,
    path: str,
    query: dict[str, Any],
    field: str,
    mend: str,
) -> None:
    response = await api.get(path.format(id=f"/conversations/{conversation_id}"), params=query)

    problem = refused(response, 422)
    assert [error.field for error in problem.errors] == [field]
    assert mend in problem.errors[0].message


@pytest.mark.parametrize("path", PATHS)
async def test_an_unknown_conversation_has_nothing_to_tell(
    api: httpx.AsyncClient, path: str
) -> None:
    refused(await api.get(f"/conversations/{uuid4()}{path}"), 404)


@pytest.mark.parametrize("path", PATHS)
async def test_an_erased_conversation_is_gone(
    api: httpx.AsyncClient, conversation_id: UUID, path: str
) -> None:
    assert (await api.delete(f"/conversations/{conversation_id}")).status_code == 200
    refused(await api.get(f"/conversations/{conversation_id}{path}"), 410)


async def test_a_token_of_a_conversation_inspects_nothing(
    api: httpx.AsyncClient, backend: BackendUnderTest, conversation_id: UUID
) -> None:
    wanted = {"subject": "ada", "permissions": ["read", "search", "append"]}
    made = await api.post(f"/conversations/{conversation_id}/tokens", json=wanted)
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    paths = [f"/conversations/{conversation_id}{path}" for path in PATHS]
    for path in (*paths, "/rooms", "/conversations", "/status"):
        refused(await api.get(path, headers=headers), 403)
