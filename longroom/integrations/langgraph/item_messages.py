"""Versions of a store's items as messages: what can be searched is the content."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from langgraph.store.base import PutOp, get_text_at_path, tokenize_path
from pydantic import JsonValue

from longroom.client import Message, MessageCreate, MessageId
from longroom.integrations.storable_text import storable_text
from retrieval.wire import MAX_METADATA_BYTES

FIELD = "langgraph"
INDEXED = "langgraph_indexed"
UNDER = "langgraph_under"
"""Of the metadata: `langgraph_under_2` is the namespace's first two labels, for searches there."""
STORE = "langgraph store"
DELETED = "(deleted)"
NOT_INDEXED = "(not indexed)"


@dataclass(frozen=True)
class Version:
    """`value` is None if the item was deleted."""

    namespace: tuple[str, ...]
    key: str
    value: dict[str, Any] | None


def as_message(op: PutOp) -> MessageCreate:
    """Raises ValueError for a value that is no JSON or too large."""
    text = _text(op)
    version: dict[str, JsonValue] = {"namespace": [*op.namespace], "key": op.key}
    if op.value is not None:
        version["value"] = json.dumps(op.value)  # as text: its depth and numbers are not bounded
    where: dict[str, JsonValue] = {
        f"{UNDER}_{depth}": ".".join(op.namespace[:depth])
        for depth in range(1, len(op.namespace) + 1)
    }
    metadata = {**where, INDEXED: text is not None, FIELD: version}
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > MAX_METADATA_BYTES:
        del version["value"]
        version["value_in_content"] = True
        text = json.dumps(op.value, ensure_ascii=False)
    return MessageCreate(
        id=MessageId(uuid4().hex),
        role="tool",
        participant=STORE,
        content=text or (DELETED if op.value is None else NOT_INDEXED),
        created_at=datetime.now(UTC),
        metadata=metadata,
    )


def as_version(message: Message) -> Version | None:
    """None for a message that is not of a store."""
    version = message.metadata.get(FIELD)
    if not isinstance(version, dict) or not isinstance(labels := version.get("namespace"), list):
        return None
    written = message.content if "value_in_content" in version else version.get("value")
    value = json.loads(written) if isinstance(written, str) else None
    return Version(tuple(map(str, labels)), str(version.get("key")), value)


def within(namespace_prefix: tuple[str, ...]) -> dict[str, JsonValue]:
    """Metadata of the items there that can be searched."""
    depth = len(namespace_prefix)
    there: dict[str, JsonValue] = (
        {f"{UNDER}_{depth}": ".".join(namespace_prefix)} if namespace_prefix else {}
    )
    return {INDEXED: True, **there}


def _text(op: PutOp) -> str | None:
    """Of the fields that `index` names, by default of all; None if nothing is to be found."""
    if op.value is None or op.index is False:
        return None
    if op.index is None:
        texts = list(_leaves(op.value))
    else:
        texts = [
            text for path in op.index for text in get_text_at_path(op.value, tokenize_path(path))
        ]
    return storable_text("\n".join(text for text in texts if text.strip())) or None


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)
    elif value is not None:
        yield str(value)
