"""Conversations that several rooms share, by a key that is no room's name."""

import asyncio

import asyncpg
import pytest

from retrieval.errors import LanguageUnknown, StaleEpoch
from retrieval.store.conversations import create_conversation, create_room, join_conversation
from retrieval.store.messages import append_messages, recent_messages
from retrieval.wire import Conversation, ConversationId, Message, MessageCreate
from tests.support.builders import message


async def joined(db: asyncpg.Pool, room: str, agent: str, key: str | None = "ada") -> Conversation:
    return await join_conversation(
        db, room=room, key=key, window=12, identity=agent, session_id=f"session of {agent}"
    )


def said_in(
    room: str, number: int, content: str | None = None, *, epoch: int | None = None
) -> MessageCreate:
    return message(number, content).model_copy(update={"room": room, "epoch": epoch})


async def stored(db: asyncpg.Pool, conversation: Conversation) -> list[Message]:
    page = await recent_messages(
        db, conversation_id=ConversationId(conversation.conversation_id), limit=50, after=0
    )
    return page.messages


async def append(
    db: asyncpg.Pool,
    conversation: Conversation,
    *messages: MessageCreate,
    epoch: int | None = None,
    room: str | None = None,
) -> None:
    id_ = ConversationId(conversation.conversation_id)
    await append_messages(db, conversation_id=id_, messages=messages, epoch=epoch, room=room)


async def test_a_key_has_one_conversation_however_many_ask_for_it_first(db: asyncpg.Pool) -> None:
    answers = await asyncio.gather(*(create_conversation(db, key="ada") for _ in range(12)))
    assert len({conversation_id for conversation_id, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1


async def test_rooms_that_first_use_a_key_at_once_share_one_conversation(db: asyncpg.Pool) -> None:
    rooms, agents = await asyncio.gather(
        asyncio.gather(*(create_room(db, name=f"call {n}", key="ada") for n in range(8))),
        asyncio.gather(*(joined(db, f"visit {n}", f"agent-{n}") for n in range(4))),
    )
    ids = {conversation_id for conversation_id, _ in rooms}
    assert len(ids | {agent.conversation_id for agent in agents}) == 1


async def test_a_room_and_a_key_of_the_same_name_share_no_memory(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="alice")
    key, created = await create_conversation(db, key="alice")
    assert created
    assert room != key
    assert (await create_room(db, name="alice"))[0] == room
    # Nor when that room is opened with that key: its own history stays where it was.
    await append_messages(db, conversation_id=room, messages=[message(1, "of the room")])
    moved = await joined(db, "alice", "a", key="alice")
    assert (moved.conversation_id, moved.window) == (key, [])


async def test_a_room_used_again_with_another_key_changes_to_the_other_conversation(
    db: asyncpg.Pool,
) -> None:
    ada = await joined(db, "kiosk", "a", key="ada")
    await append(db, ada, said_in("kiosk", 1, "ada's secret"))
    bob = await joined(db, "kiosk", "b", key="bob")
    assert (bob.window, bob.key) == ([], "bob")
    # Without a key it keeps the one that it has.
    again = await joined(db, "kiosk", "c", key=None)
    assert (again.conversation_id, again.key) == (bob.conversation_id, "bob")
    assert (await create_room(db, name="kiosk")) == (bob.conversation_id, False)
    assert [m.content for m in (await joined(db, "kiosk", "d", key="ada")).window] == [
        "ada's secret"
    ]


async def test_a_room_without_a_key_has_a_conversation_of_its_own_and_no_key(
    db: asyncpg.Pool,
) -> None:
    alone = await joined(db, "den", "a", key=None)
    assert alone.key is None
    assert "key" not in alone.model_dump()


async def test_an_unknown_language_leaves_no_key_behind(db: asyncpg.Pool) -> None:
    with pytest.raises(LanguageUnknown):
        await create_conversation(db, key="ada", language="klingon")
    assert (await create_conversation(db, key="ada", language="german"))[1]


async def test_agents_of_rooms_that_share_a_conversation_do_not_replace_each_other(
    db: asyncpg.Pool,
) -> None:
    phone = await joined(db, "phone", "a")
    web = await joined(db, "web", "b")
    await append(db, phone, said_in("phone", 1), epoch=phone.epoch, room="phone")
    await append(db, web, said_in("web", 2), epoch=web.epoch, room="web")
    assert [(m.id, m.room, m.epoch) for m in await stored(db, web)] == [
        ("m1", "phone", None),
        ("m2", "web", None),
    ]
    # Within one room an agent that was replaced is refused, as ever.
    after = await joined(db, "web", "c")
    assert after.epoch == 2
    with pytest.raises(StaleEpoch):
        await append(db, web, said_in("web", 3), epoch=web.epoch, room="web")
    await append(db, phone, said_in("phone", 4), epoch=phone.epoch, room="phone")
    await append(db, after, said_in("web", 3), epoch=after.epoch, room="web")
    assert [m.id for m in await stored(db, web)] == ["m1", "m2", "m4", "m3"]


async def test_what_is_late_is_told_by_the_room_in_which_it_was_said(db: asyncpg.Pool) -> None:
    for agent in ("a", "b", "c"):
        phone = await joined(db, "phone", agent)
    web = await joined(db, "web", "d")
    # Found on a disk that both rooms' agents wrote to: nobody's batch.
    await append(db, web, said_in("web", 1, epoch=1), said_in("phone", 2, epoch=1))
    # And handed in by another room's agent.
    await append(
        db, web, said_in("phone", 3, epoch=3), said_in("phone", 4, epoch=2), epoch=1, room="web"
    )
    assert [(m.id, m.epoch) for m in await stored(db, phone)] == [
        ("m1", None),
        ("m2", 1),
        ("m3", None),
        ("m4", 2),
    ]


async def test_an_epoch_from_before_the_database_was_restored_counts_in_its_room_alone(
    db: asyncpg.Pool,
) -> None:
    phone = await joined(db, "phone", "a")
    web = await joined(db, "web", "b")
    await append(db, phone, said_in("phone", 1), epoch=9, room="phone")
    assert (await joined(db, "phone", "c")).epoch == 10
    await append(db, web, said_in("web", 2), epoch=web.epoch, room="web")


async def test_an_agent_that_names_its_only_room_is_that_rooms_agent(db: asyncpg.Pool) -> None:
    old = await joined(db, "den", "a", key=None)
    await joined(db, "den", "b", key=None)
    with pytest.raises(StaleEpoch):
        await append(db, old, said_in("den", 1), epoch=old.epoch, room="den")
    await append(db, old, said_in("den", 1, epoch=old.epoch))
    assert [m.epoch for m in await stored(db, old)] == [old.epoch]


async def test_an_append_and_an_agent_that_joins_meanwhile_are_one_after_the_other(
    db: asyncpg.Pool,
) -> None:
    """Otherwise a replaced agent's message could come behind the window that its successor read."""
    web = await joined(db, "web", "a0")
    for n in range(1, 12):
        appending = append(db, web, said_in("web", n), epoch=web.epoch, room="web")
        outcome, successor = await asyncio.gather(
            appending, joined(db, "web", f"a{n}"), return_exceptions=True
        )
        assert isinstance(successor, Conversation)
        appended = not isinstance(outcome, BaseException)
        assert appended or isinstance(outcome, StaleEpoch)
        assert appended == (f"m{n}" in {m.id for m in successor.window})
        web = successor
