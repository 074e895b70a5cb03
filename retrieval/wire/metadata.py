"""The conversation in LiveKit metadata of rooms and dispatches, where others may write too.

Applications name it by a key of their choice, the backend and the agents by its id.
"""

import json
from uuid import UUID

from pydantic import JsonValue, TypeAdapter, ValidationError

from retrieval.wire.base import ConversationId
from retrieval.wire.text import Name

ID_FIELD = "conversation_id"
KEY_FIELD = "conversation"

_KEY: TypeAdapter[str] = TypeAdapter(Name)


def parse_metadata(text: object) -> dict[str, JsonValue]:
    """Empty for anything but a JSON object."""
    return _json_object(text) or {}


def conversation_in(text: object) -> ConversationId | None:
    """None without a valid id."""
    try:
        return ConversationId(UUID(str(parse_metadata(text).get(ID_FIELD))))
    except ValueError:
        return None


def key_in(text: object) -> str | None:
    """None without a key. Raises ValueError if it can be none."""
    key = parse_metadata(text).get(KEY_FIELD)
    return None if key is None else checked_key(key)


def checked_key(key: object) -> str:
    """Raises ValueError, which never repeats the key: it may be a phone number."""
    try:
        return _KEY.validate_python(key)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def conversation_metadata(conversation_id: UUID, key: str | None = None) -> str:
    named = {ID_FIELD: str(conversation_id)}
    return json.dumps(named if key is None else named | {KEY_FIELD: key})


def with_conversation(text: str, conversation_id: UUID, *, replace: bool = False) -> str | None:
    """With the id added; None if it is no JSON object (another application's), or has an id
    already: that one, or with `replace` this one.
    """
    metadata = {} if not text.strip() else _json_object(text)
    if metadata is None or (ID_FIELD in metadata and not replace):
        return None
    if metadata.get(ID_FIELD) == str(conversation_id):
        return None
    return json.dumps({**metadata, ID_FIELD: str(conversation_id)})


def _json_object(text: object) -> dict[str, JsonValue] | None:
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
