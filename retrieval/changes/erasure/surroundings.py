"""Context vectors that erased or corrected messages were mixed into: made anew without them."""

from collections.abc import Iterable

from retrieval.changes.erasure.transactions import Locked
from retrieval.embeddings.context_vectors import QUIET, complete_around
from retrieval.embeddings.smoothing import REACH_BACK, REACH_FORWARD
from retrieval.store.timeline import said_around

MODELS = """
select model_id from embedding_model order by model_id
"""

DELETE_VECTORS = """
delete from message_embedding
 where conversation_id = $1 and model_id = any($2) and smoothed = true and seq = any($3)
"""

DELETE_CODES = """
delete from message_code
 where conversation_id = $1 and model_id = any($2) and seq = any($3)
"""


async def mixing_in(locked: Locked, seqs: Iterable[int]) -> set[int]:
    """The other messages whose context vectors hold something of these. Ask before these go."""
    erased = {*seqs}
    near = await said_around(
        locked.connection,
        locked.conversation_id,
        erased,
        before=REACH_FORWARD,
        after=REACH_BACK,
    )
    around = {seq for one in near.values() for seq in (*one.before, *one.after)}
    return around - erased


async def model_ids(locked: Locked) -> list[int]:
    return [row["model_id"] for row in await locked.connection.fetch(MODELS)]


async def make_anew(locked: Locked, seqs: set[int], *, models: list[int]) -> None:
    """From the embeddings of the messages that are left. What still waits for an embedding, or the
    newest for a successor, is made when that is there.
    """
    if not seqs:
        return
    connection, conversation_id = locked.connection, locked.conversation_id
    for statement in (DELETE_VECTORS, DELETE_CODES):
        await connection.execute(statement, conversation_id, models, list(seqs))
    for model_id in models:
        await complete_around(connection, conversation_id, model_id, seqs, quiet=QUIET)
