"""Options of several commands. What cannot be is refused before anything starts."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

MAX_SHOWN = 40
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def known_time_zone(name: str | None) -> str | None:
    from zoneinfo import ZoneInfo

    try:
        return name and ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise typer.BadParameter(
            f"{name!r} is not an IANA time zone such as Europe/Berlin"
        ) from error


def duration(text: str) -> timedelta:
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdecimal() and unit in UNITS and 0 < int(number) < 10**6):
        raise typer.BadParameter(f"{text!r} is no time; write it as 90d, 12h or 30m")
    return timedelta(**{UNITS[unit]: int(number)})


def known_name(text: str | None) -> str | None:
    """Of a room, a key's conversation or a person: what backends take."""
    if text is None:
        return None
    from pydantic import TypeAdapter, ValidationError

    from retrieval.wire import Name

    try:
        return TypeAdapter[str](Name).validate_python(text)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        reason = said.replace("String should", "must")
        raise typer.BadParameter(f"{text[:MAX_SHOWN]!r}: {reason}") from error


def writable_file(path: Path | None) -> Path | None:
    """Before the work, whose outcome would be lost."""
    if path is None:
        return None
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; name a file")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}; make it, or name another")
    if not (os.access(path, os.W_OK) if path.exists() else _can_be_made(path)):
        raise typer.BadParameter(f"{path} cannot be written; make it writable, or name another")
    return path


def _can_be_made(path: Path) -> bool:
    """By trying: root is told of every folder that it may write there."""
    try:
        path.touch(exist_ok=False)
        path.unlink()
    except OSError:
        return False
    return True


def _http_url(url: str | None) -> str | None:
    if not url:
        return url
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # the port is no number, or beyond 65535
        usable = False
    if not usable:
        raise typer.BadParameter(f"{url!r} is no URL; write it as http://host:port")
    return url


def _sendable(key: str | None) -> str | None:
    if not key:
        return key
    from longroom.client.keys import is_sendable

    if not is_sendable(key):
        raise typer.BadParameter("the key has characters that no request can carry; copy it anew")
    return key


DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        envvar="LONGROOM_DATA_DIR",
        help="Folder of the embedded database, the outboxes and the logs.",
    ),
]
BackendUrl = Annotated[
    str | None,
    typer.Option(
        "--backend",
        envvar="BACKEND_URL",
        metavar="URL",
        callback=_http_url,
        help="A running backend; without it one is started for this command.",
    ),
]
RunningBackendUrl = Annotated[
    str,
    typer.Option(
        "--backend",
        envvar="BACKEND_URL",
        metavar="URL",
        callback=_http_url,
        help="The running backend, at the address that browsers reach it by.",
    ),
]
ServiceKey = Annotated[
    str | None,
    typer.Option(
        "--service-key",
        envvar="BACKEND_SERVICE_KEY",
        metavar="KEY",
        callback=_sendable,
        help="The backend's service key; better given in the environment.",
    ),
]
RoomName = Annotated[
    str | None,
    typer.Option("--room", metavar="NAME", callback=known_name, help="Which room's conversation."),
]
ConversationKey = Annotated[
    str | None,
    typer.Option(
        "--conversation",
        metavar="KEY",
        callback=known_name,
        help="Which conversation, by its key, instead of a room: a customer's, a ticket's.",
    ),
]
RoomToRead = Annotated[
    str, typer.Argument(metavar="ROOM", callback=known_name, help="The room's name.")
]
AsJson = Annotated[bool, typer.Option("--json", help="The same as JSON.")]
DEFAULT_DATA_DIR = Path(".longroom")
