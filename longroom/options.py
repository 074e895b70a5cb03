"""Options of several commands."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

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


def _http_url(url: str | None) -> str | None:
    if url and not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no URL; write it as http://host:port")
    return url


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
        help="The backend's service key; better given in the environment.",
    ),
]
RoomName = Annotated[
    str | None, typer.Option("--room", metavar="NAME", help="Which room's conversation.")
]
ConversationKey = Annotated[
    str | None,
    typer.Option(
        "--conversation",
        metavar="KEY",
        help="Which conversation, by its key, instead of a room: a customer's, a ticket's.",
    ),
]
DEFAULT_DATA_DIR = Path(".longroom")
