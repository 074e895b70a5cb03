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
    host: Annotated[str, typer.Option(help="Address to serve with --http.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve with --http, 0 for a free one.")] = 8765,
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
    from longroom.mcp.run import Address, run
    from longroom.mcp.scope import Scope

    try:
        scope = Scope(
            keys=[*(conversation or []), *_listed(conversations)],
            rooms=[*(room or []), *_listed(rooms)],
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    with clear_errors(), running_backend(backend, data_dir=data_dir, say=_note) as url:
        run(
            url,
            service_key=service_key,
            scope=scope,
            time_zone=time_zone or "UTC",
            http=Address(host, port, SecretStr(key) if key else None) if http else None,
        )


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _note(text: str) -> None:
    sys.stderr.write(f"longroom: {text}\n")
