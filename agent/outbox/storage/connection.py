"""The SQLite connection of an outbox file, and SQLite's errors in the outbox's terms."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agent.errors import OutboxBusy, OutboxCorrupt, OutboxError, OutboxTooNew, OutboxUnwritable
from agent.outbox.storage.schema import FORMAT_VERSION, IN_MEMORY, create, migrate

T = TypeVar("T")

_BUSY_TIMEOUT_S = 5.0
"""The command line removes dead letters of a running agent's file, each in a moment."""
_OPENING_TIMEOUT_S = 1.0
"""Another agent of this version holds the mark, and is not waited for."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NOT_THE_FILE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_PROTOCOL,
}
_POSSIBLE_FORMATS = range(1_000)


def connect(path: Path) -> sqlite3.Connection:
    """Checked, and of the newest format. Raises OutboxError."""
    return attempt(path, lambda: _connect(path))


def remove_file(path: Path, db: sqlite3.Connection) -> None:
    """Closes the database too. Raises OutboxUnwritable."""

    def remove() -> None:
        path.unlink(missing_ok=True)
        db.close()
        for part in ("-wal", "-shm"):
            path.with_name(path.name + part).unlink(missing_ok=True)

    attempt(path, remove)


def in_transaction(db: sqlite3.Connection, work: Callable[[], T]) -> T:
    db.execute("BEGIN IMMEDIATE")
    try:
        result = work()
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return result


def attempt(path: Path, work: Callable[[], T]) -> T:
    """Translates SQLite's and the system's errors."""
    try:
        return work()
    except sqlite3.Error as error:
        raise _translated(path, error) from error
    except OSError as error:
        raise OutboxUnwritable(path.parent, error.strerror or type(error).__name__) from error


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _opened(path, "NORMAL")
    except sqlite3.OperationalError as error:
        if _primary(error) not in _NOT_THE_FILE:
            raise
        # A disk too full for the index that lets others read it beside this process.
        return _opened(path, "EXCLUSIVE")


def _opened(path: Path, locking_mode: str) -> sqlite3.Connection:
    db = sqlite3.connect(
        path, timeout=_OPENING_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        db.execute(f"PRAGMA locking_mode = {locking_mode}")
        _prepare(db)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version not in _POSSIBLE_FORMATS:
        raise sqlite3.DatabaseError(f"{version} is no format of an outbox")
    if version > FORMAT_VERSION:
        raise OutboxTooNew(f"the outbox has format {version}, this program knows {FORMAT_VERSION}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    db.execute("BEGIN EXCLUSIVE")
    db.execute("COMMIT")
    if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        raise sqlite3.DatabaseError("quick_check found damage")
    if version == 0:
        create(db)
    elif version < FORMAT_VERSION:
        migrate(db, version=version)
    db.executescript(IN_MEMORY)
    db.execute(f"PRAGMA busy_timeout = {round(_BUSY_TIMEOUT_S * 1000)}")


def _translated(path: Path, error: sqlite3.Error) -> OutboxError:
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        raise error  # a mistake of this program, no damage to the file
    primary = _primary(error)
    if primary in _BUSY:
        return OutboxBusy(f"{path.name} is held by another process")
    if primary in _NOT_THE_FILE:
        return OutboxUnwritable(path.parent, str(error))
    # Also "no such table" and "could not decode": of this program's own statements.
    return OutboxCorrupt(f"{path.name} is damaged: {error}")


def _primary(error: sqlite3.Error) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if code is not None else None
