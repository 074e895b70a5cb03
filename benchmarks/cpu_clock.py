"""Processor time of this process and of its PostgreSQL backends, from Linux' /proc."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.database.connection import Database

SERVING = """
select array_agg(pid) from pg_stat_activity where datname = current_database()
"""


@dataclass(frozen=True)
class CpuClock:
    """Processor time, because wall time depends on what else runs on the machine."""

    backends: tuple[int, ...]

    @classmethod
    async def of(cls, db: "Database") -> "CpuClock":
        """Counts the connections that are open now; they must stay open."""
        return cls(tuple(await db.fetchval(SERVING)))

    def database_ms(self) -> float:
        """Of the counted connections."""
        return sum(_used_ms(pid) for pid in self.backends)

    def ms(self) -> float:
        """Of this process and the counted connections."""
        return time.process_time() * 1000 + self.database_ms()


def process_ms(pid: int) -> float:
    """Of all threads of a process."""
    # The kernel's number for the clock that clock_getcpuclockid(3) gives; Python wraps only that
    # of threads.
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e6


def _used_ms(pid: int) -> float:
    nanoseconds, *_ = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(nanoseconds) / 1e6


def quantile(values: Iterable[float], share: float) -> float:
    """`share` is 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
