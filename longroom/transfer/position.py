"""Keeps how far a file was imported; without it all is sent again and recognized by its ids."""

import hashlib
from functools import cached_property
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

    def __init__(
        self, folder: Path, *, source: Path, conversation_id: UUID, read_as: str = ""
    ) -> None:
        """Read in another way (`read_as`), the same file has another position."""
        self._source = source
        name = f"{conversation_id} {source.resolve()} {read_as}".rstrip()
        name = hashlib.sha256(name.encode()).hexdigest()[:16]
        self._path = folder / f"{name}.json"

    def load(self) -> Position:
        """The start if no position is kept or the file has changed."""
        start = self._start
        if start is None:
            return Position(file_size=0, file_mtime_ns=0)
        try:
            kept = Position.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return start
        same = kept.file_size == start.file_size and kept.file_mtime_ns == start.file_mtime_ns
        return kept if same else start

    def save(self, position: Position) -> None:
        """Atomic."""
        if self._start is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_text(position.model_dump_json(), encoding="utf-8")
        unfinished.replace(self._path)

    @cached_property
    def _start(self) -> Position | None:
        """Of a folder, the size of all its files and the newest's time."""
        folder = self._source.is_dir()
        files = self._source.rglob("*") if folder else [self._source]
        found = [file.stat() for file in files if file.is_file()]
        if not found:
            return None
        return Position(
            file_size=sum(each.st_size for each in found),
            file_mtime_ns=max(each.st_mtime_ns for each in found),
        )

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
