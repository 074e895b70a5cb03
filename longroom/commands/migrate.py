"""`longroom migrate`: applies missing migrations."""

from typing import Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir


def migrate(
    status: Annotated[
        bool,
        typer.Option("--status", help="Only list what is missing; exit code 1 if something is."),
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Apply missing migrations.

    Works on DATABASE_URL or the embedded database.
    """
    import asyncio

    from longroom.database import apply_missing, database_url, missing
    from longroom.errors import clear_errors

    with clear_errors(), database_url(data_dir) as url:
        if not status:
            names = asyncio.run(apply_missing(url))
            _report("applied", names)
            return
        names = asyncio.run(missing(url))
    _report("missing", names)
    if names:
        raise typer.Exit(1)


def _report(what: str, names: list[str]) -> None:
    for name in names:
        typer.echo(f"{what} {name}")
    if not names:
        typer.echo("the schema is up to date")
