"""A question as LiveKit's item, and how LiveKit's reply to it ended."""

import time
from dataclasses import dataclass
from datetime import datetime

from livekit.agents.llm import ChatMessage
from livekit.agents.voice import SpeechHandle

from agent.conversation.answering.turns import Turn
from agent.llm.failure import Reason
from agent.messages.question import Outcome, Question
from agent.messages.rolling_window import ASKED_AT, MESSAGE_ID, SPEAKER
from agent.messages.sanitize import storable_content
from agent.recall.recall import Recalled
from retrieval.wire import MessageId


@dataclass(frozen=True)
class TurnResult:
    """`answer` has what was said of an interrupted reply, and no apology.

    `reason`: why the model gave no whole answer. `postponed_s`: ask again after this time.
    """

    answer: str
    outcome: Outcome
    recalled: Recalled
    window_messages: int
    conversation_messages: int
    reason: Reason | None = None
    postponed_s: float | None = None
    apology: str = ""


@dataclass(frozen=True)
class Asked:
    """`at` is by this machine's clock; `over_at`, when the turn's answer could begin, by the
    monotonic one.
    """

    id: MessageId
    speaker: str
    at: datetime
    over_at: float


def user_item(question: Question) -> ChatMessage:
    """Created now, for its place in the prompt; stored with the time it was asked."""
    return ChatMessage(
        role="user",
        content=[storable_content(question.text)],
        created_at=time.time(),
        extra={
            MESSAGE_ID: question.id,
            SPEAKER: question.speaker,
            ASKED_AT: question.asked_at.timestamp(),
        },
    )


def outcome_of(speech: SpeechHandle, turn: Turn) -> Outcome:
    if speech.done() and speech.exception() is not None:
        return "failed"
    if speech.interrupted:
        return "interrupted"
    if turn.failure is None or turn.gave_extracts:
        return "answered" if any(turn.said) else "empty"
    return _OUTCOMES.get(turn.failure.reason, "failed")


def reason_of(speech: SpeechHandle, turn: Turn) -> Reason | None:
    if turn.failure is None or speech.interrupted:
        return None
    return turn.failure.reason


_OUTCOMES: dict[Reason, Outcome] = {
    "broken_stream": "interrupted",
    "empty_answer": "empty",
    "only_tool_calls": "empty",
}
