"""Whatever is taken from a conversation, or added to its older part, is announced in the same
transaction: by its revision, or by its vectors' version.

A database refuses what is not.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta

import asyncpg
import pytest

from retrieval.changes.correction import correct_message
from retrieval.changes.erasure.batch import BATCH_MESSAGES
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import erase_participant
from retrieval.changes.erasure.sweep import sweep
from retrieval.changes.retention.maintenance import Retention
from retrieval.changes.retention.messages import finish
from retrieval.changes.retention.rules import RetentionRule
from retrieval.embedders.protocol import Embeddings, EmbedKind
from retrieval.embeddings import model_migration
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.context_vectors import complete_conversation
from retrieval.embeddings.model_registry import activate, ensure_model
from retrieval.embeddings.rows import VECTOR_TAIL
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.store.conversations import create_room
from retrieval.store.indexes.reindexing import reindex
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId
from testbed.postgres import Server
from tests.support.announced_changes import guard
from tests.support.builders import NOON, message
from tests.support.fakes import HashEmbedder
from tests.support.filled_database import filled_database
from tests.support.searches import embed_all, store

SAID = 260
PEOPLE = ("ana", "ben")


async def _fill(db: asyncpg.Pool) -> None:
    await guard(db)
    await ensure_model(db, name="hash", dimension=64)
    room, _ = await create_room(db, name="room")
    messages = [message(n, f"Said {n}.", participant=PEOPLE[n % 2]) for n in range(1, SAID + 1)]
    await store(db, room, messages)


@pytest.fixture(scope="module")
def database_template(postgres: Server) -> Iterator[str]:
    with filled_database(postgres, _fill) as name:
        yield name


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    return ConversationId(await db.fetchval("select conversation_id from conversation"))


async def versions(db: asyncpg.Pool) -> tuple[int, int]:
    row = await db.fetchrow("select revision, vectors_version from conversation")
    assert row is not None
    return row["revision"], row["vectors_version"]


async def delete_vectors(db: asyncpg.Pool, *, from_seq: int, to_seq: int) -> None:
    """And make them pending again, as if they had never been made."""
    await db.execute("alter table message_embedding disable trigger all")
    await db.execute("delete from message_embedding where seq between $1 and $2", from_seq, to_seq)
    await db.execute("alter table message_embedding enable trigger all")
    await db.execute(
        """
        insert into embedding_job (conversation_id, model_id, seq)
        select conversation_id, 1, seq from message where seq between $1 and $2
        """,
        from_seq,
        to_seq,
    )


@pytest.mark.parametrize("table", ["message", "message_term", "vocabulary", "message_embedding"])
async def test_the_database_of_these_tests_refuses_what_is_not_announced(
    db: asyncpg.Pool, table: str
) -> None:
    with pytest.raises(asyncpg.RaiseError, match="not announced"):
        await db.execute(f"delete from {table}")  # noqa: S608 - of the list above


async def test_new_messages_and_their_embeddings_announce_nothing(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    before = await versions(db)
    for first in range(300, 380, 8):
        said = [message(number) for number in range(first, first + 8)]
        await append_messages(db, conversation_id=room, messages=said)
        await embed_all(db, quiet=timedelta(hours=1))
    await embed_all(db)

    assert await versions(db) == before
    vectors = "select count(*) from message_embedding where seq > $1"
    assert await db.fetchval(vectors, SAID) == 2 * 80


@pytest.mark.parametrize("limit", [0, 1])
async def test_embeddings_are_announced_where_they_come_later_than_the_tail(
    db: asyncpg.Pool, room: ConversationId, limit: int
) -> None:
    """To the message: vectors from this seq on are asked for at each search."""
    oldest = SAID - VECTOR_TAIL + limit
    await delete_vectors(db, from_seq=oldest, to_seq=oldest)
    before = await versions(db)

    await embed_all(db)

    assert (await versions(db) == before) is (limit == 1)


async def test_the_tail_is_that_of_the_moment_at_which_embeddings_are_stored(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    """Claimed while the message was new, stored when the conversation has gone on."""
    embedding, goes_on = asyncio.Event(), asyncio.Event()

    class Slow(HashEmbedder):
        async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
            embedding.set()
            await goes_on.wait()
            return await super().embed(texts, kind=kind)

    await append_messages(db, conversation_id=room, messages=[message(300)])
    before = await versions(db)
    model = await ensure_model(db, name="hash", dimension=64)
    worker = EmbeddingWorker(db, Slow(), model, limits=BatchLimits(passages=1))
    drained = asyncio.create_task(worker.drain())
    await embedding.wait()
    said = [message(number) for number in range(301, 301 + VECTOR_TAIL)]
    await append_messages(db, conversation_id=room, messages=said)
    goes_on.set()
    await drained

    assert (await versions(db))[1] > before[1]


async def test_two_who_embed_at_once_and_one_who_writes(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await delete_vectors(db, from_seq=100, to_seq=SAID)

    async def write() -> None:
        for number in range(300, 340):
            await append_messages(db, conversation_id=room, messages=[message(number)])

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        group.create_task(embed_all(db))
        group.create_task(embed_all(db))
    await embed_all(db)

    assert await db.fetchval("select count(*) from embedding_job") == 0


async def test_context_vectors_that_were_missing(db: asyncpg.Pool, room: ConversationId) -> None:
    await db.execute("alter table message_embedding disable trigger all")
    await db.execute("delete from message_embedding where smoothed and seq in (40, 41)")
    await db.execute("alter table message_embedding enable trigger all")
    before = await versions(db)

    await complete_conversation(db, conversation_id=room, model_id=1, quiet=timedelta(0))

    assert (await versions(db))[1] > before[1]


async def test_context_vectors_that_a_late_message_changes(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    """Those of the newest messages, too: they are replaced."""
    before = await versions(db)
    late = message(900, "Late.").model_copy(update={"created_at": NOON + timedelta(minutes=258.5)})
    await append_messages(db, conversation_id=room, messages=[late])
    assert await versions(db) == before

    await embed_all(db)

    assert (await versions(db))[1] > before[1]


async def test_each_batch_of_a_participants_erasure(db: asyncpg.Pool, room: ConversationId) -> None:
    before = await versions(db)

    await erase_participant(db, conversation_id=room, identity="ana")

    batches = -(-SAID // 2 // BATCH_MESSAGES)
    revision, vectors_version = await versions(db)
    assert revision == before[0] + 1
    assert vectors_version >= before[1] + batches > before[1] + 1


async def test_each_batch_of_what_is_too_old(db: asyncpg.Pool, room: ConversationId) -> None:
    before = await versions(db)
    rule = RetentionRule.model_validate({"rooms": "*", "messages_days": 1})
    now = NOON + timedelta(days=1, minutes=250)

    await Retention(db, [rule], pause_s=0).apply(now=now)

    revision, vectors_version = await versions(db)
    assert await db.fetchval("select count(*) from message") == SAID - 249
    assert revision == before[0] + 1
    assert vectors_version >= before[1] + 3


async def test_what_is_left_of_a_room_without_messages(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await db.execute("set session_replication_role = replica; delete from message")
    before = await versions(db)

    await finish(db, room)

    assert await db.fetchval("select count(*) from message_term") == 0
    assert (await versions(db))[1] > before[1]


async def test_what_a_sweep_finds(db: asyncpg.Pool, room: ConversationId) -> None:
    await erase_message(db, conversation_id=room, message_id="m7")
    await db.execute(
        "insert into message_term values ($1, 'zebra', 7, 0, 1, 1, 1)",
        room,
    )
    before = await versions(db)

    rows = await sweep(db, room)

    assert rows["message_term"] == 1
    assert (await versions(db))[1] > before[1]
    await sweep(db, room)
    assert (await versions(db))[1] == before[1] + 1


async def test_a_message_that_is_erased_or_corrected(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    before = await versions(db)
    await erase_message(db, conversation_id=room, message_id="m7")
    erased = await versions(db)
    await correct_message(
        db,
        conversation_id=room,
        message_id="m8",
        content="Corrected.",
        metadata=None,
        keep_edits=True,
    )

    assert before[0] < erased[0] < (await versions(db))[0]


async def test_embeddings_of_a_model_that_goes_and_comes_back(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    """In a small room nothing but the dropping tells that they are not the same ones."""
    new = await model_migration.begin(db, name="new", dimension=64)
    await activate(db, model_id=new.model_id)
    before = await versions(db)

    await model_migration.drop_rows(db, model_id=1)

    assert await versions(db) == (before[0], before[1] + 1)


async def test_a_room_indexed_anew(db: asyncpg.Pool, room: ConversationId) -> None:
    """It says so itself, as long as it lasts; then its text layer is another."""
    await db.execute("set session_replication_role = replica; update message_term set version = 0")
    await db.execute("update conversation set text_version = 0")

    await reindex(db, room)

    assert await db.fetchval("select text_version from conversation") > 0
