"""`python -m retrieval.backfill`."""

import typer

from longroom.commands.backfill import backfill

if __name__ == "__main__":
    typer.run(backfill)
