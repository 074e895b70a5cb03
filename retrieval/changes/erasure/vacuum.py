"""Vacuum of the tables that hold what was said, after erasures.

A plain vacuum makes erased rows unreachable and clears vectors out of HNSW indexes, but their bytes
stay in a page until new rows take their place. Only writing the tables anew removes them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, LiteralString

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

TABLES: Final[tuple[LiteralString, ...]] = (
    "message",
    "message_term",
    "message_metadata",
    "message_embedding",
    "message_code",
    "message_edit",
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

VACUUM: Final[LiteralString] = "vacuum (index_cleanup on) {table}"
REWRITE: Final[LiteralString] = "vacuum (full) {table}"

SIZES = """
select name, pg_total_relation_size(name::regclass) as bytes from unnest($1::text[]) as given (name)
"""


@dataclass(frozen=True)
class TableSize:
    name: LiteralString
    bytes: int


async def vacuum(connection: "Connection") -> None:
    """Beside readers and writers. Needs the tables' owner, and no transaction."""
    for table in TABLES:
        await connection.execute(VACUUM.replace("{table}", table), timeout=None)


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
