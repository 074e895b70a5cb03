"""The backend without free connections, in lack of time, or without its database."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.middleware import Middleware

from backend_stub.app import create_app
from backend_stub.http.metrics import Metrics
from backend_stub.http.problems import install_problems
from backend_stub.http.request_log import RequestLog
from backend_stub.settings import BackendSettings
from retrieval.database.connection import open_connection
from retrieval.settings import DatabaseSettings
from testbed.postgres import Server
from testbed.tcp_proxy import database_behind, tcp_proxy

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

MESSAGE = {
    "id": "m1",
    "role": "user",
    "participant": "ada",
    "content": "The pump leaks.",
    "created_at": "2025-03-01T12:00:00Z",
}


@asynccontextmanager
async def backend(
    database_url: str, *, pool_size: int = 4, lock_timeout_s: float = 5, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """The real application, without a socket."""
    database = DatabaseSettings(
        url=SecretStr(database_url), pool_size=pool_size, lock_timeout_s=lock_timeout_s
    )
    app = create_app(BackendSettings(database=database, **settings))
    async with (
        LifespanManager(app, startup_timeout=30),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://127.0.0.1/api/v1",
        ) as client,
    ):
        yield client


@asynccontextmanager
async def locked_conversations(db: "asyncpg.Pool[asyncpg.Record]") -> "AsyncIterator[Connection]":
    async with db.acquire() as connection, connection.transaction():
        await connection.execute("select 1 from conversation for update")
        yield connection


async def new_path(client: httpx.AsyncClient) -> str:
    room = await client.post("/rooms", json={"name": "r"})
    return f"/conversations/{room.json()['conversation_id']}"


async def test_without_a_free_connection_callers_are_asked_to_come_back(
    db: "asyncpg.Pool[asyncpg.Record]", database_url: str
) -> None:
    # In which the start needs a connection, too, on a busy machine.
    async with backend(database_url, pool_size=1, pool_timeout_s=1) as client:
        path = await new_path(client)
        async with locked_conversations(db), asyncio.TaskGroup() as group:
            append = group.create_task(
                client.post(f"{path}/messages", json={"messages": [MESSAGE]})
            )
            await _until_somebody_waits(db)
            search = await client.post(f"{path}/search", json={"query": "pump"})
            page = await client.get(f"{path}/messages")
            metrics = await client.get("/metrics")
            append.cancel()

    for refused in (search, page):
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
    assert metrics.status_code == 200, "figures are needed most when the database is short"


async def test_what_waits_for_a_lock_holds_up_nothing_else(
    db: "asyncpg.Pool[asyncpg.Record]", postgres: Server, database_url: str
) -> None:
    async with backend(database_url, pool_size=3, pool_timeout_s=60, lock_timeout_s=60) as client:
        path = await new_path(client)
        async with (
            db.acquire() as connection,
            asyncio.TaskGroup() as group,
            connection.transaction(),
        ):
            await connection.execute("lock table message_term in access exclusive mode")
            search = {"query": "pump"}
            waiting = [
                group.create_task(client.post(f"{path}/search", json=search)) for _ in range(100)
            ]
            append = client.post(f"{path}/messages", json={"messages": [MESSAGE]})
            waiting.append(group.create_task(append))
            await _until_somebody_waits(db, number=2)
            served = [await client.get(f"{path}/messages"), await client.get("/readyz")]
            assert not any(task.done() for task in waiting)
            for task in waiting:
                task.cancel()

    assert [response.status_code for response in served] == [200, 200]


async def test_a_lock_is_waited_for_only_so_long(
    db: "asyncpg.Pool[asyncpg.Record]", database_url: str
) -> None:
    async with backend(database_url, lock_timeout_s=0.2) as client:
        path = await new_path(client)
        async with locked_conversations(db):
            append = await client.post(f"{path}/messages", json={"messages": [MESSAGE]})
        again = await client.post(f"{path}/messages", json={"messages": [MESSAGE]})

    assert (append.status_code, append.headers["retry-after"]) == (503, "1")
    assert again.status_code == 200


async def test_an_answer_that_takes_too_long_is_given_up_and_stores_nothing(
    db: "asyncpg.Pool[asyncpg.Record]", database_url: str
) -> None:
    async with backend(database_url, request_timeout_s=0.5) as client:
        path = await new_path(client)
        async with locked_conversations(db):
            late = await client.post(f"{path}/messages", json={"messages": [MESSAGE]})
        page = await client.get(f"{path}/messages")

    assert (late.status_code, late.headers["retry-after"]) == (503, "1")
    assert "0.5 s" in late.json()["detail"]
    assert page.json()["message_count"] == 0


async def test_a_body_that_does_not_arrive_is_given_up(database_url: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    async with backend(database_url, request_timeout_s=0.5) as client:
        late = await client.post(
            "/rooms", content=endless(), headers={"Content-Type": "application/json"}
        )

    assert late.status_code == 408
    assert late.headers["connection"] == "close"


async def test_the_backend_outlives_its_database(postgres: Server, database_url: str) -> None:
    name = urlsplit(database_url).path.removeprefix("/")
    async with backend(database_url) as client:
        path = await new_path(client)
        await _admin(postgres, f'alter database "{name}" with allow_connections false')
        await _end_connections(postgres, name)

        away = [await client.get(f"{path}/messages"), await client.get("/readyz")]
        alive = await client.get("/healthz")
        await _admin(postgres, f'alter database "{name}" with allow_connections true')
        back = await client.post(f"{path}/messages", json={"messages": [MESSAGE]})
        ready = await client.get("/readyz")

    assert [response.status_code for response in away] == [503, 503]
    assert [response.status_code for response in (alive, back, ready)] == [200, 200, 200]


@pytest.mark.timeout(60)
async def test_a_database_that_falls_silent_in_the_midst_of_writes_keeps_no_connection(
    db: "asyncpg.Pool[asyncpg.Record]", database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.database.connection.ROLLBACK_S", 0.5)
    async with tcp_proxy(database_url) as proxy:
        url = database_behind(proxy, database_url)
        async with backend(url, pool_size=8, request_timeout_s=5, pool_timeout_s=1) as client:
            path = await new_path(client)
            async with locked_conversations(db), asyncio.TaskGroup() as group:
                appends = [
                    group.create_task(client.post(f"{path}/messages", json={"messages": [MESSAGE]}))
                    for _ in range(2)
                ]
                await _until_somebody_waits(db, number=2)
                proxy.delay_s = 3600
            proxy.restore()
            again = await client.post(f"{path}/messages", json={"messages": [MESSAGE]})

    assert [append.result().status_code for append in appends] == [503, 503]
    assert again.status_code == 200


async def test_it_is_ready_only_while_its_database_takes_writes(
    postgres: Server, database_url: str
) -> None:
    name = urlsplit(database_url).path.removeprefix("/")
    async with backend(database_url) as client:
        path = await new_path(client)
        messages = {"messages": [MESSAGE]}
        await _admin(postgres, f'alter database "{name}" set default_transaction_read_only = on')
        await _end_connections(postgres, name)

        read_only = [
            await client.post(f"{path}/messages", json=messages),
            await client.get("/readyz"),
        ]
        page = await client.get(f"{path}/messages")
        await _admin(postgres, f'alter database "{name}" reset default_transaction_read_only')
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110  # as a probe does
            await asyncio.sleep(0.05)
        back = await client.post(f"{path}/messages", json=messages)

    assert [response.status_code for response in read_only] == [503, 503]
    assert "writes" in read_only[1].json()["detail"]
    assert (page.status_code, back.status_code) == (200, 200)


async def test_an_unreachable_database_is_no_fault_of_the_backend(database_url: str) -> None:
    async with (
        tcp_proxy(database_url) as proxy,
        backend(database_behind(proxy, database_url)) as client,
    ):
        path = await new_path(client)
        proxy.cut()
        cut = [
            await client.post(f"{path}/messages", json={"messages": [MESSAGE]}),
            await client.get(f"{path}/messages"),
            await client.post(f"{path}/search", json={"query": "pump"}),
            await client.get("/readyz"),
        ]
        proxy.restore()
        back = await client.post(f"{path}/messages", json={"messages": [MESSAGE]})

    assert [response.status_code for response in cut] == [503] * 4
    assert all(response.headers["retry-after"] == "1" for response in cut[:3])
    assert back.status_code == 200


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 11; another operation is in progress"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.TooManyConnectionsError("too many clients already"),
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        asyncpg.InvalidCatalogNameError("database does not exist"),
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        ConnectionRefusedError(),
        OSError(errno.EHOSTUNREACH, "No route to host"),
        ssl.SSLError("handshake failure"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_is_away_is_answered_with_503(error: Exception) -> None:
    app = FastAPI(middleware=[Middleware(RequestLog, metrics=Metrics())])
    install_problems(app)

    @app.get("/")
    async def failing() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        response = await client.get("/")

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


async def test_a_model_that_was_changed_behind_its_back_makes_it_unready(
    db: "asyncpg.Pool[asyncpg.Record]", database_url: str
) -> None:
    async with backend(database_url) as client:
        await db.execute("update embedding_model set state = 'retired'")
        unready = await client.get("/readyz")

    assert unready.status_code == 503
    assert "all-MiniLM-L6-v2" in unready.json()["detail"]


async def test_a_message_gets_its_embedding_in_this_process(
    db: "asyncpg.Pool[asyncpg.Record]", database_url: str
) -> None:
    async with backend(database_url) as client:
        path = await new_path(client)
        await client.post(f"{path}/messages", json={"messages": [MESSAGE]})
        await _until_nothing_is_pending(db)
        found = await client.post(f"{path}/search", json={"query": "water drips from a machine"})

    assert found.json()["pending"] == 0
    assert found.json()["hits"][0]["found_by"] == ["vector"]
    assert found.json()["degraded"] == []


async def test_the_embedding_worker_can_be_left_to_other_processes(
    db: "asyncpg.Pool[asyncpg.Record]", database_url: str
) -> None:
    async with backend(database_url, embedding_worker=False) as client:
        path = await new_path(client)
        await client.post(f"{path}/messages", json={"messages": [MESSAGE]})
        metrics = await client.get("/metrics")

    assert _value(metrics, "longroom_pending_messages", state="waiting") == 1
    assert await db.fetchval("select count(*) from message_embedding") == 0


async def test_figures_have_bounded_labels(database_url: str) -> None:
    async with backend(database_url) as client:
        path = await new_path(client)
        await client.post(f"{path}/messages", json={"messages": [MESSAGE]})
        await client.post(f"{path}/search", json={"query": "pump"})
        await client.request("BREW", "/rooms/hunter2")
        await client.get(f"/{'x' * 300}")
        metrics = await client.get("/metrics")

    assert _value(metrics, "longroom_messages_total", status="stored") == 1
    assert _value(metrics, "longroom_search_seconds_count", stage="total") == 1
    samples = [sample for family in _families(metrics) for sample in family.samples]
    assert {sample.labels["status"] for sample in samples if "route" in sample.labels} <= {
        "2xx",
        "4xx",
        "5xx",
    }
    assert {sample.labels["route"] for sample in samples if "route" in sample.labels} == {
        "/rooms",
        "/conversations/{conversation_id}/messages",
        "/conversations/{conversation_id}/search",
        "unmatched",
    }
    assert path.rpartition("/")[2] not in metrics.text
    assert "hunter2" not in metrics.text


def _families(metrics: httpx.Response) -> list[Metric]:
    return list(text_string_to_metric_families(metrics.text))


def _value(metrics: httpx.Response, name: str, **labels: str) -> float:
    [value] = [
        sample.value
        for family in _families(metrics)
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return value


async def _until_somebody_waits(db: "asyncpg.Pool[asyncpg.Record]", *, number: int = 1) -> None:
    waiting = "select count(*) from pg_locks where not granted"
    while await db.fetchval(waiting) < number:  # noqa: ASYNC110  # PostgreSQL has no event for it
        await asyncio.sleep(0.02)


async def _until_nothing_is_pending(db: "asyncpg.Pool[asyncpg.Record]") -> None:
    pending = "select exists (select 1 from embedding_job)"
    while await db.fetchval(pending):  # noqa: ASYNC110  # the worker has no event for it
        await asyncio.sleep(0.05)


END_CONNECTIONS = """
select pid, pg_terminate_backend(pid) from pg_stat_activity where datname = $1
"""

LEFT = """
select exists (select 1 from pg_stat_activity where pid = any($1))
"""


async def _end_connections(server: Server, name: str) -> None:
    connection = await open_connection(server.url)
    try:
        ended = [row["pid"] for row in await connection.fetch(END_CONNECTIONS, name)]
        while await connection.fetchval(LEFT, ended):  # noqa: ASYNC110  # no event for it
            await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def _admin(server: Server, statement: str) -> None:
    connection = await open_connection(server.url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
