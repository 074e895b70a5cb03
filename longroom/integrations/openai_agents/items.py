"""Items of the SDK as messages: what was said is the content, the rest of the item metadata."""

import json
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

from agents import TResponseInputItem

from longroom.client import Message, MessageCreate, MessageId, Role
from longroom.integrations.storable_text import storable_text
from retrieval.wire import MAX_METADATA_BYTES

FIELD = "openai_agents"
"""Of the metadata: the item without its text, as JSON, or WHOLE."""
WHOLE = "item in content"
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "developer": "system"}
_TEXTS = {"function_call": "arguments", "function_call_output": "output"}

Item = dict[str, Any]


def as_message(given: TResponseInputItem, *, said_at: datetime, user: str) -> MessageCreate:
    """Raises ValueError for an item that is too large and is not a text that could be cut."""
    item = cast("Item", given)
    role = _role(item)
    content, rest = _taken_apart(item)
    skeleton = json.dumps(rest)
    if content is None or len(skeleton) > MAX_METADATA_BYTES // 2:
        content, skeleton = json.dumps(item, ensure_ascii=False), WHOLE
        role = "tool"
    return MessageCreate(
        id=MessageId(uuid4().hex),
        role=role,
        participant=user if role == "user" else role,
        content=content,
        created_at=said_at,
        metadata={FIELD: skeleton},
    )


def as_item(message: Message) -> TResponseInputItem:
    """Also of a message that another program has stored."""
    rest = message.metadata.get(FIELD)
    if rest == WHOLE:
        return cast("TResponseInputItem", json.loads(message.content))
    if not isinstance(rest, str):
        role = "assistant" if message.role == "assistant" else "user"
        return cast("TResponseInputItem", {"role": role, "content": message.content})
    item: Item = json.loads(rest)
    if item.get("type") in _TEXTS:
        item[_TEXTS[item["type"]]] = message.content
    elif isinstance(item.get("content"), list):
        item["content"] = [item["content"][0] | {"text": message.content}]
    else:
        item["content"] = message.content
    return cast("TResponseInputItem", item)


def text_of(given: TResponseInputItem) -> str | None:
    """What was said in a message; None for any other item, and for one of several parts."""
    item = cast("Item", given)
    return _taken_apart(item)[0] if item.get("role") else None


def _role(item: Item) -> Role:
    return _ROLES.get(item.get("role", ""), "system") if item.get("role") else "tool"


def _taken_apart(item: Item) -> tuple[str | None, Item]:
    """Its text, cut to what a message holds, and the rest. No text: it is stored as a whole."""
    field = _TEXTS.get(item.get("type", "message"), "content")
    value = item.get(field)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        text, rest = value[0].get("text"), item | {field: [value[0] | {"text": ""}]}
    else:
        text, rest = value, item | {field: ""}
    if not isinstance(text, str) or not (clean := storable_text(text)).strip():
        return None, rest
    return clean, rest
