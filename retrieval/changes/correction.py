"""Corrects a message: all that is made of its text follows in one transaction, vectors after it."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import orjson
from pydantic import JsonValue

from retrieval.changes.erasure.batch import analyses_of, delete_vectors, read_messages
from retrieval.changes.erasure.counts import words_in
from retrieval.changes.erasure.revisions import NOW, next_revision
from retrieval.changes.erasure.surroundings import make_anew, mixing_in, model_ids
from retrieval.changes.erasure.transactions import Locked, locked
from retrieval.changes.erasure.words import delete_words, words_of
from retrieval.errors import ConversationNotFound, MessageNotFound, MessagesErased
from retrieval.store.indexes.lexical_index import index_messages
from retrieval.store.indexes.metadata_index import forget_metadata, index_metadata
from retrieval.store.messages import NOTIFY, PENDING_CHANNEL
from retrieval.store.stored_before import content_sha256
from retrieval.store.tombstones import read_tombstones
from retrieval.text.analysis import Analysis
from retrieval.wire import (
    ConversationId,
    Message,
    MessageEdit,
    MessageEdits,
    canonical_json,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Database

SEQ = """
select seq from message where conversation_id = $1 and message_id = $2
"""

KEEP = """
insert into message_edit (conversation_id, seq, replaced_at, content, metadata)
values ($1, $2, $3, $4, $5::text::jsonb)
"""

CORRECT = """
update message
   set content = $3,
       metadata = $4::text::jsonb,
       traits = $5,
       word_count = $6,
       edited_at = $7,
       revision = $8,
       original_sha256 = coalesce(original_sha256, $9)
 where conversation_id = $1 and seq = $2
"""

COUNT = """
update conversation
   set passage_count = passage_count + $2, word_count = word_count + $3
 where conversation_id = $1
"""

COUNT_REINDEXED = """
update reindexed_part
   set words_before = words_before + $3
 where conversation_id = $1 and $2 > done_to and $2 <= last_seq
"""

ENQUEUE = """
insert into embedding_job (conversation_id, model_id, seq)
select $1, model_id, $2 from embedding_model where state in ('filling', 'active')
on conflict do nothing
"""


async def correct_message(
    db: "Database",
    *,
    conversation_id: ConversationId,
    message_id: str,
    content: str,
    metadata: Mapping[str, JsonValue] | None,
    keep_edits: bool,
) -> Message:
    """Its words are searched at once; its embedding is pending. Repeated, it changes nothing.

    Raises ConversationNotFound, MessageNotFound and MessagesErased.
    """
    async with locked(db, conversation_id) as held:
        if held.erased:
            raise ConversationNotFound(conversation_id)
        before = await _read(held, message_id)
        after = before.model_copy(
            update={
                "content": content,
                "metadata": before.metadata if metadata is None else dict(metadata),
            }
        )
        if _same(before, after):
            return before
        edited_at = await held.connection.fetchval(NOW)
        after = after.model_copy(update={"edited_at": edited_at})
        if keep_edits:
            await held.connection.execute(
                KEEP, conversation_id, before.seq, edited_at, before.content, _json(before)
            )
        await _replace(held, before, after)
    await db.execute(NOTIFY, PENDING_CHANNEL, str(conversation_id))
    return after


async def _read(held: Locked, message_id: str) -> Message:
    seq = await held.connection.fetchval(SEQ, held.conversation_id, message_id)
    if seq is not None:
        return (await read_messages(held, [seq]))[0]
    tombstones = await read_tombstones(held.connection, held.conversation_id, ids=[message_id])
    if tombstones.has_message(message_id):
        raise MessagesErased([message_id])
    raise MessageNotFound


def _same(before: Message, after: Message) -> bool:
    return before.content == after.content and canonical_json(before.metadata) == canonical_json(
        after.metadata
    )


async def _replace(held: Locked, before: Message, after: Message) -> None:
    connection, conversation_id, seq = held.connection, held.conversation_id, before.seq
    old = (await analyses_of(held, [before]))[seq]
    new = (await analyses_of(held, [after]))[seq]
    await connection.execute(
        CORRECT,
        conversation_id,
        seq,
        after.content,
        _json(after),
        new.traits,
        new.words,
        after.edited_at,
        await next_revision(connection, conversation_id),
        content_sha256(before.content),
    )
    await delete_words(held, words_of({seq: old}), rows=Counter())
    await index_messages(connection, conversation_id=conversation_id, seqs=[seq], analyses=[new])
    await forget_metadata(connection, conversation_id=conversation_id, messages=[before])
    await index_metadata(connection, conversation_id=conversation_id, messages=[after])
    await _count(held, seq, old, new)
    models = await model_ids(held)
    around = await mixing_in(held, [seq])
    await delete_vectors(held, [seq], models)
    await connection.execute(ENQUEUE, conversation_id, seq)
    await make_anew(held, around, models=models)


async def _count(held: Locked, seq: int, old: Analysis, new: Analysis) -> None:
    more = words_in(new) - words_in(old)
    passages = len(new.passages) - len(old.passages)
    await held.connection.execute(COUNT, held.conversation_id, passages, more)
    await held.connection.execute(COUNT_REINDEXED, held.conversation_id, seq, more)


def _json(message: Message) -> str:
    return orjson.dumps(message.metadata).decode()


EDITS = """
select message.seq, edit.replaced_at, edit.content, edit.metadata
  from conversation c
  left join message on message.conversation_id = $1 and message.message_id = $2
  left join message_edit edit on edit.conversation_id = $1 and edit.seq = message.seq
 where c.conversation_id = $1 and not c.erased
 order by edit.replaced_at
"""


async def earlier_versions(
    db: "Database", *, conversation_id: ConversationId, message_id: str
) -> MessageEdits:
    """Oldest first. Raises ConversationNotFound and MessageNotFound."""
    rows = await db.fetch(EDITS, conversation_id, message_id)
    if not rows:
        raise ConversationNotFound(conversation_id)
    if rows[0]["seq"] is None:
        raise MessageNotFound
    return MessageEdits(
        edits=[
            MessageEdit(
                content=row["content"],
                metadata=orjson.loads(row["metadata"]),
                replaced_at=row["replaced_at"],
            )
            for row in rows
            if row["replaced_at"] is not None
        ]
    )
