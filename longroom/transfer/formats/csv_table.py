"""CSV: a message a row, under a header; columns by their usual names, others become metadata."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from longroom.errors import ConfigurationError
from longroom.transfer.formats.format import Record, Rejected
from longroom.transfer.source import Source

NAMES: Mapping[str, Sequence[str]] = {
    "id": ("id", "message_id", "msg_id", "uuid"),
    "participant": (
        "participant",
        "author",
        "sender",
        "from",
        "user",
        "username",
        "user_name",
        "speaker",
        "name",
        "author_name",
        "sender_name",
        "from_name",
        "user_id",
    ),
    "role": ("role",),
    "created_at": (
        "created_at",
        "timestamp",
        "datetime",
        "date_time",
        "sent_at",
        "time",
        "date",
        "created",
        "sent",
        "posted_at",
        "ts",
    ),
    "content": ("content", "text", "message", "body", "msg", "message_text", "comment"),
    "interrupted": ("interrupted",),
    "reply_to": ("reply_to", "in_reply_to", "reply_to_id", "parent_id"),
    "metadata": ("metadata",),
    "seq": ("seq",),
}
"""The header names of each field, the first that a file has; case, spaces and hyphens aside."""
REQUIRED = ("participant", "created_at", "content")
DELIMITERS = ",;\t|"


class CsvTable:
    name: ClassVar[str] = "csv"
    has_local_times: ClassVar[bool] = False

    def __init__(
        self, *, columns: Mapping[str, str] | None = None, ignore_unknown: bool = False
    ) -> None:
        """`columns` has the header of a field that goes by another name than usual."""
        given = {field: (_plain(header),) for field, header in (columns or {}).items()}
        self._names = {**NAMES, **given}
        self._ignore_unknown = ignore_unknown

    def recognises(self, source: Source) -> bool:
        first = next(iter(source.head.splitlines()), "")
        if first.lstrip().startswith(("{", "[")):
            return False
        header = next(csv.reader([first], delimiter=_delimiter(first)), [])
        return not _missing(_fields(header, self._names)) or source.name.lower().endswith(
            (".csv", ".tsv")
        )

    def records(self, source: Source) -> Iterator[Record | Rejected]:
        """Raises ConfigurationError if the header lacks a required field."""
        lines = _Lines(source.text_lines())
        first = next(lines, "")
        declared = first.strip().removeprefix("sep=")  # the first line of some spreadsheets' files
        if len(declared) == 1 and first.startswith("sep="):
            first = next(lines, "")
        else:
            declared = _delimiter(first)
        lines.back(first)
        rows = csv.reader(lines, delimiter=declared, strict=True)
        header = next(rows, [])
        fields = _fields(header, self._names)
        if header and (missing := _missing(fields)):
            raise ConfigurationError(
                f"the header has no column for {', '.join(missing)}; name it with --column"
                f" {missing[0]}=HEADER, or call it one of {', '.join(self._names[missing[0]])}"
            )
        lines.take()
        while (row := _next(rows)) is not None:
            line, raw = lines.take()
            yield from self._read(row, header, fields, line=line, raw=raw)

    def _read(
        self,
        row: list[str] | csv.Error,
        header: Sequence[str],
        fields: Mapping[int, str],
        *,
        line: int,
        raw: bytes,
    ) -> Iterator[Record | Rejected]:
        if isinstance(row, csv.Error):
            yield Rejected(line, raw, f"not CSV: {row}; is a quotation mark left open?")
        elif len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            yield Rejected(
                line, raw, f"has {len(row)} columns, the header {len(header)}; quote the commas"
            )
        elif any(cell.strip() for cell in row):
            yield self._record(row, header, fields, line=line, raw=raw)

    def _record(
        self,
        row: Sequence[str],
        header: Sequence[str],
        fields: Mapping[int, str],
        *,
        line: int,
        raw: bytes,
    ) -> Record | Rejected:
        found: dict[str, object] = {"role": "user"}
        metadata: dict[str, object] = {}
        for place, cell in enumerate(row[: len(header)]):
            if not cell.strip():
                continue
            if place in fields:
                found[fields[place]] = cell if fields[place] == "content" else cell.strip()
            elif not self._ignore_unknown:
                metadata[header[place].strip()] = cell.strip()
        if "metadata" in found:
            try:
                given = json.loads(str(found["metadata"]))
            except ValueError as error:
                return Rejected(line, raw, f"metadata: not JSON: {error}")
            if not isinstance(given, dict):
                return Rejected(line, raw, "metadata: not a JSON object; write {…}")
            metadata |= given
        return Record(line, raw, found | {"metadata": metadata})


class _Lines(Iterator[str]):
    """Remembers the lines of a row, which may be several."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._pushed: list[str] = []
        self._row: list[str] = []
        self._read = 0

    def __next__(self) -> str:
        line = self._pushed.pop() if self._pushed else next(self._lines)
        self._read += 1
        self._row.append(line)
        return line

    def back(self, line: str) -> None:
        if line:
            self._pushed.append(line)
            self._row.pop()
            self._read -= 1

    def take(self) -> tuple[int, bytes]:
        """The number of the row's first line, and its text."""
        text = "".join(self._row).rstrip("\r\n")
        number = self._read - len(self._row) + 1
        self._row.clear()
        return number, text.encode(errors="surrogateescape")


def _next(rows: Iterator[list[str]]) -> list[str] | csv.Error | None:
    try:
        return next(rows, None)
    except csv.Error as error:
        return error


def _delimiter(header: str) -> str:
    try:
        return csv.Sniffer().sniff(header, delimiters=DELIMITERS).delimiter
    except csv.Error:  # one column only
        return ","


def _fields(header: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[int, str]:
    """The field that stands in each column; each field once, under its first known name."""
    columns: dict[str, int] = {}
    for place, cell in enumerate(header):
        columns.setdefault(_plain(cell), place)
    return {
        next(columns[name] for name in known if name in columns): field
        for field, known in names.items()
        if any(name in columns for name in known)
    }


def _plain(header: str) -> str:
    return header.strip().lower().replace(" ", "_").replace("-", "_")


def _missing(fields: Mapping[int, str]) -> list[str]:
    return [field for field in REQUIRED if field not in fields.values()]
