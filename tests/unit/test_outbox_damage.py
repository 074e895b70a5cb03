"""Of a damaged outbox all that is whole is delivered, and what is lost is told exactly."""

import asyncio
import logging
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from agent.errors import OutboxBusy
from agent.outbox.files import folder, open_file
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.storage.contents import Contents, add_row
from agent.outbox.storage.entry import Entry
from agent.outbox.storage.mark import mark_path, marks_folder
from agent.outbox.storage.pages import rows
from retrieval.wire import ConversationId
from tests.support.builders import event, message, summary
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import left_by_a_killed_process, log_file, opened_outbox, outbox_file

COUNT = 200
"""Not all of them in the database file already: some are only in its log."""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[UUID, Path]:
    """The conversation, and the data folder of a process that was killed while it was cut off."""

    async def run(folder: Path) -> UUID:
        backend = FakeBackend()
        backend.down = True
        async with opened_outbox(backend, folder / "running") as outbox:
            for n in range(1, COUNT + 1):
                await outbox.accept(message(n, f"{n} " * 50))
            left_by_a_killed_process(folder / "running", folder / "killed")
        return backend.room()

    folder = tmp_path_factory.mktemp("outbox")
    return asyncio.run(run(folder)), folder / "killed"


@pytest.fixture
def left(killed: tuple[UUID, Path], tmp_path: Path) -> tuple[FakeBackend, Path]:
    """The backend, well again, and a copy of that data folder."""
    backend = FakeBackend()
    backend.rooms["den"] = killed[0]
    backend.room()
    return backend, Path(shutil.copytree(killed[1], tmp_path / "left"))


Left = tuple[FakeBackend, Path]


async def _delivered(data_dir: Path, backend: FakeBackend) -> OutboxMetrics:
    async with opened_outbox(backend, data_dir) as outbox:
        assert await outbox.drain(20)
        return outbox.metrics


def _told(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    (told,) = [r for r in caplog.records if "damaged and was set aside" in r.getMessage()]
    return told


def _lost(metrics: OutboxMetrics) -> float:
    return (
        metrics.registry.get_sample_value("longroom_outbox_lost_total", {"stream": "message"}) or 0
    )


def _cut(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def _garble(path: Path, share: float, size: int = 5_000) -> None:
    content = bytearray(path.read_bytes())
    at = int(len(content) * share)
    content[at : at + size] = b"\xa5" * len(content[at : at + size])
    path.write_bytes(content)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97])
async def test_a_cut_log_loses_its_end_and_tells_which(
    left: Left, caplog: pytest.LogCaptureFixture, share: float
) -> None:
    backend, data_dir = left
    log = log_file(data_dir, backend)
    _cut(log, share)
    metrics = await _delivered(data_dir, backend)
    stored = [int(m.id[1:]) for m in backend.stored]
    assert stored == list(range(1, len(stored) + 1))
    lost = COUNT - len(stored)
    assert lost > 0
    told = _told(caplog)
    assert told.__dict__["lost"] == lost
    assert told.__dict__["lost_messages"] in {f"{COUNT - lost + 1}-{COUNT}", str(COUNT)}
    assert _lost(metrics) == lost
    assert "1 1 1" not in caplog.text
    assert list(folder(data_dir).glob("*.corrupt"))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
async def test_what_stands_behind_garbage_in_the_log_is_saved(
    left: Left, caplog: pytest.LogCaptureFixture, share: float
) -> None:
    """SQLite reads nothing behind a broken frame; the pages there are whole."""
    backend, data_dir = left
    _garble(
        log_file(data_dir, backend),
        share,
    )
    await _delivered(data_dir, backend)
    stored = [int(m.id[1:]) for m in backend.stored]
    assert stored == sorted(set(stored))
    assert len(stored) > COUNT - 30
    told = _told(caplog)
    assert told.__dict__["lost"] == COUNT - len(stored)


@pytest.mark.parametrize("damage", [_cut, _garble])
async def test_a_damaged_database_file_gives_up_its_whole_pages(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path, float], None]
) -> None:
    backend = FakeBackend()
    backend.down = True
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n, f"{n} " * 50) for n in range(1, COUNT + 1)], event(1))
    damage(outbox_file(tmp_path, backend), 0.6)
    backend.down = False
    await _delivered(tmp_path, backend)
    stored = [int(m.id[1:]) for m in backend.stored]
    assert stored == sorted(set(stored))
    assert COUNT / 3 < len(stored) < COUNT
    told = _told(caplog)
    lost = 201 - len(stored) - len(backend.recorded)
    assert told.__dict__["lost"] == lost


