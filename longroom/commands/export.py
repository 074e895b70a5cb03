"""`longroom export`: a conversation as JSONL that `longroom import` reads."""

from pathlib import Path
from typing import Annotated

import typer

from longroom.options import (
    DEFAULT_DATA_DIR,
    BackendUrl,
    ConversationKey,
    DataDir,
    RoomName,
    ServiceKey,
)


def export(
    room: RoomName = None,
    conversation: ConversationKey = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file, .gz to pack it; default: standard output."),
    ] = None,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Export a conversation: one message a line, oldest first."""
    from longroom.backend_session import with_backend
    from longroom.conversation_name import named
    from longroom.transfer.file_export import FileExport

    name = named(room, conversation)
    job = FileExport(name, output)
    count = with_backend(job.run, url=backend, service_key=service_key, data_dir=data_dir)
    typer.echo(f"{count:,} messages exported from {name}", err=True)
