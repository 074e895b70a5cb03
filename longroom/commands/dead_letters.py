"""`longroom dead-letters`: what the backend refused for good, shown and sent again."""

from typing import TYPE_CHECKING, Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, BackendUrl, DataDir, ServiceKey

if TYPE_CHECKING:
    from longroom.dead_letters.collection import FoundLetter

app = typer.Typer(
    no_args_is_help=True,
    help="Entries of the outboxes that the backend refused for good.",
    rich_markup_mode=None,
)

COLUMNS = ("key", "set_aside_at", "kind", "id", "reason")
Keys = Annotated[list[str] | None, typer.Argument(metavar="KEY...", help="As `list` shows them.")]


@app.command("list")
def list_letters(
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List dead letters: key, when it was set aside, kind, id, and why. No texts."""
    import json

    from longroom.dead_letters.collection import find_letters
    from longroom.errors import clear_errors

    with clear_errors():
        letters = find_letters(data_dir, unreadable=_say)
    if as_json:
        typer.echo(json.dumps([_told(found) for found in letters], indent=2))
        return
    for found in letters:
        told = _told(found)
        typer.echo(
            "  ".join(told[name] for name in ("key", "set_aside_at", "kind", "id", "reason"))
        )
    typer.echo(f"{len(letters)} dead letters in {data_dir}", err=True)


@app.command()
def show(
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="As `list` shows them.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show dead letters whole, with their texts, as JSON lines."""
    import json

    from longroom.dead_letters.collection import chosen, find_letters
    from longroom.errors import clear_errors

    with clear_errors():
        for found in chosen(find_letters(data_dir, unreadable=_say), keys):
            body = found.letter.entry.body
            content = json.loads(body) if body else None
            typer.echo(json.dumps(_told(found) | {"content": content}, ensure_ascii=False))


@app.command()
def resend(
    keys: Keys = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    with_new_ids: Annotated[
        bool,
        typer.Option("--new-ids", help="Under other ids, if theirs are taken by other content."),
    ] = False,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Send dead letters again; those that the backend takes are removed.

    They come after what was stored meanwhile, with the times at which they were said. Exit code 1
    when one was refused again.
    """
    from functools import partial

    from longroom.backend_session import with_backend
    from longroom.dead_letters.collection import chosen, find_letters
    from longroom.dead_letters.resend import resend as send
    from longroom.errors import clear_errors
    from longroom.terminal_text import plain

    if bool(keys) == everything:
        raise typer.BadParameter("name the keys of dead letters, or write --all")
    with clear_errors():
        letters = find_letters(data_dir, unreadable=_say)
        letters = letters if everything else list(chosen(letters, keys or []))
    if not letters:
        typer.echo("no dead letters", err=True)
        return
    work = partial(send, letters=letters, with_new_ids=with_new_ids)
    resent = with_backend(work, url=backend, service_key=service_key, data_dir=data_dir)
    for found, reason in resent.kept:
        typer.echo(f"{found.key}  kept: {plain(reason)}")
    erased = f", {len(resent.erased)} erased and gone" if resent.erased else ""
    typer.echo(f"{len(resent.sent)} resent, {len(resent.kept)} kept{erased}", err=True)
    if resent.kept:
        raise typer.Exit(1)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _told(found: "FoundLetter") -> dict[str, str]:
    letter = found.letter
    return {
        "key": found.key,
        "conversation_id": str(found.conversation_id),
        "kind": letter.entry.stream,
        "id": letter.entry.id,
        "accepted_at": letter.entry.accepted_at,
        "set_aside_at": letter.set_aside_at,
        "reason": letter.reason,
    }
