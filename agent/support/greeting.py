"""What the agent says first and last in a room."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.settings import AgentSettings


@dataclass(frozen=True)
class Greeting:
    """Empty texts are not said, nor a farewell without a listener.

    Unless `at_once`, the opening waits for `SupportAgent.greet`.
    """

    opening: str
    farewell: str
    has_listener: Callable[[], bool]
    at_once: bool = True


def greeting(
    settings: AgentSettings,
    *,
    last_message_at: datetime | None,
    has_listener: Callable[[], bool],
    at_once: bool = True,
    now: datetime | None = None,
) -> Greeting:
    first_words = opening(
        last_message_at=last_message_at,
        greeting=settings.greeting,
        welcome_back=settings.welcome_back,
        absence_s=settings.welcome_back_after_s,
        now=now,
    )
    return Greeting(first_words, settings.farewell, has_listener, at_once=at_once)


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
