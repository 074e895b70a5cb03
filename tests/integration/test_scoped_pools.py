"""Pools that see one conversation at a time, as the backend's requests have them."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from retrieval.database.connection import transaction
from retrieval.database.live_pool import LivePool
from retrieval.database.pool import connect, open_pool
from retrieval.database.roles import APP, BACKGROUND
from retrieval.database.scoped_connection import ScopedConnection
from retrieval.errors import ConversationNotFound, RoleRefused
from retrieval.search import search_conversation
from retrieval.store.conversations import create_room
from retrieval.store.events import record_events
from retrieval.store.messages import append_messages, recent_messages
from retrieval.wire import ConversationId, SearchRequest
from tests.support.builders import event, message
from tests.support.fakes import HashEmbedder


@pytest.fixture
async def requests(login: str) -> AsyncIterator[LivePool]:
    """As the backend opens it: of one connection, so that all share its state."""
    pool = await connect(login, pool_size=1, role=APP)
    yield pool
    pool.terminate()


async def _room(requests: LivePool, name: str) -> ConversationId:
    room, created = await create_room(requests.of_names(room=name), name=name)
    assert created
    return room


async def test_a_route_that_forgets_to_name_the_conversation_finds_nothing(
    requests: LivePool,
) -> None:
    room = await _room(requests, "den")
    seen = requests.of(room)
    await append_messages(seen, conversation_id=room, messages=[message(1)])
    assert (await recent_messages(seen, conversation_id=room, limit=9)).message_count == 1
    assert await create_room(requests.of_names(room="den"), name="den") == (room, False)
    for db in (requests, requests.of(uuid4()), requests.of_names(room="den")):
        with pytest.raises(ConversationNotFound):
            await recent_messages(db, conversation_id=room, limit=9)
        with pytest.raises(ConversationNotFound):
            await append_messages(db, conversation_id=room, messages=[message(2)])
        with pytest.raises(ConversationNotFound):
            await search_conversation(
                db, HashEmbedder(), conversation_id=room, request=SearchRequest(query="one")
            )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await record_events(db, conversation_id=room, events=[event(1)])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await create_room(requests, name="other")


async def test_a_conversation_is_seen_by_its_own_statements_alone(requests: LivePool) -> None:
    den, attic = await _room(requests, "den"), await _room(requests, "attic")
    for room in (den, attic):
        await append_messages(requests.of(room), conversation_id=room, messages=[message(1)])
    count = "select count(*) from message"
    assert await requests.of(den).fetchval(count) == 1
    assert await requests.fetchval(count) == 0
    with pytest.raises(asyncpg.DivisionByZeroError):
        await requests.of(den).execute("select 1 / 0")
    assert await requests.fetchval(count) == 0
    async with transaction(requests.of(den)) as connection:
        assert await connection.fetchval("select conversation_id from message") == den
    async with requests.of(attic).acquire() as connection:
        assert await connection.fetchval("select conversation_id from message") == attic
        async with transaction(connection):
            assert await connection.fetchval("select conversation_id from message") == attic
    assert await requests.fetchval(count) == 0


NAMES = ["it's", r"back\slash", r"\' or 1=1 --", "«é» 漢", "a;b", '"', "$1", r"\x41\u0041"]


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_of_a_room_is_set_as_it_is(requests: LivePool, name: str) -> None:
    seen = requests.of_names(room=name, key=name)
    row = await seen.fetchrow(
        "select current_setting('longroom.room'), current_setting('longroom.key')"
    )
    assert row is not None
    assert tuple(row) == (name, name)
    await requests.execute("set standard_conforming_strings = off")
    room = await _room(requests, name)
    assert await create_room(seen, name=name) == (room, False)


async def test_a_superuser_or_an_owner_is_behind_the_wall_as_well(
    requests: LivePool, database_url: str
) -> None:
    """With one address for everything; the pools give up what its user may do more."""
    room = await _room(requests, "den")
    await append_messages(requests.of(room), conversation_id=room, messages=[message(1)])
    pool = await open_pool(database_url, pool_size=1, role=APP)
    try:
        assert await pool.fetchval("select count(*) from message") == 0
        assert await pool.of(room).fetchval("select count(*) from message") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.of(room).execute("truncate message")
    finally:
        pool.terminate()


async def test_a_login_that_may_not_take_the_role_is_told_what_to_grant(login: str) -> None:
    with pytest.raises(RoleRefused, match=rf"grant {BACKGROUND} to longroom_test_"):
        await connect(login, role=BACKGROUND)


async def test_statements_are_planned_once_unless_citus_plans_them(requests: LivePool) -> None:
    seen = requests.of(uuid4())
    assert await seen.fetchval("show plan_cache_mode") == "force_custom_plan"
    assert await seen.planned_once().fetchval("show plan_cache_mode") == "force_generic_plan"
    async with requests.acquire() as connection:
        own: ScopedConnection = connection._con  # type: ignore[attr-defined]  # of the proxy
        assert not own.sharded
        own.sharded = True
    assert await seen.planned_once().fetchval("show plan_cache_mode") == "force_custom_plan"
