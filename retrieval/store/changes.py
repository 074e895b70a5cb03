"""What was erased and corrected in a conversation, by revision."""

from typing import TYPE_CHECKING
from uuid import UUID

from retrieval.errors import ConversationNotFound
from retrieval.store.stored_before import message_of
from retrieval.wire import Change, Changes, ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

CHANGES = """
select c.revision as latest, changed.*, message.*
  from conversation c
  left join lateral (
       select *
         from ((select revision, 'erased' as kind, seq as changed_seq, id_sha256,
                       null as identity_sha256, null::timestamptz as before
                  from erased_message
                 where conversation_id = $1 and revision > $2
                 order by revision
                 limit $3)
               union all
               (select revision, 'participant_erased', null, null, identity_sha256, before
                  from erased_participant
                 where conversation_id = $1 and revision > $2
                 order by revision
                 limit $3)
               union all
               (select revision, 'corrected', seq, null, null, null
                  from message
                 where conversation_id = $1 and revision > $2
                 order by revision
                 limit $3)
               union all
               (select expired_revision, 'expired', null, null, null, expired_before
                  from conversation
                 where conversation_id = $1 and expired_revision > $2)) of_a_kind
        order by revision
        limit $3) changed on true
  left join lateral (
       select seq, message_id, role, participant, content, created_at, interrupted, metadata,
              late_epoch, room, edited_at
         from message
        where conversation_id = $1 and changed.kind = 'corrected'
          and message.seq = changed.changed_seq) message on true
 where c.conversation_id = $1 and not c.erased
 order by changed.revision
"""


async def changes(
    db: "Database", *, conversation_id: ConversationId, after: int, limit: int
) -> Changes:
    """Raises ConversationNotFound."""
    rows = await db.fetch(CHANGES, conversation_id, after, limit)
    if not rows:
        raise ConversationNotFound(conversation_id)
    found = [_change(row) for row in rows if row["kind"] is not None]
    return Changes(revision=rows[0]["latest"], changes=found, more=len(found) == limit)


def _change(row: "Record") -> Change:
    return Change(
        revision=row["revision"],
        kind=row["kind"],
        seq=row["changed_seq"],
        id_sha256=row["id_sha256"],
        message=message_of(row) if row["message_id"] is not None else None,
        identity_sha256=row["identity_sha256"],
        before=row["before"],
    )


ROOMS = """
select name from room where conversation_id = $1 order by name
"""

REVISION = """
select revision from conversation where conversation_id = $1
"""


async def told_rooms(db: "Database", conversation_id: UUID) -> tuple[int, list[str]]:
    """The revision to tell and the rooms to tell it; 0 for a conversation that is gone."""
    revision = await db.fetchval(REVISION, conversation_id)
    return revision or 0, [row["name"] for row in await db.fetch(ROOMS, conversation_id)]
