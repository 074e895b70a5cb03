"""Batches and caches query embeddings."""

import asyncio
import hashlib
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from retrieval.embedders.protocol import Embedder, Embeddings, EmbedKind
from retrieval.errors import EmbeddingError, EmbeddingRejected, EmbeddingUnavailable

MAX_BATCH_QUERIES = 32

_Key = bytes
_Result = asyncio.Future[Embeddings]


class BatchingEmbedder:
    """Batches and caches queries for an embedder; documents pass through.

    Queries of one event-loop tick, and those that arrive while a batch runs, share one call; equal
    ones are embedded once. White space and Unicode form are normalised first: cached and fresh
    results agree. Cache keys are digests, never text.
    """

    def __init__(self, inner: Embedder, *, cache_entries: int = 4096) -> None:
        self._inner = inner
        self._cache: OrderedDict[_Key, Embeddings] = OrderedDict()
        self._cache_entries = cache_entries
        self._queued: dict[_Key, tuple[str, _Result]] = {}
        self._running: dict[_Key, _Result] = {}
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
        results = [self._result_of(_normalised(text)) for text in texts]
        if not results:
            return np.empty((0, self.dimension), dtype=np.float32)
        # Shielded: other callers may wait for the same result when this one is cancelled.
        return np.stack(await asyncio.gather(*(asyncio.shield(result) for result in results)))

    def forget(self) -> None:
        """All that is cached."""
        self._cache.clear()

    async def aclose(self) -> None:
        """Closes the wrapped embedder, too; unfinished queries get EmbeddingUnavailable."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._inner.aclose()

    def _result_of(self, text: str) -> _Result:
        key = hashlib.blake2b(text.encode(), digest_size=16).digest()
        known = self._cache.get(key)
        if known is not None:
            self._cache.move_to_end(key)
            return _done(known)
        if key in self._running:
            return self._running[key]
        if key not in self._queued:
            self._queued[key] = (text, _open())
            self._ensure_task()
        return self._queued[key][1]

    def _ensure_task(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._embed_queued(), name="embed-queries")

    async def _embed_queued(self) -> None:
        try:
            while self._queued:
                keys = list(self._queued)[:MAX_BATCH_QUERIES]
                batch = {key: self._queued.pop(key) for key in keys}
                self._running = {key: result for key, (_, result) in batch.items()}
                await self._embed_batch(batch)
        finally:
            self._fail_unfinished()

    async def _embed_batch(self, batch: dict[_Key, tuple[str, _Result]]) -> None:
        try:
            rows = await self._inner.embed([text for text, _ in batch.values()], kind="query")
        except EmbeddingRejected as error:
            await self._embed_singly(batch, error)
        except EmbeddingError as error:
            _fail([result for _, result in batch.values()], error)
        else:
            for (key, (_, result)), row in zip(batch.items(), rows, strict=True):
                self._cache_row(key, row)
                result.set_result(row)

    async def _embed_singly(
        self, batch: dict[_Key, tuple[str, _Result]], error: EmbeddingRejected
    ) -> None:
        """After one text was refused: the others of its batch must not fail with it."""
        if len(batch) == 1:
            _fail([result for _, result in batch.values()], error)
            return
        for key, query in batch.items():
            await self._embed_batch({key: query})

    def _cache_row(self, key: _Key, row: Embeddings) -> None:
        if self._cache_entries == 0:
            return
        row.setflags(write=False)
        self._cache[key] = row
        if len(self._cache) > self._cache_entries:
            self._cache.popitem(last=False)

    def _fail_unfinished(self) -> None:
        """However the task ended, no caller waits forever."""
        left = [*self._running.values(), *(result for _, result in self._queued.values())]
        self._running = {}
        self._queued = {}
        _fail([result for result in left if not result.done()], _stopped())


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


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
