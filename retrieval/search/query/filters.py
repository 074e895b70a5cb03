"""Which messages a request allows as hits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from retrieval.wire import SearchRequest


@dataclass(frozen=True)
class Filters:
    """None: no restriction. `excluded` has each `seq` that must not be a hit."""

    since: datetime | None
    until: datetime | None
    participants: list[str] | None
    roles: list[str] | None
    excluded: list[int]

    @classmethod
    def of(cls, request: SearchRequest, *, excluded: Sequence[int]) -> "Filters":
        return cls(
            since=request.since,
            until=request.until,
            participants=request.participants,
            roles=[*request.roles] if request.roles else None,
            excluded=[*excluded],
        )

    @property
    def narrow(self) -> bool:
        """Ignores `excluded`."""
        restrictions = (self.since, self.until, self.participants, self.roles)
        return any(restriction is not None for restriction in restrictions)

    @property
    def any(self) -> bool:
        return self.narrow or bool(self.excluded)

    def parameters(
        self,
    ) -> tuple[datetime | None, datetime | None, list[str] | None, list[str] | None, list[int]]:
        """$4 to $8 of `conditions.py`."""
        return self.since, self.until, self.participants, self.roles, self.excluded
