"""The last pass over a request: brings its messages into the shape that a chat template takes."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Literal, get_args

from livekit.agents.llm import (
    ChatContext,
    ChatItem,
    ChatMessage,
    ChatRole,
    FunctionCall,
    FunctionCallOutput,
)

from agent.recall.recalled_context import BLOCK_ID

Shape = Literal["as_is", "one_system", "alternating", "no_system"]
"""From the freest to the strictest:

- `as_is`: system messages anywhere;
- `one_system`: one, at the beginning (Qwen);
- `alternating`: that, and user and assistant in turns, beginning with a user (Mistral, Llama 2);
- `no_system`: that, without system messages (Gemma).
"""
SHAPES: tuple[Shape, ...] = get_args(Shape)

NOTHING_BEFORE = "[What was said before is not shown.]"
_CALL_ID = re.compile(r"[A-Za-z0-9]{9}")
_CALL_ID_CHARS = 9


def shaped(chat_ctx: ChatContext, shape: Shape) -> ChatContext:
    """A copy unless the shape is `as_is`. No text is left out, and the last message stays the last.

    The recalled block never becomes part of the instructions.
    """
    if shape == "as_is":
        return chat_ctx
    items = _one_system(chat_ctx.items)
    if shape == "one_system":
        return ChatContext(items)
    items = _alternating(_paired(items))
    return ChatContext(_no_system(items) if shape == "no_system" else items)


def _one_system(items: Sequence[ChatItem]) -> list[ChatItem]:
    """Leading instructions as one message; later ones, and the block, as a user's."""
    leading = list(takewhile(_is_instruction, items))
    head = _merged(leading)
    return [*head, *(_as_user(item) for item in items[len(leading) :])]


def _as_user(item: ChatItem) -> ChatItem:
    if not isinstance(item, ChatMessage):
        return item
    if item.id == BLOCK_ID:
        # An assistant's block is taken by templates that know system messages.
        return item if item.role == "assistant" else _with_role(item, "user")
    if not _is_instruction(item):
        return item
    return _with_role(_tagged(item), "user")


def _tagged(item: ChatMessage) -> ChatMessage:
    text = f"<instructions>\n{item.text_content or ''}\n</instructions>"
    return item.model_copy(update={"content": [text]})


def _paired(items: Sequence[ChatItem]) -> list[ChatItem]:
    """Only messages, and calls that have a result, with ids that every template takes.

    Mistral's templates refuse other ids; several add a call's text to something, and fail if there
    is none.
    """
    outputs = {item.call_id for item in items if isinstance(item, FunctionCallOutput)}
    calls = {item.call_id for item in items if isinstance(item, FunctionCall)} & outputs
    texts = {item.id for item in items if isinstance(item, ChatMessage)}
    paired: list[ChatItem] = []
    for item in items:
        if isinstance(item, ChatMessage):
            paired.append(item)
        elif isinstance(item, FunctionCall | FunctionCallOutput) and item.call_id in calls:
            if isinstance(item, FunctionCall) and (group := _group(item)) not in texts:
                texts.add(group)
                paired.append(ChatMessage(id=group, role="assistant", content=[""]))
            paired.append(item.model_copy(update={"call_id": _call_id(item.call_id)}))
    return paired


def _group(call: FunctionCall) -> str:
    """The id under which LiveKit puts a text and its calls into one message."""
    return call.group_id or call.id.split("/")[0]


def _call_id(id_: str) -> str:
    if _CALL_ID.fullmatch(id_):
        return id_
    return hashlib.sha256(id_.encode()).hexdigest()[:_CALL_ID_CHARS]


def _alternating(items: Sequence[ChatItem]) -> list[ChatItem]:
    turns: list[ChatItem] = []
    for item in items:
        if isinstance(item, ChatMessage) and item.id == BLOCK_ID:
            # Merged with the answer before it, the block would be the assistant's own words.
            item = _with_role(item, "user")
        last = turns[-1] if turns else None
        if _role(item) is not None and _role(item) == _role(last):
            turns[-1:] = _merged([*turns[-1:], item])
        else:
            turns.append(item)
    head = list(takewhile(_is_instruction, turns))
    return [*head, *_user_first(turns[len(head) :])]


def _user_first(turns: Sequence[ChatItem]) -> Iterator[ChatItem]:
    if not turns or _role(turns[0]) != "user":
        yield ChatMessage(role="user", content=[NOTHING_BEFORE])
    yield from turns


def _no_system(items: Sequence[ChatItem]) -> list[ChatItem]:
    """The instructions at the head of the first user message. `items` alternate."""
    system = items[0]
    if not isinstance(system, ChatMessage) or not _is_instruction(system):
        return list(items)
    return [*_merged([_with_role(_tagged(system), "user"), items[1]]), *items[2:]]


def _merged(items: Sequence[ChatItem]) -> list[ChatItem]:
    """One message with the contents of all, a blank line between; the id is the last one's."""
    messages = [item for item in items if isinstance(item, ChatMessage)]
    if len(messages) < 2:
        return [*items]
    content = [*messages[0].content]
    for message in messages[1:]:
        content += ["", *message.content]  # LiveKit joins the parts by line ends
    role = "system" if _is_instruction(messages[0]) else messages[0].role
    return [messages[-1].model_copy(update={"content": content, "role": role})]


def _role(item: ChatItem | None) -> ChatRole | None:
    return item.role if isinstance(item, ChatMessage) else None


def _with_role(item: ChatMessage, role: ChatRole) -> ChatMessage:
    return item.model_copy(update={"role": role})


def _is_instruction(item: ChatItem) -> bool:
    return (
        isinstance(item, ChatMessage)
        and item.role in {"system", "developer"}
        and item.id != BLOCK_ID
    )
