import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from retrieval.database.connection import open_connection
from testbed.backend_process import ROOT, BackendProcess
from testbed.tcp_proxy import database_behind, tcp_proxy
from tests.support.wire_examples import message

END_S = 30


def refusal(env: dict[str, str], *arguments: str) -> str:
    """The one line of a backend that cannot start."""
    with BackendProcess(env, *arguments, forked=True) as backend:
        assert backend.process.wait(END_S) == 2, backend.log()
        assert backend.rest_of_output() == ""
        lines = backend.log().splitlines()
        assert len(lines) == 1, lines
        return lines[0]


async def execute(url: str, statement: str, *values: object) -> None:
    connection = await open_connection(url)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


def test_it_prints_where_it_answers_and_where_its_pages_are_and_ends_with_its_parent(
    database_url: str,
) -> None:
    with BackendProcess({"DATABASE_URL": database_url}) as backend:
        url = backend.url()
        assert httpx.get(f"{url}/readyz").status_code == 200

        assert backend.stop() == 0
        assert backend.rest_of_output() == f"inspect {url}/inspect\n"


def test_longroom_backend_serves_an_embedded_database_and_ends_with_its_parent(
    data_dir: Path,
) -> None:
    with BackendProcess({"LONGROOM_DATA_DIR": str(data_dir)}) as backend:
        url = backend.url()
        assert httpx.get(f"{url}/readyz").status_code == 200

        assert backend.stop() == 0
        assert backend.rest_of_output() == f"inspect {url}/inspect\n"
    assert not (data_dir / "postgres" / "cluster" / "postmaster.pid").exists()


def test_without_a_database_url_the_command_that_brings_one_is_named() -> None:
    assert "`longroom backend`" in refusal({"DATABASE_URL": ""})


def test_a_port_in_use_is_named(database_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        said = refusal({"DATABASE_URL": database_url, "BACKEND_PORT": port})

    assert f"port {port}" in said
    assert "BACKEND_PORT" in said


def test_a_database_that_does_not_answer_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        said = refusal({"DATABASE_URL": f"postgresql://me:secret@127.0.0.1:{port}/nowhere"})

    assert "cannot connect to the database" in said
    assert "secret" not in said


async def test_a_database_without_the_extension_is_refused(database_url: str) -> None:
    await execute(database_url, "drop extension vector cascade")

    assert "pgvector" in refusal({"DATABASE_URL": database_url})


async def test_an_older_schema_is_refused_with_the_remedy(database_url: str) -> None:
    await execute(
        database_url,
        "delete from schema_migrations"
        " where version = (select max(version) from schema_migrations)",
    )

    said = refusal({"DATABASE_URL": database_url})

    assert "longroom migrate" in said


async def test_a_newer_schema_is_refused(database_url: str) -> None:
    await execute(
        database_url,
        "insert into schema_migrations (version, name, sha256)"
        " values (9999, '9999_from_the_future', 'x')",
    )

    said = refusal({"DATABASE_URL": database_url})

    assert "9999_from_the_future" in said
    assert "newer" in said


async def test_a_missing_schema_is_applied_if_asked_for(database_url: str) -> None:
    await execute(database_url, "drop schema public, longroom cascade; create schema public")

    with BackendProcess({"DATABASE_URL": database_url}, "--migrate", forked=True) as backend:
        async with httpx.AsyncClient(base_url=backend.url()) as probe:
            assert (await probe.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    ("name", "dimension", "named"),
    [("another-model", 384, "another-model"), ("all-MiniLM-L6-v2", 512, "512")],
)
async def test_another_model_in_the_database_is_refused(
    database_url: str, name: str, dimension: int, named: str
) -> None:
    await execute(
        database_url,
        "insert into embedding_model (model_id, name, dimension, state)"
        " values (1, $1, $2, 'active')",
        name,
        dimension,
    )

    said = refusal({"DATABASE_URL": database_url})

    assert named in said
    assert "EMBEDDING_" in said


def test_an_open_address_needs_a_key_or_the_open_setting(database_url: str) -> None:
    said = refusal({"DATABASE_URL": database_url}, "--host", "0.0.0.0")  # noqa: S104  # refused

    assert "BACKEND_SERVICE_KEY" in said
    assert "BACKEND_OPEN" in said


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"BACKEND_PORT": "many"}, "BACKEND_PORT"),
        ({"BACKEND_BODY_LIMIT_BYTES": "1"}, "BACKEND_BODY_LIMIT_BYTES"),
        ({"LIVEKIT_URL": "ws://127.0.0.1:7880"}, "LIVEKIT_API_KEY"),
        ({"EMBEDDING_PROVIDER": "magic"}, "EMBEDDING_PROVIDER"),
    ],
)
def test_a_bad_setting_is_named(env: dict[str, str], named: str) -> None:
    assert named in refusal({"DATABASE_URL": "postgresql://127.0.0.1:9/none", **env})


async def test_sigterm_lets_open_requests_finish(database_url: str) -> None:
    with BackendProcess({"DATABASE_URL": database_url}, forked=True) as backend:
        async with httpx.AsyncClient(base_url=f"{backend.url()}/api/v1", timeout=20) as api:
            room = (await api.post("/rooms", json={"name": "r"})).json()
            path = f"/conversations/{room['conversation_id']}/messages"
            blocker = await open_connection(database_url)
            try:
                async with blocker.transaction():
                    await blocker.execute("select 1 from conversation for update")
                    append = asyncio.create_task(api.post(path, json={"messages": [message()]}))
                    await waits_for_lock(blocker)
                    backend.process.send_signal(signal.SIGTERM)
            finally:
                await blocker.close()
            assert (await append).status_code == 200

        assert backend.process.wait(END_S) == 0


