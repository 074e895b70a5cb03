"""`longroom backend`: the search API, on DATABASE_URL or the embedded database."""

from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from retrieval.settings import Logins


def backend(
    host: Annotated[str | None, typer.Option(help="Address to serve (BACKEND_HOST).")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Port to serve, 0 for a free one (BACKEND_PORT)."),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Apply migrations at start (BACKEND_MIGRATE).")
    ] = False,
    no_embedding_worker: Annotated[
        bool, typer.Option("--no-embedding-worker", help="Leave embedding to other processes.")
    ] = False,
    exit_with_parent: Annotated[
        bool, typer.Option("--exit-with-parent", help="End when standard input is closed.")
    ] = False,
    tell_steps: Annotated[
        bool, typer.Option("--tell-steps", hidden=True, help="For the program that starts it.")
    ] = False,
) -> None:
    """Serve the backend search API until Ctrl-C.

    Settings come from BACKEND_*, DATABASE_*, EMBEDDING_* and LIVEKIT_*. Without DATABASE_URL it
    starts the embedded database and keeps it running.
    """
    options = {
        "host": host,
        "port": port,
        "migrate": migrate or None,
        "embedding_worker": False if no_embedding_worker else None,
    }
    given = {name: value for name, value in options.items() if value is not None}
    _serve(given, data_dir, exit_with_parent=exit_with_parent, tell_steps=tell_steps)


def _serve(
    given: dict[str, Any], data_dir: "Path", *, exit_with_parent: bool, tell_steps: bool
) -> None:
    from functools import partial

    from backend_stub.errors import BackendStartError
    from backend_stub.logs import configure_logs
    from backend_stub.serving import run
    from backend_stub.settings import BackendSettings
    from longroom.errors import ConfigurationError, clear_errors

    configure_logs()
    try:
        with clear_errors():
            settings = BackendSettings(**given)
            embedded = partial(_embedded, data_dir, tell_steps=tell_steps)
            database = embedded if settings.database.url is None else None
            run(settings, database=database, exit_with_parent=exit_with_parent)
    except BackendStartError as error:
        raise ConfigurationError(str(error)) from error


@asynccontextmanager
async def _embedded(data_dir: "Path", *, tell_steps: bool) -> "AsyncIterator[Logins]":
    from longroom.backend_process import STEP
    from longroom.database import embedded_database
    from longroom.embedded_postgres.start_steps import start_steps

    def tell(step: str) -> None:
        typer.echo(STEP + step)

    with nullcontext(tell) if tell_steps else start_steps() as step:
        async with embedded_database(data_dir, step=step) as logins:
            step("loading the embedding model")
            yield logins
