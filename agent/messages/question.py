"""A typed or spoken question, and the ids of its answer."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from retrieval.wire import MessageId

MAX_QUESTION_ID_CHARS = 100
"""An answer's id is a little longer, and a message id has at most 128 characters."""

_APOLOGY_ID = re.compile(r"(?P<question>.+)\.apology(?:\.late)?", re.DOTALL)
_ANSWER_ID = re.compile(r"(?P<question>.+)\.answer(?P<part>[1-9]\d{0,3})(?:\.late)?", re.DOTALL)


def answer_id(question_id: MessageId, part: int) -> MessageId:
    """`part` counts a turn's messages from 1; there may be one before each tool call.

    Two agents answering one question use the same ids: the backend refuses the second answer.
    """
    return MessageId(f"{question_id}.answer{part}")


def apology_id(question_id: MessageId) -> MessageId:
    """Of what is said in place of an answer: the question may still be answered."""
    return MessageId(f"{question_id}.apology")


def apologised_question(message_id: str) -> MessageId | None:
    """None if `message_id` is not an apology's."""
    found = _APOLOGY_ID.fullmatch(message_id)
    return MessageId(found["question"]) if found else None


def answered_question(message_id: str) -> MessageId | None:
    """None if `message_id` is not an answer's. Late answers have an id of their own."""
    found = _ANSWER_ID.fullmatch(message_id)
    return MessageId(found["question"]) if found else None


def answer_part(message_id: str) -> int:
    """0 if `message_id` is not an answer's."""
    found = _ANSWER_ID.fullmatch(message_id)
    return int(found["part"]) if found else 0


def id_as_sent(message_id: MessageId) -> MessageId:
    """Late answers are stored under an id of their own."""
    return (
        MessageId(message_id.removesuffix(".late")) if answered_question(message_id) else message_id
    )


Outcome = Literal["answered", "interrupted", "empty", "failed"]
"""How a turn ended: `empty` is a reply without text, `failed` is no reply."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True)
class Postponed:
    """A turn goes on after this time, in seconds; others' come first."""

    seconds: float


class QuestionNotStored(Exception):
    """It is not taken; the text tells its sender why, and what to do."""


@dataclass(frozen=True)
class Question:
    """`asked_at` is arrival by the agent's clock, which keeps several people's in order."""

    id: MessageId
    speaker: str
    text: str
    asked_at: datetime
    spoken: bool = False
