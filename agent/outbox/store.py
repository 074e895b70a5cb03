"""One conversation's outbox: a SQLite file, held by one process (docs/decisions/0005-outbox.md)."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from agent.errors import OutboxBusy, OutboxCorrupt, OutboxError, OutboxTooNew, OutboxUnwritable

Stream = Literal["message", "event", "session"]
STREAMS: tuple[Stream, ...] = ("message", "event", "session")
T = TypeVar("T")

FORMAT_VERSION = 1

SCHEMA = """
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


@dataclass(frozen=True)
class Entry:
    """`body` is wire JSON; `position` is the place in the file, 0 before storing."""

    stream: Stream
    id: str
    body: str
    position: int = 0


class OutboxStore:
    """Blocking; every method is one transaction, on disk when it returns.

    Raises OutboxBusy, OutboxCorrupt, OutboxTooNew on opening, and OutboxUnwritable at any time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = _attempt(path, lambda: _connect(path))

    def add(self, entries: Sequence[Entry]) -> None:
        """Append in order; a newer session summary replaces the older.

        Duplicates are stored once. A pending id with other content becomes a dead letter.
        """

        def add_all() -> None:
            for entry in entries:
                self._add(entry)

        self._in_transaction(add_all)

    def next_batch(self, *, limit: int, max_chars: int) -> list[Entry]:
        """The oldest entries of one stream, messages before events before sessions.

        Their bodies have at most `max_chars` in all, unless the first is longer.
        """
        rows = self._in_transaction(lambda: self._db.execute(NEXT_BATCH, (limit,)).fetchall())
        batch: list[Entry] = []
        chars = 0
        for position, stream, entry_id, body in rows:
            chars += len(body)
            if batch and chars > max_chars:
                break
            batch.append(Entry(stream, entry_id, body, position))
        return batch

    def waiting(self, stream: Stream) -> list[Entry]:
        """Oldest first."""
        rows = self._in_transaction(lambda: self._db.execute(WAITING, (stream,)).fetchall())
        return [Entry(stream, entry_id, body, position) for position, entry_id, body in rows]

    def count(self) -> int:
        return int(self._in_transaction(lambda: self._db.execute(COUNT).fetchone()[0]))

    def remove(self, entries: Sequence[Entry]) -> None:
        """Entries replaced since they were read stay."""
        delivered = [(entry.position, entry.body) for entry in entries]
        self._in_transaction(lambda: self._db.executemany(REMOVE, delivered))

    def set_aside(self, refused: Sequence[tuple[Entry, str]]) -> None:
        """Move refused entries, with reasons, to the dead letters."""
        now = _now()
        rows = [(reason, now, entry.position) for entry, reason in refused]
        gone = [(entry.position, entry.body) for entry, _ in refused]

        def move() -> None:
            self._db.executemany(SET_ASIDE, rows)
            self._db.executemany(REMOVE, gone)

        self._in_transaction(move)

    def dead_letters(self) -> list[tuple[str, str]]:
        """Ids and reasons, oldest first."""
        return self._in_transaction(lambda: self._db.execute(DEAD_LETTERS).fetchall())

    def close(self) -> None:
        """Release the file; delete it if empty."""
        empty = self.count() == 0 and not self.dead_letters()
        if empty:
            # The write-ahead log goes first: closing would delete it by name, and by then the name
            # may be another file's. The file is still locked: a process that opened the path
            # meanwhile finds its file gone, and starts anew (see _connect).
            _attempt(self.path, lambda: self._db.execute("PRAGMA journal_mode = DELETE").fetchone())
            self.path.unlink(missing_ok=True)
        self._db.close()

    def _add(self, entry: Entry) -> None:
        if entry.stream == "session":
            self._db.execute(REPLACE, (entry.stream, entry.id, entry.body, _now()))
            return
        waiting = self._db.execute(BODY, (entry.stream, entry.id)).fetchone()
        if waiting is None:
            self._db.execute(REPLACE, (entry.stream, entry.id, entry.body, _now()))
        elif waiting[0] != entry.body:
            reason = "another entry of this id waits with other content"
            self._db.execute(REFUSE, (entry.stream, entry.id, entry.body, _now(), reason, _now()))

    def _in_transaction(self, work: Callable[[], T]) -> T:
        def whole() -> T:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                result = work()
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            return result

        return _attempt(self.path, whole)


NEXT_BATCH = """
SELECT position, stream, id, body FROM entry
WHERE stream = (
    SELECT stream FROM entry
    ORDER BY CASE stream WHEN 'message' THEN 1 WHEN 'event' THEN 2 ELSE 3 END
    LIMIT 1
)
ORDER BY position LIMIT ?
"""
WAITING = "SELECT position, id, body FROM entry WHERE stream = ? ORDER BY position"
COUNT = "SELECT count(*) FROM entry"
BODY = "SELECT body FROM entry WHERE stream = ? AND id = ?"
REPLACE = """
INSERT INTO entry (stream, id, body, accepted_at) VALUES (?, ?, ?, ?)
ON CONFLICT (stream, id) DO UPDATE SET body = excluded.body, accepted_at = excluded.accepted_at
"""
REFUSE = """
INSERT INTO dead_letter (stream, id, body, accepted_at, reason, set_aside_at)
VALUES (?, ?, ?, ?, ?, ?)
"""
REMOVE = "DELETE FROM entry WHERE position = ? AND body = ?"
SET_ASIDE = """
INSERT INTO dead_letter (stream, id, body, accepted_at, reason, set_aside_at)
SELECT stream, id, body, accepted_at, ?, ? FROM entry WHERE position = ?
"""
DEAD_LETTERS = "SELECT id, reason FROM dead_letter ORDER BY position"


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        path.touch()
        inode = path.stat().st_ino
        db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            _hold(db)
        except BaseException:
            db.close()
            raise
        # The process that held it before may have deleted it after this one had opened it.
        if path.exists() and path.stat().st_ino == inode:
            return db
        db.close()


def _hold(db: sqlite3.Connection) -> None:
    """Lock until closed, check, and create a new file's tables."""
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > FORMAT_VERSION:
        raise OutboxTooNew(f"the outbox has format {version}, this program knows {FORMAT_VERSION}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("BEGIN EXCLUSIVE")
    db.execute("COMMIT")
    if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("quick_check found damage")
    if version == 0:
        db.executescript("BEGIN;" + SCHEMA + "COMMIT;")


def _attempt(path: Path, work: Callable[[], T]) -> T:
    """Translates SQLite's and the system's errors."""
    try:
        return work()
    except sqlite3.Error as error:
        raise _translated(path, error) from error
    except OSError as error:
        raise OutboxUnwritable(path.parent, error.strerror or type(error).__name__) from error


def _translated(path: Path, error: sqlite3.Error) -> OutboxError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return OutboxBusy(f"{path.name} is held by another process")
    if isinstance(error, sqlite3.OperationalError) and primary != sqlite3.SQLITE_CORRUPT:
        return OutboxUnwritable(path.parent, str(error))
    return OutboxCorrupt(f"{path.name} is damaged: {error}")


def _now() -> str:
    return datetime.now(UTC).isoformat()
