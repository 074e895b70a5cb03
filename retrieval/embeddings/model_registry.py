"""Embedding models of the database: one is active, others are filling or retired."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from retrieval.database.connection import transaction
from retrieval.errors import ModelMismatch
from retrieval.store.conversations import conversation_ids
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

ModelState = Literal["filling", "active", "retired"]


@dataclass(frozen=True)
class EmbeddingModel:
    """Searches compare embeddings of the active model only."""

    model_id: int
    name: str
    dimension: int
    state: ModelState


@dataclass(frozen=True)
class PendingCounts:
    pending: int
    """Without those that failed."""
    failed: int


async def ensure_model(db: "Database", *, name: str, dimension: int) -> EmbeddingModel:
    """Register the model if it is new and return it as the active one.

    The first model is activated and all messages become pending for it. Raises ModelMismatch if
    another model is active or the name is known with another dimension.
    """
    model = await register(db, name=name, dimension=dimension)
    if model.state == "filling":
        await enqueue_missing(db, model_id=model.model_id)
        model = await _activate_first(db, model)
    return model


ACTIVE = """
select model_id, name, dimension, state from embedding_model where state = 'active'
"""


async def active_model(db: "Database") -> EmbeddingModel | None:
    row = await db.fetchrow(ACTIVE)
    return None if row is None else _model(row)


BY_NAME = """
select model_id, name, dimension, state from embedding_model where name = $1
"""


async def find_model(db: "Database", *, name: str) -> EmbeddingModel | None:
    row = await db.fetchrow(BY_NAME, name)
    return None if row is None else _model(row)


PENDING_COUNTS = """
select count(*) filter (where failure is null) as pending,
       count(*) filter (where failure is not null) as failed
  from embedding_job
 where model_id = $1
"""


async def pending_counts(db: "Database", *, model_id: int) -> PendingCounts:
    (row,) = await db.fetch(PENDING_COUNTS, model_id)
    return PendingCounts(pending=row["pending"], failed=row["failed"])


async def enqueue_missing(db: "Database", *, model_id: int) -> int:
    """Returns how many had neither embedding nor job; one conversation per transaction."""
    return sum(
        [await _enqueue_conversation(db, one, model_id) for one in await conversation_ids(db)]
    )


RETIRE_OTHERS = """
update embedding_model set state = 'retired' where model_id <> $1 and state <> 'retired'
"""

ACTIVATE = """
update embedding_model set state = 'active' where model_id = $1
returning model_id, name, dimension, state
"""

DROP_JOBS_OF_RETIRED = """
delete from embedding_job
 where model_id = any(array(select model_id from embedding_model where state = 'retired'))
"""


async def activate(db: "Database", *, model_id: int) -> EmbeddingModel:
    """Also retires the others, in one transaction."""
    async with transaction(db) as connection:
        await connection.execute(LOCK_MODELS)
        await connection.execute(RETIRE_OTHERS, model_id)
        model = _model(await connection.fetchrow(ACTIVATE, model_id))
        await connection.execute(DROP_JOBS_OF_RETIRED)
    return model


async def _activate_first(db: "Database", model: EmbeddingModel) -> EmbeddingModel:
    async with transaction(db) as connection:
        # Under the lock again: another process may have activated another model meanwhile.
        await register(connection, name=model.name, dimension=model.dimension)
        return await activate(connection, model_id=model.model_id)


LOCK_MODELS = """
lock table embedding_model in share row exclusive mode
"""

MODELS = """
select model_id, name, dimension, state from embedding_model order by model_id
"""

INSERT_MODEL = """
insert into embedding_model (model_id, name, dimension, state) values ($1, $2, $3, 'filling')
returning model_id, name, dimension, state
"""


async def register(
    db: "Database", *, name: str, dimension: int, beside_active: bool = False
) -> EmbeddingModel:
    """`beside_active` allows another active model. Raises ModelMismatch like `ensure_model`."""
    async with transaction(db) as connection:
        await connection.execute(LOCK_MODELS)
        models = [_model(row) for row in await connection.fetch(MODELS)]
        _check_dimension(models, name=name, dimension=dimension)
        if not beside_active:
            _check_active(models, name=name)
        known = next((model for model in models if model.name == name), None)
        if known is not None:
            return known
        next_id = max((model.model_id for model in models), default=0) + 1
        return _model(await connection.fetchrow(INSERT_MODEL, next_id, name, dimension))


def _check_dimension(models: list[EmbeddingModel], *, name: str, dimension: int) -> None:
    for model in models:
        if model.name == name and model.dimension != dimension:
            raise ModelMismatch(
                f"embedding model {name!r} makes {dimension} numbers, but the database holds"
                f" embeddings of {model.dimension} under this name; correct EMBEDDING_MODEL or"
                " EMBEDDING_DIMENSION"
            )


def _check_active(models: list[EmbeddingModel], *, name: str) -> None:
    for model in models:
        if model.state == "active" and model.name != name:
            raise ModelMismatch(
                f"the database's active embedding model is {model.name!r}, not {name!r};"
                f" set EMBEDDING_MODEL to it, or move with `longroom backfill --model {name}`"
            )


LOCK_CONVERSATION = """
select 1 from conversation where conversation_id = $1 for update
"""

ENQUEUE_CONVERSATION = """
with enqueued as (
    insert into embedding_job (conversation_id, model_id, seq)
    select message.conversation_id, $2, message.seq
      from message
     where message.conversation_id = $1
       and (select true
              from message_embedding own
             where own.conversation_id = $1 and own.model_id = $2
               and own.smoothed = false and own.seq = message.seq
               and own.passage = 0) is null
    on conflict do nothing
    returning seq)
select count(*) from enqueued
"""


async def _enqueue_conversation(
    db: "Database", conversation_id: ConversationId, model_id: int
) -> int:
    async with transaction(db) as connection:
        # Appends hold the same lock: their messages are visible here, or they see the new model.
        await connection.execute(LOCK_CONVERSATION, conversation_id)
        enqueued: int = await connection.fetchval(ENQUEUE_CONVERSATION, conversation_id, model_id)
    return enqueued


def _model(row: "Record | None") -> EmbeddingModel:
    if row is None:
        raise ModelMismatch("the embedding model is not in the database any more")
    return EmbeddingModel(
        model_id=row["model_id"],
        name=row["name"],
        dimension=row["dimension"],
        state=row["state"],
    )
