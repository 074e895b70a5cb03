"""Rooms as a backend leaves them: indexed, embedded by the real model, prepared if large."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from benchmarks.embedding_cache import CachedEmbedder
from benchmarks.search_rooms import Matrix
from benchmarks.whole_search.near_embedder import NearEmbedder
from benchmarks.whole_search.texts import room_texts
from retrieval.ann.maintenance import AnnMaintenance
from retrieval.columns import Integers
from retrieval.embedders import open_embedder
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.settings import EmbeddingSettings
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId, MessageCreate

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record


Pool: TypeAlias = "asyncpg.Pool[Record]"

BATCH = 500
READ_AT_ONCE = 20_000


@dataclass(frozen=True)
class Room:
    size: int
    """Messages."""
    conversation_id: ConversationId
    model_id: int


async def fill_rooms(db: Pool, sizes: Sequence[int], *, data: Path | None) -> list[Room]:
    """What was embedded in an earlier run comes from a file."""
    named = [(f"{size} messages", room_texts(size, data=data)) for size in sizes]
    return await fill_with(db, named)


async def fill_with(db: Pool, named: Sequence[tuple[str, Sequence[MessageCreate]]]) -> list[Room]:
    """One room for each name, with all that is said there embedded."""
    embedder = NearEmbedder(CachedEmbedder(open_embedder(EmbeddingSettings())))
    try:
        model = await ensure_model(db, name=embedder.name, dimension=embedder.dimension)
        rooms = []
        for name, said in named:
            print(f"filling a room of {len(said):,} messages", flush=True)
            rooms.append(await write_room(db, name, said, model_id=model.model_id))
        await EmbeddingWorker(db, embedder, model).drain()
    finally:
        await embedder.aclose()
    await db.execute("vacuum analyze")
    await AnnMaintenance(db).prepare()
    await db.execute("vacuum analyze")
    return rooms


async def write_room(db: Pool, name: str, said: Sequence[MessageCreate], *, model_id: int) -> Room:
    """Without embeddings."""
    conversation_id, _ = await create_room(db, name=name)
    for start in range(0, len(said), BATCH):
        batch = said[start : start + BATCH]
        await append_messages(db, conversation_id=conversation_id, messages=batch)
    return Room(len(said), conversation_id, model_id)


# The newest messages wait for the next ones before they are mixed with them.
VECTORS = """
select seq, passage, embedding
  from message_embedding
 where conversation_id = $1 and model_id = $2 and (seq, passage) > ($3, $4)
   and (smoothed or seq > (select max(seq) from message_embedding
                            where conversation_id = $1 and model_id = $2 and smoothed))
 order by seq, passage
 limit $5
"""


async def vectors_of(db: Pool, room: Room) -> tuple[Integers, Matrix]:
    """What the vector arm compares with: of each passage the message's `seq`, and a row."""
    seqs: list[int] = []
    parts: list[Matrix] = []
    last = (0, -1)
    while rows := await db.fetch(VECTORS, room.conversation_id, room.model_id, *last, READ_AT_ONCE):
        seqs += [row["seq"] for row in rows]
        parts.append(np.stack([row["embedding"].to_numpy() for row in rows]).astype(np.float32))
        last = (rows[-1]["seq"], rows[-1]["passage"])
    return np.array(seqs), np.concatenate(parts)
