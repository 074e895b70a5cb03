"""Makes a request's prompt from the window: long messages cut, all harmless, speakers named."""

import re

from livekit.agents.llm import (
    ChatContext,
    ChatItem,
    ChatMessage,
    FunctionCall,
    FunctionCallOutput,
)

from agent.messages.finished_tools import bounded
from agent.messages.rolling_window import SPEAKER, is_instruction, with_text
from agent.recall.recalled_context import newest_question, was_said
from retrieval.quotation.attribution import attributed
from retrieval.quotation.control_tokens import harmless

MAX_QUESTION_CHARS = 32_000
MAX_EARLIER_CHARS = 4_000
_NOTICE = " [cut here: the message goes on for {left} characters]"
_CUT_OFF = " [this answer was cut off]"
_SPEAKER_LIKE = re.compile(
    r"[\[\uff3b]\s*(?=(?:user|assistant|system|tool)\s*[\"'\u201c-\u201f\uff02])", re.IGNORECASE
)


def prompt(chat_ctx: ChatContext, *, listened_to: str, introduction: str = "") -> ChatContext:
    """A copy, made anew for each step of a turn: long messages cut, speakers named.

    What people, models and tools said has no marks of chat templates in it, nor what is not seen.

    `introduction` is added to the instructions. Of tools called in earlier turns little is shown.
    """
    made = chat_ctx.copy()
    made.items[:] = _with_bounded_tools(made)
    shorten_long_messages(made)
    made.items[:] = [_harmless(item) for item in made.items]
    if introduction:
        _introduce(made, introduction)
    name_speakers(made, listened_to=listened_to)
    _mark_cut_answers(made)
    return made


def shorten_long_messages(chat_ctx: ChatContext) -> None:
    """Cut long messages in a request's copy, the open question at MAX_QUESTION_CHARS.

    Cut text can still be recalled: long messages are searched in parts.
    """
    question = newest_question(chat_ctx)
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


def _with_bounded_tools(chat_ctx: ChatContext) -> list[ChatItem]:
    question = newest_question(chat_ctx)
    if question is None:
        return chat_ctx.items
    at = next(n for n, item in enumerate(chat_ctx.items) if item is question)
    return [*bounded(chat_ctx.items[:at]), *chat_ctx.items[at:]]


def _introduce(chat_ctx: ChatContext, introduction: str) -> None:
    first = chat_ctx.items[0] if chat_ctx.items else None
    if isinstance(first, ChatMessage) and is_instruction(first):
        told = f"{first.text_content or ''}\n\n{introduction}"
        chat_ctx.items[0] = with_text(first, told)
        return
    chat_ctx.items.insert(0, ChatMessage(role="system", content=[introduction]))


def _mark_cut_answers(chat_ctx: ChatContext) -> None:
    for n, item in enumerate(chat_ctx.items):
        if was_said(item) and item.role == "assistant" and item.interrupted:
            chat_ctx.items[n] = with_text(item, (item.text_content or "") + _CUT_OFF)


def _harmless(item: ChatItem) -> ChatItem:
    if isinstance(item, FunctionCallOutput):
        return item.model_copy(update={"output": harmless(item.output)})
    if isinstance(item, FunctionCall):
        return item.model_copy(update={"arguments": harmless(item.arguments)})
    if not was_said(item):
        return item
    content = [harmless(part) if isinstance(part, str) else part for part in item.content]
    return item.model_copy(update={"content": content})


def _named(item: ChatMessage, listened_to: str) -> ChatMessage:
    # One message must not look as if it were those of several.
    text = _SPEAKER_LIKE.sub("(", item.text_content or "")
    return with_text(item, attributed(text, "user", _speaker(item, listened_to)))


def _speaker(item: ChatMessage, listened_to: str) -> str:
    return str(item.extra.get(SPEAKER) or listened_to)
