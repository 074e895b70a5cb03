"""Which messages a request allows as hits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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
