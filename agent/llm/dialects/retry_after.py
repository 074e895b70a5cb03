"""When a server asks to be asked again: LiveKit's errors do not carry a response's headers."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A request runs in tasks of its own, which inherit this.
_WATCHED: ContextVar["Wait | None"] = ContextVar("retry_after", default=None)


@dataclass
class Wait:
    """Filled by the transport."""

    header: str | None = None


class RetryAfter(Exception):
    """The cause of an error whose response asked for a wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"asked to wait for {seconds:.0f} s")
        self.seconds = seconds


def watch() -> Wait:
    """For the requests of this task, and of those that it starts."""
    wait = Wait()
    _WATCHED.set(wait)
    return wait


def note(headers: Mapping[str, str]) -> None:
    if (wait := _WATCHED.get()) is not None:
        wait.header = headers.get("retry-after")


def seconds_of(header: str) -> float | None:
    """From seconds or a date; None if it is neither."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
