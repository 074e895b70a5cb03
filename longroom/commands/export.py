"""`longroom export`: a conversation, or a person, as JSONL that `longroom import` reads."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from longroom.options import (
    DEFAULT_DATA_DIR,
    BackendUrl,
    ConversationKey,
    DataDir,
    RoomName,
    ServiceKey,
    known_name,
    writable_file,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from longroom.transfer.file_export import FileExport
    from retrieval.wire import ExportEnd, ExportPart


def export(
    room: RoomName = None,
    conversation: ConversationKey = None,
    participant: Annotated[
        str | None,
        typer.Option(
            metavar="IDENTITY",
            callback=known_name,
            help="What all conversations have of this one; for an operator's key.",
        ),
    ] = None,
    include: Annotated[
        str | None,
        typer.Option(
            metavar="PARTS",
            help="Some of conversation,messages,edits,events,sessions; default: all."
            " With messages alone, each line is one.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=writable_file,
            help="A file, .gz to pack it; default: standard output.",
        ),
    ] = None,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Export a conversation, or what all conversations have of a person: JSON lines that
    `longroom import` reads, the messages in the order in which they arrived.
    """
    from longroom.backend_session import with_backend

    job = _job(room, conversation, participant, include, output)
    found = with_backend(job.run, url=backend, service_key=service_key, data_dir=data_dir)
    typer.echo(_summary(found, participant or str(job.source)), err=True)


def _job(
    room: str | None,
    conversation: str | None,
    participant: str | None,
    include: str | None,
    output: Path | None,
) -> "FileExport":
    from longroom.conversation_name import named
    from longroom.errors import ConfigurationError
    from longroom.transfer.file_export import FileExport

    if participant is None:
        return FileExport(named(room, conversation), _parts(include), output)
    if room is not None or conversation is not None or include is not None:
        raise ConfigurationError(
            "--participant exports from all conversations; leave out --room, --conversation and"
            " --include"
        )
    return FileExport(participant, _parts(None), output)


def _parts(include: str | None) -> "Sequence[ExportPart]":
    from typing import get_args

    from retrieval.wire import ExportPart

    known: tuple[ExportPart, ...] = get_args(ExportPart)
    if include is None:
        return known
    given = [part.strip() for part in include.split(",")]
    if not {*given} <= {*known}:
        raise typer.BadParameter(
            f"{include!r}: must be some of {','.join(known)}", param_hint="--include"
        )
    return [cast("ExportPart", part) for part in given]


def _summary(found: "ExportEnd", source: str) -> str:
    parts = [f"{found.messages:,} messages"]
    parts += [
        f"{count:,} {kind}"
        for kind, count in (("events", found.events), ("sessions", found.sessions))
        if count
    ]
    return f"{', '.join(parts)} exported from {source}"
