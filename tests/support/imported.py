"""What an import makes of a file of any format."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from longroom.transfer.batches import read_batches
from longroom.transfer.formats.known import FormatOptions, format_of
from longroom.transfer.lines import LineReader
from longroom.transfer.reading.local_times import LocalTimes
from longroom.transfer.source import ImportSource, Source, open_source
from retrieval.wire import MessageCreate


@dataclass
class Imported:
    format: str
    messages: list[MessageCreate] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    """Where, and why."""

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(message.participant, message.content) for message in self.messages]

    @property
    def times(self) -> list[str]:
        return [message.created_at.isoformat() for message in self.messages]


def imported(
    text: str | bytes, *, name: str = "", time_zone: str | None = None, **options: Any
) -> Imported:
    content = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    file = io.BytesIO(content)
    source = ImportSource(file, raw=file, size=None, name=name)
    return imported_from(source, time_zone=time_zone, **options)


def imported_files(folder: Path, files: Mapping[str, str], **options: Any) -> Imported:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with open_source(folder) as source:
        return imported_from(source, **options)


def imported_from(
    source: Source,
    *,
    time_zone: str | None = None,
    assistants: tuple[str, ...] = (),
    ignore_unknown: bool = False,
    after: int = 0,
    format_name: str | None = None,
    day_first: bool | None = None,
    columns: Mapping[str, str] | None = None,
) -> Imported:
    options = FormatOptions(
        format_name, day_first=day_first, columns=columns or {}, ignore_unknown=ignore_unknown
    )
    file_format = format_of(source, options)
    reader = LineReader(
        ignore_unknown=ignore_unknown,
        assistants=frozenset(assistants),
        times=LocalTimes(ZoneInfo(time_zone) if time_zone else None),
    )
    found = Imported(file_format.name)
    for batch in read_batches(source, file_format=file_format, reader=reader, after=after):
        found.messages += [line.message for line in batch.messages]
        found.rejected += [f"{each.where}: {each.reason}" for each in batch.rejected]
    return found
