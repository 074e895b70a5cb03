"""What was erased in the backend is gone from outboxes: rows, logs, free space, files set aside."""

import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.errors import OutboxBusy
from agent.messages.erasures import Erasures, erasures_since
from agent.outbox.files import folder
from agent.outbox.outbox import Outbox
from agent.outbox.recovery import recover
from agent.outbox.storage.connection import connect
from agent.outbox.storage.erasing import scrub
from agent.outbox.storage.schema import INSERT_ENTRY
from longroom.dead_letters.collection import find_letters
from longroom.dead_letters.resend import resend
from retrieval.wire import ConversationEvent, ConversationId
from tests.support.builders import NOON, event, message, summary
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import (
    holds,
    left_by_a_killed_process,
    log_file,
    opened_outbox,
    outbox_file,
)

CANARY = "canary-7361-of-the-blue-boathouse"
LONG = CANARY + " and so on. " + "filling words " * 2_000
SIZES = pytest.mark.parametrize("text", [CANARY, LONG], ids=["short", "long"])


def _transcription(text: str, *, participant: str = "ana") -> ConversationEvent:
    return ConversationEvent(
        id="heard",
        kind="transcription",
        created_at=NOON,
        participant=participant,
        data={"text": text[:2_500], "final": True},
    )


def _refusing(content: bytes) -> Callable[[str, str, bytes], httpx.Response | None]:
    return lambda _, __, body: httpx.Response(422) if content in body else None


def _refuse_writes(method: str, *_: object) -> httpx.Response | None:
    return None if method == "GET" else httpx.Response(422)


async def _apply(outbox: Outbox, backend: FakeBackend) -> None:
    client = backend.client()
    known = await outbox.erased_to()
    erasures, revision = await erasures_since(client, backend.room(), known)
    await outbox.erase(erasures, revision=revision)
    await client.aclose()


async def _sweep(backend: FakeBackend, data_dir: Path) -> None:
    client = backend.client()
    await recover(data_dir, client=client, timeout_s=5)
    await client.aclose()


@SIZES
async def test_of_a_batch_exactly_what_was_erased_is_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    backend = FakeBackend()
    backend.room()
    backend.down = True
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n, text if n in {2, 5} else None) for n in range(7)])
        await outbox.accept(event(1))
        assert holds(tmp_path, CANARY)
        backend.erase_message(backend.room(), "m2")
        backend.erase_message(backend.room(), "m5")
        backend.down = False
        assert await outbox.drain(5)
        assert holds(tmp_path, CANARY) == []
        assert await outbox.dead_letters() == []
        assert outbox.metrics.registry.get_sample_value("longroom_outbox_erased_total") == 2
    assert [m.id for m in backend.stored] == ["m0", "m1", "m3", "m4", "m6"]
    assert [e.id for e in backend.recorded] == ["e1"]
    assert CANARY not in caplog.text
    assert not list(folder(tmp_path).iterdir())


async def test_an_erased_participants_messages_are_dropped_up_to_that_moment(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    backend.room()
    backend.down = True
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n, CANARY, participant="ben") for n in range(3)])
        await outbox.accept(message(3), message(9, "said later", participant="ben"))
        backend.erase_participant(backend.room(), "ben", before=NOON + timedelta(minutes=5))
        backend.down = False
        assert await outbox.drain(5)
        assert holds(tmp_path, CANARY) == []
    assert [m.id for m in backend.stored] == ["m3", "m9"]


@SIZES
async def test_an_erased_conversation_leaves_nothing_that_waits_nor_dead_letters(
    tmp_path: Path, text: str
) -> None:
    backend = FakeBackend()
    conversation_id = backend.room()
    backend.refuse = _refusing(b"refused")
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1, f"refused {text}"), message(2, text))
        assert await outbox.drain(5)
        backend.down = True
        await outbox.accept(message(3, text), _transcription(text))
        await outbox.accept_session("s", summary(ConversationId(conversation_id)))
        backend.erase_conversation(conversation_id)
        backend.down = False
        assert await outbox.drain(5)
        assert outbox.conversation_erased.is_set()
        assert await outbox.count() == 0
        assert await outbox.dead_letters() == []
        assert holds(tmp_path, CANARY) == []
    assert not list(folder(tmp_path).iterdir())


@SIZES
async def test_what_was_delivered_long_ago_goes_from_the_file_and_its_log(
    tmp_path: Path, text: str
) -> None:
    """Of a file that is held for months, since something else keeps it."""
    backend = FakeBackend()
    backend.refuse = _refusing(b"refused")
    async with opened_outbox(backend, tmp_path, batch_size=3) as outbox:
        await outbox.accept(message(0, "refused"))
        for n in range(1, 40):
            await outbox.accept(message(n, f"{n} {text if n % 7 == 3 else 'other ' * n}"))
        assert await outbox.drain(5)
        assert holds(tmp_path, CANARY)
        for n in range(3, 40, 7):
            backend.erase_message(backend.room(), f"m{n}")
        await _apply(outbox, backend)
        assert holds(tmp_path, CANARY) == []
        assert log_file(tmp_path, backend).stat().st_size < 20_000
        assert [id_ for id_, _ in await outbox.dead_letters()] == ["m0"]
        assert await outbox.erased_to() == 6


