"""An agent that another one has replaced: refused, and what it hands in is stored and marked."""

import asyncpg
import pytest

from retrieval.errors import MessageConflict, StaleEpoch
from retrieval.store.conversations import join_conversation
from retrieval.store.messages import append_messages, recent_messages
from retrieval.wire import ConversationId, Message, MessageCreate, Role
from tests.support.builders import message


async def joined(db: asyncpg.Pool, agent: str) -> tuple[ConversationId, int]:
    conversation = await join_conversation(db, room="den", window=0, identity=agent, session_id="s")
    assert conversation.epoch is not None
    return ConversationId(conversation.conversation_id), conversation.epoch


def accepted(
    number: int, content: str | None = None, *, epoch: int, role: Role = "user"
) -> MessageCreate:
    return message(number, content, role=role).model_copy(update={"epoch": epoch})


async def stored(db: asyncpg.Pool, room: ConversationId) -> list[Message]:
    page = await recent_messages(db, conversation_id=room, limit=50, after=0)
    return page.messages


async def test_each_agent_that_joins_has_a_later_epoch_and_keeps_it(db: asyncpg.Pool) -> None:
    _, first = await joined(db, "a")
    assert await joined(db, "a") == await joined(db, "a")
    room, second = await joined(db, "b")
    assert first < second
    assert (await joined(db, "a"))[1] > second
    watching = await join_conversation(db, room="den", window=0)
    assert watching.epoch is None
    await append_messages(db, conversation_id=room, messages=[message(1)], epoch=second + 1)


async def test_an_agent_that_another_has_replaced_is_refused_as_a_whole(db: asyncpg.Pool) -> None:
    room, old = await joined(db, "a")
    await append_messages(db, conversation_id=room, messages=[message(1)], epoch=old)
    _, new = await joined(db, "b")
    for batch in ([message(2)], [message(1)]):  # new, and sent before
        with pytest.raises(StaleEpoch, match=f"epoch {new}, not {old}"):
            await append_messages(db, conversation_id=room, messages=batch, epoch=old)
    await append_messages(db, conversation_id=room, messages=[message(3)], epoch=new)
    assert [one.id for one in await stored(db, room)] == ["m1", "m3"]


async def test_what_a_replaced_agent_had_accepted_is_stored_in_its_place_and_marked(
    db: asyncpg.Pool,
) -> None:
    room, old = await joined(db, "a")
    _, new = await joined(db, "b")
    await append_messages(db, conversation_id=room, messages=[message(5)], epoch=new)
    late = [accepted(2, epoch=old), accepted(3, epoch=old)]
    first = await append_messages(db, conversation_id=room, messages=late)
    again = await append_messages(db, conversation_id=room, messages=late)
    assert [o.status for o in first.outcomes + again.outcomes] == ["stored"] * 2 + ["duplicate"] * 2
    page = await recent_messages(db, conversation_id=room, limit=10)
    assert [(m.id, m.epoch) for m in page.messages] == [("m2", old), ("m3", old), ("m5", None)]
    assert page.messages[0].model_dump()["epoch"] == old
    assert "epoch" not in page.messages[2].model_dump()


async def test_a_restarted_agent_hands_in_what_it_found_as_if_it_had_not_died(
    db: asyncpg.Pool,
) -> None:
    room, old = await joined(db, "a")
    _, new = await joined(db, "b")
    batch = [accepted(1, epoch=old), accepted(2, epoch=new), accepted(3, epoch=new)]
    await append_messages(db, conversation_id=room, messages=batch, epoch=new)
    assert not any(one.epoch for one in await stored(db, room))
    # From another machine's disk, when there had been an agent in between.
    await append_messages(db, conversation_id=room, messages=[accepted(4, epoch=old)], epoch=new)
    assert (await stored(db, room))[-1].epoch == old


async def test_what_is_recovered_of_the_last_agent_is_not_late(db: asyncpg.Pool) -> None:
    room, old = await joined(db, "a")
    await append_messages(db, conversation_id=room, messages=[accepted(1, epoch=old)])
    assert not (await stored(db, room))[0].epoch


