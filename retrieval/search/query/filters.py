"""Which messages a request allows as hits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import asyncpg
import numpy as np

from retrieval.columns import Integers
from retrieval.wire import SearchRequest


@dataclass(frozen=True)
class Filters:
    """None: no restriction. `excluded` has each `seq` that must not be a hit, `listed` each that
    has the wanted metadata, ascending.
    """

    since: datetime | None
    until: datetime | None
    participants: list[str] | None
    roles: list[str] | None
    excluded: list[int]
    listed: Integers | None = None

    @classmethod
    def of(
        cls, request: SearchRequest, *, excluded: Sequence[int], listed: Integers | None = None
    ) -> "Filters":
        return cls(
            since=request.since,
            until=request.until,
            participants=request.participants,
            roles=[*request.roles] if request.roles else None,
            excluded=[*excluded],
            listed=listed,
        )

    @property
    def narrow(self) -> bool:
        """Ignores `excluded`."""
        restrictions = (self.since, self.until, self.participants, self.roles, self.listed)
        return any(restriction is not None for restriction in restrictions)

    @property
    def any(self) -> bool:
        return self.narrow or bool(self.excluded)

    def parameters(
        self,
    ) -> tuple[datetime | None, datetime | None, list[str] | None, list[str] | None, list[int]]:
        """$4 to $8 of `conditions.py`."""
        return self.since, self.until, self.participants, self.roles, self.excluded

    @cached_property
    def listed_bits(self) -> asyncpg.BitString | None:
        """The last parameter: one bit for each `seq` from 0. Of a million messages it has 125 kB,
        and a row is checked in a few nanoseconds however many are listed.
        """
        if self.listed is None:
            return None
        bits = np.zeros(self.listed.max(initial=0) + 1, dtype=np.uint8)
        bits[self.listed] = 1
        return asyncpg.BitString.frombytes(np.packbits(bits).tobytes(), bitlength=len(bits))
