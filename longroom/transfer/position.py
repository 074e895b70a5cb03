"""Keeps how far a file was imported; without it all is sent again and recognized by its ids."""

import hashlib
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError


class Position(BaseModel):
    """Valid for the file of this size and modification time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file_size: int
    file_mtime_ns: int
    last_line: int = 0
    rejected: int = 0


class PositionFile:
    """The position of `source` in one conversation; standard input has none."""

    def __init__(self, folder: Path, *, source: Path, conversation_id: UUID) -> None:
        self._source = source
        name = hashlib.sha256(f"{conversation_id} {source.resolve()}".encode()).hexdigest()[:16]
        self._path = folder / f"{name}.json"

    def load(self) -> Position:
        """The start if no position is kept or the file has changed."""
        if not self._source.is_file():
            return Position(file_size=0, file_mtime_ns=0)
        found = self._source.stat()
        start = Position(file_size=found.st_size, file_mtime_ns=found.st_mtime_ns)
        try:
            kept = Position.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return start
        same = kept.file_size == start.file_size and kept.file_mtime_ns == start.file_mtime_ns
        return kept if same else start

    def save(self, position: Position) -> None:
        """Atomic."""
        if not self._source.is_file():
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_text(position.model_dump_json(), encoding="utf-8")
        unfinished.replace(self._path)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
