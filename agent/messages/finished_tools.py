"""What is kept of the tool calls of turns that are over. The turn that goes on keeps its own."""

from collections.abc import Sequence

from livekit.agents.llm import ChatContext, ChatItem, FunctionCall, FunctionCallOutput

from agent.messages.rolling_window import is_conversational

SEARCH_TOOL = "search_conversation"
"""Nothing is kept of it: what it found is found again."""
MAX_CHARS = 500
"""Of a call's arguments and of its result; a longer result is cut, a longer call left out."""
_CUT = " [cut here]"


def with_finished_tools_bounded(chat_ctx: ChatContext) -> ChatContext | None:
    """Those after which something was said; None if there is nothing to change."""
    items = chat_ctx.items
    last = max((n for n, item in enumerate(items) if is_conversational(item)), default=0)
    kept = bounded(items[:last])
    if len(kept) == last and all(new is old for new, old in zip(kept, items, strict=False)):
        return None
    return ChatContext([*kept, *items[last:]])


def bounded(items: Sequence[ChatItem]) -> list[ChatItem]:
    left_out = {
        item.call_id
        for item in items
        if isinstance(item, FunctionCall)
        and (item.name == SEARCH_TOOL or len(item.arguments) > MAX_CHARS)
    }
    return [
        _cut(item)
        for item in items
        if not isinstance(item, FunctionCall | FunctionCallOutput) or item.call_id not in left_out
    ]


def _cut(item: ChatItem) -> ChatItem:
    if not isinstance(item, FunctionCallOutput) or len(item.output) <= MAX_CHARS:
        return item
    return item.model_copy(update={"output": item.output[: MAX_CHARS - len(_CUT)] + _CUT})
