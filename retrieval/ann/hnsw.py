"""HNSW indexes of the largest conversations: built concurrently, then swapped in.

Inserting into an HNSW index costs more than computing the embeddings. These are partial indexes up
to a past `seq`, which writes never touch; later messages are compared exactly until the next one.
"""

from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

NAME_PREFIX = "message_graph_"
MAX_BUILD_MEMORY_MB = 2048
BYTES_PER_ROW = 1500  # 384 dimensions and the links; a build that outgrows its memory is slow


def index_name(conversation_id: ConversationId, *, model_id: int, up_to: int) -> str:
    """Within PostgreSQL's 63 characters up to a hundred billion messages."""
    return f"{NAME_PREFIX}{conversation_id.hex}_{model_id}_{up_to}"


async def build_index(
    connection: "Connection",
    conversation_id: ConversationId,
    *,
    model_id: int,
    dimension: int,
    up_to: int,
) -> None:
    """Build the index over all context vectors up to a seq and switch searches to it.

    Takes minutes for a million rows; blocks nothing. The connection must not be in a transaction.
    Replaces an unfinished index of this name; the previous one stays until `drop_unused_indexes`.
    """
    name = index_name(conversation_id, model_id=model_id, up_to=up_to)
    await connection.execute(await connection.fetchval(DROP_DDL, name))
    megabytes = min(MAX_BUILD_MEMORY_MB, 64 + up_to * BYTES_PER_ROW // 1_000_000)
    await connection.execute(SET_BUILD_MEMORY, str(megabytes))
    try:
        ddl = await connection.fetchval(
            INDEX_DDL, name, dimension, conversation_id, model_id, up_to
        )
        await connection.execute(ddl)
    finally:
        if not connection.is_closed():
            await connection.execute("reset maintenance_work_mem")
    await connection.execute(USE, conversation_id, model_id, up_to)


SET_BUILD_MEMORY = """
select set_config('maintenance_work_mem', $1 || 'MB', false)
"""

# DDL takes no parameters: the server formats the statement and quotes the values.
INDEX_DDL = """
select format('create index concurrently %I on message_embedding'
              ' using hnsw ((embedding::halfvec(%s)) halfvec_ip_ops)'
              ' where conversation_id = %L and model_id = %s and smoothed = true and seq <= %s',
              $1::text, $2::integer, $3::uuid, $4::smallint, $5::bigint)
"""

DROP_DDL = """
select format('drop index concurrently if exists %I', $1::text)
"""

USE = """
update prepared_part set graph_to = $3 where conversation_id = $1 and model_id = $2
"""


UNUSED = """
select hnsw.relname
  from pg_class hnsw
  join pg_index on pg_index.indexrelid = hnsw.oid
 where pg_index.indrelid = 'message_embedding'::regclass
   and starts_with(hnsw.relname, $1)
   and hnsw.relname <> all(array(
       select $1 || replace(conversation_id::text, '-', '') || '_' || model_id || '_' || graph_to
         from prepared_part
        where graph_to > 0))
"""


async def unused_indexes(connection: "Connection") -> list[str]:
    """Those that were replaced, or not finished."""
    return [row["relname"] for row in await connection.fetch(UNUSED, NAME_PREFIX)]


async def drop_unused_indexes(connection: "Connection") -> None:
    """A search that was planned with one compares exactly instead."""
    for name in await unused_indexes(connection):
        await connection.execute(await connection.fetchval(DROP_DDL, name))
