"""Which messages a request allows as hits, in the form that every statement takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from retrieval.wire import SearchRequest


@dataclass(frozen=True)
class Filters:
    """None means no restriction; `excluded` are the seqs that must not come back."""

    since: datetime | None
    until: datetime | None
    participants: list[str] | None
    roles: list[str] | None
    excluded: list[int]

    @classmethod
    def of(cls, request: SearchRequest, *, excluded: Sequence[int]) -> "Filters":
        """The restrictions of a request."""
        return cls(
            since=request.since,
            until=request.until,
            participants=request.participants,
            roles=[*request.roles] if request.roles else None,
            excluded=[*excluded],
        )

    @property
    def narrow(self) -> bool:
        """Whether anything but single messages is left out."""
        restrictions = (self.since, self.until, self.participants, self.roles)
        return any(restriction is not None for restriction in restrictions)

    @property
    def any(self) -> bool:
        """Whether anything is left out at all."""
        return self.narrow or bool(self.excluded)

    def parameters(
        self,
    ) -> tuple[datetime | None, datetime | None, list[str] | None, list[str] | None, list[int]]:
        """In the order in which the statements number them."""
        return self.since, self.until, self.participants, self.roles, self.excluded
