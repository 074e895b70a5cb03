"""Adds an entry to an outbox file. In the caller's transaction."""

import sqlite3
from collections.abc import MutableMapping
from dataclasses import replace

from agent.outbox.storage.entry import REPLACED_BY_NEWER, Entry, Stream
from agent.outbox.storage.schema import INSERT_ENTRY, INSERT_LETTER, entry_row

WAITING_AS = "SELECT position, number, body FROM entry WHERE stream = ? AND id = ?"
REPLACE = "UPDATE entry SET body = ?, accepted_at = ?, checksum = ? WHERE position = ?"
UNSETTLE = "DELETE FROM temp.settled WHERE position = ?"


def add(db: sqlite3.Connection, entry: Entry, accepted: MutableMapping[Stream, int]) -> bool:
    """False if it became a dead letter. `accepted`: each stream's highest number."""
    waiting = db.execute(WAITING_AS, (entry.stream, entry.id)).fetchone()
    if waiting is None:
        db.execute(INSERT_ENTRY, entry_row(_numbered(entry, accepted)))
        return True
    position, number, body = waiting
    if entry.stream in REPLACED_BY_NEWER:
        newer = replace(entry, number=number)
        db.execute(REPLACE, (newer.body, newer.accepted_at, newer.checksum, position))
        db.execute(UNSETTLE, (position,))
    elif not entry.says(body):
        reason = "another entry of this id waits with other content"
        row = entry_row(_numbered(entry, accepted))
        db.execute(INSERT_LETTER, (*row, reason, entry.accepted_at))
        return False
    return True


def _numbered(entry: Entry, accepted: MutableMapping[Stream, int]) -> Entry:
    accepted[entry.stream] += 1
    return replace(entry, number=accepted[entry.stream])
