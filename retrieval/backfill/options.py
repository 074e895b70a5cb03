"""Options shared by `longroom backfill` and `python -m retrieval.backfill`."""

from dataclasses import dataclass
from typing import Annotated

import typer

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count what would be embedded.")]
BatchSize = Annotated[int, typer.Option(min=1, max=4096, help="Passages embedded at once.")]
Workers = Annotated[
    int, typer.Option(min=1, max=64, help="Embedders at work here, each with its own memory.")
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Also what was given up before.")]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Move to this model while the database serves: fill, compare, switch over.",
    ),
]
KeepOld = Annotated[
    bool, typer.Option("--keep-old", help="With --model: do not delete the old embeddings.")
]
Patience = Annotated[
    float, typer.Option(min=1, metavar="SECONDS", help="End after so long without progress.")
]


@dataclass(frozen=True)
class BackfillOptions:
    dry_run: bool
    batch_size: int
    workers: int
    retry_failed: bool
    model: str | None
    keep_old: bool
    patience_s: float
