"""Rooms with random embeddings, and what brute force finds in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import numpy as np
from numpy.typing import NDArray

from retrieval.ann.maintenance import AnnMaintenance
from retrieval.ann.tiers import Tier, TierLimits, tier_of
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.rows import locked_conversation, store_context_vectors, store_embeddings
from retrieval.search.context import read_context
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Wanted
from retrieval.search.stored.nearest import nearest
from retrieval.search.vector.cosines import Preferred, Target
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId
from tests.support.builders import NOON, message

Pool = asyncpg.Pool
Matrix = NDArray[np.float32]

DIMENSION = 64
SPEAKERS = ("ana", "ben", "cleo")
EXACT = TierLimits()
CODED = TierLimits(exact=100, coded=100_000)
HNSW = TierLimits(exact=100, coded=200)
NOBODY = Preferred(About(), 0.0, [], 0.0)
EVERYTHING = Filters(None, None, None, None, [])
LIMIT = 100_000_000
"""Bytes of memory, enough for every room here."""
SINCE = NOON + timedelta(minutes=100)
DAY = (NOON + timedelta(minutes=60), NOON + timedelta(minutes=120))


@dataclass
class Room:
    """A conversation with random embeddings; row i belongs to seq i + 1."""

    conversation_id: ConversationId
    vectors: Matrix

    def order(self, query: Matrix, allowed: Sequence[int] | None = None) -> list[int]:
        """By brute force: seqs, nearest first."""
        stored = self.vectors.astype(np.float16).astype(np.float32)
        seqs = np.argsort(-(stored @ query.astype(np.float16).astype(np.float32))) + 1
        return [int(seq) for seq in seqs if allowed is None or seq in set(allowed)]


def unit(rows: int, *, seed: int) -> Matrix:
    made = np.random.default_rng(seed).standard_normal((rows, DIMENSION))
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


async def fill(db: Pool, *, count: int, name: str = "large") -> Room:
    """A room of so many messages whose speakers take turns, everything embedded and smoothed."""
    await ensure_model(db, name="random", dimension=DIMENSION)
    conversation_id, _ = await create_room(db, name=name)
    room = Room(conversation_id, np.zeros((0, DIMENSION), dtype=np.float32))
    await extend(db, room, count=count)
    return room


async def extend(db: Pool, room: Room, *, count: int) -> None:
    """More messages, embedded and smoothed."""
    start = len(room.vectors)
    for first in range(start, start + count, 500):
        numbers = range(first + 1, min(first + 501, start + count + 1))
        said = [message(n, participant=SPEAKERS[n % len(SPEAKERS)]) for n in numbers]
        await append_messages(db, conversation_id=room.conversation_id, messages=said)
    room.vectors = np.concatenate([room.vectors, unit(count, seed=start + 1)])
    await embed(db, room, range(start + 1, start + count + 1))


async def embed(db: Pool, room: Room, seqs: Sequence[int]) -> None:
    made = {seq: room.vectors[seq - 1 : seq] for seq in seqs}
    async with locked_conversation(db, room.conversation_id) as connection:
        await store_embeddings(connection, room.conversation_id, 1, made, ended=seqs)
        await store_context_vectors(connection, room.conversation_id, 1, made)


async def prepare(db: Pool, limits: TierLimits, *, max_tail: int = 50) -> None:
    assert await AnnMaintenance(db, limits=limits, max_tail=max_tail).prepare()


async def prepared(db: Pool, room: Room) -> Tier:
    read = await read_context(db, conversation_id=room.conversation_id, query="x")
    return read.prepared


async def find(
    db: Pool,
    room: Room,
    query: Matrix,
    *,
    limits: TierLimits = CODED,
    filters: Filters = EVERYTHING,
    preferred: Preferred = NOBODY,
    limit: int = 10,
) -> list[int]:
    """The nearest messages, by the tier that these limits give the room."""
    read = await read_context(db, conversation_id=room.conversation_id, query="x")
    found = await nearest(
        db,
        Target(room.conversation_id, 1, query),
        wanted=Wanted(filters, preferred, read.pending == 0, limit, read.last_seq),
        tier=tier_of(read.prepared, passages=read.passage_count, limits=limits),
    )
    return [int(seq) for seq in found]


def overlap(found: Sequence[int], expected: Sequence[int]) -> float:
    return len(set(found) & set(expected)) / len(expected)
