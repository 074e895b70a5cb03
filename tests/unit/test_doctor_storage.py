"""What doctor finds in a data folder."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.outbox.storage.entry import Entry
from agent.outbox.store import OutboxStore
from longroom.doctor.finding import Finding
from longroom.doctor.storage import examine_storage

NAME = "5a1e1f0a-0000-4000-8000-000000000000.sqlite3"


def finding(data_dir: Path, name: str) -> Finding:
    return next(found for found in examine_storage(data_dir) if found.name == name)


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    path = tmp_path / "outbox" / NAME
    path.parent.mkdir()
    return path


def test_a_folder_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    assert finding(tmp_path / "new", "data folder").status == "ok"
    assert finding(tmp_path / "new", "outbox").status == "ok"


def test_a_folder_that_cannot_be_made_is_broken(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (found,) = examine_storage(tmp_path / "file" / "data")
    assert (found.status, found.name) == ("fail", "data folder")
    assert "LONGROOM_DATA_DIR" in found.mend


def test_messages_that_wait_are_counted(tmp_path: Path, outbox: Path) -> None:
    file = OutboxStore(outbox)
    file.add([Entry("event", f"e-{n}", "{}") for n in range(3)])
    file.close()
    found = finding(tmp_path, "outbox")
    assert found.status == "warn"
    assert "3 entries that the backend has not got yet" in found.text


def test_refused_messages_are_reported(tmp_path: Path, outbox: Path) -> None:
    file = OutboxStore(outbox)
    file.add([Entry("event", "e-1", "{}")])
    (entry,) = file.next_batch(limit=10, max_chars=1000)
    file.set_aside([(entry, "not so")])
    file.close()
    found = finding(tmp_path, "outbox")
    assert found.status == "warn"
    assert "1 entries that the backend refused" in found.text


def test_a_damaged_outbox_is_broken_and_one_set_aside_is_worth_knowing(
    tmp_path: Path, outbox: Path
) -> None:
    outbox.write_bytes(b"no database at all " * 200)
    assert finding(tmp_path, "outbox").status == "fail"
    stamp = datetime(2025, 1, 1, tzinfo=UTC).strftime("%Y%m%dT%H%M%S%f")
    outbox.rename(outbox.with_name(f"{NAME}.{stamp}.corrupt"))
    assert finding(tmp_path, "outbox").status == "warn"


def test_an_outbox_in_use_is_no_finding(tmp_path: Path, outbox: Path) -> None:
    OutboxStore(outbox).close()
    with sqlite3.connect(outbox) as db:
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        assert finding(tmp_path, "outbox").status == "ok"
    db.close()


@pytest.mark.parametrize(("free", "status"), [(50_000_000, "fail"), (900_000_000, "warn")])
def test_a_full_disk_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    assert finding(tmp_path, "disk").status == status
