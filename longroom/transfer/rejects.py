"""Reports rejected lines: the first on stderr, all in a file."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from longroom.errors import ConfigurationError
from longroom.transfer.formats.format import Rejected

SHOWN = 20


class RejectsReport:
    """Writes {"line", "place"?, "reason", "text"} as JSONL; `path` None: all on stderr, no file.
    The file is created with the first rejected line; a resumed import appends to it.
    """

    def __init__(self, path: Path | None, *, resumed: bool) -> None:
        self.path = path
        self._mode = "ab" if resumed else "wb"
        self._file: BinaryIO | None = None
        self._shown = 0

    def write(self, rejected: Iterable[Rejected]) -> None:
        for each in rejected:
            self._show(each)
            self._keep(each)
        if self._file:
            self._file.flush()

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _show(self, rejected: Rejected) -> None:
        if self.path and self._shown == SHOWN:
            sys.stderr.write(f"… the others are in {self.path}\n")
        if not self.path or self._shown < SHOWN:
            sys.stderr.write(f"{rejected.where}: {rejected.reason}\n")
        self._shown += 1

    def _keep(self, rejected: Rejected) -> None:
        if not self.path:
            return
        text = rejected.raw.decode(errors="replace")
        place = {"place": rejected.place} if rejected.place else {}
        record = {"line": rejected.line, **place, "reason": rejected.reason, "text": text}
        try:
            if self._file is None:
                self._file = cast("BinaryIO", self.path.open(self._mode))
            self._file.write(orjson.dumps(record) + b"\n")
        except OSError as error:
            raise ConfigurationError(
                f"cannot write the rejected lines to {self.path} ({error.strerror});"
                " name another place with --rejects"
            ) from error
