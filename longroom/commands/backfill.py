"""`longroom backfill`: embeds what is pending, in DATABASE_URL or the embedded database."""

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir
from retrieval.backfill.options import (
    BackfillOptions,
    BatchSize,
    DryRun,
    KeepOld,
    Model,
    Patience,
    RetryFailed,
    Workers,
)


def backfill(
    dry_run: DryRun = False,
    batch_size: BatchSize = 64,
    workers: Workers = 1,
    retry_failed: RetryFailed = False,
    model: Model = None,
    keep_old: KeepOld = False,
    patience: Patience = 300.0,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Embed messages that have no embedding yet.

    Works on DATABASE_URL or the embedded database with the model of EMBEDDING_*, beside a running
    backend and other backfills. It may be killed and started again at any time. Exit codes: 0 all
    is embedded, 1 some messages are not, or the database's login may not, 2 it could not start.
    """
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from rich.console import Console

    from longroom.database import migrated_database
    from longroom.embedded_postgres.start_steps import start_steps
    from longroom.errors import ConfigurationError, clear_errors
    from longroom.progress import ProgressBars
    from retrieval.backfill.run import INTERRUPTED, run
    from retrieval.settings import EmbeddingSettings

    if keep_old and not model:
        raise ConfigurationError("--keep-old is for --model NAME: name the model, or leave it out")
    options = BackfillOptions(
        dry_run, batch_size, workers, retry_failed, model, keep_old, patience_s=patience
    )
    bars = ProgressBars(Console(stderr=True), transient=False)
    try:
        with clear_errors():
            EmbeddingSettings()  # a mistake is told before a database starts
        with clear_errors(), migrated_database(data_dir) as logins, start_steps() as step:

            def progress(pending: int) -> AbstractContextManager[Callable[[int], None]]:
                step("")
                return bars.countdown("embedding", pending)

            step("" if dry_run else "loading the embedding model")
            exit_code = run(options, logins.background, progress=progress)
    except KeyboardInterrupt:
        typer.echo("interrupted; what is embedded stays, start again to go on", err=True)
        exit_code = INTERRUPTED
    raise typer.Exit(exit_code)
