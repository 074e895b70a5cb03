"""The dead letters of one file, also of one that a running agent holds."""

import sqlite3
from collections.abc import Sequence

from agent.outbox.storage.contents import LETTERS, letter_of
from agent.outbox.storage.entry import DeadLetter


def all_letters(db: sqlite3.Connection) -> list[DeadLetter]:
    """Oldest first; `position` of each entry is its place among the dead letters."""
    rows = db.execute(f"{LETTERS} ORDER BY position").fetchall()
    return [letter for row in rows if (letter := letter_of(row)) is not None]


FORGET = "DELETE FROM dead_letter WHERE position = ? AND checksum = ?"
ACCOUNT_FOR = "INSERT OR IGNORE INTO accounted_for (stream, number) VALUES (?, ?)"


def forget(db: sqlite3.Connection, letters: Sequence[DeadLetter]) -> None:
    """In the caller's transaction."""
    entries = [letter.entry for letter in letters]
    db.executemany(FORGET, [(entry.position, entry.checksum) for entry in entries])
    db.executemany(ACCOUNT_FOR, [(entry.stream, entry.number) for entry in entries])
