"""One batch of messages, with all that was made of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from retrieval.changes.erasure.counts import count_without
from retrieval.changes.erasure.evidence import delete_evidence
from retrieval.changes.erasure.quotations import TURN, Said, delete_quotations, said_before
from retrieval.changes.erasure.surroundings import make_anew, mixing_in, model_ids
from retrieval.changes.erasure.transactions import Locked, Rows
from retrieval.changes.erasure.turns import forget_messages
from retrieval.changes.erasure.words import delete_words, words_of
from retrieval.database.command_tag import affected_rows
from retrieval.embeddings.rows import raise_vectors_version
from retrieval.store.indexes.metadata_index import forget_metadata
from retrieval.store.stored_before import message_of
from retrieval.store.tombstones import event_key
from retrieval.text.analysis import Analysis, analysed
from retrieval.wire import Message, erased_id

BATCH_MESSAGES = 100
"""About a quarter of a second, during which the conversation's writers wait."""

MESSAGES = """
select seq, message_id, role, participant, content, created_at, interrupted, metadata,
       late_epoch, room, edited_at
  from message
 where conversation_id = $1 and seq = any($2)
 order by seq
"""

DELETE_EMBEDDINGS = """
delete from message_embedding
 where conversation_id = $1 and model_id = any($3) and smoothed = any(array[false, true])
   and seq = any($2)
"""

DELETE_CODES = """
delete from message_code
 where conversation_id = $1 and model_id = any($3) and seq = any($2)
"""

DELETE_JOBS = """
delete from embedding_job
 where conversation_id = $1 and model_id = any($3) and seq = any($2)
"""

DELETE_EDITS = """
delete from message_edit where conversation_id = $1 and seq = any($2)
"""

DELETE_MESSAGES = """
delete from message where conversation_id = $1 and seq = any($2)
"""

ENTOMB = """
insert into erased_message (conversation_id, id_sha256, seq, erased_at)
select $1, gone.id_sha256, gone.seq, $4
  from unnest($2::text[], $3::bigint[]) as gone (id_sha256, seq)
    on conflict (conversation_id, id_sha256) do nothing
"""


async def erase_batch(
    locked: Locked,
    seqs: Sequence[int],
    *,
    erased_at: datetime | None,
    rows: Rows,
    participant: str | None = None,
) -> list[Message]:
    """Adds to `rows`; returns the messages as they were. Their tombstones have no revision;
    without `erased_at` there are none.

    `participant`: who is erased with them; their events are left to that.
    """
    messages = await read_messages(locked, seqs)
    if not messages:
        return []
    await raise_vectors_version(locked.connection, locked.conversation_id)
    seqs = [message.seq for message in messages]
    analyses = await analyses_of(locked, messages)
    models = await model_ids(locked)
    around = await mixing_in(locked, seqs)
    before = await said_before(locked, seqs)
    await _delete_rows(locked, messages, models=models, rows=rows)
    gone = await delete_words(locked, words_of(analyses), rows=rows)
    said = [_said(message, before[message.seq]) for message in messages]
    quoting = await delete_quotations(locked, said, gone=gone, besides=participant, rows=rows)
    ids = [one.id for one in messages]
    await delete_evidence(locked, ids, gone=gone, rows=rows)
    await forget_messages(locked, ids, rows=rows)
    if erased_at is not None:
        await _entomb(locked, messages, quoting, erased_at=erased_at)
    await count_without(locked, analyses)
    await make_anew(locked, around, models=models)
    return messages


async def analyses_of(locked: Locked, messages: Sequence[Message]) -> dict[int, Analysis]:
    """By seq."""
    made = await analysed(messages, language=locked.language)
    return {message.seq: one for message, one in zip(messages, made, strict=True)}


async def delete_vectors(locked: Locked, seqs: Sequence[int], models: Sequence[int]) -> Rows:
    """Embeddings, codes and jobs."""
    rows: Rows = Counter()
    for table, statement in (
        ("message_embedding", DELETE_EMBEDDINGS),
        ("message_code", DELETE_CODES),
        ("embedding_job", DELETE_JOBS),
    ):
        status = await locked.connection.execute(
            statement, locked.conversation_id, list(seqs), list(models)
        )
        rows[table] += affected_rows(status)
    return rows


async def read_messages(locked: Locked, seqs: Sequence[int]) -> list[Message]:
    """By ascending seq; those that are gone are missing."""
    rows = await locked.connection.fetch(MESSAGES, locked.conversation_id, list(seqs))
    return [message_of(row) for row in rows]


async def _delete_rows(
    locked: Locked, messages: Sequence[Message], *, models: Sequence[int], rows: Rows
) -> None:
    connection, conversation_id = locked.connection, locked.conversation_id
    seqs = [message.seq for message in messages]
    rows.update(await delete_vectors(locked, seqs, models))
    for table, statement in (("message_edit", DELETE_EDITS), ("message", DELETE_MESSAGES)):
        rows[table] += affected_rows(await connection.execute(statement, conversation_id, seqs))
    rows["message_metadata"] += await forget_metadata(
        connection, conversation_id=conversation_id, messages=messages
    )


async def _entomb(
    locked: Locked, messages: Sequence[Message], events: Sequence[str], *, erased_at: datetime
) -> None:
    """Events have no seq."""
    seqs = {message.id: message.seq for message in messages} | {
        event_key(event_id): 0 for event_id in events
    }
    await locked.connection.execute(
        ENTOMB,
        locked.conversation_id,
        [erased_id(locked.conversation_id, one) for one in seqs],
        list(seqs.values()),
        erased_at,
    )


def _said(message: Message, before: datetime | None) -> Said:
    return Said(
        message_id=message.id,
        participant=message.participant,
        content=message.content,
        created_at=message.created_at,
        before=before or message.created_at - TURN,
    )
