"""The rows on the pages of a damaged SQLite file and its write-ahead log, read without SQLite.

SQLite reads neither past a broken log frame nor below a broken page; the rows there are mostly
whole. Each page is read by itself (https://www.sqlite.org/fileformat2.html), old versions of it
too, so that rows come several times, and some that were deleted come again: the caller checks.
"""

import struct
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

Value = int | str | bytes | float | None
Row = tuple[Value, ...]

_TABLE_LEAF = 0x0D
_FILE_HEADER_BYTES = 100
_LOG_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_LOG_MAGIC = (0x377F0682, 0x377F0683)
_DEFAULT_PAGE_BYTES = 4_096
_MAX_ROW_BYTES = 16_000_000
_INT_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class _NoRow(Exception):
    """These bytes are no row."""


@dataclass
class _Pages:
    """All versions of each page, in the order they were written."""

    size: int
    versions: dict[int, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))
    commits: list[int] = field(default_factory=list)

    def at(self, number: int, moment: int) -> bytes:
        """As it was at that moment, or if it was not yet, as it became."""
        versions = self.versions.get(number)
        if not versions:
            raise _NoRow
        place = bisect_right(versions, moment, key=lambda version: version[0])
        return versions[max(place - 1, 0)][1]


def rows(database: bytes, log: bytes) -> Iterator[Row]:
    """Oldest versions first; a row's first value is its rowid."""
    pages = _read(database, log)
    found = [
        (moment, number, page)
        for number, versions in pages.versions.items()
        for moment, page in versions
    ]
    for moment, number, page in sorted(found, key=lambda version: version[:2]):
        start = _FILE_HEADER_BYTES if number == 1 else 0
        if page[start] == _TABLE_LEAF:
            # A long row's other pages were written by the same transaction, maybe after this one.
            place = bisect_right(pages.commits, moment - 1)
            end = pages.commits[place] if place < len(pages.commits) else moment
            yield from _rows_of(page, start, pages, end)


def _read(database: bytes, log: bytes) -> _Pages:
    size = _page_bytes(database, log)
    pages = _Pages(size)
    database = database.ljust(-(-len(database) // size) * size, b"\0")
    for number in range(1, len(database) // size + 1):
        pages.versions[number].append((0, database[(number - 1) * size : number * size]))
    frame_bytes = _FRAME_HEADER_BYTES + size
    for moment, at in enumerate(range(_LOG_HEADER_BYTES, len(log), frame_bytes), start=1):
        frame = log[at : at + frame_bytes].ljust(frame_bytes, b"\0")
        number, pages_at_commit = struct.unpack(">II", frame[:8])
        pages.versions[number].append((moment, frame[_FRAME_HEADER_BYTES:]))
        if pages_at_commit:
            pages.commits.append(moment)
    return pages


def _page_bytes(database: bytes, log: bytes) -> int:
    if len(log) >= 12 and struct.unpack(">I", log[:4])[0] in _LOG_MAGIC:
        told = int(struct.unpack(">I", log[8:12])[0])
    else:
        told = int.from_bytes(database[16:18], "big") if database[:6] == b"SQLite" else 0
    return told if told in {1 << n for n in range(9, 16)} else _DEFAULT_PAGE_BYTES


def _rows_of(page: bytes, start: int, pages: _Pages, moment: int) -> Iterator[Row]:
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    for n in range(min(count, pages.size // 4)):
        place = start + 8 + 2 * n
        try:
            yield _row(page, int.from_bytes(page[place : place + 2], "big"), pages, moment)
        except (_NoRow, IndexError, ValueError, struct.error):
            continue


def _row(page: bytes, at: int, pages: _Pages, moment: int) -> Row:
    length, at = _varint(page, at)
    rowid, at = _varint(page, at)
    if not 0 < length <= _MAX_ROW_BYTES:
        raise _NoRow
    return (rowid, *_values(_payload(page, at, length, pages, moment))[1:])


def _payload(page: bytes, at: int, length: int, pages: _Pages, moment: int) -> bytes:
    most = pages.size - 35
    if length <= most:
        return page[at : at + length]
    least = (pages.size - 12) * 32 // 255 - 23
    here = least + (length - least) % (pages.size - 4)
    here = here if here <= most else least
    parts = [page[at : at + here]]
    following = int.from_bytes(page[at + here : at + here + 4], "big")
    missing = length - here
    while missing > 0:
        more = pages.at(following, moment)
        following = int.from_bytes(more[:4], "big")
        parts.append(more[4 : 4 + missing])
        missing -= len(parts[-1])
    return b"".join(parts)


def _values(payload: bytes) -> list[Value]:
    header_bytes, at = _varint(payload, 0)
    types = []
    while at < header_bytes:
        kind, at = _varint(payload, at)
        types.append(kind)
    values = []
    for kind in types:
        value, at = _value(payload, at, kind)
        values.append(value)
    return values


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in {8, 9}:
        return kind - 8, at
    if kind == 7:
        return float(struct.unpack(">d", payload[at : at + 8])[0]), at + 8
    if (size := _INT_BYTES.get(kind)) is not None:
        return int.from_bytes(payload[at : at + size], "big", signed=True), at + size
    if kind < 12 or at + (kind - 12) // 2 > len(payload):
        raise _NoRow
    content = payload[at : at + (kind - 12) // 2]
    return (content.decode() if kind % 2 else content), at + len(content)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for n in range(9):
        byte = content[at + n]
        if n == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at + n + 1
    raise _NoRow
