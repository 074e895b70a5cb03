"""`python -m retrieval.backfill`."""

import typer

from retrieval.backfill.command import backfill

if __name__ == "__main__":
    typer.run(backfill)
