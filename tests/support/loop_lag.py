"""What goes on while a request is answered: how often others were."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Meanwhile:
    """Answers that others got, one after the other, before the request was answered."""

    answers: int
    longest_share: float
    """Of the request's time, the longest that one of the others waited."""


async def meanwhile(
    request: Awaitable[T], other: Callable[[], Awaitable[object]]
) -> tuple[T, Meanwhile]:
    """`other` is asked again and again until `request` is answered."""
    waited_s: list[float] = []
    began_s = perf_counter()
    answering = asyncio.ensure_future(request)
    while not answering.done():
        asked_s = perf_counter()
        await other()
        waited_s.append(perf_counter() - asked_s)
    took_s = perf_counter() - began_s
    return await answering, Meanwhile(len(waited_s), max(waited_s) / took_s)