async def test_dead_letters_and_what_tells_of_erased_messages_go_and_nothing_else(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    backend.refuse = _refuse_writes
    turn = {"question_id": "m1", "outcome": "answered"}
    ended = event(7).model_copy(update={"id": "end1", "data": turn})
    other = event(8).model_copy(update={"id": "end2", "data": turn | {"question_id": "m2"}})
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1, CANARY), message(2), message(3, CANARY, participant="ben"))
        await outbox.accept(_transcription(CANARY), ended, other, event(9))
        summed_up = summary(ConversationId(backend.room()))
        summed_up = summed_up.model_copy(update={"participants": ["ana", "ben"]})
        await outbox.accept_session("s", summed_up)
        assert await outbox.drain(5)
        backend.erase_message(backend.room(), "m1")
        backend.erase_participant(backend.room(), "ben")
        await _apply(outbox, backend)
        assert [id_ for id_, _ in await outbox.dead_letters()] == ["m2", "end2", "e9", "s"]
        assert holds(tmp_path, CANARY) == []
        assert holds(tmp_path, '"ben"') == []
        assert holds(tmp_path, '"ana"')


async def test_a_file_that_was_left_behind_is_swept_also_where_nothing_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.refuse = _refuse_writes
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1, CANARY), message(2, "kept"))
        assert await outbox.drain(5)
    backend.erase_message(backend.room(), "m1")
    await _sweep(backend, tmp_path)
    assert holds(tmp_path, CANARY) == []
    assert holds(tmp_path, "kept") == [outbox_file(tmp_path, backend).name]
    told = [r for r in caplog.records if "were erased" in r.message]
    assert [r.__dict__["ids"] for r in told] == [["m1"]]


async def test_a_killed_agents_file_and_log_are_swept(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    backend.room()
    async with opened_outbox(backend, tmp_path / "live") as outbox:
        await outbox.accept(message(1, CANARY), message(2, "kept"))
        left = left_by_a_killed_process(tmp_path / "live", tmp_path / "left")
    assert log_file(left, backend).exists()
    backend.down = False
    backend.erase_conversation(backend.room())
    await _sweep(backend, left)
    assert not list(folder(left).iterdir())


@pytest.mark.parametrize("what", ["message", "participant", "conversation", "correction"])
async def test_set_aside_files_go_once_something_of_their_conversation_was_erased(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    backend = FakeBackend()
    conversation_id = backend.room()
    aside = _set_aside(tmp_path, backend)
    async with opened_outbox(backend, tmp_path / "other") as outbox:
        await outbox.accept(message(1))
        assert await outbox.drain(5)
    await _sweep(backend, tmp_path)
    assert holds(tmp_path, CANARY) == [aside.name, f"{aside.name}-wal"]
    match what:
        case "message":
            backend.erase_message(conversation_id, "m1")
        case "participant":
            backend.erase_participant(conversation_id, "ana")
        case "conversation":
            backend.erase_conversation(conversation_id)
        case "correction":
            backend.correct(conversation_id, "m1", "otherwise")
    await _sweep(backend, tmp_path)
    assert bool(holds(tmp_path, CANARY)) == (what == "correction")
    if what != "correction":
        (told,) = [r for r in caplog.records if "damaged outbox files are deleted" in r.message]
        assert told.__dict__["files"] == [aside.name]
        assert told.__dict__["conversation_id"] == str(conversation_id)


async def test_a_live_agent_deletes_set_aside_files_and_sweeps_files_of_dead_processes(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    backend.refuse = _refuse_writes
    async with opened_outbox(backend, tmp_path, room="den") as live:
        async with opened_outbox(backend, tmp_path, room="another") as left:
            await left.accept(message(1, CANARY), message(2, "kept"))
            assert await left.drain(5)
        _set_aside(tmp_path, backend)
        backend.erase_message(backend.room(), "m1")
        await _apply(live, backend)
        assert holds(tmp_path, CANARY) == []
        assert holds(tmp_path, "kept")


def _set_aside(data_dir: Path, backend: FakeBackend) -> Path:
    path = outbox_file(data_dir, backend)
    aside = path.with_name(f"{path.name}.20260314T120000000000.corrupt")
    aside.parent.mkdir(exist_ok=True)
    aside.write_bytes(b"broken " + CANARY.encode())
    aside.with_name(f"{aside.name}-wal").write_bytes(CANARY.encode())
    return aside


async def test_a_reader_in_the_way_is_told_and_the_erasure_repeated(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.refuse = _refuse_writes
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1, CANARY), message(2))
        assert await outbox.drain(5)
        outbox._file._db.execute("PRAGMA busy_timeout = 50")
        backend.erase_message(backend.room(), "m1")
        with closing(sqlite3.connect(outbox_file(tmp_path, backend))) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM dead_letter").fetchone()
            with pytest.raises(OutboxBusy):
                await _apply(outbox, backend)
            assert await outbox.erased_to() == 0
        await _apply(outbox, backend)
        assert await outbox.erased_to() == 1
        assert holds(tmp_path, CANARY) == []
        assert [id_ for id_, _ in await outbox.dead_letters()] == ["m2"]


async def test_a_backend_without_erasures_is_no_reason_not_to_deliver(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    backend.room()
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
    backend.down = False
    backend.refuse = lambda _, target, __: httpx.Response(404) if "/changes" in target else None
    await _sweep(backend, tmp_path)
    assert [m.id for m in backend.stored] == ["m1"]


async def test_a_new_file_does_not_ask_for_what_was_erased_before_it(tmp_path: Path) -> None:
    backend = FakeBackend()
    for n in range(3):
        backend.erase_message(backend.room(), f"old{n}")
    async with opened_outbox(backend, tmp_path, revision=3) as outbox:
        assert await outbox.erased_to() == 3
        backend.refuse = _refuse_writes
        await outbox.accept(message(1))
        assert await outbox.drain(5)
    async with opened_outbox(backend, tmp_path, revision=9) as outbox:
        assert await outbox.erased_to() == 3


@pytest.mark.parametrize("with_new_ids", [False, True])
async def test_an_erased_dead_letter_is_not_resent_under_any_id(
    tmp_path: Path, with_new_ids: bool
) -> None:
    backend = FakeBackend()
    backend.refuse = _refuse_writes
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1, CANARY), message(2))
        assert await outbox.drain(5)
        backend.refuse = lambda *_: None
        backend.erase_message(backend.room(), "m1")
        client = backend.client()
        letters = find_letters(tmp_path, unreadable=pytest.fail)
        resent = await resend(client, letters, with_new_ids=with_new_ids)
        await client.aclose()
        assert [each.letter.entry.id for each in resent.erased] == ["m1"]
        assert [each.letter.entry.id for each in resent.sent] == ["m2"]
        assert holds(tmp_path, CANARY) == []
    assert [m.id for m in backend.stored] == ["m2"]


async def test_pages_of_changes_are_read_to_the_end(tmp_path: Path) -> None:
    backend = FakeBackend()
    for n in range(25):
        backend.erase_message(backend.room(), f"m{n}")
    client = backend.client()
    pages = client.get_changes

    async def small(conversation_id: Any, *, after: int) -> Any:
        return await pages(conversation_id, after=after, limit=10)

    client.get_changes = small  # type: ignore[method-assign,assignment]
    erasures, revision = await erasures_since(client, backend.room(), 2)
    await client.aclose()
    assert revision == 25
    assert [n for n in range(25) if erasures.covers_id(f"m{n}")] == list(range(2, 25))


async def test_a_correction_is_no_erasure(tmp_path: Path) -> None:
    backend = FakeBackend()
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1, CANARY))
        assert await outbox.drain(5)
        backend.correct(backend.room(), "m1", "otherwise")
        await _apply(outbox, backend)
        assert holds(tmp_path, CANARY) == []
        assert await outbox.erased_to() == 1


