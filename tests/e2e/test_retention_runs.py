"""Retention by the real command and by a real backend, on a real database."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from retrieval.database.pool import connect
from retrieval.store.conversations import create_room
from retrieval.store.events import record_events
from retrieval.store.messages import append_messages, recent_messages
from retrieval.wire import ConversationEvent, MessageCreate, MessageId
from testbed.backend_process import BackendProcess
from tests.support.command_line import CommandLine

RULES = json.dumps([{"rooms": "support-*", "messages_days": 90, "events_days": 30}])
NEW = 5


@pytest.fixture
async def filled(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A room with 2,000 old messages and a few new ones, and another room like it."""
    pool = await connect(database_url, pool_size=2)
    for name in ("support-1", "sales"):
        room, _ = await create_room(pool, name=name)
        said = [_message(n, days=100) for n in range(2_000)]
        said += [_message(2_000 + n, days=1) for n in range(NEW)]
        for first in range(0, len(said), 500):
            await append_messages(pool, conversation_id=room, messages=said[first : first + 500])
        old = datetime.now(UTC) - timedelta(days=31)
        events = [
            ConversationEvent(id=f"e{n}", kind="action", created_at=old + n * timedelta(days=30))
            for n in range(2)
        ]
        await record_events(pool, conversation_id=room, events=events)
    yield pool
    await pool.close()


def _message(number: int, *, days: int) -> MessageCreate:
    return MessageCreate(
        id=MessageId(f"m{number}"),
        role="user",
        participant=f"speaker {number % 50}",
        content=f"message number {number}",
        created_at=datetime.now(UTC) - timedelta(days=days) + timedelta(seconds=number),
    )


def command(database_url: str, folder: Path, rules: str = RULES) -> CommandLine:
    return CommandLine(folder, {"DATABASE_URL": database_url, "BACKEND_RETENTION": rules})


async def counts(db: asyncpg.Pool) -> dict[str, int]:
    rows = await db.fetch("select room, message_count from conversation")
    return {row["room"]: row["message_count"] for row in rows}


async def test_a_dry_run_tells_what_a_run_removes_and_a_killed_run_goes_on(
    database_url: str, filled: asyncpg.Pool, tmp_path: Path
) -> None:
    longroom = command(database_url, tmp_path)
    previewed = longroom.run("retention", "--dry-run")
    assert (previewed.returncode, previewed.stdout) == (
        0,
        "support-1: 2,000 messages, 1 events\n",
    )
    assert await counts(filled) == {"support-1": 2_005, "sales": 2_005}

    output = tmp_path / "output.txt"
    with longroom.start("retention", output=output) as run:
        deadline = time.monotonic() + 60
        while (await counts(filled))["support-1"] == 2_005:
            assert run.poll() is None, output.read_text()
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        run.kill()
    assert NEW < (await counts(filled))["support-1"] < 2_005
    await _freed(filled)
    done = longroom.run("retention")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("removed ")
    assert await counts(filled) == {"support-1": NEW, "sales": 2_005}
    room, _ = await create_room(filled, name="support-1")
    left = await recent_messages(filled, conversation_id=room, limit=50)
    assert [one.content for one in left.messages] == [
        f"message number {2_000 + n}" for n in range(5)
    ]
    assert longroom.run("retention").stdout == "removed nothing\n"
    assert longroom.run("retention", "--dry-run").stdout == ""


LOCKS = "select count(*) from pg_locks where locktype = 'advisory'"


async def _freed(db: asyncpg.Pool) -> None:
    """The server has noticed that the killed process is gone."""
    async with asyncio.timeout(30):
        while await db.fetchval(LOCKS):  # noqa: ASYNC110  # of another process
            await asyncio.sleep(0.05)


async def _figures(client: httpx.AsyncClient, url: str) -> str:
    return (await client.get(f"{url}/metrics")).text


async def test_a_backend_applies_the_rules_and_counts_what_went(
    database_url: str, filled: asyncpg.Pool
) -> None:
    env = {
        "DATABASE_URL": database_url,
        "BACKEND_RETENTION": RULES,
        "BACKEND_RETENTION_INTERVAL_S": "0.1",
    }
    with BackendProcess(env, "--no-embedding-worker", forked=True) as backend:
        url = backend.url()
        async with asyncio.timeout(120):
            while (await counts(filled))["support-1"] > NEW:  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.05)
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            wanted = 'longroom_retention_removed_total{kind="events"} 1.0'
            while wanted not in (figures := await _figures(client, url)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert 'longroom_retention_removed_total{kind="messages"} 2000.0' in figures
        backend.stop()
        assert "speaker" not in backend.log()
        assert "message number" not in backend.log()
        assert "retention removed what was too old" in backend.log()


def test_rules_that_are_none_end_the_command_and_the_backend_with_the_remedy(
    database_url: str, tmp_path: Path
) -> None:
    for rules, said in (
        ("", "BACKEND_RETENTION is not set: everything is kept for ever"),
        ("90", "BACKEND_RETENTION: must be a list of rules such as"),
        ('[{"rooms": "*", "days": 1}]', "rule 1: days is not known; a rule has rooms, messages_d"),
    ):
        done = command(database_url, tmp_path, rules).run("retention")
        assert done.returncode == 2
        assert said in done.stderr
    env = {"DATABASE_URL": database_url, "BACKEND_RETENTION": "90"}
    with BackendProcess(env, forked=True) as backend:
        assert backend.process.wait() != 0
        assert "must be a list of rules such as" in backend.log()
