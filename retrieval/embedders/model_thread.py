"""One thread for a model that computes in this process; queries overtake documents in it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import numpy as np

from retrieval.embedders.protocol import Embeddings, EmbedKind

SLICE_TEXTS = 8
SLICE_CHARS = 500
"""What fits a processor's cache is fastest: batches four times as large take a third longer."""

Encode = Callable[[Sequence[str], EmbedKind], Embeddings]


class ModelThread:
    """Runs `encode` away from the event loop, one call at a time.

    Texts are computed in slices, shortest first so that little is spent on padding; between
    slices whoever waits with a query goes first.
    """

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
        self._turns = _Turns()

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        embeddings = np.empty((len(texts), self._dimension), dtype=np.float32)
        for places in self._slices(texts):
            async with self._turns.turn(kind):
                part = [texts[place] for place in places]
                embeddings[places] = await self._in_thread(part, kind)
        return embeddings

    async def aclose(self) -> None:
        """Waits for the call that is running; those that wait for their turn are refused."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    async def _in_thread(self, texts: Sequence[str], kind: EmbedKind) -> Embeddings:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._encode, texts, kind)

    def _slices(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """Places of the texts, shortest text first, cut where a slice would take too long."""
        held: list[int] = []
        chars = 0
        for place in sorted(range(len(texts)), key=lambda place: len(texts[place])):
            full = len(held) == self._slice_texts or chars + len(texts[place]) > self._slice_chars
            if held and full:
                yield held
                held, chars = [], 0
            held.append(place)
            chars += len(texts[place])
        if held:
            yield held


class _Turns:
    """A lock whose waiters come in two classes."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: dict[EmbedKind, deque[asyncio.Future[None]]] = {
            "query": deque(),
            "document": deque(),
        }

    @asynccontextmanager
    async def turn(self, kind: EmbedKind) -> AsyncIterator[None]:
        await self._take(kind)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, kind: EmbedKind) -> None:
        if not self._taken:
            self._taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting[kind].append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # the turn came while we were being cancelled
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        for waiting in self._waiting.values():  # queries first: dicts keep their order
            while waiting:
                future = waiting.popleft()
                if not future.done():
                    future.set_result(None)
                    return
        self._taken = False
