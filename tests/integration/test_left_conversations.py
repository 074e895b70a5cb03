"""A room that has been given another conversation, and agents that were asked for before."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from retrieval.errors import RoomMoved
from retrieval.store import conversations, opened_rooms
from retrieval.store.conversations import AskedFor
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[asyncpg.Record]

SID = "RM_1"


async def moved(db: "Pool", *keys: str | None) -> list[ConversationId]:
    """The conversations that the room den has had, one after the other, in one LiveKit room."""
    had = []
    for key in keys:
        conversation_id, _ = await conversations.create_room(db, name="den", key=key)
        await opened_rooms.opened(db, "den", sid=SID, conversation_id=conversation_id)
        had.append(conversation_id)
    return had


async def join(
    db: "Pool", asked_for: ConversationId, *, key: str | None, sid: str = SID
) -> ConversationId:
    joined = await conversations.join_conversation(
        db, room="den", window=0, key=key, asked_for=AskedFor(asked_for, sid)
    )
    return ConversationId(joined.conversation_id)


@pytest.mark.parametrize("earlier", ["ada", None], ids=["of a key", "of the room alone"])
async def test_an_agent_of_an_earlier_conversation_has_no_place_and_moves_nothing(
    db: "Pool", earlier: str | None
) -> None:
    first, second, now = await moved(db, earlier, "bob", "carl")
    for asked_for, key in ((first, earlier), (second, "bob")):
        with pytest.raises(RoomMoved, match="an agent of that one is on its way"):
            await join(db, asked_for, key=key)
    assert await conversations.create_room(db, name="den") == (now, False)
    assert await join(db, now, key="carl") == now


async def test_in_a_livekit_room_opened_since_the_agent_is_the_rooms(db: "Pool") -> None:
    ada, bob = await moved(db, "ada", "bob")
    assert await join(db, ada, key="ada", sid="RM_2") == ada
    with pytest.raises(RoomMoved):
        await join(db, bob, key="bob")


async def test_a_room_that_comes_back_to_a_conversation_takes_its_agents(db: "Pool") -> None:
    ada, bob, again = await moved(db, "ada", "bob", "ada")
    assert again == ada
    assert await join(db, ada, key="ada") == ada
    with pytest.raises(RoomMoved):
        await join(db, bob, key="bob")


async def test_a_conversation_that_the_room_never_had_is_given_to_it(db: "Pool") -> None:
    await moved(db, "ada")
    carl, _ = await conversations.create_conversation(db, key="carl")
    assert await join(db, carl, key="carl") == carl
    assert await join(db, ConversationId(uuid4()), key="carl") == carl


async def test_of_a_room_that_many_have_in_turn_the_last_are_kept(db: "Pool") -> None:
    had = await moved(db, *(f"customer {number}" for number in range(20)))
    left = await db.fetchval("select left_conversation_ids from room where name = 'den'")
    assert left == had[-2:-18:-1]
