"""What a participant says to the agent, however it arrived."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from retrieval.wire import MessageId

Outcome = Literal["answered", "interrupted", "empty", "failed"]
"""How a turn ended: `empty` is a reply without a word, `failed` no reply at all."""


@dataclass(frozen=True)
class Question:
    """One typed or spoken message. `asked_at` is when it arrived, by the agent's clock.

    The sender's clock is not used: messages of several people must stay in order.
    """

    id: MessageId
    speaker: str
    text: str
    asked_at: datetime
    spoken: bool = False
