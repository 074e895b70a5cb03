"""Reads the lines of a plain or gzipped file, or of standard input."""

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from longroom.errors import CommandFailed, ConfigurationError
from longroom.transfer.lines import MAX_LINE_BYTES

STANDARD_INPUT = Path("-")
GZIP_MAGIC = b"\x1f\x8b"


class ImportSource:
    def __init__(self, file: BinaryIO, *, raw: BinaryIO, size: int | None) -> None:
        self._file = file
        self._raw = raw
        self.size = size
        """None for standard input."""

    @property
    def taken(self) -> int:
        """Bytes read of the file on disk, before decompression."""
        return self._raw.tell() if self.size is not None else 0

    def lines(self, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Number (from 1) and text of each non-blank line behind line `after`, cut just above
        MAX_LINE_BYTES. Raises CommandFailed where a gzip file is damaged.
        """
        number = 0
        try:
            while line := self._line():
                number += 1
                if number > after and line.strip():
                    yield number, line.rstrip(b"\r\n")
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise CommandFailed(
                f"the file is damaged after line {number} ({error}); what came before is imported"
            ) from error

    def _line(self) -> bytes:
        line = self._file.readline(MAX_LINE_BYTES + 2)
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = self._file.readline(MAX_LINE_BYTES)
        return line


@contextmanager
def open_source(path: Path) -> Iterator[ImportSource]:
    """Open FILE, FILE.gz or `-`. Raises ConfigurationError when it cannot be read."""
    if path == STANDARD_INPUT:
        yield _source(cast("BufferedReader", sys.stdin.buffer), size=None)
        return
    try:
        raw = path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    with raw:
        yield _source(raw, size=path.stat().st_size if path.is_file() else None)


def _source(raw: BufferedReader, *, size: int | None) -> ImportSource:
    if raw.peek(2)[:2] != GZIP_MAGIC:
        return ImportSource(raw, raw=raw, size=size)
    return ImportSource(cast("BinaryIO", gzip.open(raw)), raw=raw, size=size)
