"""Opens an outbox file; of a damaged one all whole rows are saved, and the loss is told."""

import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from agent.errors import OutboxCorrupt
from agent.outbox.storage.connection import attempt, connect
from agent.outbox.storage.contents import Contents, Key, add_row, check, read
from agent.outbox.storage.entry import STREAMS, Stream
from agent.outbox.storage.mark import Mark
from agent.outbox.storage.pages import rows
from agent.outbox.storage.schema import INSERT_ENTRY, INSERT_LETTER, entry_row

logger = logging.getLogger(__name__)

_SALVAGED = ".salvaged"


@dataclass(frozen=True)
class Damage:
    """`saved` and `dead_letters_lost` are counts; `lost` is in order.

    `lost_ids` are those that can still be read, of rows that cannot.

    `is_exact` is False without a usable mark: more may be lost than is known of.
    """

    aside: Path | None
    saved: int
    lost: Sequence[Key]
    lost_ids: Sequence[str]
    dead_letters_lost: int
    is_exact: bool


@dataclass(frozen=True)
class Opened:
    db: sqlite3.Connection
    contents: Contents
    damage: Damage | None


def open_database(path: Path, mark: Mark | None, log: bytes) -> Opened:
    """Hold the file's MarkFile. Raises OutboxBusy, OutboxTooNew, OutboxUnwritable.

    `log` as it was before SQLite opened or closed the file: SQLite drops what stands behind a
    broken frame.
    """
    return attempt(path, lambda: _open(path, mark, log))


def log_of(path: Path) -> bytes:
    """The write-ahead log. Raises OutboxUnwritable."""
    return attempt(path, lambda: _bytes(_beside(path, "-wal")))


def _open(path: Path, mark: Mark | None, log: bytes) -> Opened:
    _finish_salvage(path)
    existed = path.exists() or bool(log)
    readable = Contents()
    try:
        db = connect(path)
        try:
            readable = attempt(path, lambda: check(db))
            if not readable.damaged and not readable.missing(mark):
                return Opened(db, readable, None)
            readable = attempt(path, lambda: read(db))
        except BaseException:
            db.close()
            raise
        db.close()
    except OutboxCorrupt as error:
        logger.warning("damage found", extra={"file": path.name, "reason": str(error)})
    contents = _all_rows(path, log, readable, mark)
    lost = contents.missing(mark)
    contents.accounted_for.update(lost)
    aside = _replace(path, contents, log, existed=existed)
    damage = Damage(
        aside,
        len(contents.entries),
        lost,
        [contents.damaged[key] for key in lost if key in contents.damaged],
        max(mark.dead_letters - len(contents.letters), 0) if mark else 0,
        is_exact=mark is not None,
    )
    tell(damage)
    return Opened(connect(path), contents, damage)


def _all_rows(path: Path, log: bytes, readable: Contents, mark: Mark | None) -> Contents:
    """What SQLite could read, and what else stands on the pages and was not yet settled."""
    found = Contents()
    for row in rows(_bytes(path), log):
        add_row(found, row)
    entries = {
        key: entry
        for key, entry in found.entries.items()
        if mark is None or entry.number > mark.streams[entry.stream].settled
    } | readable.entries
    letters = dict(readable.letters or found.letters)
    for key in (*letters, *readable.accounted_for):
        entries.pop(key, None)
    return Contents(entries, letters, set(readable.accounted_for), dict(readable.damaged))


def _replace(path: Path, contents: Contents, log: bytes, *, existed: bool) -> Path | None:
    """A new file with the contents takes the place of the old one, which is renamed.

    Killed at any moment, the next process finds one of the two, and begins again or goes on.
    """
    salvaged = path.with_name(path.name + _SALVAGED)
    with closing(connect(salvaged)) as db:
        _fill(db, contents)
    aside = _set_aside(path, log) if existed else None
    salvaged.replace(path)
    _sync(path.parent)
    return aside


def _fill(db: sqlite3.Connection, contents: Contents) -> None:
    db.execute("BEGIN IMMEDIATE")
    seen = set()
    for entry in sorted(contents.entries.values(), key=lambda entry: entry.number):
        # Of format 1 the same id may come twice: as it was before it was delivered, and after.
        if (entry.stream, entry.id) not in seen:
            db.execute(INSERT_ENTRY, entry_row(replace(entry, position=0)))
        seen.add((entry.stream, entry.id))
    for letter in sorted(contents.letters.values(), key=lambda letter: letter.entry.position):
        row = entry_row(replace(letter.entry, position=0))
        db.execute(INSERT_LETTER, (*row, letter.reason, letter.set_aside_at))
    db.executemany(ACCOUNT_FOR, list(contents.accounted_for))
    db.execute("COMMIT")


ACCOUNT_FOR = "INSERT OR IGNORE INTO accounted_for (stream, number) VALUES (?, ?)"


def _set_aside(path: Path, log: bytes) -> Path:
    """Rename a damaged file, and keep its write-ahead log as it was found."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    aside = path.with_name(f"{path.name}.{stamp}.corrupt")
    if log:
        _beside(aside, "-wal").write_bytes(log)
    path.replace(aside)
    for part in ("-wal", "-shm"):
        _beside(path, part).unlink(missing_ok=True)
    return aside


def _finish_salvage(path: Path) -> None:
    """Of a process that was killed while it saved: renamed already, or to be done again."""
    salvaged = path.with_name(path.name + _SALVAGED)
    if not salvaged.exists():
        return
    for part in ("-wal", "-shm"):
        _beside(salvaged, part).unlink(missing_ok=True)
    if path.exists():
        salvaged.unlink()
    else:
        salvaged.rename(path)


def tell(damage: Damage) -> None:
    """One line with exactly what is lost: by stream and number, as nothing else is left of it."""
    lost = len(damage.lost)
    count = str(lost) if damage.is_exact else f"at least {lost}"
    told = {
        f"lost_{stream}s": _ranges([number for each, number in damage.lost if each == stream])
        for stream in STREAMS
    }
    logger.error(
        "the outbox file is damaged and was set aside; %s accepted entries are lost%s, %d saved",
        count,
        _in_words(damage),
        damage.saved,
        extra=told
        | {
            "lost": lost,
            "lost_ids": list(damage.lost_ids),
            "saved": damage.saved,
            "dead_letters_lost": damage.dead_letters_lost,
            "is_exact": damage.is_exact,
            "damaged_file": str(damage.aside),
        },
    )


def _in_words(damage: Damage) -> str:
    parts = [
        f"{stream} {_ranges([number for each, number in damage.lost if each == stream])}"
        for stream in STREAMS
        if any(each == stream for each, _ in damage.lost)
    ]
    told = f" ({'; '.join(parts)})" if parts else ""
    letters = damage.dead_letters_lost
    return f"{told} and {letters} dead letters" if letters else told


def _ranges(numbers: Sequence[int]) -> str:
    """Such as "1-4, 9"."""
    told = []
    for _, run in groupby(enumerate(numbers), key=lambda each: each[1] - each[0]):
        first, *_, last = [number for _, number in run] * 2
        told.append(str(first) if first == last else f"{first}-{last}")
    return ", ".join(told)


def _beside(path: Path, part: str) -> Path:
    return path.with_name(path.name + part)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def streams_of(damage: Damage) -> list[Stream]:
    return [stream for stream, _ in damage.lost]
