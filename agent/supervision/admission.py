"""Which rooms this worker takes: by its jobs and its memory, never by a load figure.

LiveKit skips workers that report themselves full; if all do, the dispatch is lost without an error.
So the load threshold is infinite, and each request is answered here.
"""

import logging
from collections.abc import Callable, Mapping

import psutil
from livekit.agents import JobRequest

logger = logging.getLogger(__name__)


class Admission:
    """At most `max_jobs`, with `min_free_mb` free; `attributes` are for agents' participants."""

    def __init__(
        self,
        active_jobs: Callable[[], int],
        *,
        max_jobs: int,
        min_free_mb: int,
        free_mb: Callable[[], float] | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        self._active_jobs = active_jobs
        self._max_jobs = max_jobs
        self._min_free_mb = min_free_mb
        self._free_mb = free_mb or _free_memory_mb
        self._attributes = dict(attributes or {})
        self._starting = 0

    async def answer(self, request: JobRequest) -> None:
        if reason := self._why_full():
            logger.warning("room refused", extra={"room": request.room.name, "reason": reason})
            # With terminate=True, the default, no other worker would be asked.
            await request.reject(terminate=False)
            return
        self._starting += 1
        try:
            await request.accept(attributes=self._attributes)
        finally:
            self._starting -= 1

    def _why_full(self) -> str | None:
        if self._active_jobs() + self._starting >= self._max_jobs:
            return f"AGENT_MAX_ROOMS={self._max_jobs} reached"
        if self._free_mb() < self._min_free_mb:
            return f"less than AGENT_MIN_FREE_MEMORY_MB={self._min_free_mb} free"
        return None


def _free_memory_mb() -> float:
    return float(psutil.virtual_memory().available) / 2**20
