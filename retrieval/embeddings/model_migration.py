"""Moves a serving database to another embedding model: fill, compare, activate, drop."""

from dataclasses import replace
from typing import TYPE_CHECKING

from retrieval.database.connection import transaction
from retrieval.embeddings.model_registry import EmbeddingModel, active_model, register
from retrieval.embeddings.rows import raise_vectors_version
from retrieval.store.conversations import conversation_ids
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

NEAREST = 10
SAMPLED_MESSAGES = 100


REOPEN = """
update embedding_model set state = 'filling' where model_id = $1 and state = 'retired'
"""


async def begin(db: "Database", *, name: str, dimension: int) -> EmbeddingModel:
    """New messages become pending for it, too. Raises ModelMismatch for another dimension."""
    async with transaction(db) as connection:
        model = await register(connection, name=name, dimension=dimension, beside_active=True)
        await connection.execute(REOPEN, model.model_id)
    return replace(model, state="filling") if model.state == "retired" else model


SAMPLE = """
select conversation_id, seq
  from message_embedding
 where model_id = $1 and smoothed = false and passage = 0
 order by hashint8(seq), conversation_id
 limit $2
"""

NEAREST_BY = """
select array_agg(seq)
  from (select other.seq
          from message_embedding other
         where other.conversation_id = $1 and other.model_id = $2 and other.smoothed = false
           and other.seq <> $3
         order by other.embedding <#> (
               select own.embedding
                 from message_embedding own
                where own.conversation_id = $1 and own.model_id = $2 and own.smoothed = false
                  and own.seq = $3 and own.passage = 0)
         limit $4) nearest
"""


async def agreement(db: "Database", *, old: int, new: int) -> float | None:
    """Mean overlap of both models' nearest ten messages over a sample; None without embeddings.

    A better model disagrees too; near 0 the new embeddings are probably broken.
    """
    shares = []
    for row in await db.fetch(SAMPLE, new, SAMPLED_MESSAGES):
        conversation_id = ConversationId(row["conversation_id"])
        by_old, by_new = [
            set(await db.fetchval(NEAREST_BY, conversation_id, model, row["seq"], NEAREST) or [])
            for model in (old, new)
        ]
        if by_old:
            shares.append(len(by_old & by_new) / len(by_old))
    return sum(shares) / len(shares) if shares else None


DROP = """
delete from message_embedding where conversation_id = $1 and model_id = $2
"""

DROP_CODES = """
delete from message_code where conversation_id = $1 and model_id = $2
"""

DROP_PREPARED = """
delete from prepared_part where conversation_id = $1 and model_id = $2
"""


async def drop_rows(db: "Database", *, model_id: int) -> None:
    """One conversation per transaction. Raises ValueError for the active model."""
    active = await active_model(db)
    if active is not None and active.model_id == model_id:
        raise ValueError("the active model's embeddings are needed")
    for conversation_id in await conversation_ids(db):
        async with transaction(db) as connection:
            await raise_vectors_version(connection, conversation_id)
            for statement in (DROP_PREPARED, DROP_CODES, DROP):
                await connection.execute(statement, conversation_id, model_id)
