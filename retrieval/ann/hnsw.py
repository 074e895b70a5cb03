"""HNSW graphs of the largest conversations: each frozen, built beside the old one, then swapped.

A graph that every write had to extend would cost more than making the embeddings. These are partial
indexes up to a `seq` that lies behind, so no write touches them; what came later is compared
exactly, until the next graph takes it in.
"""

from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

NAME_PREFIX = "message_graph_"
MOST_BUILD_MEMORY_MB = 2048
BYTES_PER_ROW = 1500  # of 384 numbers, with its neighbours; a graph that outgrows it builds slowly


def graph_name(conversation_id: ConversationId, *, model_id: int, up_to: int) -> str:
    """Below PostgreSQL's 63 characters up to a hundred billion messages."""
    return f"{NAME_PREFIX}{conversation_id.hex}_{model_id}_{up_to}"


async def build_graph(
    connection: "Connection",
    conversation_id: ConversationId,
    *,
    model_id: int,
    dimension: int,
    up_to: int,
) -> None:
    """Build the graph of all smoothed embeddings up to a seq, and use it from now on.

    Takes minutes for a million; reading and writing go on. The connection must not be in a
    transaction. An old graph stays until `drop_unused`, an unfinished one of this name is replaced.
    """
    name = graph_name(conversation_id, model_id=model_id, up_to=up_to)
    await connection.execute(await connection.fetchval(DROP_DDL, name))
    megabytes = min(MOST_BUILD_MEMORY_MB, 64 + up_to * BYTES_PER_ROW // 1_000_000)
    await connection.execute(SET_BUILD_MEMORY, str(megabytes))
    try:
        ddl = await connection.fetchval(
            GRAPH_DDL, name, dimension, conversation_id, model_id, up_to
        )
        await connection.execute(ddl)
    finally:
        if not connection.is_closed():
            await connection.execute("reset maintenance_work_mem")
    await connection.execute(USE, conversation_id, model_id, up_to)


SET_BUILD_MEMORY = """
select set_config('maintenance_work_mem', $1 || 'MB', false)
"""

# An index takes no parameters: the server writes the statement, with the values quoted.
GRAPH_DDL = """
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
select graph.relname
  from pg_class graph
  join pg_index on pg_index.indexrelid = graph.oid
 where pg_index.indrelid = 'message_embedding'::regclass
   and starts_with(graph.relname, $1)
   and graph.relname <> all(array(
       select $1 || replace(conversation_id::text, '-', '') || '_' || model_id || '_' || graph_to
         from prepared_part
        where graph_to > 0))
"""


async def drop_unused(connection: "Connection") -> None:
    """Drop the graphs that were replaced, or whose building was cut short.

    A search that still thinks of one is answered without: slowly, and exactly.
    """
    for row in await connection.fetch(UNUSED, NAME_PREFIX):
        await connection.execute(await connection.fetchval(DROP_DDL, row["relname"]))
