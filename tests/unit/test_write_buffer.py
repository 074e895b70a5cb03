"""Writes reach the outbox in order, and wait in bounded memory while the disk refuses."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.messages.erasures import Erasures, erasures_since
from agent.outbox.outbox import Outbox
from agent.outbox.retry import Retry
from agent.outbox.write_buffer import (
    MAX_WAITING_CHARS,
    MAX_WAITING_EVENTS,
    MAX_WAITING_MESSAGES,
    WriteBuffer,
)
from retrieval.wire import MessageCreate
from tests.support.builders import event, message
from tests.support.fake_backend import FakeBackend


@asynccontextmanager
async def _write_buffer(
    backend: FakeBackend, data_dir: Path
) -> AsyncIterator[tuple[WriteBuffer, Outbox]]:
    client = backend.client()
    outbox = await Outbox.open(
        data_dir, client=client, conversation_id=backend.room(), retry=Retry(0.001, 0.002)
    )
    write_buffer = WriteBuffer(outbox, retry_s=0.001)
    try:
        yield write_buffer, outbox
    finally:
        await write_buffer.aclose(5)
        await outbox.aclose()
        await client.aclose()


async def test_what_is_put_is_delivered_in_order(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with _write_buffer(backend, tmp_path) as (write_buffer, outbox):
        for n in range(300):
            write_buffer.put(message(n))
            write_buffer.put(event(n))
            if n % 50 == 0:
                await asyncio.sleep(0)
        assert await write_buffer.flush(5)
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(300)]
    assert [e.id for e in backend.recorded] == [f"e{n}" for n in range(300)]


async def test_while_the_disk_refuses_messages_wait_and_events_are_bounded(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _write_buffer(backend, tmp_path) as (write_buffer, outbox):
        # What SQLite answers on a full disk, without filling one.
        outbox._file._db.execute("PRAGMA max_page_count = 1")
        write_buffer.put(message(0, "x" * 60_000))
        for n in range(MAX_WAITING_EVENTS + 50):
            write_buffer.put(event(n))
        write_buffer.put(message(1))
        assert not await write_buffer.flush(0.05)
        assert write_buffer.dropped_events == 51
        outbox._file._db.execute("PRAGMA max_page_count = 1000000")
        assert await write_buffer.flush(5)
        backend.down = False
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m0", "m1"]
    assert len(backend.recorded) == MAX_WAITING_EVENTS - 1


async def test_closing_brings_to_disk_what_was_put_last(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _write_buffer(backend, tmp_path) as (write_buffer, _):
        write_buffer.put(message(1))
    async with _write_buffer(backend, tmp_path) as (_, outbox):
        assert [m.id for m in await outbox.waiting_messages()] == ["m1"]


async def test_memory_is_bounded_while_the_disk_refuses_and_what_is_not_taken_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    async with _write_buffer(backend, tmp_path) as (write_buffer, outbox):
        outbox._file._db.execute("PRAGMA max_page_count = 1")
        taken = [write_buffer.put(message(n, "a secret " + "x" * 60_000)) for n in range(300)] + [
            write_buffer.put(message(n)) for n in range(300, 20_000)
        ]
        assert not await write_buffer.flush(0.05)
        kept = sum(taken)
        assert kept == len(write_buffer._waiting) <= MAX_WAITING_MESSAGES
        contents = [m.content for m in write_buffer._waiting if isinstance(m, MessageCreate)]
        assert sum(map(len, contents)) <= MAX_WAITING_CHARS
        assert not write_buffer.takes_questions
        assert write_buffer.refused_messages == 20_000 - kept
        refused = outbox.metrics.registry.get_sample_value(
            "longroom_outbox_not_accepted_total", {"stream": "message"}
        )
        assert refused == 20_000 - kept
        outbox._file._db.execute("PRAGMA max_page_count = 1000000")
        assert await write_buffer.flush(20)
        assert write_buffer.takes_questions
        assert await outbox.drain(20)
    assert [m.id for m in backend.stored] == [f"m{n}" for n, took in enumerate(taken) if took]
    assert "a secret" not in caplog.text


async def test_what_fits_on_a_nearly_full_disk_goes_there(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _write_buffer(backend, tmp_path) as (write_buffer, outbox):
        db = outbox._file._db
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 40}")
        for n in range(10):
            write_buffer.put(message(n, "x" * 30_000))
        assert not await write_buffer.flush(0.1)
        waiting = len(await outbox.waiting_messages())
        assert 0 < waiting < 10
        db.execute("PRAGMA max_page_count = 1000000")
        backend.down = False
        assert await write_buffer.flush(5)
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(10)]


async def test_closing_delivers_what_the_disk_refuses_past_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.down = True
    client = backend.client()
    outbox = await Outbox.open(tmp_path, client=client, conversation_id=backend.room())
    write_buffer = WriteBuffer(outbox, retry_s=0.001)
    await outbox.accept(message(0))
    outbox._file._db.execute("PRAGMA max_page_count = 1")
    for n in range(1, 120):
        write_buffer.put(message(n, "x" * 10_000))
        write_buffer.put(event(n))
    assert not await write_buffer.flush(0.05)
    backend.down = False
    await write_buffer.aclose(0.05)
    await outbox.aclose()
    await client.aclose()
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(120)]
    assert len(backend.recorded) == 119
    assert "writes lost" not in caplog.text


async def test_what_was_erased_while_the_disk_refuses_is_not_written_later(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with _write_buffer(backend, tmp_path) as (write_buffer, outbox):
        outbox._file._db.execute("PRAGMA max_page_count = 1")
        long = "x" * 60_000
        for n in range(4):
            write_buffer.put(message(n, long, participant="ben" if n % 2 else "ana"))
        await _until(lambda: write_buffer.disk_refuses)
        backend.erase_participant(backend.room(), "ben")
        backend.erase_message(backend.room(), "m0")
        client = backend.client()
        erasures, _ = await erasures_since(client, backend.room(), 0)
        await client.aclose()
        write_buffer.forget(erasures)
        outbox._file._db.execute("PRAGMA max_page_count = 10000")
        assert await write_buffer.flush(5)
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m2"]


async def test_what_was_erased_of_the_memory_does_not_keep_the_rest_from_the_backend(
    tmp_path: Path,
) -> None:
    """At the end, past a disk that takes nothing."""
    backend = FakeBackend()
    async with _write_buffer(backend, tmp_path) as (write_buffer, outbox):
        outbox._file._db.execute("PRAGMA max_page_count = 1")
        for n in range(4):
            write_buffer.put(message(n, "x" * 60_000))
        await _until(lambda: write_buffer.disk_refuses)
        backend.erase_message(backend.room(), "m1")
        backend.erase_message(backend.room(), "m2")
    assert [m.id for m in backend.stored] == ["m0", "m3"]


async def test_of_an_erased_conversation_nothing_more_is_taken(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with _write_buffer(backend, tmp_path) as (write_buffer, outbox):
        write_buffer.forget(Erasures(backend.room(), everything=True))
        assert not write_buffer.put(message(1))
        assert write_buffer.refused_messages == 0
        assert await outbox.count() == 0


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  # the flag has no event
            await asyncio.sleep(0.001)
