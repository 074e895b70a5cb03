"""Makes a request's prompt from the window: long messages cut, speakers named."""

from livekit.agents.llm import ChatContext, ChatMessage

from agent.messages.rolling_window import SPEAKER, with_text
from agent.recall.recalled_block import quoted_speaker
from agent.recall.recalled_context import open_question, was_said

MAX_QUESTION_CHARS = 32_000
MAX_EARLIER_CHARS = 4_000
_NOTICE = " [cut here: the message goes on for {left} characters]"


def shorten_long_messages(chat_ctx: ChatContext) -> None:
    """Cut long messages in a request's copy, the open question at MAX_QUESTION_CHARS.

    Cut text can still be recalled: long messages are searched in parts.
    """
    question = open_question(chat_ctx)
    for n, item in enumerate(chat_ctx.items):
        if not was_said(item):
            continue
        limit = MAX_QUESTION_CHARS if item is question else MAX_EARLIER_CHARS
        text = item.text_content or ""
        if len(text) > limit:
            cut = text[:limit] + _NOTICE.format(left=len(text) - limit)
            chat_ctx.items[n] = with_text(item, cut)


def name_speakers(chat_ctx: ChatContext, *, listened_to: str) -> None:
    """Prefix the speakers if there are several; a message without one is `listened_to`'s."""
    said = [item for item in chat_ctx.items if was_said(item) and item.role == "user"]
    if len({_speaker(item, listened_to) for item in said}) < 2:
        return
    named = {item.id: _named(item, listened_to) for item in said}
    chat_ctx.items[:] = [named.get(item.id, item) for item in chat_ctx.items]


def _named(item: ChatMessage, listened_to: str) -> ChatMessage:
    text = f"[{quoted_speaker(_speaker(item, listened_to))}] {item.text_content or ''}"
    return with_text(item, text)


def _speaker(item: ChatMessage, listened_to: str) -> str:
    return str(item.extra.get(SPEAKER) or listened_to)
