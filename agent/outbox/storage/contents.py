"""What can be read of an outbox file, each row checked, and what is missing."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from agent.outbox.storage.entry import STREAMS, DeadLetter, Entry, Stream, checksum
from agent.outbox.storage.mark import Mark
from agent.outbox.storage.pages import Row, Value

Key = tuple[Stream, int]
"""A stream and a number in it."""


@dataclass
class Contents:
    entries: dict[Key, Entry] = field(default_factory=dict)
    letters: dict[Key, DeadLetter] = field(default_factory=dict)
    accounted_for: set[Key] = field(default_factory=set)
    damaged: dict[Key, str] = field(default_factory=dict)
    """Rows that fail their checksum, with their ids as they can be read."""

    def missing(self, mark: Mark | None) -> list[Key]:
        """In order, what was accepted, and is neither here nor settled."""
        expected = set(self.damaged) if mark is None else _expected(mark)
        here = self.entries.keys() | self.letters.keys() | self.accounted_for
        return sorted(expected - here)

    def highest(self, stream: Stream) -> int:
        keys = [*self.entries, *self.letters]
        return max((number for each, number in keys if each == stream), default=0)


def _expected(mark: Mark) -> set[Key]:
    return {
        (stream, number)
        for stream, told in mark.streams.items()
        for number in range(told.settled + 1, told.accepted + 1)
    }


ENTRIES = "SELECT position, stream, number, id, body, accepted_at, checksum FROM entry"
LETTERS = """
SELECT position, stream, number, id, body, accepted_at, checksum, reason, set_aside_at
FROM dead_letter
"""
ACCOUNTED_FOR = "SELECT stream, number FROM accounted_for"


def check(db: sqlite3.Connection) -> Contents:
    """Every row is checked, and its body left out. Raises sqlite3.Error for SQLite's own damage."""
    contents = _accounted_for(db)
    for raw in _rows(db, ENTRIES):
        if (key := _whole(raw)) is not None:
            contents.entries[key] = Entry(key[0], "", "", number=key[1])
        else:
            _damaged(contents, raw)
    for raw in _rows(db, LETTERS):
        if (key := _whole(raw)) is not None:
            contents.letters[key] = DeadLetter(Entry(key[0], "", "", number=key[1]), "", "")
        else:
            _damaged(contents, raw)
    return contents


def read(db: sqlite3.Connection) -> Contents:
    """The same with all that the rows hold."""
    contents = _accounted_for(db)
    for table in (ENTRIES, LETTERS):
        for raw in _rows(db, table):
            if not add_row(contents, _decoded(raw)):
                _damaged(contents, raw)
    return contents


def _rows(db: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """Texts as bytes: one that is not UTF-8 must not hide the rows behind it."""
    db.text_factory = bytes
    try:
        yield from db.execute(query)
    finally:
        db.text_factory = str


def _accounted_for(db: sqlite3.Connection) -> Contents:
    told = list(_rows(db, ACCOUNTED_FOR))
    return Contents(
        accounted_for={(_stream(row[0].decode(errors="replace")), row[1]) for row in told}
    )


def _whole(raw: tuple[Any, ...]) -> Key | None:
    """Without decoding: that would take most of the time of opening a long outbox."""
    _, stream, number, id_, body, accepted_at, told, *_ = raw
    try:
        if checksum(number, stream, id_, accepted_at, body).encode() == told:
            return _stream(stream.decode()), number
    except (TypeError, UnicodeDecodeError):
        return None
    return None


def _damaged(contents: Contents, raw: tuple[Any, ...]) -> None:
    _, stream, number, id_, *_ = raw
    key = _stream(_legible(stream)), number if isinstance(number, int) else 0
    contents.damaged[key] = _legible(id_)


def _legible(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def add_row(contents: Contents, row: Row) -> bool:
    """A row of either table; False if it is neither, or fails its checksum."""
    if (letter := letter_of(row)) is not None:
        contents.letters[letter.entry.stream, letter.entry.number] = letter
    elif (entry := entry_of(row)) is not None:
        key = entry.stream, entry.number
        known = contents.entries.get(key)
        # A session's summary and a turn's trace replace the older one under its number.
        if known is None or known.accepted_at <= entry.accepted_at:
            contents.entries[key] = entry
    else:
        return False
    return True


def _decoded(raw: Iterable[Value]) -> Row:
    """Empty if a text of it is not UTF-8."""
    try:
        return tuple(value.decode() if isinstance(value, bytes) else value for value in raw)
    except UnicodeDecodeError:
        return ()


def entry_of(row: Row) -> Entry | None:
    match row:
        case (int(position), str(stream), int(number), str(id_), str(body), str(at), str(told)):
            return _checked(Entry(_stream(stream), id_, body, position, number, at), told)
        case (int(position), str(stream), str(id_), str(body), str(at)):
            return _of_format_1(Entry(_stream(stream), id_, body, position, position, at))
    return None


def letter_of(row: Row) -> DeadLetter | None:
    match row:
        case (*first, str(reason), str(set_aside_at)) if len(row) == 9:
            entry = entry_of(tuple(first))
            return DeadLetter(entry, reason, set_aside_at) if entry else None
        case (int(), str(), str(), str(), str(), str(reason), str(set_aside_at)):
            entry = entry_of(row[:5])
            # Format 1 had no numbers; its two tables counted their places each from 1.
            numbered = entry and replace(entry, number=-entry.position)
            return DeadLetter(numbered, reason, set_aside_at) if numbered else None
    return None


def _stream(text: str) -> Stream:
    return next((stream for stream in STREAMS if stream == text), "message")


def _checked(entry: Entry, told: str) -> Entry | None:
    return entry if entry.checksum == told else None


def _of_format_1(entry: Entry) -> Entry | None:
    """It had no checksums: a body must at least be whole JSON."""
    try:
        body = json.loads(entry.body)
    except ValueError:
        return None
    known = isinstance(body, dict) and body.get("id", entry.id) == entry.id
    return entry if known and entry.id else None
