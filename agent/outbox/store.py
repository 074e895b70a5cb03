"""One conversation's outbox: a SQLite file, held by one process (docs/decisions/0005-outbox.md)."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from agent.errors import OutboxCorrupt, OutboxError, OutboxUnwritable
from agent.messages.erasures import Erasures
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.storage import pending
from agent.outbox.storage.addition import add
from agent.outbox.storage.connection import attempt, in_transaction, remove_file
from agent.outbox.storage.entry import STREAMS, DeadLetter, Entry, Stream
from agent.outbox.storage.erasing import account_for, erase, erased_to, scrub, tell_erased_to
from agent.outbox.storage.letters import all_letters, forget
from agent.outbox.storage.mark import RESERVE_BYTES, Mark, MarkFile
from agent.outbox.storage.salvage import log_of, open_database, streams_of
from agent.outbox.storage.settling import settle, sweep, swept

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
        self.is_new = not path.exists()
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
        """Append in order; a newer summary of a session, or trace of a turn, replaces the older.

        Duplicates are stored once. A pending id with other content becomes a dead letter.
        """
        before = dict(self._accepted)

        def add_all() -> list[str]:
            self._accepted = dict(before)
            self._sweep()
            now = _now()
            new = [replace(entry, position=0, accepted_at=now) for entry in entries]
            return [each.id for each in new if not add(self._db, each, self._accepted)]

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
        """The oldest entries of one stream, messages first, traces of turns last.

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
        self._in_transaction(lambda: settle(self._db, entries))
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

    def drop(self, entries: Sequence[Entry]) -> None:
        """These were erased: gone for good, and no loss. Raises like `remove`."""
        self.settle(entries)
        self._with_reserve(lambda: self._sweep(entries))
        self._swept()
        self._scrub_if_it_can_be()

    def erased_to(self) -> int:
        """The conversation's revision up to which the file holds nothing erased."""
        return self._guarded(lambda: erased_to(self._db))

    def begin_at(self, revision: int) -> None:
        """What was erased before that was never in this file."""
        self._in_transaction(lambda: tell_erased_to(self._db, revision))

    def erase(self, erasures: Erasures, *, revision: int) -> list[str]:
        """Ids of what is gone now, from the file's bytes too. Raises OutboxError: then repeat."""
        gone: list[str] = []

        def erase_all() -> None:
            self._sweep()
            gone[:] = erase(self._db, erasures)

        self._with_reserve(erase_all)
        self._swept()
        self._guarded(lambda: scrub(self._db))
        self._in_transaction(lambda: tell_erased_to(self._db, revision))
        return gone

    def dead_letters(self) -> list[tuple[str, str]]:
        """Ids and reasons, oldest first."""
        return [(letter.entry.id, letter.reason) for letter in self.letters()]

    def letters(self) -> list[DeadLetter]:
        """Oldest first."""
        return self._in_transaction(lambda: all_letters(self._db))

    def forget(self, letters: Sequence[DeadLetter]) -> None:
        """Delete dead letters that were resent, were erased, or have expired."""
        self._with_reserve(lambda: forget(self._db, letters))
        self._write_mark()
        self._scrub_if_it_can_be()

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
                # While its mark is held: nobody opens it meanwhile.
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

    def _sweep(self, erased: Sequence[Entry] = ()) -> None:
        account_for(self._db, erased)
        sweep(self._db, self._refused)

    def _swept(self) -> None:
        self._refused = []
        swept(self._db)
        self._mark_file.reserve(least_free_bytes=_SPACE_TO_SPARE_BYTES)
        self._write_mark()

    def _scrub_if_it_can_be(self) -> None:
        try:
            self._guarded(lambda: scrub(self._db))
        except OutboxError as error:
            logger.warning(
                "deleted entries may still stand in the file's free space",
                extra={"file": self.path.name, "reason": str(error)},
            )

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
        return self._guarded(lambda: in_transaction(self._db, work))

    def _guarded(self, work: Callable[[], T]) -> T:
        if self._damaged_log is None:
            try:
                return attempt(self.path, work)
            except OutboxCorrupt:
                # Closing the database moves its log into it, and drops what is broken.
                self._damaged_log = log_of(self.path)
                self._db.close()
        # It may fail, such as on a full disk: then the next access tries it again.
        self._open(self._mark, self._damaged_log)
        self._damaged_log = None
        return attempt(self.path, work)


def _now() -> str:
    return datetime.now(UTC).isoformat()
