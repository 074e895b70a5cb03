"""What the agent says first and last in a room, and when it says nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Greeting:
    """`opening` and `farewell` may be empty: then nothing is said.

    `somebody_listens` is asked before the farewell. The opening is heard `at_once`, or waits for
    somebody.
    """

    opening: str
    farewell: str
    somebody_listens: Callable[[], bool]
    at_once: bool = True


def opening(
    *,
    last_message_at: datetime | None,
    greeting: str,
    welcome_back: str,
    absence_s: float,
    now: datetime | None = None,
) -> str:
    """The greeting in a new room, the welcome back after an absence, else nothing.

    An agent that takes over a running conversation, after a crash say, must not greet again.
    """
    if last_message_at is None:
        return greeting
    silent = (now or datetime.now(UTC)) - last_message_at
    return welcome_back if silent.total_seconds() >= absence_s else ""