async def test_a_late_answer_never_stands_in_the_way_of_the_present_agents(
    db: asyncpg.Pool,
) -> None:
    room, old = await joined(db, "a")
    _, new = await joined(db, "b")
    answer = accepted(2, "of the old", role="assistant", epoch=old)
    (outcome,) = (await append_messages(db, conversation_id=room, messages=[answer])).outcomes
    assert outcome.id == answer.id
    mine = message(2, "of the new", role="assistant")
    await append_messages(db, conversation_id=room, messages=[mine], epoch=new)
    again = await append_messages(db, conversation_id=room, messages=[answer])
    assert again.outcomes[0].status == "duplicate"
    kept = [(one.id, one.content, one.epoch) for one in await stored(db, room)]
    assert kept == [("m2.late", "of the old", old), ("m2", "of the new", None)]


async def test_an_answer_that_came_late_and_is_then_found_by_the_present_agent_is_stored_once(
    db: asyncpg.Pool,
) -> None:
    room, old = await joined(db, "a")
    _, new = await joined(db, "b")
    answer = accepted(2, "said", role="assistant", epoch=old)
    await append_messages(db, conversation_id=room, messages=[answer])
    again = await append_messages(db, conversation_id=room, messages=[answer], epoch=new)
    assert again.outcomes[0].status == "duplicate"
    assert [one.id for one in await stored(db, room)] == ["m2.late"]


async def test_an_answer_delivered_in_time_and_sent_again_late_is_stored_once(
    db: asyncpg.Pool,
) -> None:
    room, old = await joined(db, "a")
    answer = accepted(2, "said", role="assistant", epoch=old)
    await append_messages(db, conversation_id=room, messages=[answer], epoch=old)
    _, new = await joined(db, "b")
    await append_messages(db, conversation_id=room, messages=[message(3)], epoch=new)
    again = await append_messages(db, conversation_id=room, messages=[answer])
    assert again.outcomes[0].status == "duplicate"


async def test_a_persons_message_that_two_agents_accepted_is_one_message(db: asyncpg.Pool) -> None:
    room, old = await joined(db, "a")
    _, new = await joined(db, "b")
    mine = message(1)
    await append_messages(db, conversation_id=room, messages=[mine], epoch=new)
    earlier = accepted(1, epoch=old).model_copy(update={"created_at": message(0).created_at})
    again = await append_messages(db, conversation_id=room, messages=[earlier])
    assert again.outcomes[0].status == "duplicate"
    with pytest.raises(MessageConflict):
        await append_messages(
            db, conversation_id=room, messages=[accepted(1, "other words", epoch=old)]
        )
    assert [one.created_at for one in await stored(db, room)] == [mine.created_at]


async def test_a_persons_message_taken_again_by_the_next_agent_is_one_message(
    db: asyncpg.Pool,
) -> None:
    room, old = await joined(db, "a")
    await append_messages(db, conversation_id=room, messages=[accepted(1, epoch=old)], epoch=old)
    _, new = await joined(db, "b")
    later = accepted(1, epoch=new).model_copy(update={"created_at": message(2).created_at})
    again = await append_messages(db, conversation_id=room, messages=[later], epoch=new)
    assert again.outcomes[0].status == "duplicate"
    other = accepted(1, "other words", epoch=new)
    with pytest.raises(MessageConflict):
        await append_messages(db, conversation_id=room, messages=[other], epoch=new)


async def test_a_database_restored_from_a_backup_learns_the_later_epoch(db: asyncpg.Pool) -> None:
    room, first = await joined(db, "a")
    await append_messages(db, conversation_id=room, messages=[message(1)], epoch=first + 5)
    assert (await joined(db, "b"))[1] == first + 6


async def test_what_others_store_is_never_stale_or_late(db: asyncpg.Pool) -> None:
    room, epoch = await joined(db, "a")
    await append_messages(db, conversation_id=room, messages=[message(9)], epoch=epoch)
    await append_messages(db, conversation_id=room, messages=[message(1)])
    assert not any(one.epoch for one in await stored(db, room))
