"""How long the next attempt waits."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Retry:
    """Backoff from `first_s`, doubled up to `max_s`, times a random 0.5 to 1."""

    first_s: float = 0.2
    max_s: float = 30.0

    def delay_s(self, attempt: int) -> float:
        """`attempt`: failures in a row, from 1."""
        longest: float = min(self.max_s, self.first_s * 2 ** min(attempt - 1, 30))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
