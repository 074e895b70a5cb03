"""The schema that all tables stand in, beside those of other programs in the same database."""

import re
from typing import TYPE_CHECKING

from retrieval.database.roles import LOOKED_IN
from retrieval.errors import ExtensionMissing, SchemaMismatch

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

# Up to migration 14 tables stood wherever the database's search_path led. By the migration that
# made them: a table of one that was not applied would be another program's.
FORMER_TABLES = {
    0: ["schema_migrations"],
    1: [
        "room",
        "conversation",
        "message",
        "participant_name",
        "conversation_event",
        "session",
    ],
    2: ["message_term"],
    3: ["embedding_model", "message_embedding", "embedding_job"],
    4: ["message_code", "prepared_part"],
    6: ["agent_worker", "agent_watch"],
    7: ["message_metadata"],
    8: ["reindexed_part", "vocabulary"],
    12: ["conversation_key", "room_epoch"],
    14: ["api_key"],
}


async def prepare_schema(connection: "Connection") -> None:
    """Create it, with the tables of an old installation if there is one. The caller holds the lock
    of migrations. Raises SchemaMismatch if there are several.
    """
    if await connection.fetchval("select to_regclass('longroom.schema_migrations') is not null"):
        return
    # Before the schema exists: pgvector goes where the database puts extensions.
    await connection.execute(await connection.fetchval(CREATE_EXTENSION))
    check_vector_schema(await connection.fetchval(VECTOR_SCHEMA))
    former = await _former_schema(connection)
    async with connection.transaction():
        # Not `if not exists`: that asks for the right to create one even where it exists.
        if await connection.fetchval("select to_regnamespace('longroom') is null"):
            await connection.execute("create schema longroom")
        if former is not None:
            await _move(connection, former)


VECTOR_SCHEMA = """
select nspname
  from pg_extension
  join pg_namespace on pg_namespace.oid = extnamespace
 where extname = 'vector'
"""


def check_vector_schema(schema: str) -> None:
    """Raises ExtensionMissing."""
    if schema not in LOOKED_IN:
        raise ExtensionMissing(
            f"pgvector stands in the schema {schema} of the database, where it is not looked for;"
            " run: alter extension vector set schema public"
        )


CREATE_EXTENSION = """
select format('create extension if not exists vector schema %I', nspname)
  from pg_namespace
 where nspname in ('public', 'extensions', 'longroom')
 order by nspname = 'public' desc, nspname = 'extensions' desc
 limit 1
"""

# Another program's table of this name has other columns.
FORMER_SCHEMAS = """
select nspname
  from pg_class
  join pg_namespace on pg_namespace.oid = relnamespace
 where relname = 'schema_migrations' and relkind in ('r', 'p')
   and array(select attname || ' ' || format_type(atttypid, null)
               from pg_attribute
              where attrelid = pg_class.oid and attnum > 0 and not attisdropped
              order by attnum)
       = array['version integer', 'name text', 'sha256 text', 'applied_at timestamp with time zone']
 order by nspname
"""


async def _former_schema(connection: "Connection") -> str | None:
    found = [row["nspname"] for row in await connection.fetch(FORMER_SCHEMAS)]
    if len(found) > 1:
        raise SchemaMismatch(
            f"the database has several old installations, in the schemas {', '.join(found)};"
            " keep one of them in this database"
        )
    return found[0] if found else None


APPLIED = """
select format('select version from %I.schema_migrations', $1::text)
"""

MOVE = """
select format('alter table %I.%I set schema longroom', $1::text, relname)
  from pg_class
  join pg_namespace on pg_namespace.oid = relnamespace
 where nspname = $1 and relkind in ('r', 'p') and relname = any($2)
 order by relname
"""


async def _move(connection: "Connection", former: str) -> None:
    applied = await connection.fetch(await connection.fetchval(APPLIED, former))
    versions = {0, *(row["version"] for row in applied)}
    tables = [
        name for version, names in FORMER_TABLES.items() if version in versions for name in names
    ]
    for row in await connection.fetch(MOVE, former, tables):
        await connection.execute(row[0])


_DROP_INDEX = re.compile(r"drop index if exists (?=\w+$)")


def in_own_schema(statement: str) -> str:
    """A migration that drops what it may have left unfinished must find no other program's."""
    return _DROP_INDEX.sub("drop index if exists longroom.", statement)
