"""`longroom.client` as a program without an agent uses it, against a real backend."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from longroom.client import (
    BackendRejected,
    ConversationClient,
    ConversationEvent,
    LongroomClient,
    MessageCreate,
    MessageId,
)
from tests.support.backend_under_test import BackendUnderTest

MONDAY = datetime(2025, 3, 3, 9, tzinfo=UTC)


@pytest.fixture
async def longroom(backend: BackendUnderTest) -> AsyncIterator[LongroomClient]:
    async with LongroomClient(backend.url, key=backend.key, timeout_s=30) as client:
        yield client


@pytest.fixture
async def conversation(longroom: LongroomClient, room_name: str) -> ConversationClient:
    return await longroom.room(room_name)


def _message(number: int, content: str) -> MessageCreate:
    return MessageCreate(
        id=MessageId(f"m{number}"),
        role="user",
        participant="ada",
        content=content,
        created_at=MONDAY + timedelta(minutes=number),
    )


async def test_what_is_appended_is_found_by_its_words_at_once(
    conversation: ConversationClient,
) -> None:
    outcome = await conversation.append(
        "Parcels for Hal go to the red boathouse.",
        participant="hal",
        created_at=MONDAY,
        metadata={"channel": "web"},
    )
    await conversation.append("I will note that.", participant="support", role="assistant")

    found = await conversation.search("boathouse parcels", metadata={"channel": "web"}, limit=3)

    assert [hit.message.id for hit in found.hits] == [outcome.id]
    assert found.hits[0].message.participant == "hal"
    assert found.hits[0].message.created_at == MONDAY


async def test_filters_narrow_a_search(conversation: ConversationClient) -> None:
    await conversation.append_all([_message(n, f"The boathouse, visit {n}.") for n in range(1, 5)])

    found = await conversation.search(
        "boathouse",
        since=MONDAY + timedelta(minutes=2),
        until=MONDAY + timedelta(minutes=4),
        participants=["ada"],
        roles=["user"],
        exclude_ids=["m3"],
    )

    assert [hit.message.id for hit in found.hits] == ["m2"]


async def test_the_same_room_is_the_same_conversation(
    longroom: LongroomClient, conversation: ConversationClient, room_name: str
) -> None:
    again = await longroom.room(room_name)

    assert again.id == conversation.id
    assert longroom.open(again.id).id == conversation.id


async def test_a_key_has_one_conversation_which_rooms_share(
    longroom: LongroomClient, room_name: str
) -> None:
    of_key = await longroom.conversation(room_name)
    room = await longroom.create_room(f"call of {room_name}", conversation=room_name)
    of_its_own = await longroom.room(room_name)
    await of_key.append("By phone.", participant="ada", created_at=MONDAY, room=room.name)

    read = await (await longroom.conversation(room_name)).recent()
    assert room.conversation_id == of_key.id != of_its_own.id
    assert [(message.content, message.room) for message in read] == [("By phone.", room.name)]


async def test_a_message_under_an_id_of_ones_own_is_stored_once(
    conversation: ConversationClient,
) -> None:
    sent = [
        await conversation.append("Once.", participant="ada", id="m1", created_at=MONDAY)
        for _ in range(2)
    ]

    assert [outcome.status for outcome in sent] == ["stored", "duplicate"]


async def test_recent_pages_go_back_to_the_beginning(conversation: ConversationClient) -> None:
    await conversation.append_all([_message(n, f"line {n}") for n in range(1, 8)])

    newest = await conversation.recent(3)
    before = await conversation.recent(3, before=newest[0].seq)

    assert [message.id for message in newest] == ["m5", "m6", "m7"]
    assert [message.id for message in before] == ["m2", "m3", "m4"]


async def test_a_history_of_several_requests_is_read_back_whole_and_in_order(
    conversation: ConversationClient,
) -> None:
    written = [_message(n, f"line {n}") for n in range(1, 622)]
    outcomes = await conversation.append_all(written)
    read = [message async for message in conversation.messages()]
    rest = [message.id async for message in conversation.messages(after=619)]

    assert [outcome.seq for outcome in outcomes] == list(range(1, 622))
    assert [message.id for message in read] == [message.id for message in written]
    assert rest == ["m620", "m621"]


async def test_events_are_recorded_once_and_read_back(conversation: ConversationClient) -> None:
    booked = ConversationEvent(id="e1", kind="action", created_at=MONDAY, data={"booked": 4})
    failed = ConversationEvent(id="e2", kind="error", created_at=MONDAY, data={"source": "tts"})

    assert await conversation.record([booked, failed]) == 2
    assert await conversation.record([booked]) == 0
    assert await conversation.events(kind="action") == [booked]
    assert {event.id for event in await conversation.events()} == {"e1", "e2"}


async def test_a_wrong_key_is_a_refusal(backend: BackendUnderTest, room_name: str) -> None:
    if not backend.headers:
        pytest.skip("this backend is open")
    async with LongroomClient(backend.url, key="wrong", timeout_s=30) as stranger:
        with pytest.raises(BackendRejected) as refused:
            await stranger.room(room_name)

    assert refused.value.status == 401


async def test_what_no_backend_takes_is_refused_before_it_is_sent(
    conversation: ConversationClient,
) -> None:
    with pytest.raises(ValueError, match="since must be earlier"):
        await conversation.search("anything", since=MONDAY, until=MONDAY)
    assert await conversation.recent() == []
