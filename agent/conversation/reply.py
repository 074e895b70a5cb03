"""A question as LiveKit's item, and how LiveKit's reply to it ended."""

import time
from dataclasses import dataclass

from livekit.agents.llm import ChatMessage
from livekit.agents.voice import SpeechHandle

from agent.messages.question import Outcome, Question
from agent.messages.rolling_window import ASKED_AT, MESSAGE_ID, SPEAKER
from agent.messages.sanitize import storable_content
from agent.recall.recall import Recalled


@dataclass(frozen=True)
class TurnTrace:
    answer: str
    outcome: Outcome
    recalled: Recalled
    window_messages: int
    conversation_messages: int


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


def answer_text(speech: SpeechHandle) -> str:
    """Of an interrupted reply, what was said."""
    said = [item for item in speech.chat_items if isinstance(item, ChatMessage)]
    return "\n".join(item.text_content or "" for item in said if item.role == "assistant")


def outcome_of(speech: SpeechHandle) -> Outcome:
    if speech.exception() is not None:
        return "failed"
    if speech.interrupted:
        return "interrupted"
    return "answered" if answer_text(speech) else "empty"
