"""The rolling window: the conversation's newest messages, as LiveKit's chat context."""

import time
from collections.abc import Sequence
from typing import TypeVar

from livekit.agents.llm import ChatContext, ChatItem, ChatMessage

from agent.messages.sanitize import storable_content, storable_name
from retrieval.wire import (
    MAX_WINDOW_MESSAGE_CHARS,
    MAX_WINDOW_MESSAGES,
    Message,
    MessageCreate,
    MessageId,
    WindowMessage,
)

MESSAGE_ID = "message_id"
"""Key in ChatMessage.extra: the id under which the message is stored, if it is not the item's."""
SPEAKER = "identity"
"""Key in ChatMessage.extra: who said it."""
APOLOGY = "apology"
"""Key in ChatMessage.extra: it stands in place of an answer."""
GOES_ON = "goes_on"
"""Key in ChatMessage.extra, and in a message's metadata: it was said before a call of a tool, and
the answer follows.
"""
ASKED_AT = "asked_at"
"""Key in ChatMessage.extra: when it was said (epoch seconds), if its turn came later."""

Said = TypeVar("Said", bound=Message | MessageCreate)

TOOL_ITEMS = ("function_call", "function_call_output")

_CONVERSATION = ("user", "assistant")
_STEP_S = 1e-3


def message_id(item: ChatMessage) -> MessageId:
    """LiveKit's 48 random bits are too few for millions of messages: adds the creation time."""
    if stored := item.extra.get(MESSAGE_ID):
        return MessageId(str(stored))
    return MessageId(f"{item.id}.{int(item.created_at * 1000):x}")


def message_ids(chat_ctx: ChatContext) -> frozenset[str]:
    return frozenset(message_id(item) for item in _messages(chat_ctx.items))


def window_messages(
    chat_ctx: ChatContext, *, before: ChatMessage | None = None, speaker: str
) -> list[WindowMessage]:
    """Oldest first, long texts cut; `speaker` is for user messages without one."""
    messages = _messages(chat_ctx.items)
    if before is not None:
        messages = messages[: next(n for n, item in enumerate(messages) if item is before)]
    return [
        # Without validation: this runs for every interim transcript.
        WindowMessage.model_construct(
            role="assistant" if item.role == "assistant" else "user",
            participant=storable_name(_speaker(item, speaker), default="user"),
            content=storable_content((item.text_content or "").strip())[:MAX_WINDOW_MESSAGE_CHARS],
        )
        for item in messages[-MAX_WINDOW_MESSAGES:]
    ]


def with_text(item: ChatMessage, text: str) -> ChatMessage:
    """A copy: items are shared with the history."""
    return item.model_copy(update={"content": [text]})


def restored(messages: Sequence[Message | MessageCreate]) -> ChatContext:
    """`messages` are oldest first; those of systems and tools are left out: chat templates take
    such roles at the beginning or after a call only.

    LiveKit sorts items by time. Stored times may be equal, unordered or ahead: they are lowered to
    keep the order.
    """
    items: list[ChatItem] = []
    latest = time.time() - _STEP_S
    for message in reversed(conversational(messages)):
        created_at = min(message.created_at.timestamp(), latest)
        latest = created_at - _STEP_S
        items.append(
            ChatMessage(
                id=message.id,
                role=message.role,
                content=[message.content],
                interrupted=message.interrupted,
                created_at=created_at,
                extra={MESSAGE_ID: message.id, SPEAKER: message.participant},
            )
        )
    return ChatContext(items[::-1])


def conversational(messages: Sequence[Said]) -> list[Said]:
    """Without what systems and tools said."""
    return [message for message in messages if message.role in _CONVERSATION]


def trimmed(chat_ctx: ChatContext, *, max_messages: int) -> ChatContext | None:
    """The newest `max_messages`, beginning with a user's; None if the context is small enough.

    Instructions stay; tool calls go with their question. A turn of several speakers is cut between
    their messages. An answer loses its question only if it alone is too long.
    """
    items = chat_ctx.items
    messages = [n for n, item in enumerate(items) if is_conversational(item)]
    if len(messages) <= max_messages:
        return None
    start = _first_kept(items, messages[-max_messages:])
    head = [item for item in items[:start] if is_instruction(item)]
    return ChatContext([*head, *_without_orphans(items[start:])])


def without(chat_ctx: ChatContext, stored: MessageId) -> ChatContext | None:
    """None if it has no message of that id."""
    kept = [
        item
        for item in chat_ctx.items
        if not isinstance(item, ChatMessage) or message_id(item) != stored
    ]
    return ChatContext(kept) if len(kept) < len(chat_ctx.items) else None


def _first_kept(items: Sequence[ChatItem], newest: Sequence[int]) -> int:
    # An answer without its question misleads the model.
    return next((n for n in newest if _role(items[n]) == "user"), newest[0])


def _without_orphans(items: Sequence[ChatItem]) -> list[ChatItem]:
    """Models refuse a tool's output without its call."""
    calls = {item.call_id for item in items if item.type == "function_call"}
    return [item for item in items if item.type != "function_call_output" or item.call_id in calls]


def _messages(items: Sequence[ChatItem]) -> list[ChatMessage]:
    return [item for item in items if isinstance(item, ChatMessage) and is_conversational(item)]


def _speaker(item: ChatMessage, listened_to: str) -> str:
    noted = item.extra.get(SPEAKER)
    return str(noted or (listened_to if item.role == "user" else item.role))


def is_conversational(item: ChatItem) -> bool:
    """Said by a user or by the agent."""
    return _role(item) in _CONVERSATION


def is_instruction(item: ChatItem) -> bool:
    return _role(item) in {"system", "developer"}


def _role(item: ChatItem | None) -> str | None:
    return item.role if isinstance(item, ChatMessage) else None
