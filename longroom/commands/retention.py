"""`longroom retention`: removes what BACKEND_RETENTION lets go, or tells what that is."""

from collections.abc import Mapping
from typing import Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir

KINDS = ("messages", "events", "sessions", "traces")


def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would go, by room or key and kind.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Remove what is older than BACKEND_RETENTION keeps it, as a backend does by itself.

    Works on DATABASE_URL or the embedded database, also while agents and backends run.
    """
    from functools import partial

    from longroom.database import on_database
    from longroom.errors import CommandFailed, ConfigurationError, clear_errors
    from retrieval.changes.retention.due import preview
    from retrieval.changes.retention.maintenance import apply_once
    from retrieval.changes.retention.settings import RetentionSettings

    with clear_errors():
        rules = RetentionSettings().retention
        if not rules:
            raise ConfigurationError("BACKEND_RETENTION is not set: everything is kept for ever")
        if dry_run:
            for name, counts in on_database(partial(preview, rules=rules), data_dir=data_dir):
                typer.echo(f"{name}: {_told(counts)}")
            return
        removed = on_database(partial(apply_once, rules=rules), data_dir=data_dir)
    if removed is None:
        raise CommandFailed("a backend is at it just now; try again later")
    typer.echo(f"removed {_told(removed)}")


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts.get(kind)) or "nothing"
