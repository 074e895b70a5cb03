"""`longroom import`: a conversation from a file into that of a room or a key."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longroom.options import (
    DEFAULT_DATA_DIR,
    BackendUrl,
    ConversationKey,
    DataDir,
    RoomName,
    ServiceKey,
    known_time_zone,
    writable_file,
)

if TYPE_CHECKING:
    from longroom.conversation_name import ConversationName
    from longroom.transfer.run import Totals


def _known_language(name: str | None) -> str | None:
    from retrieval.wire import LANGUAGES, text_search_language

    if name is not None and text_search_language(name) is None:
        raise typer.BadParameter(
            f"{name!r} is not known; choose one of {', '.join(LANGUAGES)} or a tag such as de-AT"
        )
    return name


def _columns(given: list[str] | None) -> dict[str, str]:
    from longroom.transfer.formats.csv_table import NAMES

    columns: dict[str, str] = {}
    for each in given or []:
        field, _, header = each.partition("=")
        if field not in NAMES or not header.strip():
            raise typer.BadParameter(
                f"{each!r}: write FIELD=HEADER; the fields are {', '.join(NAMES)}",
                param_hint="--column",
            )
        columns[field] = header
    return columns


class FormatName(StrEnum):
    auto = "auto"
    jsonl = "jsonl"
    csv = "csv"
    whatsapp = "whatsapp"
    slack = "slack"
    tickets = "tickets"


def import_messages(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSONL, CSV, a chat or an export; also .gz or .zip; - is standard input.",
        ),
    ],
    room: RoomName = None,
    conversation: ConversationKey = None,
    file_format: Annotated[
        FormatName, typer.Option("--format", help="Of the file; auto: as it looks.")
    ] = FormatName.auto,
    assistant: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A participant who is the assistant; repeatable."),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            callback=known_time_zone,
            help="Of times without one, such as Europe/Berlin.",
        ),
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="How a WhatsApp chat writes dates; default: as the chat itself tells.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=HEADER",
            help="Which column of a CSV file has a field, if by another name; repeatable.",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            callback=_known_language,
            help="Of the messages, if the conversation is new: a name (german) or a tag (de).",
        ),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            callback=writable_file, help="Where rejected lines go; default: FILE.rejected.jsonl."
        ),
    ] = None,
    ignore_unknown: Annotated[
        bool, typer.Option("--ignore-unknown", help="Leave out fields that no message has.")
    ] = False,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Import a conversation: an export, JSONL, CSV, a WhatsApp chat, a Slack export, or tickets.

    An export names its conversations itself; --room or --conversation names another one.

    JSONL has one message a line: {"id"?, "participant", "role", "created_at", "content",
    "reply_to"?, "metadata"?}. docs/importing.md shows the other formats.
    Lines that are not a message are reported and written to a file; the rest is imported in the
    order of the file. Called again, an interrupted import continues where it stopped. Importing a
    file twice changes nothing. Exit code 1 when a line was rejected.
    """
    from longroom.backend_session import with_backend
    from longroom.conversation_name import named
    from longroom.transfer.file_import import FileImport
    from longroom.transfer.formats.known import FormatOptions

    given = room is not None or conversation is not None
    name = named(room, conversation) if given else None
    job = FileImport(
        file,
        name,
        rejects,
        positions=data_dir / "imports",
        format=FormatOptions(
            None if file_format is FormatName.auto else file_format.value,
            day_first=day_first,
            columns=_columns(column),
            ignore_unknown=ignore_unknown,
        ),
        assistants=frozenset(name.strip().lower() for name in assistant or []),
        time_zone=time_zone,
        language=language,
    )
    with job.opened() as work:
        totals = with_backend(work, url=backend, service_key=service_key, data_dir=data_dir)
    sys.stdout.write(_summary(totals, name=name))
    if totals.rejected or totals.cut_off:
        raise typer.Exit(1)


def _summary(totals: "Totals", *, name: "ConversationName | None") -> str:
    where = (
        name or f"{totals.conversations:,} conversation{'s' if totals.conversations > 1 else ''}"
    )
    rate = (totals.stored + totals.duplicates) / max(totals.took_s, 1e-9)
    took = f"{totals.took_s:,.1f} s ({rate:,.0f}/s)"
    parts = [f"{totals.stored:,} messages stored in {where} in {took}"]
    if totals.skipped_lines:
        parts.append(f"the first {totals.skipped_lines:,} lines were done by an earlier import")
    if totals.duplicates:
        parts.append(f"{totals.duplicates:,} were already there")
    if totals.events or totals.sessions:
        parts.append(f"{totals.events:,} events and {totals.sessions:,} sessions recorded")
    if totals.erased:
        parts.append(f"{totals.erased:,} were erased and stay so")
    return "; ".join(parts) + "\n" + _rejected(totals)


def _rejected(totals: "Totals") -> str:
    from longroom.transfer.rejects import told

    if not totals.rejected:
        return ""
    return told(totals.rejected, totals.reasons, path=totals.rejected_to)
