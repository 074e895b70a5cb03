"""Imports a file: opens the room, the file, its position and a progress bar."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from agent.backend_client import BackendClient
from longroom.progress import ProgressBars
from longroom.transfer.importer import Importer
from longroom.transfer.position import PositionFile
from longroom.transfer.rejects import RejectsReport
from longroom.transfer.run import Totals, run_import
from longroom.transfer.source import STANDARD_INPUT, open_source


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
        """Raises CommandError and BackendError."""
        with open_source(self.file) as source:
            room = await client.create_room(self.room, language=self.language)
            position_file = PositionFile(
                self.positions, source=self.file, conversation_id=room.conversation_id
            )
            resumed = position_file.load().last_line > 0
            with (
                closing(RejectsReport(self._rejects_path(), resumed=resumed)) as rejects,
                _bars().file("import", source.size) as show,
            ):
                return await run_import(
                    source,
                    Importer(client, room.conversation_id),
                    position_file=position_file,
                    rejects=rejects,
                    ignore_unknown=self.ignore_unknown,
                    on_batch=lambda totals, taken: show(taken, totals.stored + totals.duplicates),
                )

    def _rejects_path(self) -> Path | None:
        if self.rejects or self.file == STANDARD_INPUT:
            return self.rejects
        return self.file.with_name(self.file.name + ".rejected.jsonl")


def _bars() -> ProgressBars:
    console = Console(stderr=True)
    return ProgressBars(console if console.is_terminal else None, transient=False)
