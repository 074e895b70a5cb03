"""`python -m retrieval.backfill`: embed everything that is pending in DATABASE_URL."""

import sys

import typer

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
) -> None:
    """Embed every message that has no embedding yet; may be killed and started again at any time.

    Works on DATABASE_URL with the model of EMBEDDING_*, beside a running backend and other
    backfills. Exit codes: 0 everything is embedded, 1 some messages are not, 2 it could not start.
    """
    # Imported here to keep `--help` free of numpy and the database driver.
    from pydantic import ValidationError

    from retrieval.backfill.run import COULD_NOT_START, INTERRUPTED, run
    from retrieval.errors import RetrievalError
    from retrieval.settings import DatabaseSettings
    from retrieval.settings_errors import describe

    options = BackfillOptions(
        dry_run, batch_size, workers, retry_failed, model, keep_old, patience_s=patience
    )
    try:
        url = DatabaseSettings().logins(instead="longroom backfill").background
        raise typer.Exit(run(options, url))
    except ValidationError as error:
        _end(describe(error), COULD_NOT_START)
    except RetrievalError as error:
        _end(str(error), COULD_NOT_START)
    except KeyboardInterrupt:
        _end("interrupted; what is embedded stays, start again to go on", INTERRUPTED)


def _end(reason: str, exit_code: int) -> None:
    sys.stderr.write(f"backfill: {' '.join(reason.split())}\n")
    raise typer.Exit(exit_code)


if __name__ == "__main__":
    typer.run(backfill)
