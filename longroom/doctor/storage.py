"""Whether the data folder can be written, the disk has space, and the outboxes are empty."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from longroom.doctor.finding import Finding, fail, ok, warn

WARN_FREE_BYTES = 2_000_000_000
FAIL_FREE_BYTES = 200_000_000


def examine_storage(data_dir: Path) -> list[Finding]:
    folder = _folder(data_dir)
    if folder.status == "fail":
        return [folder]
    return [folder, _disk(data_dir), *_outboxes(data_dir / "outbox")]


def _folder(data_dir: Path) -> Finding:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        mend = "make it writable, or set LONGROOM_DATA_DIR to another folder"
        return fail("data folder", f"{data_dir}: {error.strerror}", mend=mend)
    return ok("data folder", f"{data_dir.resolve()} is writable")


def _disk(data_dir: Path) -> Finding:
    free = shutil.disk_usage(data_dir).free
    text = f"{free / 1e9:,.1f} GB free"
    mend = "make room, or set LONGROOM_DATA_DIR to a folder on another disk"
    if free < FAIL_FREE_BYTES:
        return fail("disk", text, mend=mend)
    if free < WARN_FREE_BYTES:
        return warn("disk", text, mend=mend)
    return ok("disk", text)


def _outboxes(folder: Path) -> list[Finding]:
    findings = [_outbox(path) for path in sorted(folder.glob("*.sqlite3"))]
    findings += [
        warn("outbox", f"{path} was damaged and set aside", mend="look at it, then delete it")
        for path in sorted(folder.glob("*.corrupt"))
    ]
    return [finding for finding in findings if finding.status != "ok"] or [
        ok("outbox", "nothing is left over")
    ]


COUNTS = """
SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM dead_letter)
"""


def _outbox(path: Path) -> Finding:
    try:
        # Read-only: an agent may be using it.
        with closing(sqlite3.connect(f"file:{path.resolve()}?mode=ro", uri=True, timeout=2)) as db:
            waiting, refused = db.execute(COUNTS).fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return ok("outbox", f"{path.name} is in use")
        return _unreadable(path, error)
    except sqlite3.DatabaseError as error:
        return _unreadable(path, error)
    if refused:
        text = f"{path.name} keeps {refused} entries that the backend refused"
        return warn("outbox", text, mend="look at them with `longroom dead-letters list`")
    if waiting:
        text = f"{path.name} holds {waiting} entries that the backend has not got yet"
        mend = "nothing while its agent or a worker runs, else start one again"
        return warn("outbox", text, mend=mend)
    return ok("outbox", f"{path.name} is empty")


def _unreadable(path: Path, error: sqlite3.DatabaseError) -> Finding:
    mend = "nothing: the next agent of the room saves what is whole and logs what is lost"
    return fail("outbox", f"{path.name} is damaged ({error})", mend=mend)