async def test_a_long_message_is_saved_from_its_several_pages(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.down = True
    async with opened_outbox(backend, tmp_path / "running") as outbox:
        await outbox.accept(message(1))
        await outbox.accept(message(2, "Wörter, " * 3_000))
        await outbox.accept(message(3))
        left = left_by_a_killed_process(tmp_path / "running", tmp_path / "killed")
    log = log_file(left, backend)
    content = bytearray(log.read_bytes())
    content[0:32] = b"\0" * 32
    log.write_bytes(content)
    backend.down = False
    await _delivered(left, backend)
    assert [m.id for m in backend.stored] == ["m1", "m2", "m3"]
    assert backend.stored[1].content == "Wörter, " * 3_000
    assert _told(caplog).__dict__["lost"] == 0


async def test_an_outbox_whose_file_is_gone_tells_what_it_held(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1), message(2))
        assert await outbox.drain(5)
        backend.down = True
        await outbox.accept(message(3), message(4), event(1))
    outbox_file(tmp_path, backend).unlink()
    backend.down = False
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(5))
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m1", "m2", "m5"]
    told = _told(caplog)
    assert (told.__dict__["lost_messages"], told.__dict__["lost_events"]) == ("3-4", "1")
    caplog.clear()
    async with opened_outbox(backend, tmp_path):
        pass
    assert "damaged" not in caplog.text


DAMAGES = {
    "not UTF-8": "UPDATE entry SET body = CAST(x'7bff7d' AS TEXT) WHERE id = 'm3'",
    "another text": "UPDATE entry SET body = replace(body, 'number', 'nimber') WHERE id = 'm3'",
    "another number": "UPDATE entry SET number = 77 WHERE id = 'm3'",
    "no row": "DELETE FROM entry WHERE id = 'm3'",
    "not a text": "UPDATE entry SET body = x'00' WHERE id = 'm3'",
}


@pytest.mark.parametrize("kind", DAMAGES)
async def test_one_damaged_row_keeps_no_other_from_being_delivered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    backend = FakeBackend()
    backend.down = True
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n) for n in range(1, 6)])
    with closing(sqlite3.connect(outbox_file(tmp_path, backend))) as db, db:
        db.execute(DAMAGES[kind])
        db.execute("PRAGMA secure_delete = ON")
    backend.down = False
    await _delivered(tmp_path, backend)
    assert [m.id for m in backend.stored] == ["m1", "m2", "m4", "m5"]
    assert _told(caplog).__dict__["lost_messages"] == "3"
    readable = [] if kind in {"no row", "another number"} else ["m3"]
    assert _told(caplog).__dict__["lost_ids"] == readable
    (aside,) = folder(tmp_path).glob("*.corrupt")
    assert aside.stat().st_size > 0


async def test_damage_while_the_agent_runs_is_repaired_at_the_next_access(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.down = True
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n) for n in range(1, 6)])
        with closing(sqlite3.connect(outbox_file(tmp_path, backend))) as db, db:
            db.execute(DAMAGES["another text"])
        # What was read before the damage may be under way.
        async with asyncio.timeout(5):
            while "damaged and was set aside" not in caplog.text:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
        backend.down = False
        assert await outbox.drain(5)
        await outbox.accept(message(6))
        assert await outbox.drain(5)
    # Its former page stands in the log.
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(1, 7)]
    assert (_told(caplog).__dict__["lost"], _told(caplog).__dict__["saved"]) == (0, 5)


async def test_a_repair_that_another_process_is_in_the_way_of_is_done_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    file = open_file(tmp_path, backend.room())
    file.add([Entry("event", f"e{n}", event(n).model_dump_json()) for n in range(1, 6)])
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("UPDATE entry SET body = 'x' WHERE id = 'e3'")
        other.execute("BEGIN IMMEDIATE")
        file._db.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(OutboxBusy):
            file.waiting("event")
        file._damaged_log = log_file(tmp_path, backend).read_bytes()
        file._db.close()
        with pytest.raises(OutboxBusy):
            file.waiting("event")
        with pytest.raises(OutboxBusy):
            file.add([Entry("event", "e6", event(6).model_dump_json())])
        other.execute("COMMIT")
    assert [entry.id for entry in file.waiting("event")] == ["e1", "e2", "e3", "e4", "e5"]
    assert _told(caplog).__dict__["saved"] == 5
    file.close()


async def test_without_its_mark_a_damaged_file_says_that_more_may_be_lost(
    left: Left, caplog: pytest.LogCaptureFixture
) -> None:
    backend, data_dir = left
    mark_path(outbox_file(data_dir, backend)).write_bytes(b"nothing of use")
    log = log_file(data_dir, backend)
    content = log.read_bytes().replace(b'{"id":"m7"', b'{"id":"M7"')
    log.write_bytes(b"\xa5" * 32 + content[32:])
    outbox_file(data_dir, backend).write_bytes(b"\xa5" * 4_096)
    await _delivered(data_dir, backend)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(1, COUNT + 1) if n != 7]
    assert f"at least 0 accepted entries are lost, {COUNT - 1} saved" in caplog.text


async def test_a_whole_file_is_told_nothing_of_and_its_mark_goes_with_it(
    left: Left, caplog: pytest.LogCaptureFixture
) -> None:
    backend, data_dir = left
    await _delivered(data_dir, backend)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(1, COUNT + 1)]
    assert "damaged" not in caplog.text
    assert list(marks_folder(folder(data_dir)).iterdir()) == []


