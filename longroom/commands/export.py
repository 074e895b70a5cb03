"""`longroom export`: a room's conversation as JSONL that `longroom import` reads."""

from pathlib import Path
from typing import Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, BackendUrl, DataDir, ServiceKey


def export(
    room: Annotated[str, typer.Option("--room", metavar="NAME", help="Which room.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file, .gz to pack it; default: standard output."),
    ] = None,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Export a room: one message a line, oldest first."""
    from longroom.backend_session import with_backend
    from longroom.transfer.file_export import FileExport

    job = FileExport(room, output)
    count = with_backend(job.run, url=backend, service_key=service_key, data_dir=data_dir)
    typer.echo(f"{count:,} messages exported from room {room!r}", err=True)
