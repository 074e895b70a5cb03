"""Which messages of a conversation have a key with a value in their metadata."""

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from hashlib import blake2b
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
from pydantic import JsonValue

from retrieval import columns
from retrieval.columns import Integers
from retrieval.database.command_tag import affected_rows
from retrieval.wire import ConversationId, Message, canonical_json

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

INDEX = """
insert into message_metadata (conversation_id, entry, seq)
select $1, * from unnest($2::uuid[], $3::bigint[])
returning true
"""


async def index_metadata(
    connection: "Connection", *, conversation_id: ConversationId, messages: Sequence[Message]
) -> None:
    found = [(entry, message.seq) for message in messages for entry in _entries(message.metadata)]
    if not found:
        return
    entries, seqs = zip(*found, strict=True)
    await connection.execute(INDEX, conversation_id, entries, seqs)


FORGET = """
delete from message_metadata
 using unnest($2::uuid[], $3::bigint[]) as gone (entry, seq)
 where message_metadata.conversation_id = $1
   and message_metadata.entry = gone.entry and message_metadata.seq = gone.seq
"""


async def forget_metadata(
    connection: "Connection", *, conversation_id: ConversationId, messages: Sequence[Message]
) -> int:
    """Returns how many entries they had."""
    found = [(entry, message.seq) for message in messages for entry in _entries(message.metadata)]
    if not found:
        return 0
    entries, seqs = zip(*found, strict=True)
    return affected_rows(await connection.execute(FORGET, conversation_id, entries, seqs))


MESSAGES_WITH = """
select (select array_send(array_agg(seq))
          from message_metadata
         where conversation_id = $1 and entry = wanted.entry) as seq
  from unnest($2::uuid[]) wanted (entry)
"""


async def messages_with(
    db: "Database", *, conversation_id: ConversationId, metadata: Mapping[str, JsonValue]
) -> Integers:
    """`seq` of the messages that have each of these keys with an equal value, ascending."""
    rows = await db.fetch(MESSAGES_WITH, conversation_id, _entries(metadata))
    found = [np.sort(columns.integers(row["seq"])) for row in rows]
    return reduce(partial(np.intersect1d, assume_unique=True), found)


def _entries(metadata: Mapping[str, JsonValue]) -> list[UUID]:
    return [_entry(key, value) for key, value in metadata.items()]


def _entry(key: str, value: JsonValue) -> UUID:
    text = canonical_json([key, value])
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())
