"""Work on long texts in threads, so that the event loop goes on answering."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import MappingProxyType
from typing import Final, Literal, TypeVar

T = TypeVar("T")

Use = Literal["search", "storing"]
"""Each has a thread: a search never waits for texts that are being stored."""
LONG_CHARS: Final[Mapping[Use, int]] = MappingProxyType({"search": 8_000, "storing": 2_000})
"""Up to here the work takes ten milliseconds, and a hand-over would cost more than it saves."""


async def worked_out(work: Callable[[], T], *, chars: int, use: Use) -> T:
    """The result of `work`, which reads `chars` characters.

    Work cannot be interrupted, and what comes later waits for it: hand over a message at a time.
    """
    if chars <= LONG_CHARS[use]:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_thread(use), work)


@cache
def _thread(use: Use) -> ThreadPoolExecutor:
    # One: the interpreter runs one thread at a time, and the event loop's must not be one of many.
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"long texts, {use}")
