"""`longroom erase`: a message, a participant or a conversation, for good."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

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
    from longroom.client import ErasureReceipt
    from longroom.erasure.target import Place, Target

app = typer.Typer(
    no_args_is_help=True,
    help="Erase a message, a participant or a conversation, for good.",
    rich_markup_mode=None,
)

Id = Annotated[
    UUID | None,
    typer.Option("--conversation-id", metavar="UUID", help="Which conversation, by its id."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count what would be erased.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="The receipt as JSON.")]
ReceiptFile = Annotated[
    Path | None,
    typer.Option(
        "--receipt",
        metavar="FILE",
        callback=writable_file,
        help="Write the receipt there, as JSON.",
    ),
]
Scrub = Annotated[
    bool,
    typer.Option(
        "--scrub",
        help="Then write the tables anew, as `longroom erasures scrub` does: locks them meanwhile.",
    ),
]


@app.command()
def message(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],
    room: RoomName = None,
    conversation: ConversationKey = None,
    conversation_id: Id = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    receipt: ReceiptFile = None,
    scrub: Scrub = False,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Erase one message. Answers that repeat it are messages of their own."""
    from longroom.erasure.target import Target

    place = _place(conversation_id, room, conversation)
    _run(
        Target(_needed(place), message_id=message_id),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
        file=receipt,
        scrub=scrub,
        backend=backend,
        service_key=service_key,
        data_dir=data_dir,
    )


@app.command()
def participant(
    identity: Annotated[
        str, typer.Argument(metavar="IDENTITY", callback=known_name, help="As messages have it.")
    ],
    room: RoomName = None,
    conversation: ConversationKey = None,
    conversation_id: Id = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="In all conversations.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    receipt: ReceiptFile = None,
    scrub: Scrub = False,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Erase what a participant said up to now, in one conversation or in all of them."""
    from longroom.erasure.target import Target

    place = _place(conversation_id, room, conversation)
    if everywhere and place is not None:
        raise typer.BadParameter("give either --everywhere or a conversation")
    _run(
        Target(None if everywhere else _needed(place), participant=identity),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
        file=receipt,
        scrub=scrub,
        backend=backend,
        service_key=service_key,
        data_dir=data_dir,
    )


@app.command()
def conversation(
    room: RoomName = None,
    conversation: ConversationKey = None,
    conversation_id: Id = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    receipt: ReceiptFile = None,
    scrub: Scrub = False,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Erase a whole conversation. A room or key of its name gets another one."""
    from longroom.erasure.target import Target

    _run(
        Target(_needed(_place(conversation_id, room, conversation))),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
        file=receipt,
        scrub=scrub,
        backend=backend,
        service_key=service_key,
        data_dir=data_dir,
    )


def _place(conversation_id: UUID | None, room: str | None, key: str | None) -> "Place | None":
    from longroom.erasure.target import place_of

    return place_of(conversation_id, room, key)


def _needed(place: "Place | None") -> "Place":
    from longroom.errors import ConfigurationError

    if place is None:
        raise ConfigurationError(
            "whose conversation is it? name it with --room, --conversation or --conversation-id"
        )
    return place


def _run(
    target: "Target",
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    file: Path | None,
    scrub: bool,
    backend: str | None,
    service_key: str | None,
    data_dir: Path,
) -> None:
    from functools import partial

    from longroom.backend_session import with_backend
    from longroom.commands.erasures import scrub_tables
    from longroom.erasure.erasing import Erasing, NotWanted
    from longroom.erasure.receipts import told, write
    from longroom.errors import ConfigurationError

    if dry_run and scrub:
        raise ConfigurationError("--dry-run erases nothing, so leave out --scrub")
    if not (dry_run or yes or sys.stdin.isatty()):
        raise ConfigurationError("erasing cannot be undone; say --yes where nobody can be asked")
    agreed = partial(_agreed, target, yes=yes)
    job = Erasing(target, dry_run, agreed, on_rows=_show)
    try:
        receipt = with_backend(job.run, url=backend, service_key=service_key, data_dir=data_dir)
    except NotWanted:
        typer.echo("nothing was erased", err=True)
        raise typer.Exit(1) from None
    if file is not None:
        write(receipt, file)
    typer.echo(receipt.model_dump_json(indent=2) if as_json else told(receipt), nl=as_json)
    if scrub and not dry_run:
        scrub_tables(data_dir)


def _agreed(target: "Target", counted: "ErasureReceipt", *, yes: bool) -> bool:
    from longroom.erasure.receipts import told

    if yes:
        return True
    typer.echo(told(counted), err=True, nl=False)
    return typer.confirm(f"Erase {target}? This cannot be undone.", err=True)


def _show(receipt: "ErasureReceipt") -> None:
    if sys.stderr.isatty():
        typer.echo(f"{sum(receipt.rows.values()):,} rows so far …", err=True)
