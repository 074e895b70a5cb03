"""Imports a file: opens the conversations, the file, its position and a progress bar."""

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from longroom.client import LongroomClient
from longroom.conversation_name import ConversationName
from longroom.errors import ConfigurationError
from longroom.progress import ProgressBars
from longroom.transfer.formats.csv_table import CsvTable
from longroom.transfer.formats.format import Format
from longroom.transfer.formats.known import FormatOptions, format_of
from longroom.transfer.formats.whatsapp import WhatsApp
from longroom.transfer.importer import Importer
from longroom.transfer.lines import LineReader
from longroom.transfer.position import PositionFile
from longroom.transfer.reading.derived_ids import DerivedIds
from longroom.transfer.reading.local_times import LocalTimes
from longroom.transfer.reading.stored_messages import ids_by_line
from longroom.transfer.records import first_header
from longroom.transfer.rejects import RejectsReport
from longroom.transfer.run import Totals, run_import
from longroom.transfer.source import STANDARD_INPUT, Source, open_source
from longroom.transfer.target import ImportTargets, needed
from retrieval.wire import ExportedConversation, MessageId

_CUT_OFF = (
    "longroom: the export has no end: it was cut off, and what came before is imported;"
    " import the whole file to add the rest\n"
)


@dataclass(frozen=True)
class FileImport:
    """`rejects` None: beside the file, and for standard input on stderr only."""

    file: Path
    name: ConversationName | None
    """None: the file names its conversations."""
    rejects: Path | None
    positions: Path
    """Folder of the positions of interrupted imports."""
    format: FormatOptions = field(default_factory=FormatOptions)
    assistants: frozenset[str] = frozenset()
    time_zone: str | None = None
    """Of times that have none."""
    language: str | None = None
    """Of the conversation, if the import creates it."""

    @contextmanager
    def opened(self) -> Iterator[Callable[[LongroomClient], Awaitable[Totals]]]:
        """The import of the opened file, which raises CommandError and BackendError.

        What is wrong with the file or the options is raised here, as ConfigurationError: before
        there is a backend.
        """
        with open_source(self.file) as source:
            file_format = format_of(source, self.format)
            self._check_options(file_format)
            header = first_header(source)
            if header is None:
                needed(self.name)
            yield partial(self._run, source=source, file_format=file_format, header=header)

    async def _run(
        self,
        client: LongroomClient,
        *,
        source: Source,
        file_format: Format,
        header: ExportedConversation | None,
    ) -> Totals:
        targets = ImportTargets(client, self.name, language=self.language)
        target = await targets.open(header)
        position_file = PositionFile(
            self.positions,
            source=self.file,
            conversation_id=target.conversation_id,
            read_as=f"{file_format.name} {self.time_zone} {sorted(self.assistants)}",
        )

        async def importer_of(header: ExportedConversation | None) -> Importer:
            opened = await targets.open(header)
            origin = None if header is None else header.conversation_id
            return Importer(client, opened.conversation_id, origin=origin)

        resumed = position_file.load().last_line > 0
        stored_as: dict[str, MessageId] = {}
        if header is None and not target.created:
            stored_as = await ids_by_line(client, target.conversation_id)
        reader = self._reader(stored_as)
        with (
            closing(RejectsReport(self._rejects_path(), resumed=resumed)) as rejects,
            _bars().file("import", source.size) as show,
        ):
            totals = await run_import(
                source,
                importer_of,
                file_format=file_format,
                reader=reader,
                position_file=position_file,
                rejects=rejects,
                on_batch=lambda totals, taken: show(taken, totals.stored + totals.duplicates),
            )
        totals.conversations = targets.count
        if totals.cut_off:
            sys.stderr.write(_CUT_OFF)
        for name in sorted(self.assistants - reader.met):
            sys.stderr.write(f"longroom: --assistant {name}: nobody in the file has this name\n")
        return totals

    def _check_options(self, file_format: Format) -> None:
        for given, option, only in (
            (self.format.columns, "--column", CsvTable.name),
            (self.format.day_first is not None, "--day-first and --month-first", WhatsApp.name),
        ):
            if given and file_format.name != only:
                raise ConfigurationError(
                    f"{option} is for {only} files, and {self.file} is read as {file_format.name};"
                    " leave it out, or name the other format with --format"
                )
        if file_format.has_local_times and self.time_zone is None:
            raise ConfigurationError(
                f"the times of {file_format.name} files have no zone; tell whose clock they are by"
                " with --time-zone, such as Europe/Berlin"
            )

    def _reader(self, stored_as: dict[str, MessageId]) -> LineReader:
        return LineReader(
            ignore_unknown=self.format.ignore_unknown,
            assistants=self.assistants,
            times=LocalTimes(ZoneInfo(self.time_zone) if self.time_zone else None),
            ids=DerivedIds(stored_as),
        )

    def _rejects_path(self) -> Path | None:
        if self.rejects or self.file == STANDARD_INPUT:
            return self.rejects
        return self.file.with_name(self.file.name + ".rejected.jsonl")


def _bars() -> ProgressBars:
    console = Console(stderr=True)
    return ProgressBars(console if console.is_terminal else None, transient=False)
