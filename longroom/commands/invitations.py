"""`longroom invitations`: links that let people into a room's page."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from longroom.options import RunningBackendUrl, ServiceKey, duration, known_name

if TYPE_CHECKING:
    from longroom.client import Invitation, LongroomClient

app = typer.Typer(
    no_args_is_help=True,
    help="Links that let people into a room's page, for a while.",
    rich_markup_mode=None,
)

Room = Annotated[
    str, typer.Option("--room", metavar="NAME", callback=known_name, help="Which room.")
]


@app.command()
def make(
    room: Room,
    backend: RunningBackendUrl,
    identity: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            callback=known_name,
            help="Whom it lets in, under this name alone; without it people choose their names.",
        ),
    ] = None,
    expires_in: Annotated[
        timedelta | None,
        typer.Option(
            "--expires-in",
            metavar="TIME",
            parser=duration,
            help="As 14d, 12h or 30m, at most 90d; without it 7d.",
        ),
    ] = None,
    service_key: ServiceKey = None,
) -> None:
    """Make an invitation and print its link, this once. Creates the room if there is none.

    Whoever has the link reads the room's conversation, types and speaks there. It ends with its
    time, when it is revoked, and with the key that made it.
    """
    from longroom.backend_session import with_running_backend

    expires_in_s = _seconds(expires_in)
    made = with_running_backend(
        lambda client: client.invite(room, identity=identity, expires_in_s=expires_in_s),
        url=backend,
        service_key=service_key,
    )
    typer.echo(made.link)
    ends = made.expires_at.isoformat(timespec="seconds")
    typer.echo(
        f"invitation {made.invitation_id}, until {ends}; keep the link now, it is not shown again",
        err=True,
    )


@app.command("list")
def list_invitations(
    room: Room,
    backend: RunningBackendUrl,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
    service_key: ServiceKey = None,
) -> None:
    """List valid invitations, newest first: id, since when and until when, for whom. No links."""
    import json

    from longroom.backend_session import with_running_backend

    found = with_running_backend(
        lambda client: client.invitations(room), url=backend, service_key=service_key
    )
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    for one in found:
        typer.echo(_line(one))
    typer.echo(f"{len(found)} invitations", err=True)


@app.command()
def revoke(
    invitation_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    room: Room,
    backend: RunningBackendUrl,
    service_key: ServiceKey = None,
) -> None:
    """Let nobody else in by an invitation, and end the sessions of who came by it.

    Who is in the room stays until the LiveKit connection ends. Exit code 1 if there is none.
    """
    from functools import partial

    from longroom.backend_session import with_running_backend

    work = partial(_revoke, room=room, invitation_id=invitation_id)
    with_running_backend(work, url=backend, service_key=service_key)
    typer.echo(f"revoked {invitation_id}")


async def _revoke(client: "LongroomClient", *, room: str, invitation_id: str) -> None:
    from http import HTTPStatus

    from longroom.client import BackendRejected
    from longroom.errors import CommandFailed

    try:
        await client.revoke_invitation(room, invitation_id)
    except BackendRejected as refusal:
        if refusal.status != HTTPStatus.NOT_FOUND:
            raise
        raise CommandFailed(
            f"no valid invitation into the room {room!r} has the id {invitation_id!r}"
        ) from None


def _seconds(expires_in: timedelta | None) -> int:
    from retrieval.wire import DEFAULT_INVITATION_S, MAX_INVITATION_S

    if expires_in is None:
        return DEFAULT_INVITATION_S
    seconds = int(expires_in.total_seconds())
    if seconds > MAX_INVITATION_S:
        longest = timedelta(seconds=MAX_INVITATION_S).days
        raise typer.BadParameter(
            f"an invitation lasts at most {longest}d", param_hint="--expires-in"
        )
    return seconds


def _line(invitation: "Invitation") -> str:
    since = invitation.created_at.isoformat(timespec="seconds")
    until = invitation.expires_at.isoformat(timespec="seconds")
    return "  ".join((invitation.invitation_id, since, until, invitation.identity or "-"))
