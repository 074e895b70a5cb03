"""Appending a conversation's messages and reading them back."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from retrieval.errors import ConversationNotFound, MessageConflict
from retrieval.store.conversations import create_room
from retrieval.store.exports.conversation import export_conversation
from retrieval.store.messages import PENDING_CHANNEL, append_messages, recent_messages
from retrieval.wire import ConversationId, Message, MessageCreate, MessagePage
from tests.support.builders import message


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    conversation_id, _ = await create_room(db, name="helpdesk")
    return conversation_id


def seqs(page: MessagePage) -> list[int]:
    return [stored.seq for stored in page.messages]


async def test_messages_come_back_as_they_were_sent(db: asyncpg.Pool, room: ConversationId) -> None:
    sent = [
        message(1, "Où est ma commande A-48213 ? 🦊", participant="Ana Ruiz"),
        message(2, "On its way.", participant="agent", role="assistant", interrupted=True),
        message(3, "Parcel 7 left.", role="tool", metadata={"weight": 2.5, "stops": ["Ulm"]}),
    ]
    await append_messages(db, conversation_id=room, messages=sent)
    page = await recent_messages(db, conversation_id=room, limit=10)
    assert [dict(stored) for stored in page.messages] == [
        {"seq": seq, "edited_at": None, **dict(one)} for seq, one in enumerate(sent, start=1)
    ]
    assert page.message_count == 3


async def test_concurrent_batches_of_one_conversation_are_numbered_without_gaps(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    batches = [[message(10 * batch + i) for i in range(10)] for batch in range(20)]
    results = await asyncio.gather(
        *(append_messages(db, conversation_id=room, messages=batch) for batch in batches)
    )
    numbers = [[outcome.seq for outcome in result.outcomes] for result in results]
    assert sorted(seq for batch in numbers for seq in batch) == list(range(1, 201))
    # Each batch stands together, in its order.
    assert all(batch == list(range(batch[0], batch[0] + 10)) for batch in numbers)


async def test_same_batch_sent_twice_is_stored_once(db: asyncpg.Pool, room: ConversationId) -> None:
    batch = [message(1), message(2)]
    first = await append_messages(db, conversation_id=room, messages=batch)
    counted = await db.fetchrow("select * from conversation")
    again = await append_messages(db, conversation_id=room, messages=batch)
    assert [outcome.status for outcome in first.outcomes] == ["stored", "stored"]
    assert [outcome.status for outcome in again.outcomes] == ["duplicate", "duplicate"]
    assert [outcome.seq for outcome in again.outcomes] == [1, 2]
    assert await db.fetchrow("select * from conversation") == counted


async def test_same_batch_sent_by_many_at_once_is_stored_once(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    batch = [message(i) for i in range(50)]
    results = await asyncio.gather(
        *(append_messages(db, conversation_id=room, messages=batch) for _ in range(8))
    )
    assert await db.fetchval("select count(*) from message") == 50
    stored = [o for result in results for o in result.outcomes if o.status == "stored"]
    assert len(stored) == 50
    assert len({tuple(o.seq for o in result.outcomes) for result in results}) == 1


async def test_batch_that_is_partly_stored_stores_the_rest(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await append_messages(db, conversation_id=room, messages=[message(1), message(2)])
    result = await append_messages(
        db, conversation_id=room, messages=[message(2), message(3), message(1)]
    )
    assert [(o.id, o.seq, o.status) for o in result.outcomes] == [
        ("m2", 2, "duplicate"),
        ("m3", 3, "stored"),
        ("m1", 1, "duplicate"),
    ]


async def test_message_twice_in_one_batch_is_stored_once(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    result = await append_messages(db, conversation_id=room, messages=[message(1), message(1)])
    assert [outcome.seq for outcome in result.outcomes] == [1, 1]
    assert await db.fetchval("select count(*) from message") == 1


@pytest.mark.parametrize(
    "changed",
    [
        message(2, "something else"),
        message(2, participant="bob"),
        message(2, role="assistant"),
        message(2, interrupted=True),
        message(2).model_copy(update={"created_at": message(3).created_at}),
    ],
    ids=["content", "participant", "role", "interrupted", "created_at"],
)
async def test_conflict_refuses_the_whole_batch(
    db: asyncpg.Pool, room: ConversationId, changed: MessageCreate
) -> None:
    await append_messages(db, conversation_id=room, messages=[message(1), message(2)])
    with pytest.raises(MessageConflict) as caught:
        await append_messages(db, conversation_id=room, messages=[message(3), changed])
    assert caught.value.message_ids == ["m2"]
    assert seqs(await recent_messages(db, conversation_id=room, limit=10)) == [1, 2]


async def test_conflict_inside_one_batch_refuses_it(db: asyncpg.Pool, room: ConversationId) -> None:
    with pytest.raises(MessageConflict):
        await append_messages(
            db, conversation_id=room, messages=[message(1), message(1, "something else")]
        )
    assert await db.fetchval("select count(*) from message") == 0


async def test_two_conversations_never_mix(db: asyncpg.Pool, room: ConversationId) -> None:
    other, _ = await create_room(db, name="other")
    await asyncio.gather(
        append_messages(db, conversation_id=room, messages=[message(1, "here"), message(2)]),
        append_messages(db, conversation_id=other, messages=[message(1, "there")]),
    )
    page = await recent_messages(db, conversation_id=other, limit=10)
    assert [(one.seq, one.content) for one in page.messages] == [(1, "there")]
    assert page.message_count == 1


async def test_unknown_conversation_is_named(db: asyncpg.Pool) -> None:
    unknown = ConversationId(uuid4())
    with pytest.raises(ConversationNotFound, match=str(unknown)):
        await append_messages(db, conversation_id=unknown, messages=[message(1)])
    with pytest.raises(ConversationNotFound, match=str(unknown)):
        await recent_messages(db, conversation_id=unknown, limit=10)
    with pytest.raises(ConversationNotFound, match=str(unknown)):
        await anext(export_conversation(db, conversation_id=unknown, parts=["messages"]))


async def test_append_works_on_a_connection_and_inside_a_transaction(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    async with db.acquire() as connection:
        outer = connection.transaction()
        await outer.start()
        await append_messages(connection, conversation_id=room, messages=[message(1)])
        await outer.rollback()
        await append_messages(connection, conversation_id=room, messages=[message(2)])
    page = await recent_messages(db, conversation_id=room, limit=10)
    assert [(one.id, one.seq) for one in page.messages] == [("m2", 1)]


async def test_pages_follow_each_other_without_gap_or_overlap(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await append_messages(db, conversation_id=room, messages=[message(i) for i in range(1, 26)])
    newest = await recent_messages(db, conversation_id=room, limit=10)
    older = await recent_messages(db, conversation_id=room, limit=10, before=newest.messages[0].seq)
    oldest = await recent_messages(db, conversation_id=room, limit=10, before=older.messages[0].seq)
    assert seqs(oldest) + seqs(older) + seqs(newest) == list(range(1, 26))
    assert seqs(await recent_messages(db, conversation_id=room, limit=3, after=10)) == [11, 12, 13]
    between = await recent_messages(db, conversation_id=room, limit=9, after=10, before=13)
    assert seqs(between) == [11, 12]
    beyond = await recent_messages(db, conversation_id=room, limit=9, after=25)
    assert beyond == MessagePage(messages=[], message_count=25)


async def test_stream_gives_every_message_once_in_order(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    for start in range(0, 2500, 500):
        batch = [message(i) for i in range(start, start + 500)]
        await append_messages(db, conversation_id=room, messages=batch)
    lines = [one async for one in export_conversation(db, conversation_id=room, parts=["messages"])]
    streamed = [one.seq for one in lines if isinstance(one, Message)]
    assert streamed == list(range(1, 2501))


async def test_pending_is_notified_after_the_commit(db: asyncpg.Pool, room: ConversationId) -> None:
    told: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    readers: set[asyncio.Task[None]] = set()

    def hear(connection: object, pid: int, channel: str, payload: object) -> None:
        task = asyncio.ensure_future(read(str(payload)))
        readers.add(task)

    async def read(payload: str) -> None:
        visible = await db.fetchval("select count(*) from message")
        told.put_nowait((payload, visible))

    async with db.acquire() as listener:
        await listener.add_listener(PENDING_CHANNEL, hear)
        await append_messages(db, conversation_id=room, messages=[message(1), message(2)])
        assert await asyncio.wait_for(told.get(), 10) == (str(room), 2)
        await append_messages(db, conversation_id=room, messages=[message(1)])  # nothing is pending
        await append_messages(db, conversation_id=room, messages=[message(3)])
        assert await asyncio.wait_for(told.get(), 10) == (str(room), 3)
        await listener.remove_listener(PENDING_CHANNEL, hear)
    assert told.empty()


MODELS = """
insert into embedding_model (model_id, name, dimension, state)
values (1, 'old', 3, 'retired'), (2, 'now', 3, 'active'), (3, 'next', 3, 'filling')
"""


async def test_new_messages_are_pending_for_every_model_in_use(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await db.execute(MODELS)
    await append_messages(db, conversation_id=room, messages=[message(1), message(2)])
    await append_messages(db, conversation_id=room, messages=[message(2)])
    jobs = await db.fetch("select model_id, seq from embedding_job order by model_id, seq")
    assert [tuple(job) for job in jobs] == [(2, 1), (2, 2), (3, 1), (3, 2)]


async def test_message_is_indexed_by_its_words_its_participant_and_its_exact_terms(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    said = message(1, "The parcels of order A-48213 were lost, lost!", participant="Ana")
    await append_messages(db, conversation_id=room, messages=[said])
    rows = await db.fetch("select lexeme, occurrences, passage_words from message_term")
    found = {row["lexeme"]: row["occurrences"] for row in rows}
    assert found["parcel"] == 1
    assert found["lost"] == 2
    assert found["ana"] == 1
    assert found["=a-48213"] == 1
    assert "the" not in found
    assert found["48213"] == 1
    assert {row["passage_words"] for row in rows} == {
        len(["parcels", "order", "lost", "lost", "Ana", "48213", "code"])
    }


async def test_long_message_is_indexed_to_its_last_word(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    text = " ".join(f"word{i} is here." for i in range(400)) + " The needle."
    await append_messages(db, conversation_id=room, messages=[message(1, text)])
    needle = await db.fetchval("select passage from message_term where lexeme = 'needl'")
    assert needle == await db.fetchval("select max(passage) from message_term")
    assert needle > 3


PASSAGE_WORDS = """
select sum(words) from (select max(passage_words) as words from message_term group by seq, passage)
"""


async def test_conversation_counts_messages_passages_and_words(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await append_messages(db, conversation_id=room, messages=[message(1, "one two"), message(2)])
    await append_messages(db, conversation_id=room, messages=[message(3, "word " * 300)])
    (counted,) = await db.fetch("select * from conversation")
    assert (counted["last_seq"], counted["message_count"]) == (3, 3)
    assert counted["word_count"] == await db.fetchval(PASSAGE_WORDS)
    assert counted["passage_count"] == await db.fetchval(
        "select count(distinct (seq, passage)) from message_term"
    )


async def test_participants_are_known_by_every_word_of_their_name(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    batch = [message(1, participant="Ana Ruiz"), message(2, participant="Ana Ruiz")]
    await append_messages(db, conversation_id=room, messages=batch)
    names = await db.fetch("select name, identity from participant_name order by name")
    assert [tuple(row) for row in names] == [
        ("ana", "Ana Ruiz"),
        ("ana ruiz", "Ana Ruiz"),
        ("ruiz", "Ana Ruiz"),
    ]


async def test_extreme_content_is_stored(db: asyncpg.Pool, room: ConversationId) -> None:
    extremes = [
        "é\u0301 \u200b",
        "x" * 65_536,
        "=" * 4000,
        "a'b\"c;--$$ \\",
        "日本語" * 5000,
        "\n\t.",
        "A-1 " * 16_000,
    ]
    batch = [message(i, content) for i, content in enumerate(extremes)]
    await append_messages(db, conversation_id=room, messages=batch)
    page = await recent_messages(db, conversation_id=room, limit=10)
    assert [one.content for one in page.messages] == extremes


async def test_foreign_keys_of_new_messages_are_not_planned_row_by_row(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    async with db.acquire() as connection:
        async with connection.transaction():
            await append_messages(connection, conversation_id=room, messages=[message(1)])
            assert await connection.fetchval("show plan_cache_mode") == "auto"
        # Searches on this connection are planned for their conversation again.
        assert await connection.fetchval("show plan_cache_mode") == "force_custom_plan"