async def test_who_leaves_takes_the_statement_along(database_url: str) -> None:
    with BackendProcess({"DATABASE_URL": database_url}) as backend:
        async with httpx.AsyncClient(base_url=f"{backend.url()}/api/v1", timeout=20) as api:
            room = (await api.post("/rooms", json={"name": "r"})).json()
            path = f"/conversations/{room['conversation_id']}"
            blocker = await open_connection(database_url)
            try:
                async with blocker.transaction():
                    await blocker.execute("select 1 from conversation for update")
                    leaving = asyncio.create_task(
                        api.post(f"{path}/messages", json={"messages": [message()]})
                    )
                    await waits_for_lock(blocker)
                    leaving.cancel()
                    while await blocker.fetchval(LOCK_AWAITED):  # noqa: ASYNC110  # no event for it
                        await asyncio.sleep(0.02)
            finally:
                await blocker.close()
            page = (await api.get(f"{path}/messages")).json()
        backend.stop()
        statuses = [json.loads(line).get("status") for line in backend.log().splitlines()]

    assert page["messages"] == []
    assert 499 in statuses


async def test_sigterm_ends_it_also_while_its_database_is_silent(database_url: str) -> None:
    async with tcp_proxy(database_url) as proxy:
        url = database_behind(proxy, database_url)
        with BackendProcess({"DATABASE_URL": url}, forked=True) as backend:
            await asyncio.to_thread(backend.url)
            proxy.delay_s = 3600
            backend.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(backend.process.wait, END_S) == 0


async def test_sigterm_ends_it_after_its_database_was_killed_in_the_middle_of_embedding(
    data_dir: Path,
) -> None:
    pid_file = data_dir / "postgres" / "cluster" / "postmaster.pid"
    with BackendProcess({"LONGROOM_DATA_DIR": str(data_dir)}) as backend:
        url = await asyncio.to_thread(backend.url)
        async with httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=20) as api:
            room = (await api.post("/rooms", json={"name": "r"})).json()
            path = f"/conversations/{room['conversation_id']}/messages"
            many = [message(id=f"m{n}", content=f"drawer {n} " * 40) for n in range(300)]
            await api.post(path, json={"messages": many})
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
            while (await api.get("/readyz")).status_code != 200:  # noqa: ASYNC110  # as a probe does
                await asyncio.sleep(0.1)
            waiting = pending_messages((await api.get("/metrics")).text)
            ready = (await api.get("/readyz")).json()

        backend.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(backend.process.wait, END_S) == 0

    assert waiting > 0, "nothing was left to embed"
    assert {"embedding worker", "ANN maintenance", "reindexing"} <= set(ready["background"])
    assert not pid_file.exists()


def pending_messages(metrics: str) -> float:
    [value] = (
        sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if family.name == "longroom_pending_messages" and sample.labels == {"state": "waiting"}
    )
    return value


LOCK_AWAITED = """
select exists (select 1 from pg_locks where not granted)
"""


async def waits_for_lock(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    while not await connection.fetchval(LOCK_AWAITED):  # noqa: ASYNC110  # PostgreSQL has no event for it
        await asyncio.sleep(0.02)


async def test_no_text_of_a_message_or_query_reaches_the_log(database_url: str) -> None:
    with BackendProcess({"DATABASE_URL": database_url}, forked=True) as backend:
        async with httpx.AsyncClient(base_url=f"{backend.url()}/api/v1", timeout=20) as api:
            room = (await api.post("/rooms", json={"name": "hunter2"})).json()
            path = f"/conversations/{room['conversation_id']}"
            batch = {"messages": [message(content="hunter2", participant="hunter2")]}
            await api.post(f"{path}/messages", json=batch)
            await api.post(f"{path}/messages", json={"messages": [message(content="hunter2 ?")]})
            await api.post(f"{path}/search", json={"query": "hunter2"})
            await api.post(f"{path}/search", json={"query": "hunter2\x00"})
            await api.get("/hunter2")
        backend.stop()
        log = backend.log()

    assert "hunter2" not in log
    requests = [line for line in map(json.loads, log.splitlines()) if line["message"] == "request"]
    assert [line["status"] for line in requests] == [201, 200, 409, 200, 422, 404]
    assert {line["conversation_id"] for line in requests[1:5]} == {room["conversation_id"]}


HANGS = """
import asyncio, contextlib, threading
from fastapi import FastAPI
from backend_stub import serving

@contextlib.asynccontextmanager
async def hanging(app):
    yield
    await asyncio.to_thread(threading.Event().wait)

serving.CLOSE_S = 0.2
app = FastAPI(lifespan=hanging)
app.state.ending = asyncio.Event()
listener = serving.bind("127.0.0.1", 0)
asyncio.run(serving.serve(app, listener=listener, drain_timeout_s=0, exit_with_parent=True))
"""


async def test_whatever_hangs_while_it_closes_it_ends() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HANGS, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b"ready ")

    process.send_signal(signal.SIGTERM)
    _, log = await process.communicate()

    assert process.returncode == 1
    assert b"shutdown took too long" in log
