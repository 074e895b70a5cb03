"""An agent killed with -9 between accepting and delivering loses nothing and doubles nothing."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from agent.outbox.outbox import Outbox
from agent.outbox.retry import Retry
from tests.support.fake_backend import FakeBackend, served

ACCEPT_FOR_EVER = """
import asyncio, sys, uuid
from datetime import UTC, datetime
from pathlib import Path
from agent.backend_client import BackendClient
from agent.outbox.outbox import Outbox
from agent.outbox.retry import Retry
from retrieval.wire import MessageCreate

async def main(url, data_dir, conversation_id, start):
    outbox = await Outbox.open(
        Path(data_dir),
        client=BackendClient(url),
        conversation_id=uuid.UUID(conversation_id),
        batch_size=5,
        retry=Retry(0.001, 0.01),
    )
    n = int(start)
    while True:
        n += 1
        await outbox.accept(
            MessageCreate(
                id=f"m{n}", role="user", participant="ana", content=f"number {n}",
                created_at=datetime(2026, 3, 14, tzinfo=UTC),
            )
        )
        print(n, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def _accept_until_killed(url: str, data_dir: Path, backend: FakeBackend, start: int) -> int:
    """Kill an agent process once it has accepted forty messages; returns the last accepted."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ACCEPT_FOR_EVER,
        url,
        str(data_dir),
        str(backend.room()),
        str(start),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    for _ in range(40):
        await process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    await process.wait()
    return start + 40 + len(rest.splitlines())


@pytest.mark.parametrize("backend_is_up", [True, False])
async def test_a_killed_agent_loses_and_doubles_nothing(
    tmp_path: Path, backend_is_up: bool
) -> None:
    backend = FakeBackend()
    backend.down = not backend_is_up
    accepted = 0
    async with served(backend) as url:
        for _ in range(3):
            accepted = await _accept_until_killed(url, tmp_path, backend, accepted)
    backend.down = False
    client = backend.client()
    outbox = await Outbox.open(
        tmp_path, client=client, conversation_id=backend.room(), retry=Retry(0.001, 0.01)
    )
    assert await outbox.drain(10)
    assert await outbox.dead_letters() == []
    await outbox.aclose()
    await client.aclose()
    ids = [int(message.id[1:]) for message in backend.stored]
    assert ids == sorted(set(ids))
    assert set(range(1, accepted + 1)) <= set(ids)


async def test_a_second_process_does_not_deliver_a_file_that_is_held(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with served(backend) as url:
        backend.down = True
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            ACCEPT_FOR_EVER,
            url,
            str(tmp_path),
            str(backend.room()),
            "0",
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        await process.stdout.readline()
        client = backend.client()
        ours = await Outbox.open(tmp_path, client=client, conversation_id=backend.room())
        assert await ours.waiting_messages() == []
        process.kill()
        await process.wait()
        process.stdout.feed_eof()
        await ours.aclose()
        await client.aclose()
