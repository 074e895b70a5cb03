"""What a participant says to the agent, however it arrived."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from retrieval.wire import MessageId

MAX_QUESTION_ID_CHARS = 100
"""An answer's id is a little longer, and messages' ids end at 128 characters."""

_ANSWER_ID = re.compile(r"(?P<question>.+)\.answer(?P<part>[1-9]\d{0,3})", re.DOTALL)


def answer_id(question_id: MessageId, part: int) -> MessageId:
    """A turn may have several messages, such as one before a tool is called: `part` counts from 1.

    A second answer to a question, of an agent thought to be dead say, would have the first one's
    id: backends refuse it.
    """
    return MessageId(f"{question_id}.answer{part}")


def answered_question(message_id: str) -> MessageId | None:
    """The question that an id of an answer names; None for any other id."""
    found = _ANSWER_ID.fullmatch(message_id)
    return MessageId(found["question"]) if found else None


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