async def test_dead_letters_of_a_damaged_file_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    client = backend.client()
    await client.append_messages(backend.room(), [message(2, "the first content")])
    await client.aclose()
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n) for n in range(1, 4)])
        assert await outbox.drain(5)
        backend.down = True
        await outbox.accept(message(4), message(5))
    with closing(sqlite3.connect(outbox_file(tmp_path, backend))) as db, db:
        db.execute("UPDATE entry SET body = 'x' WHERE id = 'm4'")
    backend.down = False
    async with opened_outbox(backend, tmp_path) as outbox:
        assert await outbox.drain(5)
        assert [id_ for id_, _ in await outbox.dead_letters()] == ["m2"]
    assert [m.id for m in backend.stored] == ["m2", "m1", "m3", "m5"]
    assert _told(caplog).__dict__["lost_messages"] == "4"


async def test_a_salvage_that_was_killed_is_done_again(left: Left) -> None:
    backend, data_dir = left
    path = outbox_file(data_dir, backend)
    path.with_name(path.name + ".salvaged").write_bytes(b"half of a file")
    await _delivered(data_dir, backend)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(1, COUNT + 1)]


FORMAT_1 = """
CREATE TABLE entry (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    stream      TEXT NOT NULL CHECK (stream IN ('message', 'event', 'session')),
    id          TEXT NOT NULL,
    body        TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    UNIQUE (stream, id)
);
CREATE INDEX entry_in_order ON entry (stream, position);
CREATE TABLE dead_letter (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    stream      TEXT NOT NULL,
    id          TEXT NOT NULL,
    body        TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    reason      TEXT NOT NULL,
    set_aside_at TEXT NOT NULL
);
PRAGMA user_version = 1;
"""
NOON = "2026-03-14T12:00:00+00:00"


def _format_1(path: Path, backend: FakeBackend) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(FORMAT_1)
        insert = "INSERT INTO entry (stream, id, body, accepted_at) VALUES (?, ?, ?, ?)"
        for n in range(1, 6):
            db.execute(insert, ("message", f"m{n}", message(n).model_dump_json(), NOON))
            db.execute(insert, ("event", f"e{n}", event(n).model_dump_json(), NOON))
        told = summary(ConversationId(backend.room())).model_dump_json()
        db.execute(insert, ("session", "s", told, NOON))
        db.execute(
            "INSERT INTO dead_letter (stream, id, body, accepted_at, reason, set_aside_at)"
            " VALUES ('message', 'm0', ?, ?, 'refused once', ?)",
            (message(0).model_dump_json(), NOON, NOON),
        )


async def test_a_file_of_the_older_format_is_taken_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    _format_1(outbox_file(tmp_path, backend), backend)
    async with opened_outbox(backend, tmp_path) as outbox:
        assert await outbox.drain(5)
        assert await outbox.dead_letters() == [("m0", "refused once")]
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(1, 6)]
    assert [e.id for e in backend.recorded] == [f"e{n}" for n in range(1, 6)]
    assert list(backend.sessions) == ["s"]
    assert "damaged" not in caplog.text


async def test_a_bad_row_of_the_older_format_is_told_and_the_rest_taken_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    path = outbox_file(tmp_path, backend)
    _format_1(path, backend)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE entry SET body = CAST(x'7bff7d' AS TEXT) WHERE id = 'm3'")
    await _delivered(tmp_path, backend)
    assert [m.id for m in backend.stored] == ["m1", "m2", "m4", "m5"]
    assert _told(caplog).__dict__["lost_messages"] == "4"


async def test_a_broken_file_of_the_older_format_gives_up_its_whole_rows(tmp_path: Path) -> None:
    backend = FakeBackend()
    path = outbox_file(tmp_path, backend)
    _format_1(path, backend)
    content = bytearray(path.read_bytes())
    content[40:100] = b"\xa5" * 60
    path.write_bytes(content)
    async with opened_outbox(backend, tmp_path) as outbox:
        assert await outbox.drain(5)
        assert await outbox.dead_letters() == [("m0", "refused once")]
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(1, 6)]


@pytest.mark.parametrize("seed", range(20))
def test_garbage_has_no_rows_and_does_not_stop_the_reading(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - reproducible garbage
    database, log = (bytearray(chance.randbytes(size)) for size in (4_096 * 4 + 77, 4_120 * 6))
    for page in range(0, len(database), 4_096):
        database[page] = 0x0D
    for frame in range(32, len(log), 4_120):
        log[frame : frame + 4] = chance.randint(0, 4).to_bytes(4, "big")
        log[frame + 24] = 0x0D
    contents = Contents()
    assert not any(add_row(contents, row) for row in rows(bytes(database), bytes(log)))


async def test_a_damaged_dead_letter_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(422)
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1), message(2))
        assert await outbox.drain(5)
    with closing(sqlite3.connect(outbox_file(tmp_path, backend))) as db, db:
        db.execute("UPDATE dead_letter SET body = CAST(x'ff' AS TEXT) WHERE id = 'm1'")
    async with opened_outbox(backend, tmp_path) as outbox:
        assert [id_ for id_, _ in await outbox.dead_letters()] == ["m2"]
    assert "0 accepted entries are lost and 1 dead letters" in caplog.text
