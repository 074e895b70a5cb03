"""Looks into the database as its superuser: every column of every table, and the bytes of files."""

from collections import defaultdict
from pathlib import Path

import asyncpg

from benchmarks.erase.canary import CYRILLIC_PREFIX, PREFIX, Canaries
from retrieval.database.connection import open_connection

COLUMNS = """
select nspname as schema, relname as table, attname as column, typname as type
  from pg_class
  join pg_namespace on pg_namespace.oid = relnamespace
  join pg_attribute on attrelid = pg_class.oid
  join pg_type on pg_type.oid = atttypid
 where relkind in ('r', 'p', 'm') and attnum > 0 and not attisdropped
   and nspname not in ('information_schema', 'pg_toast')
 order by 1, 2, attnum
"""

# Not one of the numbers that an embedding has.
UNREADABLE = {"halfvec", "varbit", "vector"}

RUNNING = """
select query from pg_stat_activity where pid <> pg_backend_pid()
"""

ROWS_OF_ERASED = """
select count(*)
  from {table} one
  join erased_message gone on gone.conversation_id = one.conversation_id and gone.seq = one.seq
"""

WITH_SEQ = """
select attrelid::regclass::text as table
  from pg_attribute
  join pg_class on pg_class.oid = attrelid
 where relkind = 'r' and attname = any(array['conversation_id', 'seq'])
   and relnamespace = 'longroom'::regnamespace and relname <> 'erased_message'
 group by attrelid
having count(*) = 2
"""


async def look_into_tables(url: str, canaries: Canaries) -> dict[str, set[str]]:
    """Words by `table NAME.COLUMN`, of the catalogue, too, where statistics quote."""
    found: dict[str, set[str]] = defaultdict(set)
    connection = await open_connection(url)
    try:
        for row in await connection.fetch(COLUMNS):
            if row["type"] in UNREADABLE:
                continue
            name = f"table {row['table']}.{row['column']}"
            data = await _cells(connection, row)
            found[name] |= canaries.found_in(data)
        running = "\n".join(row["query"] for row in await connection.fetch(RUNNING))
        found["queries that the server shows"] |= canaries.found_in(running.encode())
    finally:
        await connection.close()
    return found


async def _cells(connection: "asyncpg.Connection", row: asyncpg.Record) -> bytes:
    """Those that may hold a word, one after the other."""
    table = f'"{row["schema"]}"."{row["table"]}"'
    if row["type"] == "bytea":
        statement = f'select "{row["column"]}" as cell from {table}'  # noqa: S608  # names of its own
        return b"\n".join(one["cell"] or b"" for one in await connection.fetch(statement))
    statement = (
        f'select "{row["column"]}"::text as cell from {table}'  # noqa: S608  # as above
        f' where "{row["column"]}"::text ~* $1'
    )
    patterns = "|".join((PREFIX, PREFIX[::-1], CYRILLIC_PREFIX, CYRILLIC_PREFIX[::-1], r"\\u0449"))
    cells = [one["cell"] for one in await connection.fetch(statement, patterns)]
    return "\n".join(cells).encode()


async def rows_of_erased(url: str) -> int:
    """What any table has of a message that has a tombstone, whatever it is."""
    connection = await open_connection(url)
    try:
        rows = 0
        for row in await connection.fetch(WITH_SEQ):
            rows += await connection.fetchval(ROWS_OF_ERASED.replace("{table}", row["table"]))
        return rows
    finally:
        await connection.close()


async def look_into_files(url: str, canaries: Canaries) -> set[str]:
    """Words and vectors in the files of all relations of the cluster. WAL is not looked into."""
    connection = await open_connection(url)
    try:
        await connection.execute("checkpoint")
        root = Path(await connection.fetchval("show data_directory"))
    finally:
        await connection.close()
    found: set[str] = set()
    for path in [*(root / "base").rglob("*"), *(root / "global").rglob("*")]:
        if path.is_file():
            data = path.read_bytes()
            found |= canaries.found_in(data) | canaries.vectors_in(data)
    return found


EMBEDDINGS = """
select seq, passage, smoothed, embedding::text as numbers
  from message_embedding
 where conversation_id = $1 and seq = any($2)
"""


async def note_vectors(url: str, conversation_id: object, seqs: list[int], to: Canaries) -> int:
    """Embeddings as they stand in the files; returns how many."""
    import numpy as np

    connection = await open_connection(url)
    try:
        rows = await connection.fetch(EMBEDDINGS, conversation_id, seqs)
    finally:
        await connection.close()
    for row in rows:
        numbers = np.array([float(one) for one in row["numbers"][1:-1].split(",")], dtype="<f2")
        kind = "smoothed " if row["smoothed"] else ""
        to.vectors[numbers[:64].tobytes()] = f"{kind}vector of {conversation_id} {row['seq']}"
    return len(rows)


async def analyze(url: str) -> None:
    """As autovacuum does sooner or later: then the catalogue quotes what is common."""
    connection = await open_connection(url)
    try:
        await connection.execute("analyze")
    finally:
        await connection.close()


async def vacuum_tables(url: str) -> None:
    """As the backend does after erasures."""
    from retrieval.changes.erasure.vacuum import vacuum

    connection = await open_connection(url)
    try:
        await vacuum(connection)
    finally:
        await connection.close()
