"""Binary codes and HNSW indexes of large conversations, built beside writers and other backends."""

import asyncio

from retrieval.ann.binary_codes import extend_codes
from retrieval.ann.hnsw import drop_unused_indexes, index_name
from retrieval.ann.maintenance import AnnMaintenance
from retrieval.ann.tiers import Tier
from retrieval.embeddings.model_migration import drop_rows
from retrieval.embeddings.rows import drop_outdated, locked_conversation, store_context_vectors
from tests.support.large_room import (
    CODED,
    HNSW,
    Pool,
    embed,
    extend,
    fill,
    find,
    prepare,
    prepared,
    unit,
)


async def test_a_late_embedding_gets_its_code(db: Pool) -> None:
    room = await fill(db, count=150)
    await db.execute("delete from message_embedding where seq = 40")
    await prepare(db, CODED)
    assert await prepared(db, room) == Tier(150, 0)
    assert 40 not in await find(db, room, room.vectors[39])
    await embed(db, room, [40])
    assert (await find(db, room, room.vectors[39]))[0] == 40


async def test_a_context_vector_that_is_made_anew_is_found_by_its_new_code(db: Pool) -> None:
    """As where a message arrives late between others; also in an HNSW index."""
    room = await fill(db, count=450)
    await prepare(db, HNSW)
    other = unit(1, seed=99)
    async with locked_conversation(db, room.conversation_id) as connection:
        made = {40: other, 41: room.vectors[40:41]}
        await drop_outdated(connection, room.conversation_id, 1, made)
        await store_context_vectors(connection, room.conversation_id, 1, made)

    for limits in (CODED, HNSW):
        assert (await find(db, room, other[0], limits=limits))[0] == 40
        assert 40 not in await find(db, room, room.vectors[39], limits=limits)
    codes = await db.fetch("select seq from message_code where seq = any('{40,41}') order by seq")
    assert [row["seq"] for row in codes] == [40, 41]


async def test_codes_stop_before_pending_messages(db: Pool) -> None:
    room = await fill(db, count=150)
    await db.execute(
        "insert into embedding_job (conversation_id, model_id, seq) values ($1, 1, 70)",
        room.conversation_id,
    )
    await prepare(db, CODED)
    assert (await prepared(db, room)).coded_to == 69
    await db.execute("delete from embedding_job")
    await db.execute("delete from message_embedding where smoothed and seq = 100")
    await prepare(db, CODED)
    assert (await prepared(db, room)).coded_to == 99


async def test_a_deleted_conversation_loses_its_codes_and_its_hnsw_index(db: Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, HNSW)
    assert len(await hnsw_indexes(db)) == 1
    await db.execute("delete from conversation where conversation_id = $1", room.conversation_id)
    assert await db.fetchval("select count(*) from message_code") == 0
    async with db.acquire() as connection:
        await drop_unused_indexes(connection)
    assert await hnsw_indexes(db) == []


async def test_a_dropped_model_loses_its_codes(db: Pool) -> None:
    room = await fill(db, count=150)
    await prepare(db, CODED)
    await db.execute("update embedding_model set state = 'retired'")
    await drop_rows(db, model_id=1)
    assert await db.fetchval("select count(*) from message_code") == 0
    assert await db.fetchval("select count(*) from prepared_part") == 0
    assert len(room.vectors) == 150


async def test_a_longer_index_replaces_the_old_one_when_the_tail_is_long(db: Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, HNSW)
    (old,) = await hnsw_indexes(db)
    await extend(db, room, count=40)
    await prepare(db, HNSW)
    assert await hnsw_indexes(db) == [old]
    await extend(db, room, count=40)
    await prepare(db, HNSW)
    (new,) = await hnsw_indexes(db)
    assert new != old
    assert await prepared(db, room) == Tier(530, 530)
    query = room.vectors[300]
    assert (await find(db, room, query, limits=HNSW))[0] == 301


async def test_an_unfinished_index_is_rebuilt(db: Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, CODED)
    name = index_name(room.conversation_id, model_id=1, up_to=9)
    await db.execute(f"create index {name} on message_embedding (seq)")
    await prepare(db, HNSW)
    (name,) = await hnsw_indexes(db)
    assert name.endswith("_1_450")


async def test_only_one_backend_prepares(db: Pool) -> None:
    await fill(db, count=150)
    async with db.acquire() as connection:
        assert await connection.fetchval("select pg_try_advisory_lock(4919077531204)")
        assert not await AnnMaintenance(db, limits=CODED).prepare()
        await connection.execute("select pg_advisory_unlock(4919077531204)")
    await prepare(db, CODED)


async def test_writers_and_the_builder_of_codes_leave_no_gap(db: Pool) -> None:
    room = await fill(db, count=200)

    async def write() -> None:
        for _ in range(10):
            await extend(db, room, count=20)

    async def code() -> None:
        for _ in range(20):
            await extend_codes(db, room.conversation_id, model_id=1)
            await asyncio.sleep(0)

    await asyncio.gather(write(), code())
    coded_to = (await prepared(db, room)).coded_to
    assert coded_to >= 200
    coded = await db.fetch("select seq from message_code order by seq")
    assert [row["seq"] for row in coded] == [*range(1, coded_to + 1)]


async def hnsw_indexes(db: Pool) -> list[str]:
    rows = await db.fetch(
        "select relname from pg_class where relname like 'message\\_graph\\_%' order by relname"
    )
    return [row["relname"] for row in rows]
