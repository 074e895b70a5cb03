"""The time that all agents of a room share, whatever this machine's clock says."""

import time
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(seconds=1)
"""Clocks are not compared more exactly: the answer that tells the time takes its own."""


class Clock:
    """Follows this machine's clock, corrected once it is off by more than TOLERANCE.

    `shared_now` is the backend's time, told between the two readings of `time.monotonic`. Without
    it nothing is corrected. Monotonic time, since the machine's clock may be set meanwhile.
    """

    def __init__(
        self,
        shared_now: datetime | None = None,
        *,
        asked_at: float = 0.0,
        told_at: float = 0.0,
    ) -> None:
        self._shared_now = shared_now
        self._told_at = (asked_at + told_at) / 2

    def now(self) -> datetime:
        return self.corrected(datetime.now(UTC))

    def corrected(self, moment: datetime) -> datetime:
        """A moment that this machine's clock has shown just now."""
        if self._shared_now is None:
            return moment
        shared = self._shared_now + timedelta(seconds=time.monotonic() - self._told_at)
        off = shared - datetime.now(UTC)
        return moment if abs(off) <= TOLERANCE else moment + off
