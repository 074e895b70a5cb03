"""Messages of a conversation: appended in order, exactly once, and read in pages."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from retrieval.database.connection import transaction
from retrieval.errors import ConversationNotFound, MessagesErased
from retrieval.store.analysis_ahead import all_analysed, analysed_before
from retrieval.store.epochs import read_epochs
from retrieval.store.late_messages import as_received
from retrieval.store.message_rows import insert_new
from retrieval.store.stored_before import as_corrected, as_kept, fresh_of, message_of, stored_before
from retrieval.store.timeline import said_page
from retrieval.store.tombstones import erased_of, ids_of, read_tombstones
from retrieval.wire import (
    AppendOutcome,
    AppendResult,
    ConversationId,
    Message,
    MessageCreate,
    MessageId,
    MessagePage,
    PageOrder,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database, Record

PENDING_CHANNEL = "longroom_pending"
LAST_SEQ = 2**63 - 1


async def append_messages(
    db: "Database",
    *,
    conversation_id: ConversationId,
    messages: Sequence[MessageCreate],
    epoch: int | None = None,
    room: str | None = None,
    imported: bool = False,
) -> AppendResult:
    """Store a batch in order, all or nothing; messages that are already stored are skipped.

    Words are searchable at once; embeddings are pending, notified on PENDING_CHANNEL after commit.
    `epoch` is that of the agent that sends them, None for other senders; `room` is that agent's,
    if others may share the conversation. Of `imported` ones an epoch is the mark that they have.
    Raises ConversationNotFound, MessageConflict if an id is taken by other content, StaleEpoch, and
    MessagesErased.
    """
    known = await analysed_before(db, conversation_id, messages)
    async with transaction(db) as connection:
        conversation = await _lock(connection, conversation_id)
        epochs = await read_epochs(
            connection, conversation, messages=messages, sender=epoch, room=room
        )
        epochs.check()
        stored = await stored_before(connection, conversation_id, messages)
        received = as_corrected(messages, stored)
        if imported:
            received = as_kept(received, stored)
        else:
            received = as_received(received, epochs.late(messages), stored.messages)
        await _check_erased(connection, conversation, messages, received)
        fresh = _numbered(fresh_of(received, stored), after=conversation["last_seq"])
        if fresh:
            new = list(fresh.values())
            await insert_new(
                connection,
                conversation_id=conversation_id,
                messages=new,
                analyses=await all_analysed(new, known, language=conversation["language"]),
                raised={} if imported else epochs.raised_by(messages),
            )
    if fresh:
        await db.execute(NOTIFY, PENDING_CHANNEL, str(conversation_id))
    pairs = zip(messages, received, strict=True)
    return AppendResult(
        outcomes=[_outcome(sent.id, kept.id, stored.messages, fresh) for sent, kept in pairs],
        revision=conversation["revision"],
    )


NOTIFY = """
select pg_notify($1, $2)
"""

PAGE_BEFORE = """
select conversation.message_count, page.*
  from conversation
  left join (
        select seq, message_id, role, participant, content, created_at, interrupted, metadata,
               late_epoch, room, edited_at
          from message
         where conversation_id = $1 and seq < $2
         order by seq desc
         limit $3) page on true
 where conversation.conversation_id = $1 and not conversation.erased
 order by page.seq
"""

PAGE_AFTER = """
select conversation.message_count, page.*
  from conversation
  left join (
        select seq, message_id, role, participant, content, created_at, interrupted, metadata,
               late_epoch, room, edited_at
          from message
         where conversation_id = $1 and seq > $4 and seq < $2
         order by seq
         limit $3) page on true
 where conversation.conversation_id = $1 and not conversation.erased
 order by page.seq
"""


async def recent_messages(
    db: "Database",
    *,
    conversation_id: ConversationId,
    limit: int,
    before: int | None = None,
    after: int | None = None,
    order: PageOrder | None = None,
) -> MessagePage:
    """At most `limit` messages, oldest first; by default the newest.

    With `before` the newest before the message of that seq, with `after` the oldest after it: by
    time, or by arrival, which is the default with `after` and misses nothing that arrives late.
    Raises ConversationNotFound.
    """
    last = LAST_SEQ if before is None else before
    if (order or default_order(after)) == "time":
        rows = await said_page(db, conversation_id, limit=limit, before=last, after=after)
    elif after is None:
        rows = await db.fetch(PAGE_BEFORE, conversation_id, last, limit)
    else:
        rows = await db.fetch(PAGE_AFTER, conversation_id, last, limit, after)
    if not rows:
        raise ConversationNotFound(conversation_id)
    return MessagePage(
        messages=[message_of(row) for row in rows if row["seq"] is not None],
        message_count=rows[0]["message_count"],
    )


def default_order(after: int | None) -> PageOrder:
    return "time" if after is None else "arrival"


LOCK_CONVERSATION = """
select conversation_id, room, last_seq, language, agent_epoch, written_epoch, revision,
       exists (select from erased_everywhere) as people_erased
  from conversation
 where conversation_id = $1 and not erased
   for update of conversation
"""


async def _lock(connection: "Connection", conversation_id: ConversationId) -> "Record":
    row = await connection.fetchrow(LOCK_CONVERSATION, conversation_id)
    if row is None:
        raise ConversationNotFound(conversation_id)
    return row


async def _check_erased(
    connection: "Connection",
    conversation: "Record",
    sent: Sequence[MessageCreate],
    received: Sequence[MessageCreate],
) -> None:
    """Raises MessagesErased."""
    if not conversation["revision"] and not conversation["people_erased"]:
        return
    tombstones = await read_tombstones(
        connection,
        conversation["conversation_id"],
        ids=[*ids_of(sent), *ids_of(received)],
        participants=[message.participant for message in received],
    )
    if erased := erased_of(tombstones, sent, received):
        raise MessagesErased(erased)


def _numbered(fresh: Mapping[str, MessageCreate], *, after: int) -> dict[str, Message]:
    return {
        message_id: Message.model_construct(seq=seq, **vars(message))  # checked already
        for seq, (message_id, message) in enumerate(fresh.items(), start=after + 1)
    }


def _outcome(
    sent: MessageId, kept: MessageId, stored: Mapping[str, Message], fresh: Mapping[str, Message]
) -> AppendOutcome:
    if kept in stored:
        return AppendOutcome(id=sent, seq=stored[kept].seq, status="duplicate")
    return AppendOutcome(id=sent, seq=fresh[kept].seq, status="stored")
