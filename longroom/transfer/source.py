"""What an import reads: a plain or gzipped file, standard input, a folder or a zip archive."""

import gzip
import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from io import BufferedReader, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from longroom.errors import CommandFailed, ConfigurationError
from longroom.transfer.reading.encoding import BUFFER_BYTES, UTF8_MARK, as_utf8

STANDARD_INPUT = Path("-")
MAX_LINE_BYTES = 5_000_000
"""The longest message, each character escaped, and what else a backend takes in one request."""

_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_DAMAGED = (EOFError, zlib.error, zipfile.BadZipFile, OSError)
_TEXTS = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".ndjson")
_CHAT = re.compile(r"(?:^|/)(?:_chat|WhatsApp[^/]*)\.txt$")
_LOCKED = (RuntimeError, NotImplementedError)
"""What zipfile raises for a password, and for a compression that it does not know."""


class Source:
    """Either one file, with a head, lines and text, or several, with names and contents."""

    def __init__(self, name: str, *, size: int | None) -> None:
        self.name = name
        self.size = size
        """In bytes; None for standard input."""

    @property
    def taken(self) -> int:
        """Bytes read so far, before decompression."""
        return 0

    @property
    def head(self) -> str:
        """The beginning of a file, to recognise a format by; empty for several."""
        return ""

    @property
    def names(self) -> Sequence[str]:
        """Paths below a folder, with slashes; empty for one file."""
        return ()

    def lines(self, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Number (from 1) and text of each non-blank line behind line `after`, cut just above
        MAX_LINE_BYTES. Raises CommandFailed where the file is damaged.
        """
        raise ConfigurationError(f"{self.name} is a folder or an archive, not one file")

    def text_lines(self) -> Iterator[str]:
        """Each with its line end, blank ones too, cut into pieces of MAX_LINE_BYTES characters;
        bytes that are not UTF-8 become surrogates. Raises CommandFailed where the file is damaged.
        """
        raise ConfigurationError(f"{self.name} is a folder or an archive, not one file")

    def read(self, name: str) -> bytes:
        """Raises CommandFailed."""
        raise ConfigurationError(f"{self.name} is one file, not a folder or a zip archive")


class ImportSource(Source):
    """One file, read once, as UTF-8 whatever its byte order mark says."""

    def __init__(self, file: BinaryIO, *, raw: BinaryIO, size: int | None, name: str = "") -> None:
        super().__init__(name, size=size)
        self._file = file
        self._raw = raw

    @property
    def taken(self) -> int:
        return self._raw.tell() if self.size is not None else 0

    @cached_property
    def head(self) -> str:
        """Raises CommandFailed where it is damaged."""
        try:
            return self._utf8.peek(BUFFER_BYTES)[:BUFFER_BYTES].decode(errors="ignore")
        except _DAMAGED as error:
            raise _damaged(error, after=0) from error

    def lines(self, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        number = 0
        try:
            while line := self._line():
                number += 1
                if number > after and line.strip():
                    yield number, line.rstrip(b"\r\n").removeprefix(UTF8_MARK)
        except _DAMAGED as error:
            raise _damaged(error, after=number) from error

    def text_lines(self) -> Iterator[str]:
        number = 0
        try:
            while line := self._text.readline(MAX_LINE_BYTES):
                number += 1
                yield line
        except _DAMAGED as error:
            raise _damaged(error, after=number) from error

    @cached_property
    def _text(self) -> TextIO:
        return TextIOWrapper(self._utf8, encoding="utf-8", errors="surrogateescape", newline="")

    @cached_property
    def _utf8(self) -> BufferedReader:
        return as_utf8(_buffered(self._file))

    def _line(self) -> bytes:
        line = self._utf8.readline(MAX_LINE_BYTES + 2)
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = self._utf8.readline(MAX_LINE_BYTES)
        return line


def _buffered(file: BinaryIO) -> BufferedReader:
    if isinstance(file, BufferedReader):
        return file
    return BufferedReader(cast("RawIOBase", file), BUFFER_BYTES)


class FolderSource(Source):
    """The files of a folder or a zip archive; one is in memory at a time."""

    def __init__(self, root: Path | zipfile.ZipFile, sizes: dict[str, int]) -> None:
        name = str(root if isinstance(root, Path) else root.filename)
        super().__init__(name, size=sum(sizes.values()))
        self._root = root
        self._sizes = sizes
        self._taken = 0

    @property
    def taken(self) -> int:
        return self._taken

    @property
    def names(self) -> Sequence[str]:
        return sorted(self._sizes)

    def read(self, name: str) -> bytes:
        try:
            if isinstance(self._root, Path):
                content = (self._root / name).read_bytes()
            else:
                content = self._root.read(name)
        except (*_DAMAGED, *_LOCKED) as error:
            raise CommandFailed(f"cannot read {name} of {self.name}: {error}") from error
        self._taken += self._sizes[name]
        return content


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file, FILE.gz, `-`, a folder, or a zip archive, of which a single text is read as a
    file. Raises ConfigurationError when it cannot be read.
    """
    if path == STANDARD_INPUT:
        stdin: TextIO | None = sys.stdin
        if stdin is None:
            raise ConfigurationError("standard input is closed; name a file")
        yield _unpacked(cast("BufferedReader", stdin.buffer), size=None, name="")
        return
    if path.is_dir():
        yield FolderSource(path, _sizes(path))
        return
    try:
        raw = _buffered(path.open("rb", buffering=0))
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    with raw:
        if raw.peek(4).startswith(_ZIP_MAGIC):
            with _zip(raw, path) as source:
                yield source
            return
        size = path.stat().st_size if path.is_file() else None
        yield _unpacked(raw, size=size, name=path.name)


def _unpacked(raw: BufferedReader, *, size: int | None, name: str) -> ImportSource:
    if raw.peek(4).startswith(_ZIP_MAGIC):
        raise ConfigurationError("a zip archive cannot be read from standard input; save it first")
    if raw.peek(2)[:2] != _GZIP_MAGIC:
        return ImportSource(raw, raw=raw, size=size, name=name)
    unpacked = cast("BinaryIO", gzip.open(raw))  # noqa: SIM115 - closes with the file
    return ImportSource(unpacked, raw=raw, size=size, name=name.removesuffix(".gz"))


@contextmanager
def _zip(raw: BinaryIO, path: Path) -> Iterator[Source]:
    try:
        archive = zipfile.ZipFile(raw)
    except zipfile.BadZipFile as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error
    with archive:
        sizes = {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}
        text = _only_text(sizes)
        if text is None:
            yield FolderSource(archive, sizes)
            return
        try:
            member = cast("BinaryIO", archive.open(text))
        except _LOCKED as error:
            raise ConfigurationError(f"cannot read {text} of {path}: {error}") from error
        with member:
            yield ImportSource(member, raw=member, size=sizes[text], name=text)


def _only_text(names: Iterable[str]) -> str | None:
    """A chat with its pictures, or an archive of one file; not what macOS adds to it."""
    texts = [
        name
        for name in names
        if name.endswith(_TEXTS) and not name.rpartition("/")[2].startswith("._")
    ]
    chats = [name for name in texts if _CHAT.search(name)]
    found = chats or texts
    return found[0] if len(found) == 1 else None


def _sizes(folder: Path) -> dict[str, int]:
    return {
        file.relative_to(folder).as_posix(): file.stat().st_size
        for file in folder.rglob("*")
        if file.is_file()
    }


def _damaged(error: Exception, *, after: int) -> CommandFailed:
    return CommandFailed(
        f"the file is damaged after line {after} ({error}); what came before is imported"
    )
