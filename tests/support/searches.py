"""Storing, embedding and searching with embeddings that need no model."""

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from retrieval.embedders.protocol import Embeddings, EmbedKind
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.errors import EmbeddingUnavailable
from retrieval.search import search_conversation
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId, MessageCreate, SearchRequest, SearchResponse
from tests.support.builders import NOON, message
from tests.support.fakes import HashEmbedder


class BrokenEmbedder(HashEmbedder):
    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        raise EmbeddingUnavailable("the model is away")


async def store(
    db: asyncpg.Pool, room: ConversationId, messages: Sequence[MessageCreate], *, embed: bool = True
) -> None:
    for start in range(0, len(messages), 500):
        await append_messages(db, conversation_id=room, messages=messages[start : start + 500])
    if embed:
        await embed_all(db)


async def embed_all(db: asyncpg.Pool, *, quiet: timedelta = timedelta(0)) -> None:
    embedder = HashEmbedder()
    model = await ensure_model(db, name=embedder.name, dimension=embedder.dimension)
    limits = BatchLimits(quiet=quiet)
    await EmbeddingWorker(db, embedder, model, limits=limits).drain()


async def search(
    db: asyncpg.Pool, room: ConversationId, query: str, **options: object
) -> SearchResponse:
    request = SearchRequest.model_validate({"query": query, **options})
    return await search_conversation(
        db, HashEmbedder(), conversation_id=room, request=request, now=NOON + timedelta(days=1)
    )


def ids(response: SearchResponse) -> list[str]:
    return [hit.message.id for hit in response.hits]


def chatter(count: int, *, first: int = 1000) -> list[MessageCreate]:
    words = ["tea", "rain", "football", "music", "trains", "garden", "cinema", "lunch"]
    return [
        message(
            first + number,
            f"{words[number % 8]} and {words[number // 8 % 8]} {number % 5}",
            participant=["ana", "bob", "cleo"][number % 3],
        )
        for number in range(count)
    ]
