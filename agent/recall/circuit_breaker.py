"""Stops searching while the backend fails or answers too late, and tests when it is well again."""

import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_PEACE_S = 60.0


@dataclass(eq=False)
class Attempt:
    """A probe tests the backend while the breaker is open."""

    is_probe: bool
    late: bool = False


class CircuitBreaker:
    """Opens after `failures` in a row: no calls for `recovery_s`, then one, the probe.

    Its success closes the breaker, its failure opens it again. A late answer is a failure.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        recovery_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._recovery_s = recovery_s
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0
        self._peace_until = 0.0
        self._backend_is_slow = False

    def begin(self) -> Attempt | None:
        """None if no call is allowed. One probe at a time, for at most `recovery_s`."""
        if self._clock() < self._peace_until:
            return None
        if self._failures < self._limit:
            return Attempt(is_probe=False)
        if self._clock() < self._open_until:
            return None
        self._open_until = self._clock() + self._recovery_s
        return Attempt(is_probe=True)

    def is_worth_waiting(self, attempt: Attempt) -> bool:
        """No turn waits for the probe of a backend that was too slow."""
        return not (attempt.is_probe and self._backend_is_slow)

    def late(self, attempt: Attempt) -> None:
        """A turn went on without the answer: one failure, even if it still comes."""
        if not attempt.late:
            attempt.late = self._backend_is_slow = True
            self._fail()

    def ended(
        self,
        attempt: Attempt,
        *,
        answered: bool,
        in_time: bool = True,
        retry_after_s: float | None = None,
    ) -> None:
        """Judge a finished call, unless it was late. `in_time` counts if no turn waited.

        `retry_after_s`: the backend asked for so much peace, which one failure is enough for.
        """
        if retry_after_s:
            self._peace_until = self._clock() + min(retry_after_s, LONGEST_PEACE_S)
        if attempt.late:
            return
        if answered and (in_time or self.is_worth_waiting(attempt)):
            self._backend_is_slow = False
            self._failures = 0
        else:
            self._fail()

    def _fail(self) -> None:
        self._failures += 1
        self._open_until = self._clock() + self._recovery_s
