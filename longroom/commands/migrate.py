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
    """Apply missing migrations, and index anew the rooms of an older text layer.

    Works on DATABASE_URL or the embedded database, also while agents and backends run.
    """
    import asyncio

    from rich.console import Console

    from longroom.database import apply_missing, database_logins, index_anew, missing
    from longroom.embedded_postgres.start_steps import start_steps
    from longroom.errors import clear_errors
    from longroom.progress import ProgressBars

    with clear_errors(), database_logins(data_dir) as logins:
        if not status:
            with start_steps() as step:
                step("applying migrations")
                applied = asyncio.run(apply_missing(logins))
            _report("applied", applied)
            rooms = asyncio.run(index_anew(logins, ProgressBars(Console(stderr=True))))
            if rooms:
                typer.echo(f"indexed {rooms} room{'s' if rooms > 1 else ''} anew")
            return
        names = asyncio.run(missing(logins))
    _report("missing", names)
    if names:
        raise typer.Exit(1)


def _report(what: str, names: list[str]) -> None:
    for name in names:
        typer.echo(f"{what} {name}")
    if not names:
        typer.echo("the schema is up to date")
