"""Answers many queries with few calls of the model: joins those that come together, remembers."""

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
_Answer = asyncio.Future[Embeddings]


class BatchingEmbedder:
    """An embedder in front of another: queries are batched and cached, documents pass through.

    Queries of one event-loop tick, and those that come while the model is busy with queries, are
    embedded in one call; equal ones once. A query is normalised (white space, Unicode form) before
    it is embedded, so that what the cache gives is what the model would give. The cache holds no
    text, only digests. Closing it closes the embedder behind it.
    """

    def __init__(self, inner: Embedder, *, cache_entries: int = 4096) -> None:
        self._inner = inner
        self._cache: OrderedDict[_Key, Embeddings] = OrderedDict()
        self._cache_entries = cache_entries
        self._waiting: dict[_Key, tuple[str, _Answer]] = {}
        self._running: dict[_Key, _Answer] = {}
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
        answers = [self._answer(_normalised(text)) for text in texts]
        if not answers:
            return np.empty((0, self.dimension), dtype=np.float32)
        # Shielded: others may wait for the same answer when this caller gives up.
        return np.stack(await asyncio.gather(*(asyncio.shield(answer) for answer in answers)))

    def forget(self) -> None:
        """Empties the cache, as erasing a conversation asks for."""
        self._cache.clear()

    async def aclose(self) -> None:
        """Ends what is running; queries that still wait get EmbeddingUnavailable."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._inner.aclose()

    def _answer(self, text: str) -> _Answer:
        key = hashlib.blake2b(text.encode(), digest_size=16).digest()
        known = self._cache.get(key)
        if known is not None:
            self._cache.move_to_end(key)
            return _answered(known)
        if key in self._running:
            return self._running[key]
        if key not in self._waiting:
            self._waiting[key] = (text, _unanswered())
            self._ensure_running()
        return self._waiting[key][1]

    def _ensure_running(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._answer_all(), name="embed-queries")

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[:MAX_BATCH_QUERIES]
                batch = {key: self._waiting.pop(key) for key in keys}
                self._running = {key: answer for key, (_, answer) in batch.items()}
                await self._answer_batch(batch)
        finally:
            self._refuse_the_rest()

    async def _answer_batch(self, batch: dict[_Key, tuple[str, _Answer]]) -> None:
        try:
            rows = await self._inner.embed([text for text, _ in batch.values()], kind="query")
        except EmbeddingRejected as error:
            await self._answer_singly(batch, error)
        except EmbeddingError as error:
            _fail([answer for _, answer in batch.values()], error)
        else:
            for (key, (_, answer)), row in zip(batch.items(), rows, strict=True):
                self._remember(key, row)
                answer.set_result(row)

    async def _answer_singly(
        self, batch: dict[_Key, tuple[str, _Answer]], error: EmbeddingRejected
    ) -> None:
        """One text was refused: the others of its batch still get their answers."""
        if len(batch) == 1:
            _fail([answer for _, answer in batch.values()], error)
            return
        for key, waiting in batch.items():
            await self._answer_batch({key: waiting})

    def _remember(self, key: _Key, row: Embeddings) -> None:
        if self._cache_entries == 0:
            return
        row.setflags(write=False)
        self._cache[key] = row
        if len(self._cache) > self._cache_entries:
            self._cache.popitem(last=False)

    def _refuse_the_rest(self) -> None:
        """Nobody waits for ever, however the task ended."""
        left = [*self._running.values(), *(answer for _, answer in self._waiting.values())]
        self._running = {}
        self._waiting = {}
        _fail([answer for answer in left if not answer.done()], _stopped())


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _unanswered() -> _Answer:
    return asyncio.get_running_loop().create_future()


def _answered(row: Embeddings) -> _Answer:
    answer = _unanswered()
    answer.set_result(row)
    return answer


def _fail(answers: list[_Answer], error: Exception) -> None:
    for answer in answers:
        answer.set_exception(error)
        answer.exception()  # a caller that gave up leaves it unread, which is no mistake


def _stopped() -> EmbeddingUnavailable:
    return EmbeddingUnavailable("the embedder stopped before it answered")
