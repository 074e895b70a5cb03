"""`longroom mcp`: some conversations for an MCP host."""

import sys
from typing import Annotated

import typer

from longroom.options import (
    DEFAULT_DATA_DIR,
    BackendUrl,
    DataDir,
    ServiceKey,
    known_time_zone,
)

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765


def mcp(
    conversation: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="A conversation, by its key; repeatable."),
    ] = None,
    conversations: Annotated[
        str,
        typer.Option(
            envvar="LONGROOM_MCP_CONVERSATIONS", metavar="KEYS", help="Several, between commas."
        ),
    ] = "",
    room: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="The conversation of a room; repeatable."),
    ] = None,
    rooms: Annotated[
        str,
        typer.Option(envvar="LONGROOM_MCP_ROOMS", metavar="NAMES", help="Several, between commas."),
    ] = "",
    http: Annotated[
        bool, typer.Option("--http", help="Streamable HTTP instead of standard input and output.")
    ] = False,
    host: Annotated[
        str | None, typer.Option(help=f"Address to serve with --http; default: {DEFAULT_HOST}.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help=f"Port to serve with --http, 0 for a free one; default: {DEFAULT_PORT}.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="LONGROOM_MCP_KEY",
            metavar="KEY",
            help="What hosts must send with --http; better given in the environment.",
        ),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            callback=known_time_zone, help="Of days that the model names, and of dates it is shown."
        ),
    ] = None,
    backend: BackendUrl = None,
    service_key: ServiceKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Serve conversations to an MCP host: search, recent messages, append.

    Only those that are named here: anything else is refused. Recalled messages are quoted, dated
    and attributed. It ends with its input, or with a signal.
    """
    from pydantic import SecretStr

    from longroom.backend_process import running_backend
    from longroom.errors import ConfigurationError, clear_errors
    from longroom.mcp.http import check_key
    from longroom.mcp.run import Address, run
    from longroom.mcp.scope import Scope

    if not http and not (host is None and port is None):
        raise ConfigurationError("--host and --port are for --http: add it, or leave them out")
    try:
        scope = Scope(
            keys=[*(conversation or []), *_listed(conversations)],
            rooms=[*(room or []), *_listed(rooms)],
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    address = Address(
        host or DEFAULT_HOST,
        DEFAULT_PORT if port is None else port,
        SecretStr(key) if key else None,
    )
    if http:
        check_key(address.host, address.key)
    with clear_errors(), running_backend(backend, data_dir=data_dir, say=_note) as url:
        run(
            url,
            service_key=service_key,
            scope=scope,
            time_zone=time_zone or "UTC",
            http=address if http else None,
        )


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _note(text: str) -> None:
    sys.stderr.write(f"longroom: {text}\n")
