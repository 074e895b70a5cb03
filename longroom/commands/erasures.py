"""`longroom erasures`: the ledger, to be replayed after a restore; and the bytes on the disk."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longroom.options import DEFAULT_DATA_DIR, DataDir

if TYPE_CHECKING:
    from retrieval.changes.erasure.ledger_lines import LedgerLine
    from retrieval.database.connection import Database

app = typer.Typer(
    no_args_is_help=True,
    help="The ledger of what was erased, and what is left of it on the disk.",
    rich_markup_mode=None,
)


@app.command()
def export(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Write the ledger, by hashes: one erasure a line. Keep it apart from the backups."""
    from longroom.database import on_database
    from longroom.errors import clear_errors

    with clear_errors():
        count = on_database(_write_lines, data_dir=data_dir)
    typer.echo(f"{count:,} lines", err=True)


async def _write_lines(db: "Database") -> int:
    import sys

    from retrieval.changes.erasure.ledger_lines import all_lines

    count = 0
    async for line in all_lines(db):
        sys.stdout.buffer.write(line.to_json())
        count += 1
    sys.stdout.buffer.flush()
    return count


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="As `export` or the backend has written it.")
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Erase again what a restored backup has brought back. Safe to repeat.

    Do it before agents and backends write to the restored database.
    """
    from functools import partial

    from longroom.database import on_pool
    from longroom.errors import clear_errors

    lines = _read(file)
    with clear_errors():
        came_back, rows = on_pool(partial(_replay, lines=lines), data_dir=data_dir)
    typer.echo(f"{len(lines):,} erasures replayed; {came_back:,} had come back")
    for name, count in sorted(rows.items()):
        typer.echo(f"  {count:>9,}  {name}")


def _read(file: Path) -> "list[LedgerLine]":
    from longroom.errors import ConfigurationError
    from retrieval.changes.erasure.ledger_lines import read_line

    try:
        texts = [text for text in file.read_bytes().splitlines() if text.strip()]
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error
    lines: dict[LedgerLine, None] = {}
    for number, text in enumerate(texts, start=1):
        try:
            lines[read_line(text)] = None
        except ValueError as error:
            # The last line may be cut off where the power failed.
            if number < len(texts):
                raise ConfigurationError(f"{file}, line {number}: {error}") from None
            typer.echo(f"longroom: {file}: the last line is cut off, and left out", err=True)
    return list(lines)


async def _replay(db: "Database", *, lines: "list[LedgerLine]") -> tuple[int, dict[str, int]]:
    from rich.console import Console

    from longroom.progress import ProgressBars
    from retrieval.changes.erasure.replay import Summary, replay

    summary = Summary()
    console = Console(stderr=True)
    bars = ProgressBars(console if console.is_terminal else None)
    with bars.step("erasures replayed", len(lines)) as advance:
        async for so_far in replay(db, lines):
            summary = so_far
            advance(1)
    return summary.came_back, summary.rows


@app.command()
def scrub(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Write the tables anew, so that no page of them holds bytes of erased rows.

    Each table is locked meanwhile, for readers, too, and needs its size on the disk once more.
    """
    import sys

    from longroom.errors import ConfigurationError

    if not yes:
        if not sys.stdin.isatty():
            raise ConfigurationError("it locks the tables; say --yes where nobody can be asked")
        typer.confirm("Each table is locked while it is written anew. Go on?", abort=True, err=True)
    scrub_tables(data_dir)


def scrub_tables(data_dir: Path) -> None:
    """Tells sizes first. Raises CommandError."""
    from longroom.database import on_database
    from longroom.errors import clear_errors

    with clear_errors():
        on_database(_scrub, data_dir=data_dir)


async def _scrub(db: "Database") -> None:
    from retrieval.changes.erasure.vacuum import scrub, table_sizes
    from retrieval.database.connection import one_connection

    sizes = await table_sizes(db)
    total = sum(one.bytes for one in sizes) / 1e6
    typer.echo(f"writing {len(sizes)} tables of {total:,.0f} MB anew", err=True)
    async with one_connection(db) as connection:
        await scrub(connection, on_table=lambda name: typer.echo(f"  {name}", err=True))
