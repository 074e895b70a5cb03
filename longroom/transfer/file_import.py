"""Imports a file: opens the room, the file, its position and a progress bar."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from agent.backend_client import BackendClient
from longroom.transfer.importer import Importer
from longroom.transfer.position import PositionFile
from longroom.transfer.rejects import RejectsReport
from longroom.transfer.run import Totals, run_import
from longroom.transfer.source import STANDARD_INPUT, ImportSource, open_source


@dataclass(frozen=True)
class FileImport:
    """`rejects` None: beside the file, and for standard input on stderr only."""

    file: Path
    room: str
    rejects: Path | None
    ignore_unknown: bool
    positions: Path
    """Folder of the positions of interrupted imports."""
    language: str | None = None
    """Of the room, if the import creates it."""

    async def run(self, client: BackendClient) -> Totals:
        """Import what is not imported yet. Raises CommandError and BackendError."""
        with open_source(self.file) as source:
            room = await client.create_room(self.room, language=self.language)
            position_file = PositionFile(
                self.positions, source=self.file, conversation_id=room.conversation_id
            )
            resumed = position_file.load().last_line > 0
            with (
                closing(RejectsReport(self._rejects_path(), resumed=resumed)) as rejects,
                _progress() as progress,
            ):
                return await run_import(
                    source,
                    Importer(client, room.conversation_id),
                    position_file=position_file,
                    rejects=rejects,
                    ignore_unknown=self.ignore_unknown,
                    on_batch=_bar(progress, source),
                )

    def _rejects_path(self) -> Path | None:
        if self.rejects or self.file == STANDARD_INPUT:
            return self.rejects
        return self.file.with_name(self.file.name + ".rejected.jsonl")


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[messages]:,} messages"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _bar(progress: Progress, source: ImportSource) -> Callable[[Totals, int], None]:
    task = progress.add_task("import", total=source.size, messages=0, rate=0.0)

    def advance(totals: Totals, taken: int) -> None:
        messages = totals.stored + totals.duplicates
        elapsed_s = progress.tasks[0].elapsed or 0.0
        rate = messages / elapsed_s if elapsed_s else 0.0
        progress.update(task, completed=taken, messages=messages, rate=rate)

    return advance
