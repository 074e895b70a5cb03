"""The command that embeds everything still pending, or moves to another embedding model."""

from pathlib import Path
from typing import Annotated

import typer


def backfill(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be embedded.")
    ] = False,
    batch_size: Annotated[
        int, typer.Option(min=1, max=4096, help="Passages embedded at once.")
    ] = 64,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Embedders at work here, each with its own memory.")
    ] = 1,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Also what was given up before.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Move to this model while the database serves: fill, compare, switch over.",
        ),
    ] = None,
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="With --model: do not delete the old embeddings.")
    ] = False,
    patience: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="End after so long without progress.")
    ] = 300.0,
    data_dir: Annotated[
        Path,
        typer.Option(envvar="LONGROOM_DATA_DIR", help="Folder of the embedded database."),
    ] = Path(".longroom"),
) -> None:
    """Embed every message that has no embedding yet; may be killed and started again at any time.

    Works on DATABASE_URL with the model of EMBEDDING_*, beside a running backend and other
    backfills. Exit codes: 0 everything is embedded, 1 some messages are not, 2 it could not start.
    """
    # Imported here: `--help` must not wait for numpy and the database driver.
    from retrieval.backfill.run import BackfillOptions, run

    options = BackfillOptions(
        dry_run=dry_run,
        batch_size=batch_size,
        workers=workers,
        retry_failed=retry_failed,
        model=model,
        keep_old=keep_old,
        patience_s=patience,
        data_dir=data_dir,
    )
    raise typer.Exit(run(options))
