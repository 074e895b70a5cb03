"""Traces of turns in the outbox: delivered last, replaced by newer ones, dropped where refused."""

import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.messages.erasures import Erasures, erasures_since
from agent.outbox.outbox import Outbox
from agent.outbox.storage.mark import mark_path
from retrieval.wire import ConversationId
from tests.support.builders import NOON, event, message, summary, trace
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import holds, opened_outbox, outbox_file

NAMED: dict[str, dict[str, Any]] = {
    "hit": {"hits": [{"message_id": "m7", "score": 1.0}]},
    "neighbour": {"hits": [{"message_id": "m1", "score": 1.0, "after": ["m7"]}]},
    "repeat": {
        "hits": [{"message_id": "m1", "score": 1, "also_said": {"count": 1, "ids": ["m7"]}}]
    },
    "shown": {"shown": [{"message_id": "m7"}]},
    "cut": {"cut": ["m7"]},
    "read as": {"read_as": [{"message_id": "m7", "start": 0, "end": 3}]},
}
FORMAT_2 = """
CREATE TABLE entry (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    stream      TEXT NOT NULL CHECK (stream IN ('message', 'event', 'session')),
    number      INTEGER NOT NULL,
    id          TEXT NOT NULL,
    body        TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    checksum    TEXT NOT NULL,
    UNIQUE (stream, id)
);
CREATE INDEX entry_in_order ON entry (stream, position);
INSERT INTO entry SELECT * FROM new_entry WHERE stream <> 'turn';
DROP TABLE new_entry;
PRAGMA user_version = 2;
"""


def _refusing_turns(
    answer: Callable[[], httpx.Response],
) -> Callable[[str, str, bytes], httpx.Response | None]:
    return lambda _, target, __: answer() if target.endswith("/turns") else None


async def _apply(outbox: Outbox, backend: FakeBackend) -> None:
    client = backend.client()
    erasures, revision = await erasures_since(client, backend.room(), 0)
    await outbox.erase(erasures, revision=revision)
    await client.aclose()


async def test_traces_are_delivered_behind_all_else(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.room()
    told: list[str] = []

    def note(_: str, target: str, __: bytes) -> None:
        told.append(target.rsplit("/", 1)[-1])

    backend.down = True
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(trace(1), event(1), message(1), trace(2))
        await outbox.accept_session("s", summary(ConversationId(backend.room())))
        backend.refuse, backend.down = note, False
        assert await outbox.drain(5)
    assert told == ["messages", "events", "s", "turns"]
    assert list(backend.traces) == ["m1", "m2"]


async def test_a_newer_trace_of_a_question_replaces_the_one_that_waits(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.room()
    backend.down = True
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(trace(1, outcome="failed"))
        await outbox.accept(trace(1))
        backend.down = False
        assert await outbox.drain(5)
        assert await outbox.dead_letters() == []
    assert [each.outcome for each in backend.traces.values()] == ["answered"]


async def test_many_traces_go_in_batches_that_the_wire_allows(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.room()
    backend.down = True
    async with opened_outbox(backend, tmp_path, batch_size=500) as outbox:
        await outbox.accept(*(trace(n) for n in range(130)))
        backend.down = False
        assert await outbox.drain(5)
    assert len(backend.traces) == 130


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 422])
async def test_refused_traces_are_dropped_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    backend = FakeBackend()
    backend.room()
    backend.refuse = _refusing_turns(lambda: httpx.Response(status))
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*(trace(n) for n in range(9)), message(1))
        assert await outbox.drain(5)
        await outbox.accept(trace(10))
        assert await outbox.drain(5)
        assert await outbox.dead_letters() == []
    assert len(backend.stored) == 1
    assert len([r for r in caplog.records if "traces of turns" in r.getMessage()]) == 1


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_traces_wait_for_a_backend_that_may_take_them_yet(
    tmp_path: Path, status: int
) -> None:
    backend = FakeBackend()
    backend.room()
    backend.refuse = _refusing_turns(lambda: httpx.Response(status))
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(trace(1))
        assert not await outbox.drain(0.1)
    backend.refuse = lambda *_: None
    async with opened_outbox(backend, tmp_path) as outbox:
        assert await outbox.drain(5)
    assert list(backend.traces) == ["m1"]


@pytest.mark.parametrize("named", NAMED)
async def test_a_trace_that_names_what_was_erased_goes_from_the_disk(
    tmp_path: Path, named: str
) -> None:
    backend = FakeBackend()
    conversation_id = backend.room()
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(7))
        assert await outbox.drain(5)
        backend.refuse = _refusing_turns(lambda: httpx.Response(503))
        await outbox.accept(trace(1, **NAMED[named]), trace(2))
        backend.erase_message(conversation_id, "m7")
        await _apply(outbox, backend)
        assert await outbox.count() == 1
        assert holds(tmp_path, '"m7"') == []
        backend.refuse = lambda *_: None
        assert await outbox.drain(5)
    assert list(backend.traces) == ["m2"]


@pytest.mark.parametrize("what", ["question", "participant", "expired", "everything"])
async def test_a_trace_goes_with_its_question_and_with_people(tmp_path: Path, what: str) -> None:
    backend = FakeBackend()
    conversation_id = backend.room()
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        assert await outbox.drain(5)
        backend.refuse = _refusing_turns(lambda: httpx.Response(503))
        await outbox.accept(trace(1))
        match what:
            case "question":
                backend.erase_message(conversation_id, "m1")
            case "participant":
                backend.erase_participant(conversation_id, "ana")
            case "expired":
                backend.expire(conversation_id, NOON + timedelta(hours=1))
        if what == "everything":
            await outbox.erase(Erasures(conversation_id, everything=True), revision=1)
        else:
            await _apply(outbox, backend)
        assert await outbox.count() == 0
        assert holds(tmp_path, '"ana"') == []


async def test_a_file_of_the_format_without_traces_is_taken_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.room()
    backend.down = True
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*(message(n) for n in range(1, 6)), event(1))
        await outbox.accept_session("s", summary(ConversationId(backend.room())))
    path = outbox_file(tmp_path, backend)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            f"ALTER TABLE entry RENAME TO new_entry; DROP INDEX entry_in_order; {FORMAT_2}"
        )
    mark_path(path).unlink()
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(trace(1), message(6))
        backend.down = False
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(1, 7)]
    assert (list(backend.traces), list(backend.sessions)) == (["m1"], ["s"])
    assert "damaged" not in caplog.text


async def test_a_mark_of_a_program_without_traces_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.room()
    backend.down = True
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
    path = mark_path(outbox_file(tmp_path, backend))
    without = {"streams": {name: [0, int(name == "message")] for name in OLD_STREAMS}}
    content = json.dumps(without | {"dead_letters": 0}).encode()
    path.write_bytes((b"%08x " % zlib.crc32(content) + content).ljust(4_096, b"\n"))
    backend.down = False
    async with opened_outbox(backend, tmp_path) as outbox:
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m1"]
    assert "damaged" not in caplog.text


OLD_STREAMS = ("message", "event", "session")
