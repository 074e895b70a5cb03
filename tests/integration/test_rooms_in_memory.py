"""Rooms in memory, beside what the database says."""

from collections.abc import AsyncIterator

import asyncpg
import numpy as np
import pytest

from retrieval.database.live_pool import LivePool
from retrieval.database.pool import connect
from retrieval.database.roles import APP
from retrieval.search.lexical.misspelt import LookUp
from retrieval.search.memory import agreement
from retrieval.search.memory.agreement import agrees
from retrieval.search.memory.loading import load as loading
from retrieval.search.memory.loading import messages, postings, vectors, words
from retrieval.search.memory.loading.load import load
from retrieval.search.memory.messages import Messages
from retrieval.store.conversations import create_room
from retrieval.wire import ConversationId
from tests.support.builders import message
from tests.support.searches import chatter, store

LIMIT = 100_000_000


async def test_inner_products_agree_with_the_database(db: asyncpg.Pool) -> None:
    dimensions = (1, 7, 8, 100, 384, 390)

    assert [await agrees(db, dimension=one) for one in dimensions] == [True] * len(dimensions)


async def test_another_order_of_additions_is_noticed(
    db: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "of_rows", np.matmul)

    assert not await agrees(db, dimension=384)


@pytest.fixture
async def requests(login: str) -> AsyncIterator[LivePool]:
    """As the backend's requests see the database."""
    pool = await connect(login, pool_size=2, role=APP)
    yield pool
    pool.terminate()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (messages, "PAGE_MESSAGES"),
        (vectors, "PAGE_MESSAGES"),
        (postings, "PAGE_POSTINGS"),
        (words, "PAGE_WORDS"),
    ):
        monkeypatch.setattr(module, name, 7)


@pytest.mark.usefixtures("small_pages")
async def test_a_request_reads_a_room_in_pages_as_of_one_moment(
    db: asyncpg.Pool, requests: LivePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, _ = await create_room(db, name="den")
    await store(db, room, chatter(30))
    whole = await load(db, room, most_bytes=LIMIT)
    read_messages = messages.read_messages

    async def while_somebody_writes(
        connection: asyncpg.Connection, conversation_id: ConversationId
    ) -> Messages:
        read = await read_messages(connection, conversation_id)
        await store(db, room, [message(1, "a marmalade nobody knew", participant="zoe")])
        return read

    monkeypatch.setattr(loading, "read_messages", while_somebody_writes)
    read = await load(requests.of(room), room, most_bytes=LIMIT)

    assert whole is not None
    assert read is not None
    assert read.marks == whole.marks
    assert read.marks.alone == 30
    assert read.messages.of(range(1, 40)) == whole.messages.of(range(1, 40))
    assert len(read.alone) == len(whole.alone)
    assert len(read.in_context) == len(whole.in_context)
    for term in ("marmalad", "tea", "zoe"):
        found, wanted = read.postings.find(term), whole.postings.find(term)
        assert [one.tolist() for one in found] == [one.tolist() for one in wanted]
    assert len(read.postings.find("tea").seq) > 0
    look_up = LookUp("tae", 1, "t", "e")
    assert read.vocabulary.similar(look_up) == whole.vocabulary.similar(look_up)
    assert read.vocabulary.similar(LookUp("marmalada", 1, "m", "a")) == []


async def test_a_request_sees_no_other_room(db: asyncpg.Pool, requests: LivePool) -> None:
    mine, _ = await create_room(db, name="mine")
    other, _ = await create_room(db, name="other")
    await store(db, other, chatter(3))

    assert await load(requests.of(mine), other, most_bytes=LIMIT) is None


async def test_rooms_that_would_not_fit_are_not_read(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="den")
    await store(db, room, chatter(30))
    whole = await load(db, room, most_bytes=LIMIT)

    assert whole is not None
    assert await load(db, room, most_bytes=whole.nbytes // 10) is None
