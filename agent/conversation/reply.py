"""A question as LiveKit's item, and how LiveKit's reply to it ended."""

import time
from contextvars import ContextVar
from dataclasses import dataclass

from livekit.agents.llm import ChatMessage
from livekit.agents.voice import SpeechHandle

from agent.messages.question import MAX_QUESTION_ID_CHARS, Outcome, Question, answer_id
from agent.messages.rolling_window import ASKED_AT, MESSAGE_ID, SPEAKER
from agent.messages.sanitize import storable_content
from agent.recall.recall import Recalled
from retrieval.wire import MessageId


@dataclass(frozen=True)
class TurnTrace:
    """`window_messages` is what the agent remembers, `conversation_messages` what there is."""

    answer: str
    outcome: Outcome
    recalled: Recalled
    window_messages: int
    conversation_messages: int


@dataclass
class Reply:
    """One reply while LiveKit makes it. The ids stay None for greetings and farewells.

    `prompted_as` is the question's id in the prompt: a reply may begin before the user has ended.
    """

    speech: SpeechHandle
    question_id: MessageId | None = None
    prompted_as: MessageId | None = None
    parts: int = 0

    def next_id(self) -> MessageId | None:
        """The id of the reply's next message, if it answers a question."""
        if self.question_id is None or len(self.question_id) > MAX_QUESTION_ID_CHARS:
            return None
        self.parts += 1
        return answer_id(self.question_id, self.parts)


# LiveKit does not say which reply an item belongs to. It announces the reply in the very task that
# then starts the reply's own ones, and announces the items in those: they inherit this.
REPLYING: ContextVar[Reply | None] = ContextVar("replying", default=None)


def user_item(question: Question) -> ChatMessage:
    """Its place in the prompt is that of its turn; what is stored is when it was asked."""
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
    """What was said, of an interrupted reply as far as it was heard."""
    said = [item for item in speech.chat_items if isinstance(item, ChatMessage)]
    return "\n".join(item.text_content or "" for item in said if item.role == "assistant")


def outcome_of(speech: SpeechHandle) -> Outcome:
    """How a reply ended that is done."""
    if speech.exception() is not None:
        return "failed"
    if speech.interrupted:
        return "interrupted"
    return "answered" if answer_text(speech) else "empty"
