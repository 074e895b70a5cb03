"""What the outbox accepts is delivered once and in order, whatever happens in between."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from agent.errors import OutboxUnwritable
from agent.outbox.files import folder, open_file
from agent.outbox.outbox import Outbox
from agent.outbox.recovery import recover
from agent.outbox.retry import Retry
from agent.outbox.storage.entry import Entry
from agent.outbox.store import OutboxStore
from retrieval.wire import ConversationId, FieldError, Problem
from tests.support.builders import event, message, summary
from tests.support.fake_backend import FakeBackend

FAST = Retry(first_s=0.001, max_s=0.002)


@asynccontextmanager
async def _outbox(
    backend: FakeBackend, data_dir: Path, *, batch_size: int = 100, room: str | None = None
) -> AsyncIterator[Outbox]:
    client = backend.client()
    outbox = await Outbox.open(
        data_dir,
        client=client,
        conversation_id=backend.room(),
        room=room,
        batch_size=batch_size,
        retry=FAST,
    )
    try:
        yield outbox
    finally:
        await outbox.aclose()
        await client.aclose()


def _file(data_dir: Path, backend: FakeBackend) -> Path:
    return folder(data_dir) / f"{backend.room()}.sqlite3"


async def test_messages_arrive_in_the_order_they_were_accepted(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with _outbox(backend, tmp_path, batch_size=7) as outbox:
        for n in range(50):
            await outbox.accept(message(n))
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(50)]
    assert max(len(batch) for batch in backend.appended_batches) <= 7


async def test_messages_go_before_events_and_events_before_the_session(tmp_path: Path) -> None:
    backend = FakeBackend()
    order: list[str] = []
    backend.refuse = lambda _, target, __: order.append(target.rsplit("/", 2)[-1])
    backend.down = True
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept_session("s1", summary(ConversationId(backend.room())))
        await outbox.accept(event(1))
        await outbox.accept(message(1))
        await outbox.accept(event(2))
        await outbox.accept(message(2))
        backend.down = False
        assert await outbox.drain(5)
    assert order == ["messages", "events", "s1"]
    assert [m.id for m in backend.stored] == ["m1", "m2"]
    assert [e.id for e in backend.recorded] == ["e1", "e2"]


async def test_accepted_messages_are_on_disk_before_accept_returns(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1), message(2))
        # A second reader of the same file, as after a crash: the log beside it is read too.
        copy = tmp_path / "copy"
        copy.mkdir()
        for part in folder(tmp_path).iterdir():
            (copy / part.name).write_bytes(part.read_bytes())
    crashed = OutboxStore(copy / _file(tmp_path, backend).name)
    assert [entry.id for entry in crashed.waiting("message")] == ["m1", "m2"]
    crashed.close()


async def test_a_backend_that_is_down_is_tried_until_it_is_up(tmp_path: Path) -> None:
    backend = FakeBackend()
    attempts = 0

    def refuse(*_: object) -> httpx.Response | None:
        nonlocal attempts
        attempts += 1
        return httpx.Response(502) if attempts <= 20 else None

    backend.refuse = refuse
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        assert await outbox.drain(10)
    assert attempts == 21
    assert [m.id for m in backend.stored] == ["m1"]


async def test_a_refused_key_loses_nothing(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(401)
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        assert not await outbox.drain(0.05)
        assert await outbox.dead_letters() == []
        backend.refuse = lambda *_: None
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m1"]


async def test_leftovers_are_delivered_by_the_next_one_before_what_is_new(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1), message(2))
    async with _outbox(backend, tmp_path) as outbox:
        assert [m.id for m in await outbox.waiting_messages()] == ["m1", "m2"]
        await outbox.accept(message(3))
        backend.down = False
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m1", "m2", "m3"]


async def test_what_was_delivered_but_not_noted_is_not_doubled(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    await client.append_messages(backend.room(), [message(1)])
    await client.aclose()
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1), message(2))
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m1", "m2"]


async def test_a_conflicting_message_is_set_aside_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    client = backend.client()
    await client.append_messages(backend.room(), [message(3, "the first content")])
    await client.aclose()
    with caplog.at_level(logging.ERROR):
        async with _outbox(backend, tmp_path) as outbox:
            await outbox.accept(*[message(n, f"secret {n}") for n in range(6)])
            assert await outbox.drain(5)
            dead = await outbox.dead_letters()
    assert [m.id for m in backend.stored] == ["m3", "m0", "m1", "m2", "m4", "m5"]
    assert [id_ for id_, _ in dead] == ["m3"]
    assert "409" in dead[0][1]
    assert "secret" not in caplog.text
    assert [record.__dict__["ids"] for record in caplog.records] == [["m3"]]
    assert _file(tmp_path, backend).exists()


@pytest.mark.parametrize("names_it", [True, False])
async def test_an_invalid_message_is_found_and_set_aside(tmp_path: Path, names_it: bool) -> None:
    backend = FakeBackend()
    refused = 0

    def refuse(_: str, target: str, body: bytes) -> httpx.Response | None:
        nonlocal refused
        if not target.endswith("/messages") or b"poison" not in body:
            return None
        refused += 1
        ids = [f"m{n}" for n in range(20) if f'"m{n}"'.encode() in body]
        errors = [FieldError(field=f"body.messages.{ids.index('m13')}.content", message="poison")]
        problem = Problem(
            title="Invalid", status=422, detail="no poison", errors=errors if names_it else []
        )
        return httpx.Response(422, content=problem.model_dump_json())

    backend.refuse = refuse
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n, "poison" if n == 13 else None) for n in range(20)])
        assert await outbox.drain(5)
        assert [id_ for id_, _ in await outbox.dead_letters()] == ["m13"]
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(20) if n != 13]
    assert refused <= (1 if names_it else 10)


async def test_the_same_message_accepted_twice_waits_once(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        await outbox.accept(message(1))
        assert await outbox.count() == 1
        await outbox.accept(message(1, "other words"))
        assert [id_ for id_, _ in await outbox.dead_letters()] == ["m1"]
        backend.down = False
        assert await outbox.drain(5)
    assert [m.content for m in backend.stored] == ["message number 1"]


async def test_a_newer_session_summary_takes_the_place_of_the_older(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as outbox:
        for count in (1, 2, 3):
            await outbox.accept_session(
                "s1", summary(ConversationId(backend.room()), message_count=count)
            )
        assert await outbox.count() == 1
        backend.down = False
        assert await outbox.drain(5)
    assert backend.sessions["s1"].message_count == 3


async def test_an_entry_of_an_older_format_does_not_stop_the_others(tmp_path: Path) -> None:
    backend = FakeBackend()
    file = open_file(tmp_path, backend.room())
    file.add([Entry("message", "m0", '{"id": "m0"}'), Entry("event", "e0", "[]")])
    file.add([Entry("message", "m1", message(1).model_dump_json())])
    file.close()
    async with _outbox(backend, tmp_path) as outbox:
        assert [m.id for m in await outbox.waiting_messages()] == ["m1"]
        assert await outbox.drain(5)
        assert {id_ for id_, _ in await outbox.dead_letters()} == {"m0", "e0"}
    assert [m.id for m in backend.stored] == ["m1"]


async def test_a_corrupt_file_is_set_aside_and_a_new_one_started(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n, "x" * 2_000) for n in range(50)])
    path = _file(tmp_path, backend)
    damaged = bytearray(path.read_bytes())
    damaged[4_096 : len(damaged) // 2] = b"\xff" * (len(damaged) // 2 - 4_096)
    path.write_bytes(damaged)
    backend.down = False
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(99))
        assert await outbox.drain(5)
    saved = [int(m.id[1:]) for m in backend.stored]
    assert saved[-1] == 99
    assert 0 < len(saved) < 51
    (aside,) = folder(tmp_path).glob("*.corrupt")
    assert aside.read_bytes() == bytes(damaged)
    lost = 51 - len(saved)
    assert f"damaged and was set aside; {lost} accepted entries are lost (message 1-{lost})" in (
        caplog.text
    )


async def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    backend = FakeBackend()
    path = _file(tmp_path, backend)
    path.parent.mkdir()
    path.write_bytes(b"once upon a time, " * 1_000)
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        assert await outbox.drain(5)
    (aside,) = folder(tmp_path).glob("*.corrupt")
    assert aside.read_bytes().startswith(b"once upon a time")


async def test_a_file_of_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    backend = FakeBackend()
    path = _file(tmp_path, backend)
    path.parent.mkdir()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 7")
        newer.execute("CREATE TABLE mystery (x)")
    newer.close()
    before = path.read_bytes()
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m1"]
    assert path.read_bytes() == before


async def test_two_outboxes_of_a_conversation_never_share_a_file(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as first, _outbox(backend, tmp_path) as second:
        await first.accept(message(1))
        await second.accept(message(2))
        assert [m.id for m in await first.waiting_messages()] == ["m1"]
        assert [m.id for m in await second.waiting_messages()] == ["m2"]
        backend.down = False
        assert await first.drain(5)
        assert await second.drain(5)
    assert {m.id for m in backend.stored} == {"m1", "m2"}


async def test_a_second_file_left_behind_is_delivered_by_the_next_agent_too(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as first, _outbox(backend, tmp_path) as second:
        await first.accept(message(1))
        await second.accept(message(2), event(1))
    assert len(list(folder(tmp_path).iterdir())) == 2
    async with _outbox(backend, tmp_path) as outbox:
        assert [m.id for m in await outbox.waiting_messages()] == ["m1", "m2"]
        backend.down = False
        assert await outbox.drain(5)
    assert {m.id for m in backend.stored} == {"m1", "m2"}
    assert [e.id for e in backend.recorded] == ["e1"]
    assert list(folder(tmp_path).iterdir()) == []


async def test_each_room_of_a_conversation_takes_in_what_it_left_and_what_is_nobodys(
    tmp_path: Path,
) -> None:
    """Names of rooms are any text; those of files are not."""
    backend = FakeBackend()
    backend.down = True
    rooms = {"m1": None, "m2": "web", "m3": "../web", "m4": "1", "m5": "web"}
    async with AsyncExitStack() as opened:
        for number, room in enumerate(rooms.values(), start=1):
            outbox = await opened.enter_async_context(_outbox(backend, tmp_path, room=room))
            await outbox.accept(message(number))
    assert len(list(folder(tmp_path).iterdir())) == 5
    async with _outbox(backend, tmp_path, room="web") as outbox:
        assert {m.id for m in await outbox.waiting_messages()} == {"m1", "m2", "m5"}
        backend.down = False
        assert await outbox.drain(5)
    client = backend.client()
    assert await recover(tmp_path, client=client, timeout_s=5, retry=FAST) == 2
    await client.aclose()
    assert {m.id for m in backend.stored} == set(rooms)
    assert list(folder(tmp_path).iterdir()) == []


async def test_recovery_delivers_what_rooms_left_that_were_not_opened_again(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    left: dict[str, UUID] = {}
    for name in ("attic", "cellar", "busy"):
        left[name] = backend.room(name)
        client = backend.client()
        outbox = await Outbox.open(tmp_path, client=client, conversation_id=left[name], retry=FAST)
        await outbox.accept(message(1))
        if name != "busy":
            await outbox.aclose()
    (folder(tmp_path) / "notes.sqlite3").write_text("not ours")
    backend.down = False
    client = backend.client()
    assert await recover(tmp_path, client=client, timeout_s=5, retry=FAST) == 2
    assert [m.id for m in backend.messages[left["attic"]]] == ["m1"]
    assert [m.id for m in backend.messages[left["cellar"]]] == ["m1"]
    await outbox.aclose()
    assert await recover(tmp_path, client=client, timeout_s=5, retry=FAST) in (0, 1)
    assert [m.id for m in backend.messages[left["busy"]]] == ["m1"]
    await client.aclose()


async def test_an_emptied_file_is_deleted_when_it_is_closed(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        assert await outbox.drain(5)
    assert list(folder(tmp_path).iterdir()) == []


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    backend = FakeBackend()
    with pytest.raises(OutboxUnwritable, match=r"outbox.*cannot be written.*LONGROOM_DATA_DIR"):
        async with _outbox(backend, tmp_path):
            pass


async def test_a_full_disk_is_told_and_what_was_accepted_stays(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        # The same answer from SQLite as from a full disk, without filling one.
        outbox._file._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(OutboxUnwritable, match=r"disk is full.*LONGROOM_DATA_DIR"):
            await outbox.accept(*[message(n, "x" * 60_000) for n in range(2, 9)])
        outbox._file._db.execute("PRAGMA max_page_count = 1000000")
        await outbox.accept(message(9))
        backend.down = False
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m1", "m9"]


async def test_cancelling_accept_leaves_the_file_whole(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as outbox:
        accepting = [
            asyncio.create_task(outbox.accept(message(n), message(n + 100))) for n in range(40)
        ]
        await asyncio.sleep(0)
        for task in accepting[::2]:
            task.cancel()
        await asyncio.gather(*accepting, return_exceptions=True)
        waiting = [m.id for m in await outbox.waiting_messages()]
    pairs = {int(id_[1:]) % 100 for id_ in waiting}
    assert len(waiting) == 2 * len(pairs)
    assert {n for n in range(40) if n % 2} <= pairs


def test_delays_grow_and_stay_within_their_bounds() -> None:
    retry = Retry(first_s=0.2, max_s=30.0)
    for attempt in (1, 2, 5, 50, 5_000):
        longest = min(30.0, 0.2 * 2 ** min(attempt - 1, 30))
        assert longest / 2 <= retry.delay_s(attempt) <= longest


def test_a_batch_is_bounded_in_size_but_never_empty(tmp_path: Path) -> None:
    file = OutboxStore(tmp_path / "x.sqlite3")
    file.add([Entry("message", f"m{n}", "x" * 60) for n in range(10)])
    assert len(file.next_batch(limit=100, max_chars=200)) == 3
    assert len(file.next_batch(limit=100, max_chars=1)) == 1
    file.close()


async def test_ids_that_wait_with_other_content_are_told_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        await outbox.accept(message(1, "other words"), message(2))
        told = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert [record.__dict__["ids"] for record in told] == [["m1"]]
        counted = outbox.metrics.registry.get_sample_value(
            "longroom_outbox_dead_letters_total", {"reason": "refused"}
        )
        assert counted == 1
    assert "other words" not in caplog.text


async def test_what_two_agents_accepted_is_one_message_when_their_files_meet(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    backend.down = True
    async with _outbox(backend, tmp_path) as first, _outbox(backend, tmp_path) as second:
        await first.accept(message(1))
        later = message(1).model_copy(update={"created_at": message(2).created_at, "epoch": 2})
        await second.accept(later, message(3))
    backend.down = False
    async with _outbox(backend, tmp_path) as outbox:
        assert await outbox.drain(5)
        assert await outbox.dead_letters() == []
    assert [m.id for m in backend.stored] == ["m1", "m3"]
