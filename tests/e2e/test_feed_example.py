"""The example that feeds Longroom from an outbox table, killed, refused and left alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import asyncpg
import pytest

from longroom.client import BackendRejected, LongroomClient
from longroom.local_room.livekit_server import free_port
from testbed.backend_process import BackendProcess
from testbed.program import Program
from tests.support.backend_under_test import BackendUnderTest
from tests.support.guide import ROOT

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

FEED = "examples.own_postgresql.feed"
TABLE = """
create table public.support_message (
    id       bigint generated always as identity primary key,
    customer text not null,
    author   text not null,
    by_staff boolean not null default false,
    body     text,
    sent_at  timestamptz not null default now()
)
"""
VIEW = """
create view public.longroom_messages as
select id, customer as conversation, case when by_staff then 'assistant' else 'user' end as role,
       author as participant, sent_at as created_at, body as content
  from public.support_message
"""
SAY = """
insert into support_message (customer, author, body) values ($1, 'ada', $2) returning id
"""


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator["Connection"]:
    """With the table of the guide, its view and its outbox."""
    connection = await asyncpg.connect(database_url)
    outbox = (ROOT / "examples" / "own_postgresql" / "outbox.sql").read_text()
    for statement in (TABLE, VIEW, outbox):
        await connection.execute(statement)
    yield connection
    await connection.close()


@pytest.fixture
def customer() -> str:
    """The backend is shared by tests: each has conversations of its own."""
    return f"customer {token_hex(4)}"


@pytest.fixture
async def longroom(clients_backend: BackendUnderTest) -> AsyncIterator[LongroomClient]:
    async with LongroomClient(clients_backend.url, key=clients_backend.key) as client:
        yield client


@pytest.fixture
def feed(database_url: str, clients_backend: BackendUnderTest, tmp_path: Path) -> Program:
    env = {"BACKEND_URL": clients_backend.url, "BACKEND_SERVICE_KEY": clients_backend.key or ""}
    return feed_of(database_url, env, tmp_path / "feed.log", "--once")


def feed_of(database_url: str, env: Mapping[str, str], log: Path, *arguments: str) -> Program:
    own = {"FEED_DATABASE_URL": database_url}
    return Program([FEED, *arguments], env={**env, **own}, log=log, forked=True)


async def fed(feed: Program) -> None:
    assert await asyncio.to_thread(feed.run) == 0, feed.output


async def said(longroom: LongroomClient, customer: str) -> list[str]:
    """In the order in which they arrived."""
    conversation = await longroom.conversation(customer)
    return [message.content async for message in conversation.messages()]


async def waiting(shop: "Connection") -> int:
    count: int = await shop.fetchval("select count(*) from longroom_outbox where refused is null")
    return count


async def test_a_feed_that_is_killed_again_and_again_tells_all_once_and_in_order(
    shop: "Connection", feed: Program, longroom: LongroomClient, customer: str
) -> None:
    texts = [f"message {number}" for number in range(4000)]
    say = "insert into support_message (customer, author, body) values ($1, 'ada', $2)"
    await shop.executemany(say, [(f"{customer}/{n % 2}", text) for n, text in enumerate(texts)])

    kills = 0
    for times in range(4):
        await asyncio.to_thread(feed.start, until="told of" if times else "feeding")
        await asyncio.sleep(times * 0.02)  # in another place of its work each time
        kills += feed.process.poll() is None
        feed.kill()
    before = await waiting(shop)
    await fed(feed)

    assert kills
    assert 0 < before < len(texts)
    assert await waiting(shop) == 0
    assert await said(longroom, f"{customer}/0") == texts[0::2]
    assert await said(longroom, f"{customer}/1") == texts[1::2]


async def test_what_was_acknowledged_and_is_told_once_more_changes_nothing(
    shop: "Connection", feed: Program, longroom: LongroomClient, customer: str
) -> None:
    """As after a kill between the backend's answer and the deletion of the entries."""
    for text in ("first", "second"):
        await shop.fetchval(SAY, customer, text)
    await shop.execute("create table told as select * from longroom_outbox")
    await fed(feed)

    await shop.execute("insert into longroom_outbox overriding system value select * from told")
    await fed(feed)

    assert await said(longroom, customer) == ["first", "second"]
    assert await waiting(shop) == 0


async def test_corrections_erasures_and_moves_follow(
    shop: "Connection", feed: Program, longroom: LongroomClient, customer: str
) -> None:
    ids = [await shop.fetchval(SAY, customer, text) for text in ("one", "two", "three", "four")]
    await fed(feed)
    change = "update support_message set body = $2 where id = $1"
    await shop.execute(change, ids[0], "ONE")
    await shop.execute("delete from support_message where id = $1", ids[1])
    other = f"{customer}, really"
    move = "update support_message set customer = $2 where id = $1"
    await shop.execute(move, ids[2], other)
    await fed(feed)

    assert await said(longroom, customer) == ["ONE", "four"]
    assert await said(longroom, other) == ["three"]

    await shop.execute(change, ids[0], "one")  # the original once more
    await shop.execute(change, ids[3], "FOUR")
    await shop.execute("delete from support_message where id = $1", ids[3])
    await fed(feed)

    assert await said(longroom, customer) == ["one"]


