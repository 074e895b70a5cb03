"""The folder of outbox files: which file a conversation writes to, and which are left over."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from agent.errors import OutboxBusy, OutboxCorrupt, OutboxTooNew
from agent.outbox.store import STREAMS, OutboxStore

logger = logging.getLogger(__name__)

_SUFFIX = ".sqlite3"


def folder(data_dir: Path) -> Path:
    return data_dir / "outbox"


def open_file(data_dir: Path, conversation_id: UUID) -> OutboxStore:
    """The conversation's file, or the next free one if another process holds it.

    Takes in dead processes' entries; renames a damaged file. Raises OutboxUnwritable.
    """
    number = 1
    while True:
        path = _path(data_dir, conversation_id, number)
        file = open_path(path)
        if file is not None:
            _merge_others(file, conversation_id)
            return file
        if path.exists():
            number += 1


def open_path(path: Path) -> OutboxStore | None:
    """None if the file is held, too new, or damaged (and now renamed)."""
    try:
        return OutboxStore(path)
    except OutboxCorrupt:
        set_aside(path)
    except (OutboxBusy, OutboxTooNew) as error:
        logger.warning("outbox file passed over", extra={"reason": str(error)})
    return None


def _merge_others(file: OutboxStore, conversation_id: UUID) -> None:
    for path in sorted(file.path.parent.glob(f"{conversation_id}*{_SUFFIX}")):
        other = open_path(path) if path != file.path else None
        if other is None:
            continue
        # Added here before they are removed there: a crash in between doubles entries, which the
        # backend recognizes by their ids.
        left = [entry for stream in STREAMS for entry in other.waiting(stream)]
        file.add(left)
        other.remove(left)
        other.close()


def set_aside(path: Path) -> None:
    """Rename a damaged file and its write-ahead log; keep both."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    aside = path.with_name(f"{path.name}.{stamp}.corrupt")
    path.rename(aside)
    for part in ("-wal", "-shm"):
        beside = path.with_name(path.name + part)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + part))
    logger.error(
        "the outbox file is damaged and was set aside; a new one is started",
        extra={"damaged_file": str(aside)},
    )


def left_over(data_dir: Path) -> Iterator[tuple[Path, UUID]]:
    for path in sorted(folder(data_dir).glob(f"*{_SUFFIX}")):
        try:
            yield path, UUID(path.name.split(".")[0])
        except ValueError:
            logger.warning("not an outbox file", extra={"file": str(path)})


def _path(data_dir: Path, conversation_id: UUID, number: int) -> Path:
    middle = "" if number == 1 else f".{number}"
    return folder(data_dir) / f"{conversation_id}{middle}{_SUFFIX}"
