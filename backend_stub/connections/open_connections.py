"""How many connections are open, and which of them only wait for a request."""

import resource
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

PROBES_RESERVE = 16
"""Connections beyond the limit that are accepted for what probes ask."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Times in seconds."""

    connections: int = 1_000
    head_s: float = 10.0
    """From a request's first byte, or a connection's beginning, to the end of its headers."""
    stalled_s: float = 20.0
    """In which a client must read some of a response."""
    linger_s: float = 5.0
    """In which the rest of a refused body is discarded, so that the client reads the refusal."""
    linger_bytes: int = 64 * 1024 * 1024


GRACE_S = 0.5
"""In which a request that was sent with the connection is read, also by a busy process."""
OTHER_FILES = 200
"""Of the process: connections to the database, logs, the model."""


def allow_open_files(connections: int) -> None:
    """As many as the connections need, or as many as the system allows this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + 8 * PROBES_RESERVE + OTHER_FILES
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


class Idle(Protocol):
    def give_way(self) -> None: ...


@dataclass
class OpenConnections:
    limits: ConnectionLimits
    count: int = 0
    _waiting: dict[Idle, float] = field(default_factory=dict)
    """Since when, the longest first."""

    def wait(self, connection: Idle) -> None:
        """It has no request; a new connection may take its place after GRACE_S."""
        self._waiting.setdefault(connection, monotonic())

    def work(self, connection: Idle) -> None:
        self._waiting.pop(connection, None)

    def admit(self) -> None:
        """Count one more; above the limit, those that wait longest give way."""
        self.count += 1
        before = monotonic() - GRACE_S
        while self.full and self._waiting:
            longest, since = next(iter(self._waiting.items()))
            if since > before:
                return
            longest.give_way()

    def leave(self, connection: Idle) -> None:
        self.count -= 1
        self.work(connection)

    @property
    def full(self) -> bool:
        return self.count > self.limits.connections

    @property
    def flooded(self) -> bool:
        """More than can be told so."""
        return self.count > self.limits.connections + 8 * PROBES_RESERVE

    @property
    def overfull(self) -> bool:
        return self.count > self.limits.connections + PROBES_RESERVE
