"""The connection pool, and a server that says nothing more."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from pgvector import HalfVector

from retrieval.database import connection as connections
from retrieval.database import pool as pools
from retrieval.database.connection import open_connection, transaction
from retrieval.database.pool import StatementLimits, check_database, open_pool
from retrieval.errors import DatabaseUnreachable
from testbed.tcp_proxy import TcpProxy, database_behind, tcp_proxy


async def test_every_connection_speaks_halfvec(db: asyncpg.Pool) -> None:
    value = await db.fetchval("select $1::halfvec", HalfVector([1, 2, 3]))
    assert value == HalfVector([1, 2, 3])
    assert await db.fetchval("select $1::halfvec::text", HalfVector([1, 2, 3])) == "[1,2,3]"


@asynccontextmanager
async def over_tcp(database_url: str) -> AsyncIterator[tuple[str, TcpProxy]]:
    """`delay_s` of the proxy silences the connections of that time for good."""
    async with tcp_proxy(database_url) as proxy:
        yield database_behind(proxy, database_url), proxy


async def test_a_transaction_on_a_silent_connection_raises_what_ended_it_and_cuts_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "ROLLBACK_S", 0.2)
    limits = StatementLimits(statement_s=30, lock_s=5)
    async with over_tcp(database_url) as (url, proxy):
        pool = await open_pool(url, pool_size=1, acquire_timeout_s=20, limits=limits)
        with pytest.raises(ValueError, match="the reason"):
            await fail_in_silence(pool, proxy)
        proxy.restore()
        assert await pool.fetchval("select 1") == 1
        pool.terminate()


async def fail_in_silence(pool: "asyncpg.Pool[asyncpg.Record]", proxy: TcpProxy) -> None:
    async with transaction(pool):
        proxy.delay_s = 3600
        raise ValueError("the reason")


async def test_a_statement_is_not_waited_for_longer_than_it_may_take(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "ANSWER_S", 0.2)
    limits = StatementLimits(statement_s=0.3, lock_s=5)
    async with over_tcp(database_url) as (url, proxy):
        pool = await open_pool(url, pool_size=1, acquire_timeout_s=0.5, limits=limits)
        proxy.delay_s = 3600
        with pytest.raises(TimeoutError):
            await pool.fetchval("select 1")
        proxy.restore()
        assert await pool.fetchval("select 1") == 1
        pool.terminate()


async def test_a_server_that_falls_silent_during_the_checks_is_named(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "CONNECT_TIMEOUT_S", 0.3)
    async with over_tcp(database_url) as (url, proxy):

        async def open_and_fall_silent(url: str) -> "asyncpg.Connection[asyncpg.Record]":
            connection = await open_connection(url)
            proxy.delay_s = 3600
            return connection

        monkeypatch.setattr(pools, "open_connection", open_and_fall_silent)
        with pytest.raises(DatabaseUnreachable, match="nothing within"):
            await check_database(url)


async def test_a_connection_whose_server_is_gone_ends_within_a_minute(database_url: str) -> None:
    async with over_tcp(database_url) as (url, _):
        single = await open_connection(url)
        pool = await open_pool(url, pool_size=1)
        async with pool.acquire() as pooled:
            opened_by: list[Any] = [single, pooled]
            for connection in opened_by:
                opened = connection._transport.get_extra_info("socket")
                assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                seconds = [
                    opened.getsockopt(socket.IPPROTO_TCP, option)
                    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
                ]
                assert seconds[0] + seconds[1] * seconds[2] <= 60
        await single.close()
        pool.terminate()
