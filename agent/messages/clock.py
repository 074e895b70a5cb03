"""The time that all agents of a room share, whatever this machine's clock says."""

import time
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(seconds=1)
"""Clocks are not compared more exactly; those of machines that ask a time server differ by less."""
EXACT_ENOUGH_S = 0.5
CAUGHT_UP_WITHIN = timedelta(minutes=1)
"""Who lags behind what was said by more does not wait for it: it may be dated in the future."""

_READ_TOGETHER_S = 0.01
_NOT_SET = timedelta(milliseconds=50)
_READINGS = 3
# Goes on while the machine sleeps; elsewhere than on Linux, CLOCK_MONOTONIC does.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady_s() -> float:
    """Never set; from an arbitrary moment on."""
    return time.clock_gettime(_STEADY)


class Clock:
    """Shows this machine's time at construction, or the backend's if this is off by more than
    TOLERANCE, and goes on steadily from there: the machine's clock may be set meanwhile.

    The backend has read `shared_now` at an unknown moment between the two readings of `steady_s`.
    No clock is off for being within these two. A corrected one is never ahead, however long the
    answer took: what the next agent hears must not seem to have been said before.

    Without `shared_now` it follows this machine's clock.
    """

    def __init__(
        self,
        shared_now: datetime | None = None,
        *,
        asked_at: float = 0.0,
        told_at: float = 0.0,
    ) -> None:
        self.uncertain_s = told_at - asked_at if shared_now is not None else 0.0
        self.off = timedelta()
        """How far this machine's clock was ahead, if that was too much."""
        self._shown: datetime | None = None
        self._not_before: datetime | None = None
        self._shown_at, local = _both_clocks()
        if shared_now is not None:
            earliest = shared_now + timedelta(seconds=self._shown_at - told_at)
            latest = shared_now + timedelta(seconds=self._shown_at - asked_at)
            trusted = earliest - TOLERANCE <= local <= latest + TOLERANCE
            self._shown = local if trusted else earliest
            self.off = local - self._shown

    def not_before(self, newest: datetime) -> None:
        """Nothing is said before what is known to have been said, such as by an agent whose clock
        was a little ahead.
        """
        self._not_before = newest

    def now(self) -> datetime:
        return self.corrected(datetime.now(UTC))

    def corrected(self, moment: datetime) -> datetime:
        """A moment that this machine's clock has shown lately."""
        corrected = moment + self._correction()
        floor = self._not_before
        if floor is not None and timedelta() < floor - corrected <= CAUGHT_UP_WITHIN:
            return floor
        return corrected

    def _correction(self) -> timedelta:
        if self._shown is None:
            return timedelta()
        steady, local = _both_clocks()
        behind = self._shown + timedelta(seconds=steady - self._shown_at) - local
        return behind if abs(behind) > _NOT_SET else timedelta()


def _both_clocks() -> tuple[float, datetime]:
    """Of the same moment: a process may be stopped between two readings."""
    for _ in range(_READINGS):
        before, local = steady_s(), datetime.now(UTC)
        if steady_s() - before < _READ_TOGETHER_S:
            break
    return before, local
