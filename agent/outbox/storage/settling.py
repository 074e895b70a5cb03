"""Marks entries as delivered, in memory, and removes them when the disk lets it."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from agent.outbox.storage.entry import DeadLetter, Entry
from agent.outbox.storage.schema import INSERT_LETTER, entry_row

SETTLE = """
INSERT OR IGNORE INTO temp.settled SELECT position FROM entry WHERE position = ? AND checksum = ?
"""
REMOVE_SETTLED = "DELETE FROM entry WHERE position IN (SELECT position FROM temp.settled)"
FORGET_SETTLED = "DELETE FROM temp.settled"


def settle(db: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Entries replaced since they were read stay."""
    db.executemany(SETTLE, [(entry.position, entry.checksum) for entry in entries])


def sweep(db: sqlite3.Connection, refused: Sequence[DeadLetter]) -> None:
    """Remove what is settled, and add dead letters."""
    for letter in refused:
        row = entry_row(replace(letter.entry, position=0))
        db.execute(INSERT_LETTER, (*row, letter.reason, letter.set_aside_at))
    db.execute(REMOVE_SETTLED)


def swept(db: sqlite3.Connection) -> None:
    """Once that is on disk."""
    db.execute(FORGET_SETTLED)
