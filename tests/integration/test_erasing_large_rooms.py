"""Erasing where messages have binary codes and an HNSW index, and from the files of both."""

import asyncio
from contextlib import suppress

import asyncpg
import numpy as np

from backend_stub.erasure.vacuuming import Vacuuming
from retrieval.changes.erasure.conversation import erase_conversation
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import erase_participant
from retrieval.changes.erasure.statistics import ROWS, ROWS_OF_MODEL
from retrieval.changes.erasure.vacuum import scrub, vacuum
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from tests.support.builders import message
from tests.support.canaries import relations_with, tables_of
from tests.support.large_room import CODED, HNSW, fill, find, prepare, prepared


async def codes_without_vector(db: asyncpg.Pool) -> int:
    count: int = await db.fetchval(
        """
        select count(*)
          from message_code full join message_embedding vector
               using (conversation_id, model_id, seq, passage)
         where coalesce(vector.smoothed, true) and (code is null or vector.embedding is null)
        """
    )
    return count


async def test_an_erased_message_is_found_by_no_tier_and_its_neighbours_by_each(
    db: asyncpg.Pool,
) -> None:
    room = await fill(db, count=450)
    await prepare(db, HNSW)
    graph_to = (await prepared(db, room)).graph_to

    await erase_message(db, conversation_id=room.conversation_id, message_id="m40")

    assert (await prepared(db, room)).graph_to == graph_to
    assert await codes_without_vector(db) == 0
    for limits in (CODED, HNSW):
        assert 40 not in await find(db, room, room.vectors[39], limits=limits)
        for seq in (39, 41, 42):
            row = await db.fetchrow(
                "select embedding from message_embedding where smoothed and seq = $1", seq
            )
            assert row is not None
            query = row["embedding"].to_numpy().astype(np.float32)
            assert (await find(db, room, query, limits=limits))[0] == seq


async def test_codes_and_graph_go_on_after_a_participant_is_erased(db: asyncpg.Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, HNSW)

    receipt = await erase_participant(db, conversation_id=room.conversation_id, identity="ben")
    await prepare(db, HNSW)

    assert receipt.rows["message"] == 150
    assert receipt.rows["message_code"] == 150
    assert await codes_without_vector(db) == 0
    assert await db.fetchval("select count(*) from message_code") == 300


async def test_an_erased_conversation_has_no_graph_after_the_next_maintenance(
    db: asyncpg.Pool,
) -> None:
    room = await fill(db, count=450)
    await prepare(db, HNSW)

    await erase_conversation(db, conversation_id=room.conversation_id)
    await prepare(db, HNSW)

    graphs = "select count(*) from pg_class where relname like 'message_graph_%'"
    assert await db.fetchval(graphs) == 0


async def test_vacuum_takes_a_vector_out_of_the_graph_and_scrubbing_out_of_all_files(
    db: asyncpg.Pool,
) -> None:
    room = await fill(db, count=450)
    await prepare(db, HNSW)
    vector = room.vectors[39].astype("<f2").tobytes()[:24]
    graph = {name for name in await relations_with(db, vector) if name.startswith("message_graph_")}
    assert graph

    await erase_message(db, conversation_id=room.conversation_id, message_id="m40")
    async with db.acquire() as connection:
        await vacuum(connection)
        left = await relations_with(db, vector)
        await scrub(connection)

    assert graph.isdisjoint(left)
    assert await relations_with(db, vector) == set()


async def test_statistics_of_the_planner_do_not_quote_what_was_erased(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="room")
    said = [message(number, f"{word} {number}") for number, word in enumerate(CANARIES)]
    await append_messages(db, conversation_id=room, messages=[*said, message(9, participant="ben")])
    await db.execute("analyze")
    assert await statistics_with(db, CANARIES) > 1

    await erase_participant(db, conversation_id=room, identity="ana")
    async with db.acquire() as connection:
        await vacuum(connection)
        assert await statistics_with(db, CANARIES) == 0
        await scrub(connection)

    assert await relations_with(db, CANARIES[0].encode()) == set()


CANARIES = ["zyxomelon", "quuxberry"]


async def statistics_with(db: asyncpg.Pool, words: list[str]) -> int:
    count: int = await db.fetchval(
        "select count(*) from pg_stats s where s::text like any($1)",
        [f"%{word}%" for word in words],
    )
    return count


async def test_no_statistics_are_left_of_tables_that_became_empty(
    db: asyncpg.Pool,
) -> None:
    room, _ = await create_room(db, name="zyxomelon room")
    said = [message(number, f"{word} {number}") for number, word in enumerate(CANARIES)]
    await append_messages(db, conversation_id=room, messages=said)
    await db.execute("analyze")
    assert await statistics_with(db, CANARIES) > 1

    await erase_conversation(db, conversation_id=room)
    async with db.acquire() as connection:
        await vacuum(connection)

    assert await statistics_with(db, CANARIES) == 0
    assert await tables_of(db, "zyxomelon") == set()
    for table in (*ROWS, *ROWS_OF_MODEL, "conversation"):
        assert await db.fetchval(f"select count(*) from {table}") == 0  # noqa: S608


async def test_after_erasures_the_backend_vacuums_once(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="room")
    said = [message(number, f"{word} {number}") for number, word in enumerate(CANARIES)]
    await append_messages(db, conversation_id=room, messages=said)
    await db.execute("analyze")
    vacuuming = Vacuuming(after_s=0.01)
    task = asyncio.create_task(vacuuming.run(db))
    await erase_conversation(db, conversation_id=room)
    assert await statistics_with(db, CANARIES) > 0

    vacuuming.erased()
    vacuuming.erased()
    while await statistics_with(db, CANARIES):  # noqa: ASYNC110  # PostgreSQL is polled
        await asyncio.sleep(0.05)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
