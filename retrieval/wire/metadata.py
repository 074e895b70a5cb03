"""The conversation id in LiveKit metadata of rooms and dispatches, where others may write too."""

import json
from uuid import UUID

from pydantic import JsonValue

from retrieval.wire.base import ConversationId

CONVERSATION_KEY = "conversation_id"


def parse_metadata(text: object) -> dict[str, JsonValue]:
    """Empty for anything but a JSON object."""
    return _json_object(text) or {}


def conversation_in(text: object) -> ConversationId | None:
    """None without a valid id."""
    try:
        return ConversationId(UUID(str(parse_metadata(text).get(CONVERSATION_KEY))))
    except ValueError:
        return None


def conversation_metadata(conversation_id: UUID) -> str:
    return json.dumps({CONVERSATION_KEY: str(conversation_id)})


def with_conversation(text: str, conversation_id: UUID) -> str | None:
    """With the id added; None if it has an id or is no JSON object (another application's)."""
    metadata = {} if not text.strip() else _json_object(text)
    if metadata is None or CONVERSATION_KEY in metadata:
        return None
    return json.dumps({**metadata, CONVERSATION_KEY: str(conversation_id)})


def _json_object(text: object) -> dict[str, JsonValue] | None:
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
