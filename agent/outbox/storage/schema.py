"""The tables of an outbox file, and how a file of an earlier format becomes one of the newest."""

import sqlite3
from collections import Counter
from typing import Any

from agent.outbox.storage.entry import Entry

FORMAT_VERSION = 3

ENTRIES = """
CREATE TABLE entry (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    stream      TEXT NOT NULL CHECK (stream IN ('message', 'event', 'session', 'turn')),
    number      INTEGER NOT NULL,
    id          TEXT NOT NULL,
    body        TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    checksum    TEXT NOT NULL,
    UNIQUE (stream, id)
);
CREATE INDEX entry_in_order ON entry (stream, position);
PRAGMA user_version = 3;
"""
LETTERS = """
CREATE TABLE dead_letter (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    stream      TEXT NOT NULL,
    number      INTEGER NOT NULL,
    id          TEXT NOT NULL,
    body        TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    checksum    TEXT NOT NULL,
    reason      TEXT NOT NULL,
    set_aside_at TEXT NOT NULL
);
-- Numbers that are neither waiting nor delivered, and no loss: dead letters that were resent or
-- have expired, and losses that have been told.
CREATE TABLE accounted_for (
    stream      TEXT NOT NULL,
    number      INTEGER NOT NULL,
    PRIMARY KEY (stream, number)
);
"""

# Delivered, but not removed yet because the disk was full: in memory, and so of this process alone.
IN_MEMORY = """
PRAGMA temp_store = MEMORY;
CREATE TEMP TABLE settled (position INTEGER PRIMARY KEY);
CREATE TEMP VIEW pending AS
    SELECT * FROM main.entry WHERE position NOT IN (SELECT position FROM temp.settled);
"""

SET_OLD_ASIDE = """
DROP INDEX entry_in_order;
ALTER TABLE entry RENAME TO old_entry;
ALTER TABLE dead_letter RENAME TO old_dead_letter;
"""
OLD_ENTRIES = "SELECT position, stream, id, body, accepted_at FROM old_entry ORDER BY position"
OLD_LETTERS = """
SELECT position, stream, id, body, accepted_at, reason, set_aside_at
FROM old_dead_letter ORDER BY position
"""
INSERT_ENTRY = """
INSERT INTO entry (position, stream, number, id, body, accepted_at, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
INSERT_LETTER = """
INSERT INTO dead_letter
    (position, stream, number, id, body, accepted_at, checksum, reason, set_aside_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
DROP_OLD = "DROP TABLE old_entry; DROP TABLE old_dead_letter;"
# Format 2 had no turns.
SET_OLD_ENTRIES_ASIDE = """
DROP INDEX entry_in_order;
ALTER TABLE entry RENAME TO old_entry;
"""
TAKE_OLD_ENTRIES = "INSERT INTO entry SELECT * FROM old_entry; DROP TABLE old_entry;"


def create(db: sqlite3.Connection) -> None:
    db.executescript(f"BEGIN;{ENTRIES}{LETTERS}COMMIT;")


def migrate(db: sqlite3.Connection, *, version: int) -> None:
    """Raises sqlite3.Error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        if version == 1:
            _from_format_1(db)
        else:
            _run(db, SET_OLD_ENTRIES_ASIDE + ENTRIES + TAKE_OLD_ENTRIES)
        db.execute("COMMIT")
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _run(db: sqlite3.Connection, script: str) -> None:
    """Within a transaction, which `executescript` would end."""
    for statement in script.split(";"):
        db.execute(statement)


def _from_format_1(db: sqlite3.Connection) -> None:
    """It had neither numbers nor checksums."""
    _run(db, SET_OLD_ASIDE + ENTRIES + LETTERS)
    _copy(db)
    _run(db, DROP_OLD)


def _copy(db: sqlite3.Connection) -> None:
    # As bytes: a text that is not UTF-8 is damage for the reader to find, row by row.
    db.text_factory = bytes
    try:
        letters = db.execute(OLD_LETTERS).fetchall()
        entries = db.execute(OLD_ENTRIES).fetchall()
    finally:
        db.text_factory = str
    numbers: Counter[bytes] = Counter()
    for row in letters:
        numbers[row[1]] += 1
        reason, set_aside_at = (text.decode(errors="replace") for text in row[5:])
        numbered = _numbered(row[:5], numbers[row[1]])
        db.execute(INSERT_LETTER, (*numbered, reason, set_aside_at))
    for row in entries:
        numbers[row[1]] += 1
        db.execute(INSERT_ENTRY, _numbered(row, numbers[row[1]]))


def _numbered(row: tuple[Any, ...], number: int) -> tuple[Any, ...]:
    position, *texts = row
    try:
        stream, id_, body, accepted_at = (text.decode() for text in texts)
    except UnicodeDecodeError:
        stream, id_, body, accepted_at = texts
        return (
            position,
            stream.decode(errors="replace"),
            number,
            id_,
            body,
            accepted_at,
            "damaged",
        )
    return entry_row(Entry(stream, id_, body, position, number, accepted_at))


def entry_row(entry: Entry) -> tuple[int | None, str, int, str, str, str, str]:
    """As the first seven columns of both tables; a `position` of 0 means the next one."""
    return (
        entry.position or None,
        entry.stream,
        entry.number,
        entry.id,
        entry.body,
        entry.accepted_at,
        entry.checksum,
    )
