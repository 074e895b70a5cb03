"""One conversation's outbox: a SQLite file, held by one process (docs/decisions/0005-outbox.md)."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from agent.errors import OutboxCorrupt, OutboxError, OutboxUnwritable
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.storage import pending
from agent.outbox.storage.connection import attempt, remove_file
from agent.outbox.storage.entry import STREAMS, DeadLetter, Entry, Stream
from agent.outbox.storage.letters import all_letters, forget
from agent.outbox.storage.mark import RESERVE_BYTES, Mark, MarkFile
from agent.outbox.storage.salvage import log_of, open_database, streams_of
from agent.outbox.storage.schema import INSERT_ENTRY, INSERT_LETTER, entry_row

logger = logging.getLogger(__name__)

T = TypeVar("T")

_SPACE_TO_SPARE_BYTES = 4 * RESERVE_BYTES


class OutboxStore:
    """Blocking; every method is one transaction, on disk when it returns.

    Raises OutboxBusy and OutboxTooNew on opening, OutboxUnwritable at any time. Damage is repaired
    when it is found, and told.
    """

    def __init__(self, path: Path, *, metrics: OutboxMetrics | None = None) -> None:
        self.path = path
        self._metrics = metrics or OutboxMetrics()
        self._mark_file = MarkFile(path)
        self._accepted: dict[Stream, int] = {}
        self._refused: list[DeadLetter] = []  # still to be set aside: the disk was full
        self._damaged_log: bytes | None = None  # of a file that is still to be repaired
        try:
            self._open(self._mark_file.at_opening, log_of(path))
        except BaseException:
            self._mark_file.close()
            raise
        self._mark_file.reserve()

    def add(self, entries: Sequence[Entry]) -> None:
        """Append in order; a newer session summary replaces the older.

        Duplicates are stored once. A pending id with other content becomes a dead letter.
        """
        before = dict(self._accepted)

        def add_all() -> list[str]:
            self._accepted = dict(before)
            self._sweep()
            now = _now()
            added = [(e.id, self._add(replace(e, position=0, accepted_at=now))) for e in entries]
            return [id_ for id_, is_taken in added if not is_taken]

        try:
            conflicts = self._in_transaction(add_all)
        except BaseException:
            self._accepted = before
            raise
        self._swept()
        if conflicts:
            self._metrics.set_aside("refused", len(conflicts))
            logger.error(
                "these ids wait with other content: dead letters", extra={"ids": conflicts}
            )

    def next_batch(self, *, limit: int, max_chars: int) -> list[Entry]:
        """The oldest entries of one stream, messages before events before sessions.

        Their bodies have at most `max_chars` in all, unless the first is longer.
        """
        return self._in_transaction(
            lambda: pending.oldest(self._db, limit=limit, max_chars=max_chars)
        )

    def waiting(self, stream: Stream) -> list[Entry]:
        """Oldest first."""
        return self._in_transaction(lambda: pending.of_stream(self._db, stream))

    def count(self) -> int:
        return self._in_transaction(lambda: pending.count(self._db))

    def settle(self, entries: Sequence[Entry]) -> None:
        """These are delivered: noted in memory, so that they are passed over on a full disk too."""
        delivered = [(entry.position, entry.checksum) for entry in entries]
        self._in_transaction(lambda: self._db.executemany(SETTLE, delivered))
        self._write_mark()

    def remove(self, entries: Sequence[Entry]) -> None:
        """Settle and remove; entries replaced since they were read stay.

        Raises OutboxUnwritable if there is no space even with the reserve: a later transaction
        that succeeds removes them.
        """
        self.settle(entries)
        self._with_reserve(self._sweep)
        self._swept()

    def set_aside(self, refused: Sequence[tuple[Entry, str]], *, keep_text: bool = True) -> None:
        """Move refused entries, with reasons, to the dead letters. Raises like `remove`."""
        now = _now()
        self._refused += [
            DeadLetter(entry if keep_text else replace(entry, body=""), reason, now)
            for entry, reason in refused
        ]
        self.settle([entry for entry, _ in refused])
        self._with_reserve(self._sweep)
        self._swept()

    def dead_letters(self) -> list[tuple[str, str]]:
        """Ids and reasons, oldest first."""
        return [(letter.entry.id, letter.reason) for letter in self.letters()]

    def letters(self) -> list[DeadLetter]:
        """Oldest first."""
        return self._in_transaction(lambda: all_letters(self._db))

    def forget(self, letters: Sequence[DeadLetter]) -> None:
        """Delete dead letters that were resent, or have expired."""
        self._with_reserve(lambda: forget(self._db, letters))
        self._write_mark()

    def close(self) -> None:
        """Release the file; delete it if empty. Never raises: what is left is for the next one."""
        empty = False
        try:
            with suppress(OutboxUnwritable):
                self._with_reserve(self._sweep)
                self._swept()
            empty = self.count() == 0 and not self.letters() and not self._refused
            self._mark_file.release_reserve()
            if empty:
                # While its mark is held: nobody opens the path before all of the file is gone.
                remove_file(self.path, self._db)
        except OutboxError as error:
            empty = False
            logger.warning("outbox not closed cleanly", extra={"reason": str(error)})
        self._db.close()
        self._mark_file.close(delete=empty)

    def _open(self, mark: Mark | None, log: bytes) -> None:
        opened = open_database(self.path, mark, log)
        self._db = opened.db
        self._refused = []
        known = mark or Mark()
        self._accepted = {
            stream: max(known.streams[stream].accepted, opened.contents.highest(stream))
            for stream in STREAMS
        }
        if opened.damage is not None:
            self._metrics.found_damage(streams_of(opened.damage))
        self._write_mark()

    def _write_mark(self) -> None:
        self._mark = attempt(self.path, lambda: pending.mark(self._db, self._accepted))
        self._mark_file.write(self._mark)

    def _sweep(self) -> None:
        for letter in self._refused:
            row = entry_row(replace(letter.entry, position=0))
            self._db.execute(INSERT_LETTER, (*row, letter.reason, letter.set_aside_at))
        self._db.execute(REMOVE_SETTLED)

    def _swept(self) -> None:
        """After a transaction with `_sweep`."""
        self._refused = []
        self._db.execute("DELETE FROM temp.settled")
        self._mark_file.reserve(least_free_bytes=_SPACE_TO_SPARE_BYTES)
        self._write_mark()

    def _add(self, entry: Entry) -> bool:
        """False if it became a dead letter."""
        waiting = self._db.execute(WAITING_AS, (entry.stream, entry.id)).fetchone()
        if waiting is None:
            self._db.execute(INSERT_ENTRY, entry_row(self._numbered(entry)))
            return True
        position, number, body = waiting
        if entry.stream == "session":
            newer = replace(entry, number=number)
            changed = (newer.body, newer.accepted_at, newer.checksum, position)
            self._db.execute(REPLACE, changed)
            self._db.execute(UNSETTLE, (position,))
        elif not entry.says(body):
            reason = "another entry of this id waits with other content"
            row = entry_row(self._numbered(entry))
            self._db.execute(INSERT_LETTER, (*row, reason, _now()))
            return False
        return True

    def _numbered(self, entry: Entry) -> Entry:
        self._accepted[entry.stream] += 1
        return replace(entry, number=self._accepted[entry.stream])

    def _with_reserve(self, work: Callable[[], object]) -> None:
        """A transaction that frees space, and for that needs some itself."""
        try:
            self._in_transaction(work)
        except OutboxUnwritable:
            if not self._mark_file.release_reserve():
                raise
            logger.error(
                "the disk is full: space in reserve is used to remove what was delivered",
                extra={"file": self.path.name},
            )
            self._in_transaction(work)

    def _in_transaction(self, work: Callable[[], T]) -> T:
        if self._damaged_log is None:
            try:
                return attempt(self.path, lambda: self._whole(work))
            except OutboxCorrupt:
                # Closing the database moves its log into it, and drops what is broken.
                self._damaged_log = log_of(self.path)
                self._db.close()
        # It may fail, such as on a full disk: then the next access tries it again.
        self._open(self._mark, self._damaged_log)
        self._damaged_log = None
        return attempt(self.path, lambda: self._whole(work))

    def _whole(self, work: Callable[[], T]) -> T:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            result = work()
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return result


WAITING_AS = "SELECT position, number, body FROM entry WHERE stream = ? AND id = ?"
REPLACE = "UPDATE entry SET body = ?, accepted_at = ?, checksum = ? WHERE position = ?"
UNSETTLE = "DELETE FROM temp.settled WHERE position = ?"
SETTLE = """
INSERT OR IGNORE INTO temp.settled SELECT position FROM entry WHERE position = ? AND checksum = ?
"""
REMOVE_SETTLED = "DELETE FROM entry WHERE position IN (SELECT position FROM temp.settled)"


def _now() -> str:
    return datetime.now(UTC).isoformat()
