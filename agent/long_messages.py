"""Keeps pasted novels from filling the language model's context window."""

from livekit.agents.llm import ChatContext

from agent.recall.memory import open_question, was_said
from agent.rolling_window import with_text

MAX_QUESTION_CHARS = 32_000
MAX_EARLIER_CHARS = 4_000
_NOTICE = " [cut here: the message goes on for {left} characters]"


def shorten_long_messages(chat_ctx: ChatContext) -> None:
    """Cut what is too long, the open question later than what was said before it.

    For a request's own copy of the context: the history keeps its texts, and what was cut can be
    recalled, since long messages are searched in parts.
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
