"""Vacuum of the tables that hold what was said, after erasures.

A plain vacuum clears erased rows' vectors out of HNSW indexes, but other bytes of theirs stay in a
page until new rows take their place: only writing the tables anew removes them. The planner's
statistics quote frequent and typical values, and so what was said, until a table is analysed again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, LiteralString

from retrieval.changes.erasure.statistics import forget_statistics

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

TABLES: Final[tuple[LiteralString, ...]] = (
    "message",
    "message_term",
    "message_metadata",
    "message_embedding",
    "message_code",
    "message_edit",
    "evidence",
    "turn_trace",
    "vocabulary",
    "embedding_job",
    "participant_name",
    "conversation_event",
    "session",
    "room",
    "room_epoch",
    "conversation_key",
    "conversation",
)

VACUUM: Final[LiteralString] = "vacuum (analyze, index_cleanup on) {table}"
REWRITE: Final[LiteralString] = "vacuum (full, analyze) {table}"

# Skipped, with a warning, for who does not own the database.
REWRITE_STATISTICS: Final = "vacuum (full) pg_catalog.pg_statistic"

SIZES = """
select name, pg_total_relation_size(name::regclass) as bytes from unnest($1::text[]) as given (name)
"""


@dataclass(frozen=True)
class TableSize:
    name: LiteralString
    bytes: int


# As autovacuum does: searches read the same disk.
UNHURRIED = "set vacuum_cost_delay = '2ms'"


async def vacuum(connection: "Connection") -> None:
    """Beside readers and writers. Needs the tables' owner, and no transaction."""
    await connection.execute(UNHURRIED)
    try:
        for table in TABLES:
            await connection.execute(VACUUM.replace("{table}", table), timeout=None)
        await forget_statistics(connection, TABLES)
    finally:
        if not connection.is_closed():
            await connection.execute("reset vacuum_cost_delay")


async def table_sizes(db: "Database") -> list[TableSize]:
    rows = {row["name"]: row["bytes"] for row in await db.fetch(SIZES, list(TABLES))}
    return [TableSize(table, rows[table]) for table in TABLES]


async def scrub(
    connection: "Connection", *, on_table: Callable[[str], object] = lambda _: None
) -> None:
    """Writes each table anew. Locks it meanwhile, for readers, too, and takes as much disk as it
    has rows. Needs the tables' owner, and no transaction.
    """
    for table in TABLES:
        await connection.execute(REWRITE.replace("{table}", table), timeout=None)
        on_table(table)
    await forget_statistics(connection, TABLES)
    await connection.execute(REWRITE_STATISTICS, timeout=None)