async def test_changes_before_the_first_word_reached_the_backend_count(
    shop: "Connection", feed: Program, longroom: LongroomClient, customer: str
) -> None:
    """The outbox has no texts: what is told is what the table has when it is told."""
    ids = [await shop.fetchval(SAY, customer, text) for text in ("one", "two", "three")]
    await shop.execute("delete from support_message where id = $1", ids[0])
    await shop.execute("update support_message set body = 'TWO' where id = $1", ids[1])
    await fed(feed)

    assert await said(longroom, customer) == ["TWO", "three"]
    assert await waiting(shop) == 0


async def test_an_old_message_that_is_changed_before_it_was_imported_is_stored(
    shop: "Connection", feed: Program, longroom: LongroomClient, customer: str
) -> None:
    id = await shop.fetchval(SAY, customer, "old")
    await shop.execute("delete from longroom_outbox")
    await shop.execute("update support_message set body = 'new' where id = $1", id)
    await fed(feed)

    assert await said(longroom, customer) == ["new"]


async def test_a_refused_message_is_set_aside_without_its_text_and_keeps_back_no_other(
    shop: "Connection", feed: Program, longroom: LongroomClient, customer: str
) -> None:
    for text in ("before", "secret " * 20_000, "after"):
        await shop.fetchval(SAY, customer, text)
    await shop.fetchval(SAY, "x" * 300, "nobody's: the key is too long")
    await fed(feed)

    assert await said(longroom, customer) == ["before", "after"]
    reasons = [row[0] for row in await shop.fetch("select refused from longroom_outbox")]
    assert len(reasons) == 2
    assert all(reasons)
    assert "secret" not in "".join(reasons) + feed.output

    await shop.execute("update support_message set body = 'short' where length(body) > 100")
    await fed(feed)
    assert await said(longroom, customer) == ["before", "after", "short"]


async def test_a_wrong_key_ends_it_and_loses_nothing(
    shop: "Connection",
    database_url: str,
    clients_backend: BackendUnderTest,
    customer: str,
    tmp_path: Path,
) -> None:
    await shop.fetchval(SAY, customer, "still to be told")
    env = {"BACKEND_URL": clients_backend.url, "BACKEND_SERVICE_KEY": "a wrong one"}
    feed = feed_of(database_url, env, tmp_path / "feed.log", "--once")

    assert await asyncio.to_thread(feed.run) == 1
    assert "feed: the backend refused (401)" in feed.output
    assert "Traceback" not in feed.output
    assert await waiting(shop) == 1


async def test_it_waits_for_a_backend_that_is_away(
    shop: "Connection", database_url: str, customer: str, tmp_path: Path
) -> None:
    port = str(free_port())
    env = {"BACKEND_URL": f"http://127.0.0.1:{port}"}
    feed = feed_of(database_url, env, tmp_path / "feed.log")
    await shop.fetchval(SAY, customer, "said meanwhile")
    try:
        await asyncio.to_thread(feed.start, until="trying again")
        serving = {"DATABASE_URL": database_url, "BACKEND_PORT": port}
        with BackendProcess(serving, "--no-embedding-worker", forked=True) as backend:
            url = await asyncio.to_thread(backend.url)
            async with LongroomClient(url) as client:
                await until_told(shop)
                assert await said(client, customer) == ["said meanwhile"]
    finally:
        feed.kill()


async def test_a_second_feed_takes_over_when_the_first_is_killed(
    shop: "Connection",
    database_url: str,
    clients_backend: BackendUnderTest,
    longroom: LongroomClient,
    customer: str,
    tmp_path: Path,
) -> None:
    env = {"BACKEND_URL": clients_backend.url, "BACKEND_SERVICE_KEY": clients_backend.key or ""}
    first, second = (feed_of(database_url, env, tmp_path / f"{n}.log") for n in (1, 2))
    try:
        await asyncio.to_thread(first.start, until="feeding")
        taking_over = asyncio.create_task(asyncio.to_thread(second.start, until="feeding"))
        await until_locked_out(shop)
        await shop.fetchval(SAY, customer, "by the first")
        await until_told(shop)
        assert second.output == ""
        first.kill()
        await taking_over
        await shop.fetchval(SAY, customer, "by the second")
        await until_told(shop)
    finally:
        first.kill()
        second.kill()

    assert await said(longroom, customer) == ["by the first", "by the second"]


async def until_told(shop: "Connection") -> None:
    async with asyncio.timeout(60):
        while await waiting(shop):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def until_locked_out(shop: "Connection") -> None:
    locked = (
        "select count(*) from pg_locks join pg_database on pg_database.oid = database"
        " where locktype = 'advisory' and not granted and datname = current_database()"
    )
    async with asyncio.timeout(60):
        while not await shop.fetchval(locked):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def test_an_erased_message_does_not_come_back(
    shop: "Connection", feed: Program, longroom: LongroomClient, customer: str
) -> None:
    id = await shop.fetchval(SAY, customer, "forget this")
    await fed(feed)
    conversation = await longroom.conversation(customer)
    await conversation.erase_message(str(id))
    await shop.execute("update support_message set body = 'again' where id = $1", id)
    await fed(feed)

    assert await said(longroom, customer) == []
    assert await waiting(shop) == 0
    with pytest.raises(BackendRejected) as refused:
        await conversation.append("again", id=str(id), participant="ada")
    assert refused.value.is_erased


async def test_it_tells_which_setting_it_lacks(tmp_path: Path) -> None:
    feed = Program([FEED], env={}, log=tmp_path / "log")

    assert await asyncio.to_thread(feed.run) == 2
    assert "set FEED_DATABASE_URL" in feed.output
