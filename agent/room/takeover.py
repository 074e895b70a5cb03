"""The question that an agent's predecessor died over."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from agent.question import Question
from retrieval.wire import Message, MessageCreate

STILL_WAITED_FOR = timedelta(seconds=60)
"""An older question has been given up; answering it would only surprise."""


def open_question(
    window: Sequence[Message | MessageCreate], *, now: datetime | None = None
) -> Question | None:
    """The newest message, if a person said it just now and nobody has answered."""
    if not window or window[-1].role != "user":
        return None
    last = window[-1]
    if (now or datetime.now(UTC)) - last.created_at > STILL_WAITED_FOR:
        return None
    return Question(
        id=last.id, speaker=last.participant, text=last.content, asked_at=last.created_at
    )
