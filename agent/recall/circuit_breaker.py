"""Stops asking a backend that keeps failing, and finds out by itself when it is well again."""

import time
from collections.abc import Callable


class CircuitBreaker:
    """Closed: all may try. Open after `failures` in a row: nobody may, for `recovery_s`.

    Then half-open: one may try; its success closes the breaker, its failure opens it again.
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

    @property
    def is_open(self) -> bool:
        """Also while half-open: whoever may try then is a probe."""
        return self._failures >= self._limit

    def may_try(self) -> bool:
        """Whether to try now. After a yes to a half-open breaker, others wait for its outcome."""
        if not self.is_open:
            return True
        if self._clock() < self._open_until:
            return False
        self._open_until = self._clock() + self._recovery_s
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self.is_open:
            self._open_until = self._clock() + self._recovery_s
