"""What the agent says first and last in a room."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Greeting:
    """Empty texts are not said, nor a farewell without a listener.

    Unless `at_once`, the opening waits for `SupportAgent.greet`.
    """

    opening: str
    farewell: str
    has_listener: Callable[[], bool]
    at_once: bool = True


def opening(
    *,
    last_message_at: datetime | None,
    greeting: str,
    welcome_back: str,
    absence_s: float,
    now: datetime | None = None,
) -> str:
    """Empty in a running conversation: an agent that resumes after a crash must not greet again."""
    if last_message_at is None:
        return greeting
    silent = (now or datetime.now(UTC)) - last_message_at
    return welcome_back if silent.total_seconds() >= absence_s else ""
