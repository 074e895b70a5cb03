import asyncio
import json
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from retrieval.wire import AppendResult, Message, MessagePage, Problem
from tests.support.wire_examples import message
from tests.support.written_times import READ_AS


async def test_a_message_comes_back_as_it_was_sent(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    sent = message(
        content="Ünïcode 🚀, \ttabs,\nlines and 'quotes' \\ stay",
        created_at="2025-03-01T13:00:00.123456+01:00",
        interrupted=True,
        metadata={"ticket": 17, "tags": ["ü", None], "from": {"app": "chat", "v": 1.5}},
    )
    await _append(api, conversation_id, [sent])

    [kept] = (await _page(api, conversation_id)).messages

    assert kept.model_dump(exclude={"seq", "created_at"}) == {
        key: value for key, value in sent.items() if key != "created_at"
    }
    assert kept.created_at == datetime.fromisoformat(sent["created_at"])


async def test_messages_are_numbered_from_one_without_gaps_in_the_order_sent(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    first = await _append(api, conversation_id, [message(id="a"), message(id="b")])
    second = await _append(api, conversation_id, [message(id="c")])

    outcomes = [*first.outcomes, *second.outcomes]
    assert [(o.id, o.seq, o.status) for o in outcomes] == [
        ("a", 1, "stored"),
        ("b", 2, "stored"),
        ("c", 3, "stored"),
    ]


async def test_the_same_message_sent_twice_is_stored_once(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    await _append(api, conversation_id, [message(id="a"), message(id="b")])

    again = await _append(api, conversation_id, [message(id="b"), message(id="c"), message(id="a")])

    assert [(o.id, o.seq, o.status) for o in again.outcomes] == [
        ("b", 2, "duplicate"),
        ("c", 3, "stored"),
        ("a", 1, "duplicate"),
    ]
    assert (await _page(api, conversation_id)).message_count == 3


async def test_the_same_moment_in_another_time_zone_is_the_same_message(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    await _append(api, conversation_id, [message(created_at="2025-03-01T12:00:00Z")])

    again = await _append(api, conversation_id, [message(created_at="2025-03-01T13:00:00+01:00")])

    assert again.outcomes[0].status == "duplicate"


@pytest.mark.parametrize(
    "change",
    [
        {"content": "other"},
        {"role": "assistant"},
        {"participant": "grace"},
        {"created_at": "2025-03-01T12:00:01Z"},
        {"interrupted": True},
        {"metadata": {"ticket": 1}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_taken_id_refuses_the_whole_batch(
    api: httpx.AsyncClient, conversation_id: UUID, change: dict[str, Any]
) -> None:
    await _append(api, conversation_id, [message(id="taken")])

    response = await api.post(
        f"/conversations/{conversation_id}/messages",
        json={"messages": [message(id="new"), message(id="taken", **change)]},
    )

    assert response.status_code == 409
    assert Problem.model_validate(response.json()).ids == ["taken"]
    assert [kept.id for kept in (await _page(api, conversation_id)).messages] == ["taken"]


@pytest.mark.parametrize(("written", "read"), READ_AS.items())
async def test_a_time_is_read_as_programs_write_it(
    api: httpx.AsyncClient, conversation_id: UUID, written: object, read: str
) -> None:
    await _append(api, conversation_id, [message(created_at=written)])

    [kept] = (await _page(api, conversation_id)).messages

    assert kept.created_at == datetime.fromisoformat(read)


@pytest.mark.parametrize("role", ["user", "assistant", "system", "tool"])
async def test_every_role_is_stored_and_exported(
    api: httpx.AsyncClient, conversation_id: UUID, role: str
) -> None:
    await _append(api, conversation_id, [message(role=role)])

    [kept] = (await _page(api, conversation_id)).messages
    exported = await api.get(f"/conversations/{conversation_id}/export")

    assert (kept.role, exported.json()["role"]) == (role, role)


async def test_metadata_come_back_wherever_a_message_does(
    api: httpx.AsyncClient, conversation_id: UUID, room_name: str
) -> None:
    metadata = {"order": {"id": "4711-B", "paid": False}, "score": 0.1, "": None}
    await _append(api, conversation_id, [message(metadata=metadata), message(id="m2")])

    joined = await api.post(
        f"/rooms/{room_name}/agent-joined", json={"identity": "agent", "session_id": "s"}
    )
    exported = await api.get(f"/conversations/{conversation_id}/export")
    found = await api.post(
        f"/conversations/{conversation_id}/search",
        json={"query": "order number", "limit": 1, "neighbours": 1},
    )

    hit = found.json()["hits"][0]
    said = [hit["message"], *hit["before"], *hit["after"]]
    for messages in (
        joined.json()["window"],
        [json.loads(line) for line in exported.text.splitlines()],
        sorted(said, key=lambda each: int(each["seq"])),
    ):
        assert [each["metadata"] for each in messages] == [metadata, {}]


async def test_equal_metadata_are_no_conflict_however_they_are_written(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    await _append(api, conversation_id, [message(metadata={"a": 1, "b": {"c": 2.0, "d": 1e300}})])

    again = await _append(
        api, conversation_id, [message(metadata={"b": {"d": 1e300, "c": 2}, "a": 1.0})]
    )
    other = await api.post(
        f"/conversations/{conversation_id}/messages",
        json={"messages": [message(metadata={"a": True, "b": {"c": 2, "d": 1e300}})]},
    )

    assert again.outcomes[0].status == "duplicate"
    assert other.status_code == 409


async def test_batches_sent_at_once_leave_no_gap_and_lose_nothing(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    batches = [[message(id=f"{b}-{n}") for n in range(5)] for b in range(6)]

    await asyncio.gather(*(_append(api, conversation_id, batch) for batch in batches))

    kept = (await _page(api, conversation_id, limit=200)).messages
    assert [message.seq for message in kept] == list(range(1, 31))
    in_order = [kept[start].id.split("-")[0] for start in range(0, 30, 5)]
    assert [message.id for message in kept] == [f"{b}-{n}" for b in in_order for n in range(5)]


async def test_the_largest_batch_of_small_messages_is_taken(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    result = await _append(api, conversation_id, [message(id=f"m{n}") for n in range(500)])

    assert result.outcomes[-1].seq == 500


async def test_the_longest_message_is_taken_whole(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    content = "lorem ipsum " * 5461

    await _append(api, conversation_id, [message(content=content)])

    assert (await _page(api, conversation_id)).messages[0].content == content


async def test_a_page_holds_the_newest_messages_oldest_first(
    api: httpx.AsyncClient, conversation_id: UUID, stored: list[dict[str, Any]]
) -> None:
    page = await _page(api, conversation_id, limit=4)

    assert [message.seq for message in page.messages] == [27, 28, 29, 30]
    assert page.message_count == len(stored)


async def test_pages_before_a_message_reach_back_to_the_first(
    api: httpx.AsyncClient, conversation_id: UUID, stored: list[dict[str, Any]]
) -> None:
    seen: list[str] = []
    before: int | None = None
    while page := (await _page(api, conversation_id, limit=7, before=before)).messages:
        seen = [message.id for message in page] + seen
        before = page[0].seq

    assert seen == [sent["id"] for sent in stored]


async def test_pages_after_a_message_reach_up_to_the_last(
    api: httpx.AsyncClient, conversation_id: UUID, stored: list[dict[str, Any]]
) -> None:
    seen: list[str] = []
    after = 0
    while page := (await _page(api, conversation_id, limit=7, after=after)).messages:
        seen += [message.id for message in page]
        after = page[-1].seq

    assert seen == [sent["id"] for sent in stored]


async def test_what_was_said_last_is_newest_whenever_it_arrived(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    await _append(api, conversation_id, _days(5, 6, 7))
    await _append(api, conversation_id, _days(1, 2, 3, 4))

    newest = (await _page(api, conversation_id, limit=2)).messages
    before = (await _page(api, conversation_id, limit=3, before=newest[0].seq)).messages

    assert [one.id for one in newest] == ["day 6", "day 7"]
    assert [one.id for one in before] == ["day 3", "day 4", "day 5"]


async def test_whoever_follows_a_conversation_gets_what_is_imported_later(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    await _append(api, conversation_id, _days(5, 6))
    await _append(api, conversation_id, _days(1, 2))

    page = (await _page(api, conversation_id, after=2)).messages

    assert [one.id for one in page] == ["day 1", "day 2"]


@pytest.mark.parametrize(("order", "days"), [("time", [1, 2, 5, 6]), ("arrival", [5, 6, 1, 2])])
async def test_a_page_is_in_the_order_that_was_asked_for(
    api: httpx.AsyncClient, conversation_id: UUID, order: str, days: list[int]
) -> None:
    await _append(api, conversation_id, _days(5, 6))
    await _append(api, conversation_id, _days(1, 2))

    newest = (await _page(api, conversation_id, order=order)).messages
    forward = (await _page(api, conversation_id, order=order, after=0, limit=3)).messages

    assert [one.id for one in newest] == [f"day {day}" for day in days]
    assert [one.id for one in forward] == [f"day {day}" for day in days[:3]]


def _days(*days: int) -> list[dict[str, Any]]:
    return [message(id=f"day {day}", created_at=f"2025-03-0{day}T12:00:00Z") for day in days]


async def test_an_export_is_every_message_as_a_line(
    api: httpx.AsyncClient, conversation_id: UUID, stored: list[dict[str, Any]]
) -> None:
    response = await api.get(f"/conversations/{conversation_id}/export")

    assert response.headers["content-type"].startswith("application/x-ndjson")
    lines = [Message.model_validate(json.loads(line)) for line in response.text.splitlines()]
    assert [(line.seq, line.id) for line in lines] == [
        (seq, sent["id"]) for seq, sent in enumerate(stored, start=1)
    ]


async def test_an_export_of_an_empty_conversation_is_empty(
    api: httpx.AsyncClient, conversation_id: UUID
) -> None:
    response = await api.get(f"/conversations/{conversation_id}/export")

    assert (response.status_code, response.content) == (200, b"")


async def test_the_same_id_in_two_conversations_is_two_messages(
    api: httpx.AsyncClient, conversation_id: UUID, other_conversation_id: UUID
) -> None:
    await _append(api, conversation_id, [message(content="here")])
    await _append(api, other_conversation_id, [message(content="there")])

    [here] = (await _page(api, conversation_id)).messages
    [there] = (await _page(api, other_conversation_id)).messages
    assert (here.content, there.content) == ("here", "there")


async def _append(
    api: httpx.AsyncClient, conversation_id: UUID, batch: list[dict[str, Any]]
) -> AppendResult:
    response = await api.post(
        f"/conversations/{conversation_id}/messages", json={"messages": batch}
    )
    assert response.status_code == 200, response.text
    return AppendResult.model_validate(response.json())


async def _page(
    api: httpx.AsyncClient, conversation_id: UUID, **query: int | str | None
) -> MessagePage:
    response = await api.get(
        f"/conversations/{conversation_id}/messages",
        params={name: value for name, value in query.items() if value is not None},
    )
    assert response.status_code == 200, response.text
    return MessagePage.model_validate(response.json())
