"""How the database and the embedding of all conversations are doing."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retrieval.database.connection import Database

DATABASE = """
select now() as now, current_setting('server_version') as version,
       not current_setting('transaction_read_only')::boolean as writable,
       pg_database_size(current_database()) as size_bytes,
       (select name from schema_migrations order by version desc limit 1) as migration
"""


async def database_status(db: "Database") -> dict[str, Any]:
    """The time, and fields of DatabaseStatus."""
    (row,) = await db.fetch(DATABASE)
    return dict(row)


# Messages wait in the order of their seq: of each conversation the first is the oldest.
LAG = """
select coalesce(extract(epoch from now() - min(message.stored_at)), 0)::double precision
  from (select conversation_id, min(seq) as seq
          from embedding_job
         where model_id = $1 and failure is null
         group by conversation_id) first
  join message
       on message.conversation_id = first.conversation_id and message.seq = first.seq
"""


async def embedding_lag_s(db: "Database", *, model_id: int) -> float:
    """Since when the oldest message that waits is stored; 0 if none does."""
    lag_s: float = await db.fetchval(LAG, model_id)
    return max(0.0, lag_s)
