"""Damaged outbox files that were set aside, `….corrupt`: kept for a person to look at.

All that could be read of them is in the new file. What could not be read may hold any text of the
conversation: once something of it was erased, they go.
"""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from agent.outbox.files import folder
from agent.outbox.storage.connection import attempt

_PARTS = ("", "-wal", "-shm")


def set_aside_files(data_dir: Path) -> Iterator[tuple[Path, UUID]]:
    for path in sorted(folder(data_dir).glob("*.corrupt")):
        try:
            yield path, UUID(path.name.split(".")[0])
        except ValueError:
            continue


def delete_set_aside(data_dir: Path, conversation_id: UUID) -> list[str]:
    """Their names. Raises OutboxUnwritable."""
    deleted = []
    for path, of_conversation in set_aside_files(data_dir):
        if of_conversation == conversation_id:
            _delete(path)
            deleted.append(path.name)
    return deleted


def _delete(path: Path) -> None:
    for part in _PARTS:
        beside = path.with_name(path.name + part)
        attempt(path, lambda beside=beside: beside.unlink(missing_ok=True))  # type: ignore[misc]
