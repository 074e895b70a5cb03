"""Looks for what nothing may hold any more: in every table, and in the files of all of them."""

from collections.abc import Iterable

import asyncpg

TABLES = """
select format('%I.%I', nspname, relname) as name
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
 where relkind in ('r', 'p', 'm')
   and nspname not in ('pg_catalog', 'information_schema')
   and nspname not like 'pg\\_toast%'
 order by 1
"""


async def tables_with(db: asyncpg.Pool, texts: Iterable[str]) -> dict[str, int]:
    """How many rows hold one of the texts, by table; whatever their case."""
    wanted = [f"%{text.lower()}%" for text in texts]
    found = {}
    for row in await db.fetch(TABLES):
        count = await db.fetchval(
            f"select count(*) from {row['name']} one where lower(one::text) like any($1)",  # noqa: S608
            wanted,
        )
        if count:
            found[row["name"].rpartition(".")[2]] = count
    return found


async def tables_of(db: asyncpg.Pool, conversation_id: object) -> set[str]:
    """That have a row of the conversation."""
    return set(await tables_with(db, [str(conversation_id)]))


# Also of a server in a container; with the planner's statistics.
FILES_WITH = """
select relname
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
 where relkind in ('r', 'i', 't')
   and (nspname not in ('pg_catalog', 'information_schema') or relname = 'pg_statistic')
   and pg_relation_filepath(pg_class.oid) is not null
   and position($1::bytea in pg_read_binary_file(pg_relation_filepath(pg_class.oid))) > 0
"""


async def relations_with(db: "asyncpg.Pool | asyncpg.Connection", needle: bytes) -> set[str]:
    """Tables and indexes whose files hold these bytes."""
    await db.execute("checkpoint")
    return {row["relname"] for row in await db.fetch(FILES_WITH, needle)}
