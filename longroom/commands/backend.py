"""`longroom backend`: the backend search API."""

from pathlib import Path
from typing import Annotated

import typer


def backend(
    host: Annotated[str | None, typer.Option(help="Address to serve (BACKEND_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to serve, 0 for a free one (BACKEND_PORT).")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the embedded database (LONGROOM_DATA_DIR).")
    ] = None,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Apply migrations at start (BACKEND_MIGRATE).")
    ] = False,
    no_embedding_worker: Annotated[
        bool, typer.Option("--no-embedding-worker", help="Leave embedding to other processes.")
    ] = False,
) -> None:
    """Serve the backend search API until Ctrl-C.

    Settings come from BACKEND_*, DATABASE_*, EMBEDDING_* and LIVEKIT_*.
    """
    from backend_stub.__main__ import main

    options = {"--host": host, "--port": port, "--data-dir": data_dir}
    arguments = [f"{name}={value}" for name, value in options.items() if value is not None]
    arguments += ["--migrate"] * migrate + ["--no-embedding-worker"] * no_embedding_worker
    raise typer.Exit(main(arguments))
