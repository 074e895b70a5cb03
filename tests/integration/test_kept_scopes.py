"""A connection keeps what its session sees, and its next user sees nothing of it."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest
from asyncpg.connection import LoggedQuery

from retrieval.database.connection import transaction
from retrieval.database.in_conversation import naming
from retrieval.database.live_pool import LivePool
from retrieval.database.pool import connect, open_pool
from retrieval.database.roles import APP
from retrieval.database.scoped_connection import ScopedConnection
from retrieval.store.conversations import create_room
from retrieval.wire import ConversationId
from testbed.pgbouncer import pgbouncer, program
from testbed.tcp_proxy import TcpProxy, database_behind, tcp_proxy

SEEN = "select array(select conversation_id from conversation)"
NAMES = ("den", "attic", "loft")


@pytest.fixture
async def requests(login: str) -> AsyncIterator[LivePool]:
    """Of one connection: each finds what the one before left there."""
    pool = await connect(login, pool_size=1, role=APP)
    yield pool
    pool.terminate()


@pytest.fixture
async def rooms(requests: LivePool) -> list[ConversationId]:
    return [(await create_room(requests.of_names(room=name), name=name))[0] for name in NAMES]


async def connection_of(requests: LivePool) -> ScopedConnection:
    async with requests.acquire() as connection:
        own: ScopedConnection = connection._con  # type: ignore[attr-defined]  # of the proxy
        return own


async def test_the_same_conversation_again_costs_one_round_trip_a_statement(
    requests: LivePool, rooms: list[ConversationId]
) -> None:
    sent: list[str] = []

    def note(query: LoggedQuery) -> None:
        sent.append(query.query.split()[0])

    assert await requests.fetchval(SEEN) == []
    (await connection_of(requests)).add_query_logger(note)
    for room in (rooms[0], rooms[0], rooms[1]):
        assert await requests.of(room).fetchval(SEEN) == [room]
    async with requests.of(rooms[1]).acquire() as connection:
        assert await connection.fetchval(SEEN) == [rooms[1]]
    async with transaction(requests.of(rooms[1])) as begun:
        assert await begun.fetchval(SEEN) == [rooms[1]]

    assert sent == ["set", "select", "select", "set", *2 * ["select"], "begin", "select", "COMMIT;"]


async def test_whatever_the_one_before_did_everyone_sees_his_own(
    requests: LivePool, rooms: list[ConversationId]
) -> None:
    """Interleaved as they come: statements, transactions, failures, and callers who leave."""
    chance = random.Random(4711)  # noqa: S311 - a sequence that can be repeated
    steps: list[Callable[[LivePool, ConversationId], Awaitable[None]]] = [
        fetch, see_nothing, fail, leave, in_transaction, fail_in_transaction, see_by_name,
        make_room, expire, set_more,
    ]  # fmt: skip
    for step in [*steps, *chance.choices(steps, k=150)]:
        await step(requests, chance.choice(rooms))
        await fetch(requests, chance.choice(rooms))
        if chance.random() < 0.3:
            await see_nothing(requests, rooms[0])


async def fetch(requests: LivePool, room: ConversationId) -> None:
    assert await requests.of(room).fetchval(SEEN) == [room]


async def see_nothing(requests: LivePool, _: ConversationId) -> None:
    assert await requests.fetchval(SEEN) == []
    assert await requests.of(uuid4()).fetchval(SEEN) == []
    assert await requests.of_names(room="den").fetchval(SEEN) == []
    row = await requests.fetchrow(
        "select current_setting('longroom.room', true), current_setting('longroom.key', true)"
    )
    assert row is not None
    assert not any(row)


async def fail(requests: LivePool, room: ConversationId) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        await requests.of(room).execute("select 1 / 0")


async def leave(requests: LivePool, room: ConversationId) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await requests.of(room).execute("select pg_sleep(60)")


async def in_transaction(requests: LivePool, room: ConversationId) -> None:
    async with transaction(requests.of(room)) as connection:
        assert await connection.fetchval(SEEN) == [room]


async def fail_in_transaction(requests: LivePool, room: ConversationId) -> None:
    """What is set in it is undone with it."""

    async def work() -> None:
        async with transaction(requests.of(room)) as connection:
            assert await connection.fetchval(SEEN) == [room]
            await connection.execute("select 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await work()


async def see_by_name(requests: LivePool, room: ConversationId) -> None:
    seen = requests.of_names(room="attic", key="attic")
    by_name = await seen.fetchval("select conversation_id from room")
    assert by_name is not None
    assert await naming(requests.of(room), room="attic").fetchval(
        "select array(select conversation_id from room order by 1)"
    ) == sorted({by_name, room})


async def make_room(requests: LivePool, _: ConversationId) -> None:
    """It sees the conversation that it makes."""
    name = str(uuid4())
    made, created = await create_room(requests.of_names(room=name), name=name)
    assert created
    assert await requests.of(made).fetchval(SEEN) == [made]


async def expire(requests: LivePool, room: ConversationId) -> None:
    """The next connection starts with nothing."""
    await fetch(requests, room)
    await requests.expire_connections()


async def set_more(requests: LivePool, room: ConversationId) -> None:
    """Statements that are planned once, and others."""
    seen = requests.of(room)
    assert await seen.planned_once().fetchval(SEEN) == [room]
    assert await seen.fetchval("show plan_cache_mode") == "force_custom_plan"


@pytest.mark.parametrize("transactional", [False, True])
async def test_a_scope_that_was_cut_short_is_set_anew(
    login: str, requests: LivePool, rooms: list[ConversationId], *, transactional: bool
) -> None:
    """Whether the server heard of it is not known: neither is what it sees."""
    async with tcp_proxy(login) as proxy:
        pool = await open_pool(database_behind(proxy, login), pool_size=1, role=APP)
        await fetch(pool, rooms[0])
        await leave_while_it_is_set(pool, proxy, rooms[1])
        await (in_transaction if transactional else fetch)(pool, rooms[0])
        await see_nothing(pool, rooms[0])
        pool.terminate()


async def leave_while_it_is_set(pool: LivePool, proxy: TcpProxy, room: ConversationId) -> None:
    proxy.delay_s = 0.5  # of the answer: the server has set it long before
    asking = asyncio.create_task(fetch(pool, room))
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    proxy.restore()


@pytest.mark.skipif(program() is None, reason="pgbouncer is not installed")
async def test_nothing_is_kept_behind_a_pooler_that_nobody_named(
    database_url: str, rooms: list[ConversationId]
) -> None:
    """Its connections are other clients' in between, though it takes our settings, too."""
    ignored = "ignore_startup_parameters = " + ",".join(
        ("role", "jit", "random_page_cost", "plan_cache_mode", "search_path", "hnsw.ef_search",
         "citus.propagate_set_commands", "max_parallel_workers_per_gather")
    )  # fmt: skip
    async with pgbouncer(database_url, connections=2, more=ignored) as url:
        pool = await open_pool(url, pool_size=6, role=APP, cached_statements=0)

        async def asked(room: ConversationId) -> str:
            setting = "select current_setting('longroom.conversation')"
            found: str = await pool.of(room).fetchval(setting)
            return found

        wanted = rooms * 20
        found = await asyncio.gather(*map(asked, wanted))
        assert not (await connection_of(pool)).keeps_scope
        pool.terminate()
    assert found == [str(room) for room in wanted]
