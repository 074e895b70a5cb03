"""How long a model may be silent while other people's questions wait."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

_LEAST_S = 10.0
_TIMES_THE_USUAL = 2.0
_FORGOTTEN = 0.9


class Patience:
    """At least `least_s`, more for a model whose first words have come later than that."""

    def __init__(self, least_s: float = _LEAST_S) -> None:
        self._least_s = least_s
        self._usual_s = 0.0

    def first_word_after(self, seconds: float) -> None:
        self._usual_s = max(seconds, self._usual_s * _FORGOTTEN)

    def limit_s(self, silences: int) -> float:
        """Twice as long after each silence: one that is only slow is answered in the end."""
        return max(self._least_s, self._usual_s * _TIMES_THE_USUAL) * 2.0 ** min(silences, 16)


class Silent(Exception):
    """Others wait, and the model has said nothing for too long."""


async def while_patient(
    items: AsyncIterator[T], others_wait: asyncio.Event | None, *, limit_s: float
) -> AsyncGenerator[T, None]:
    """The items. Raises Silent if none comes for `limit_s` and `others_wait` is set."""
    if others_wait is None:
        async for item in items:
            yield item
        return
    watch = _Watch(others_wait, limit_s)
    watching = asyncio.create_task(watch.run(), name="patience")
    try:
        with suppress(StopAsyncIteration):
            while True:
                yield await watch.next_of(items)
    finally:
        watching.cancel()


class _Watch:
    def __init__(self, others_wait: asyncio.Event, limit_s: float) -> None:
        self._others_wait = others_wait
        self._limit_s = limit_s
        self._clock = asyncio.get_running_loop()
        self._silent_since = self._clock.time()
        self._waiting: asyncio.Timeout | None = None

    async def next_of(self, items: AsyncIterator[T]) -> T:
        self._silent_since = self._clock.time()
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._waiting = limit
                try:
                    return await anext(items)
                finally:
                    self._waiting = None
        except TimeoutError as error:
            if limit.expired():
                raise Silent from error
            raise

    async def run(self) -> None:
        while True:
            await self._others_wait.wait()
            left_s = self._silent_since + self._limit_s - self._clock.time()
            if left_s <= 0 and self._waiting is not None:
                self._waiting.reschedule(self._clock.time())
                return
            # Not asked for the next item, it is not silent.
            await asyncio.sleep(left_s if left_s > 0 else self._limit_s)
