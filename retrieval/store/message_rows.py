"""Everything that is written for new messages: rows, index entries, counts, embedding jobs."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import orjson

from retrieval.store import participant_names
from retrieval.store.epochs import Held, Room, raise_shared
from retrieval.store.indexes import lexical_index, metadata_index
from retrieval.text.analysis import Analysis
from retrieval.wire import ConversationId, Message

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

# `active_at` is indexed: set each time, it would make each append write the row's index entries.
COUNT = """
update conversation
   set last_seq = $2,
       message_count = message_count + $3,
       passage_count = passage_count + $4,
       word_count = word_count + $5,
       in_order = in_order and $6 and $7 >= coalesce(newest_at, $7),
       newest_seq = case when $8 >= coalesce(newest_at, $8) then $9 else newest_seq end,
       newest_at = greatest(newest_at, $8),
       active_at = greatest(active_at, date_trunc('minute', now())),
       agent_epoch = greatest(agent_epoch, $10),
       written_epoch = greatest(written_epoch, $11)
 where conversation_id = $1
"""

# Behind policies Citus copies no rows to shards, as it does where nothing is returned.
ENQUEUE = """
insert into embedding_job (conversation_id, model_id, seq)
select $1, model_id, seq
  from embedding_model cross join unnest($2::bigint[]) as fresh (seq)
 where state in ('filling', 'active')
returning true
"""


async def insert_new(
    connection: "Connection",
    *,
    conversation_id: ConversationId,
    messages: Sequence[Message],
    analyses: Sequence[Analysis],
    raised: Mapping[Room, Held],
) -> None:
    """Messages must have their seq. Expects a transaction that holds the conversation's lock."""
    await _insert_messages(connection, conversation_id, messages, analyses)
    await participant_names.record_names(
        connection, conversation_id=conversation_id, identities={m.participant for m in messages}
    )
    await metadata_index.index_metadata(
        connection, conversation_id=conversation_id, messages=messages
    )
    indexed = await lexical_index.index_messages(
        connection,
        conversation_id=conversation_id,
        seqs=[message.seq for message in messages],
        analyses=analyses,
    )
    own = raised.get(None, Held())
    newest = max(messages, key=lambda message: (message.created_at, message.seq))
    await connection.execute(
        COUNT,
        conversation_id,
        messages[-1].seq,
        len(messages),
        indexed.passages,
        indexed.words,
        all(one.created_at <= next_.created_at for one, next_ in pairwise(messages)),
        messages[0].created_at,
        newest.created_at,
        newest.seq,
        own.present,
        own.written,
    )
    await raise_shared(connection, conversation_id, raised)
    await connection.execute(ENQUEUE, conversation_id, [message.seq for message in messages])


# From here on in the transaction, foreign keys are checked by one plan. Custom plans, as searches
# need them (SESSION_SETTINGS), would be made for each check: half the cost of a message's ten rows.
INSERT_MESSAGES = """
insert into message (conversation_id, seq, message_id, role, participant, content, created_at,
                     interrupted, traits, word_count, metadata,
                     late_epoch, room, edited_at)
select $1, said.*
  from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
              $8::boolean[], $9::smallint[], $10::integer[], $11::jsonb[], $12::bigint[],
              $13::text[], $14::timestamptz[]) said
 cross join set_config('plan_cache_mode', 'auto', true)
returning true
"""


async def _insert_messages(
    connection: "Connection",
    conversation_id: ConversationId,
    messages: Sequence[Message],
    analyses: Sequence[Analysis],
) -> None:
    columns: list[list[Any]] = [
        [message.seq for message in messages],
        [message.id for message in messages],
        [message.role for message in messages],
        [message.participant for message in messages],
        [message.content for message in messages],
        [message.created_at for message in messages],
        [message.interrupted for message in messages],
        [analysis.traits for analysis in analyses],
        [analysis.words for analysis in analyses],
        [orjson.dumps(message.metadata).decode() for message in messages],
        [message.epoch for message in messages],
        [message.room for message in messages],
        [message.edited_at for message in messages],
    ]
    await connection.execute(INSERT_MESSAGES, conversation_id, *columns)
