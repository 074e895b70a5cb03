"""An outbox file's mark: its lock, how far it has come, and space in reserve for a full disk.

It lies in a folder beside the outbox's, so that damage to the one does not reach the other.
"""

import fcntl
import json
import logging
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import OutboxBusy, OutboxUnwritable
from agent.outbox.storage.entry import STREAMS, Stream

logger = logging.getLogger(__name__)

RESERVE_BYTES = 1 << 20
_RECORD_BYTES = 4_096
_SMALLEST_RESERVE_BYTES = 1 << 16
_SHARE_OF_FREE = 8
"""Of the free space, one part of this many is reserved at most."""


@dataclass(frozen=True)
class Progress:
    """The highest number accepted; up to `settled`, all have been delivered or set aside."""

    settled: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Mark:
    streams: dict[Stream, Progress] = field(
        default_factory=lambda: {stream: Progress() for stream in STREAMS}
    )
    dead_letters: int = 0

    @property
    def waiting(self) -> int:
        """At most: numbers that were set aside before their turn count as waiting."""
        return sum(each.accepted - each.settled for each in self.streams.values())


def marks_folder(outbox_folder: Path) -> Path:
    return outbox_folder.with_name(f"{outbox_folder.name}-marks")


def mark_path(outbox_file: Path) -> Path:
    return marks_folder(outbox_file.parent) / f"{outbox_file.name}.mark"


class MarkFile:
    """Held by one process, and by its death released. All methods block.

    Raises OutboxBusy and OutboxUnwritable on opening, and nothing later: without a mark the outbox
    works, and only the count of a later loss would be too low.
    """

    def __init__(self, outbox_file: Path) -> None:
        self.path = mark_path(outbox_file)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = _locked(self.path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise OutboxUnwritable(self.path.parent, reason) from error
        self.has_reserve = os.fstat(self._descriptor).st_size > _RECORD_BYTES
        record = os.pread(self._descriptor, _RECORD_BYTES, 0)
        self.at_opening = _parsed(record)
        if record and self.at_opening is None:
            logger.error(
                "an outbox's mark is damaged: if the outbox has lost its end, nothing tells",
                extra={"damaged_file": str(self.path)},
            )

    def write(self, mark: Mark) -> None:
        """Overwrites in place, which needs no space, and survives the process.

        It is not forced to disk: that would double what each acceptance costs.
        """
        try:
            os.pwrite(self._descriptor, _record(mark), 0)
        except OSError as error:
            logger.warning("the outbox's mark cannot be written", extra={"reason": str(error)})

    def reserve(self, *, least_free_bytes: int = 0) -> None:
        """Take space for a full disk, unless the disk is nearly full already."""
        if self.has_reserve:
            return
        try:
            disk = os.fstatvfs(self._descriptor)
            free = disk.f_bavail * disk.f_frsize
            size = min(RESERVE_BYTES, free // _SHARE_OF_FREE)
            if size < _SMALLEST_RESERVE_BYTES or free < least_free_bytes:
                return
            _allocate(self._descriptor, _RECORD_BYTES, size)
            self.has_reserve = True
        except OSError as error:
            os.ftruncate(self._descriptor, _RECORD_BYTES)
            logger.info("no space reserved for a full disk", extra={"reason": str(error)})

    def release_reserve(self) -> bool:
        """False if there was none."""
        if not self.has_reserve:
            return False
        os.ftruncate(self._descriptor, _RECORD_BYTES)
        self.has_reserve = False
        return True

    def close(self, *, delete: bool = False) -> None:
        """Release the lock. `delete` while it is held: nobody else has opened it in earnest."""
        if delete:
            self.path.unlink(missing_ok=True)
        else:
            self.release_reserve()
        os.close(self._descriptor)


def read_mark(path: Path) -> Mark | None:
    """Without the lock, for a count; None if it is damaged or gone."""
    try:
        with path.open("rb") as file:
            return _parsed(file.read(_RECORD_BYTES))
    except OSError:
        return None


def _locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, descriptor):
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise OutboxBusy(f"{path.stem} is held by another process") from error
        except OSError:
            os.close(descriptor)
            raise
        # Its holder has deleted it after this process had opened it.
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _allocate(descriptor: int, at: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, at, size)
    else:  # macOS
        os.pwrite(descriptor, bytes(size), at)


def _record(mark: Mark) -> bytes:
    told = {stream: [each.settled, each.accepted] for stream, each in mark.streams.items()}
    content = json.dumps({"streams": told, "dead_letters": mark.dead_letters}).encode()
    return (b"%08x " % zlib.crc32(content) + content).ljust(_RECORD_BYTES, b"\n")


def _parsed(record: bytes) -> Mark | None:
    checksum, _, content = record.rstrip(b"\0\n").partition(b" ")
    if checksum != b"%08x" % zlib.crc32(content):
        return None
    told = json.loads(content)
    # A mark of an earlier program lacks streams that are newer.
    streams = {stream: Progress(*told["streams"].get(stream, ())) for stream in STREAMS}
    return Mark(streams, told["dead_letters"])
