"""Reads what waits in an outbox file. Each row is checked as it is read."""

import sqlite3
from collections.abc import Mapping

from agent.outbox.storage.entry import Entry, Stream
from agent.outbox.storage.mark import Mark, Progress

NEXT_BATCH = """
SELECT position, stream, number, id, body, accepted_at, checksum FROM pending
WHERE stream = (
    SELECT stream FROM pending
    ORDER BY CASE stream
        WHEN 'message' THEN 1 WHEN 'event' THEN 2 WHEN 'session' THEN 3 ELSE 4 END
    LIMIT 1
)
ORDER BY position LIMIT ?
"""
WAITING = """
SELECT position, stream, number, id, body, accepted_at, checksum FROM pending
WHERE stream = ? ORDER BY position
"""
COUNT = "SELECT count(*) FROM pending"
FIRST = "SELECT number FROM pending WHERE stream = ? ORDER BY position LIMIT 1"
COUNT_LETTERS = "SELECT count(*) FROM dead_letter"


def oldest(db: sqlite3.Connection, *, limit: int, max_chars: int) -> list[Entry]:
    """Of one stream: messages before events before sessions before turns."""
    batch: list[Entry] = []
    chars = 0
    for entry in _checked(db, NEXT_BATCH, limit):
        chars += len(entry.body)
        if batch and chars > max_chars:
            break
        batch.append(entry)
    return batch


def of_stream(db: sqlite3.Connection, stream: Stream) -> list[Entry]:
    return _checked(db, WAITING, stream)


def count(db: sqlite3.Connection) -> int:
    return int(db.execute(COUNT).fetchone()[0])


def mark(db: sqlite3.Connection, accepted: Mapping[Stream, int]) -> Mark:
    """`accepted`: each stream's highest number."""
    streams: dict[Stream, Progress] = {}
    for stream, highest in accepted.items():
        first = db.execute(FIRST, (stream,)).fetchone()
        streams[stream] = Progress(first[0] - 1 if first else highest, highest)
    return Mark(streams, db.execute(COUNT_LETTERS).fetchone()[0])


def _checked(db: sqlite3.Connection, query: str, value: object) -> list[Entry]:
    """Raises sqlite3.DatabaseError if a row is damaged."""
    entries = []
    for *row, checksum in db.execute(query, (value,)):
        position, stream, number, entry_id, body, accepted_at = row
        entry = Entry(stream, entry_id, body, position, number, accepted_at)
        if entry.checksum != checksum:
            raise sqlite3.DatabaseError(f"{stream} {number} fails its checksum")
        entries.append(entry)
    return entries
