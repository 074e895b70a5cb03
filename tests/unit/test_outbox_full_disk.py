"""A full disk stops neither delivery nor the memory's bounds, and loses nothing accepted."""

import resource
from pathlib import Path

import pytest

from agent.errors import OutboxError, OutboxUnwritable
from agent.messages.erasures import Erasures
from agent.outbox.files import open_file
from agent.outbox.outbox import Outbox
from agent.outbox.storage.entry import Entry
from agent.outbox.storage.mark import mark_path, read_mark
from retrieval.wire import ConversationId
from tests.support.builders import event, message, summary
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import fill, holds, log_file, opened_outbox, outbox_file, small_disk


async def _accept_until_full(outbox: Outbox) -> int:
    """How many messages were accepted."""
    for n in range(10_000):
        try:
            await outbox.accept(message(n, "x" * 3_000))
        except OutboxUnwritable:
            return n
    raise AssertionError("the disk never became full")


async def test_all_that_was_accepted_is_delivered_while_the_disk_is_full(tmp_path: Path) -> None:
    backend = FakeBackend()
    with small_disk(tmp_path / "disk", kilobytes=2_000) as disk:
        backend.down = True
        async with opened_outbox(backend, disk, batch_size=10) as outbox:
            accepted = await _accept_until_full(outbox)
            fill(disk)
            backend.down = False
            assert await outbox.drain(20)
            assert await outbox.count() == 0
            (disk / "filler").unlink()
    ids = [m.id for m in backend.stored]
    assert ids == [f"m{n}" for n in range(accepted)]
    assert max(len(batch) for batch in backend.appended_batches) <= 10
    assert sum(map(len, backend.appended_batches)) == accepted


async def test_without_any_space_each_batch_is_sent_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The reserve is gone too: what is delivered is known in memory, and removed later."""
    backend = FakeBackend()
    with small_disk(tmp_path / "disk", kilobytes=1_000) as disk:
        backend.down = True
        async with opened_outbox(backend, disk, batch_size=5) as outbox:
            await outbox.accept(*[message(n, "x" * 3_000) for n in range(40)])
            outbox._file._mark_file.release_reserve()
            filler = fill(disk)
            backend.down = False
            assert await outbox.drain(20)
            assert sum(map(len, backend.appended_batches)) == 40
            assert "stay on disk until there is space" in caplog.text
            filler.unlink()
            await outbox.accept(message(40))
            assert await outbox.drain(20)
            assert outbox._file._db.execute("SELECT count(*) FROM entry").fetchone()[0] == 0
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(41)]


async def test_what_a_full_disk_kept_from_being_set_aside_is_set_aside_later(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    with small_disk(tmp_path / "disk", kilobytes=1_000) as disk:
        client = backend.client()
        await client.append_messages(backend.room(), [message(3, "the first content")])
        await client.aclose()
        backend.down = True
        async with opened_outbox(backend, disk) as outbox:
            await outbox.accept(*[message(n, "x" * 3_000) for n in range(6)])
            outbox._file._mark_file.release_reserve()
            filler = fill(disk)
            backend.down = False
            assert await outbox.drain(20)
            filler.unlink()
            await outbox.accept(message(7))
            assert [id_ for id_, _ in await outbox.dead_letters()] == ["m3"]
            assert await outbox.drain(20)
    assert [m.id for m in backend.stored] == ["m3", "m0", "m1", "m2", "m4", "m5", "m7"]


async def test_a_restart_on_a_full_disk_goes_on_delivering(tmp_path: Path) -> None:
    backend = FakeBackend()
    with small_disk(tmp_path / "disk", kilobytes=1_000) as disk:
        backend.down = True
        async with opened_outbox(backend, disk) as outbox:
            await outbox.accept(*[message(n, "x" * 3_000) for n in range(40)])
        filler = fill(disk)
        backend.down = False
        async with opened_outbox(backend, disk, batch_size=10) as outbox:
            assert await outbox.drain(20)
        filler.unlink()
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(40)]


async def test_a_limit_on_file_sizes_is_like_a_full_disk(tmp_path: Path) -> None:
    """SQLite calls it an input/output error, as it does a used-up quota."""
    backend = FakeBackend()
    backend.down = True
    async with opened_outbox(backend, tmp_path, batch_size=5) as outbox:
        await outbox.accept(*[message(n) for n in range(20)], event(1))
        log = log_file(tmp_path, backend)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, limits[1]))
        try:
            with pytest.raises(OutboxUnwritable):
                await outbox.accept(message(20))
            backend.down = False
            assert await outbox.drain(20)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert sum(map(len, backend.appended_batches)) == 20
        await outbox.accept(message(21))
        assert await outbox.drain(20)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in (*range(20), 21)]
    assert [e.id for e in backend.recorded] == ["e1"]


def test_a_summary_replaced_after_it_was_sent_is_sent_again(tmp_path: Path) -> None:
    """Also when the older one could only be noted as delivered in memory."""
    backend = FakeBackend()
    file = open_file(tmp_path, backend.room())
    older, newer = (
        summary(ConversationId(backend.room()), message_count=n).model_dump_json() for n in (1, 2)
    )
    file.add([Entry("session", "s", older)])
    sent = file.next_batch(limit=1, max_chars=1_000)
    file.settle(sent)
    assert file.next_batch(limit=1, max_chars=1_000) == []
    file.add([Entry("session", "s", newer)])
    assert [entry.body for entry in file.next_batch(limit=1, max_chars=1_000)] == [newer]
    file.remove(sent)
    assert [entry.body for entry in file.next_batch(limit=1, max_chars=1_000)] == [newer]
    file.close()


def test_the_reserve_is_a_small_part_of_a_small_disk(tmp_path: Path) -> None:
    backend = FakeBackend()
    with small_disk(tmp_path / "disk", kilobytes=1_000) as disk:
        file = open_file(disk, backend.room())
        mark = mark_path(outbox_file(disk, backend))
        assert 0 < mark.stat().st_size < 200_000
        file.add([Entry("event", "e", "{}")])
        file.close()
        assert mark.stat().st_size <= 4_096
        known = read_mark(mark)
        assert known is not None
        assert known.waiting == 1


async def test_an_erasure_on_a_full_disk_is_repeated_until_the_bytes_are_gone(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    with small_disk(tmp_path / "disk", kilobytes=1_000) as disk:
        backend.down = True
        conversation_id = backend.room()
        async with opened_outbox(backend, disk) as outbox:
            texts = ("canary-7361 " * 300, "kept " * 600)
            await outbox.accept(*[message(n, texts[n % 2]) for n in range(60)])
            outbox._file._mark_file.release_reserve()
            filler = fill(disk)
            for n in range(0, 60, 2):
                backend.erase_message(conversation_id, f"m{n}")
            erasures = Erasures.of(conversation_id, backend.changes[conversation_id])
            with pytest.raises(OutboxError):
                await outbox.erase(erasures, revision=30)
            assert await outbox.erased_to() == 0
            assert await outbox.count() in {30, 60}
            filler.unlink()
            await outbox.erase(erasures, revision=30)
            assert holds(disk, "canary-7361") == []
            assert await outbox.count() == 30
            backend.down = False
            assert await outbox.drain(20)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(1, 60, 2)]
