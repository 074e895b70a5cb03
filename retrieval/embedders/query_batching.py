"""Batches and caches query embeddings."""

import asyncio
import hashlib
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.embedders.protocol import Embedder, Embeddings, EmbedKind, ReadsPieces
from retrieval.errors import EmbeddingError, EmbeddingRejected, EmbeddingUnavailable

MAX_BATCH_QUERIES = 32
MAX_CHARS_READ = 500
"""Of longer texts the pieces are not worth the time: few queries are as long, and none is twice."""
READ_BATCH_QUERIES = 8
READ_BATCH_PIECES = 100
"""About what a model thread computes at once: the first are answered before the others begin."""
MAX_PADDING_PIECES = 8
"""A piece of padding costs as much as one of text; a call of the model costs as much as nine."""

_Key = bytes
_Result = asyncio.Future[Embeddings]


@dataclass(eq=False)
class _Query:
    key: _Key
    text: str
    size: int
    """Pieces; 0: unknown."""
    result: _Result
    waiters: int = 0


class BatchingEmbedder:
    """Batches and caches queries for an embedder; documents pass through.

    Queries of one event-loop tick, and those that arrive while a batch runs, share one call; equal
    ones are embedded once, and one that nobody waits for any more not at all. White space and
    Unicode form are normalised first: cached and fresh results agree. Of an embedder that tells
    what its model sees, texts are equal that it sees alike, such as in upper and lower case; then
    texts of like length are embedded together. Cache keys are digests, never text.
    """

    def __init__(self, inner: Embedder, *, cache_entries: int = 4096) -> None:
        self._inner = inner
        self._reader = inner if isinstance(inner, ReadsPieces) else None
        self._cache: OrderedDict[_Key, Embeddings] = OrderedDict()
        self._cache_entries = cache_entries
        self._queued: dict[_Key, _Query] = {}
        self._running: dict[_Key, _Query] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        if kind == "document":
            return await self._inner.embed(texts, kind="document")
        queries = [self._query(_normalised(text)) for text in texts]
        if not queries:
            return np.empty((0, self.dimension), dtype=np.float32)
        for query in queries:
            query.waiters += 1
        try:
            # Shielded: other callers may wait for the same result when this one is cancelled.
            rows = await asyncio.gather(*(asyncio.shield(query.result) for query in queries))
        finally:
            for query in queries:
                self._leave(query)
        return np.stack(rows)

    def forget(self) -> None:
        """All that is cached, and what is embedded at this moment, too."""
        self._cache = OrderedDict()

    async def aclose(self) -> None:
        """Closes the wrapped embedder, too; unfinished queries get EmbeddingUnavailable."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._inner.aclose()

    def _query(self, text: str) -> _Query:
        key, size = self._read(text)
        if (known := self._cache.get(key)) is not None:
            self._cache.move_to_end(key)
            return _Query(key, text, size, _done(known))
        if (running := self._running.get(key)) is not None:
            return running
        if key not in self._queued:
            self._queued[key] = _Query(key, text, size, _open())
            self._ensure_task()
        return self._queued[key]

    def _read(self, text: str) -> tuple[_Key, int]:
        if self._reader is None or len(text) > MAX_CHARS_READ:
            return _digest(b"text", text.encode()), 0
        pieces = np.array(self._reader.pieces(text), dtype=np.int32)
        return _digest(b"pieces", pieces.tobytes()), len(pieces)

    def _leave(self, query: _Query) -> None:
        query.waiters -= 1
        if not query.waiters and self._queued.get(query.key) is query:
            del self._queued[query.key]

    def _ensure_task(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._embed_queued(), name="embed-queries")

    async def _embed_queued(self) -> None:
        try:
            while self._queued:
                batch = self._next_batch()
                for query in batch:
                    del self._queued[query.key]
                self._running = {query.key: query for query in batch}
                await self._embed_batch(batch, self._cache)
                self._running = {}
        finally:
            self._fail_unfinished()

    def _next_batch(self) -> list[_Query]:
        """The one that has waited longest, and those that are best embedded with it."""
        queued = [*self._queued.values()]
        oldest = queued[0]
        if not oldest.size:
            return [query for query in queued if not query.size][:MAX_BATCH_QUERIES]
        near = sorted(queued, key=lambda query: abs(query.size - oldest.size))
        batch: list[_Query] = []
        longest = 0
        for query in near[:READ_BATCH_QUERIES]:
            longest = max(longest, query.size)
            is_padded = abs(query.size - oldest.size) > MAX_PADDING_PIECES
            if batch and (is_padded or (len(batch) + 1) * longest > READ_BATCH_PIECES):
                break
            batch.append(query)
        return batch

    async def _embed_batch(
        self, batch: Sequence[_Query], cache: OrderedDict[_Key, Embeddings]
    ) -> None:
        try:
            rows = await self._inner.embed([query.text for query in batch], kind="query")
        except EmbeddingRejected as error:
            await self._embed_singly(batch, error, cache)
        except EmbeddingError as error:
            _fail([query.result for query in batch], error)
        else:
            for query, row in zip(batch, rows, strict=True):
                self._cache_row(cache, query.key, row)
                query.result.set_result(row)

    async def _embed_singly(
        self,
        batch: Sequence[_Query],
        error: EmbeddingRejected,
        cache: OrderedDict[_Key, Embeddings],
    ) -> None:
        """After one text was refused: the others of its batch must not fail with it."""
        if len(batch) == 1:
            _fail([query.result for query in batch], error)
            return
        for query in batch:
            await self._embed_batch([query], cache)

    def _cache_row(self, cache: OrderedDict[_Key, Embeddings], key: _Key, row: Embeddings) -> None:
        if self._cache_entries == 0:
            return
        kept = row.copy()  # a view would keep its whole batch
        kept.setflags(write=False)
        cache[key] = kept
        if len(cache) > self._cache_entries:
            cache.popitem(last=False)

    def _fail_unfinished(self) -> None:
        """However the task ended, no caller waits forever."""
        left = [*self._running.values(), *self._queued.values()]
        self._running = {}
        self._queued = {}
        _fail([query.result for query in left if not query.result.done()], _stopped())


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _digest(kind: bytes, content: bytes) -> _Key:
    return hashlib.blake2b(content, digest_size=16, person=kind).digest()


def _open() -> _Result:
    return asyncio.get_running_loop().create_future()


def _done(row: Embeddings) -> _Result:
    result = _open()
    result.set_result(row)
    return result


def _fail(results: list[_Result], error: Exception) -> None:
    for result in results:
        result.set_exception(error)
        result.exception()  # marks it as retrieved: a cancelled caller never reads it


def _stopped() -> EmbeddingUnavailable:
    return EmbeddingUnavailable("the embedder stopped before it answered")