def test_later_erasures_of_a_person_cover_what_was_said_until_then() -> None:
    noon = datetime(2026, 3, 14, 12, tzinfo=UTC)
    backend = FakeBackend()
    for hours in (1, 3, 2):
        backend.erase_participant(backend.room(), "Jo Doe", before=noon + timedelta(hours=hours))
    erasures = Erasures.of(backend.room(), backend.changes[backend.room()])
    assert erasures.covers_person("Jo Doe", said_at=noon + timedelta(hours=3))
    assert not erasures.covers_person("Jo Doe", said_at=noon + timedelta(hours=4))
    assert not erasures.covers_person("jo doe", said_at=noon)


def test_nothing_deleted_is_left_where_pages_were_split(tmp_path: Path) -> None:
    """SQLite's secure_delete alone leaves some, in the index of ids and in the table."""
    remnants = {False: 0, True: 0}
    for seed in range(8):
        chosen = random.Random(seed)  # noqa: S311 - the same in each run
        path = tmp_path / f"{seed}.sqlite3"
        with closing(connect(path)) as db:
            alive: dict[int, bytes] = {}
            db.execute("PRAGMA synchronous = OFF")
            for n in range(1, 900):
                told = f"<{chosen.randrange(10**9):09d}-{n}>"
                body = told + "z" * chosen.choice([5, 50])
                db.execute(INSERT_ENTRY, (None, "message", n, told, body, "", ""))
                alive[n] = told.encode()
                if chosen.random() < 0.6:
                    position = chosen.choice(list(alive))
                    db.execute("DELETE FROM entry WHERE position = ?", (position,))
                    del alive[position]
            for is_scrubbed in remnants:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                if is_scrubbed:
                    scrub(db)
                found = set(re.findall(rb"<\d{9}-\d+>", path.read_bytes()))
                assert set(alive.values()) <= found
                remnants[is_scrubbed] += len(found - set(alive.values()))
    assert remnants[False] > 0
    assert remnants[True] == 0
