"""One thread for a model that computes in this process; queries take priority over documents."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import numpy as np

from retrieval.embedders.protocol import Embeddings, EmbedKind

SLICE_TEXTS = 8
SLICE_CHARS = 500
"""Sized for the processor's cache: batches four times as large take a third longer."""

Encode = Callable[[Sequence[str], EmbedKind], Embeddings]


class ModelThread:
    """Calls `encode` in a thread, by slices: shortest first to save padding, queries in between."""

    def __init__(
        self,
        encode: Encode,
        *,
        dimension: int,
        slice_texts: int = SLICE_TEXTS,
        slice_chars: int = SLICE_CHARS,
    ) -> None:
        self._encode = encode
        self._dimension = dimension
        self._slice_texts = slice_texts
        self._slice_chars = slice_chars
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")
        self._lock = _PriorityLock()

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        embeddings = np.empty((len(texts), self._dimension), dtype=np.float32)
        for places in self._slices(texts):
            async with self._lock.hold(kind):
                part = [texts[place] for place in places]
                embeddings[places] = await self._in_thread(part, kind)
        return embeddings

    async def aclose(self) -> None:
        """Waits for the running call and cancels queued ones."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    async def _in_thread(self, texts: Sequence[str], kind: EmbedKind) -> Embeddings:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._encode, texts, kind)

    def _slices(self, texts: Sequence[str]) -> Iterator[list[int]]:
        current: list[int] = []
        chars = 0
        for place in sorted(range(len(texts)), key=lambda place: len(texts[place])):
            size = len(texts[place])
            full = len(current) == self._slice_texts or chars + size > self._slice_chars
            if current and full:
                yield current
                current, chars = [], 0
            current.append(place)
            chars += size
        if current:
            yield current


class _PriorityLock:
    def __init__(self) -> None:
        self._locked = False
        self._waiters: dict[EmbedKind, deque[asyncio.Future[None]]] = {
            "query": deque(),
            "document": deque(),
        }

    @asynccontextmanager
    async def hold(self, kind: EmbedKind) -> AsyncIterator[None]:
        await self._acquire(kind)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, kind: EmbedKind) -> None:
        if not self._locked:
            self._locked = True
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiters[kind].append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():  # granted while being cancelled
                self._release()
            raise

    def _release(self) -> None:
        for waiters in self._waiters.values():  # queries first: dicts keep their order
            while waiters:
                granted = waiters.popleft()
                if not granted.done():
                    granted.set_result(None)
                    return
        self._locked = False
