"""Traces of turns: recorded in batches, listed newest first, and drawn again with texts of now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from retrieval.database.connection import transaction
from retrieval.errors import ConversationNotFound, TurnNotFound
from retrieval.store.conversations import check_known
from retrieval.store.stored_before import message_of
from retrieval.store.time_place import TimePlace
from retrieval.store.tombstones import Tombstones, read_tombstones
from retrieval.store.turn_drawing import drawn_turn
from retrieval.store.turn_mentions import mentioned, without
from retrieval.store.turn_rows import row_of, trace_of
from retrieval.wire import (
    ConversationId,
    DegradedFilter,
    RecallSource,
    Turn,
    TurnLine,
    TurnOutcome,
    TurnPage,
    TurnTrace,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Database

# An erasure waits for what is being recorded, or is waited for: nothing comes back behind it.
LOCK = """
select revision, exists (select from erased_everywhere) as people_erased
  from conversation
 where conversation_id = $1 and not erased
   for key share of conversation
"""

RECORD = """
with recorded as (
    insert into turn_trace as kept
           (conversation_id, question_id, asked_at, ended_at, epoch, participant, outcome, source,
            degraded, search_ms, added_ms, first_word_ms, reply_ms, figures, recall, mentions)
    select $1, question_id, asked_at, ended_at, coalesce(epoch, 0), participant, outcome, source,
           degraded, search_ms, added_ms, first_word_ms, reply_ms, figures, recall, mentions
      from jsonb_to_recordset($2::text::jsonb)
           as sent (question_id text, asked_at timestamptz, ended_at timestamptz, epoch bigint,
                    participant text, outcome text, source text, degraded text, search_ms real,
                    added_ms real, first_word_ms real, reply_ms real, figures jsonb, recall jsonb,
                    mentions text[])
    on conflict (conversation_id, question_id) do update
       set asked_at = excluded.asked_at,
           ended_at = excluded.ended_at,
           epoch = excluded.epoch,
           participant = excluded.participant,
           outcome = excluded.outcome,
           source = excluded.source,
           degraded = excluded.degraded,
           search_ms = excluded.search_ms,
           added_ms = excluded.added_ms,
           first_word_ms = excluded.first_word_ms,
           reply_ms = excluded.reply_ms,
           figures = excluded.figures,
           recall = excluded.recall,
           mentions = excluded.mentions
     where (kept.epoch, kept.ended_at) < (excluded.epoch, excluded.ended_at)
    returning 1
)
select count(*) from recorded
"""


async def record_turns(
    db: "Database", *, conversation_id: ConversationId, traces: Sequence[TurnTrace]
) -> int:
    """Returns how many are new or replace an earlier one of their question: a later agent's, or
    the same one's that ended later.

    What is about something erased is left out. Raises ConversationNotFound.
    """
    async with transaction(db) as connection:
        row = await connection.fetchrow(LOCK, conversation_id)
        if row is None:
            raise ConversationNotFound(conversation_id)
        newest = _newest_of_each(traces)
        if row["revision"] or row["people_erased"]:
            tombstones = await read_tombstones(
                connection,
                conversation_id,
                ids=[id_ for trace in newest for id_ in (trace.question_id, *mentioned(trace))],
                participants=[trace.participant for trace in newest if trace.participant],
            )
            newest = [*_still_valid(tombstones, newest)]
        if not newest:
            return 0
        rows = orjson.dumps([row_of(trace) for trace in newest]).decode()
        recorded: int = await connection.fetchval(RECORD, conversation_id, rows)
    return recorded


NEWEST = """
select asked_at, question_id, figures
  from turn_trace
 where conversation_id = $1
   and not coalesce((select erased from conversation where conversation_id = $1), false)
   and ($2::timestamptz is null or (asked_at, question_id) < ($2, $3::text))
   and ($4::text is null or outcome = $4)
   and ($5::text is null or degraded = $5 or $5 = 'any' and degraded is not null)
   and ($6::text is null or source = $6)
   and ($7::timestamptz is null or asked_at >= $7)
   and ($8::timestamptz is null or asked_at < $8)
 order by asked_at desc, question_id desc
 limit $9
"""


async def newest_turns(
    db: "Database",
    *,
    conversation_id: ConversationId,
    limit: int,
    after: TimePlace | None = None,
    outcome: TurnOutcome | None = None,
    degraded: DegradedFilter | None = None,
    source: RecallSource | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> TurnPage:
    """By when their question was asked, the newest first. Raises ConversationNotFound."""
    rows = await db.fetch(
        NEWEST,
        conversation_id,
        after and after.at,
        after and after.id,
        outcome,
        degraded,
        source,
        since,
        until,
        limit + 1,
    )
    if not rows:
        await check_known(db, conversation_id)
    page = rows[:limit]
    last = TimePlace(page[-1]["asked_at"], page[-1]["question_id"]) if rows[limit:] else None
    return TurnPage(
        turns=[TurnLine.model_validate(orjson.loads(row["figures"])) for row in page],
        next=None if last is None else str(last),
    )


TRACE = """
select figures, recall, mentions
  from turn_trace
 where conversation_id = $1 and question_id = $2
   and not coalesce((select erased from conversation where conversation_id = $1), false)
"""

MESSAGES = """
select seq, message_id, role, participant, content, created_at, interrupted, metadata,
       late_epoch, room, edited_at, revision
  from message
 where conversation_id = $1 and message_id = any($2)
 order by created_at, seq
"""


async def turn(db: "Database", *, conversation_id: ConversationId, question_id: str) -> Turn:
    """Raises ConversationNotFound and TurnNotFound."""
    row = await db.fetchrow(TRACE, conversation_id, question_id)
    if row is None:
        await check_known(db, conversation_id)
        raise TurnNotFound
    trace = trace_of(row)
    rows = await db.fetch(MESSAGES, conversation_id, [question_id, *row["mentions"]])
    changed = [one["message_id"] for one in rows if (one["revision"] or 0) > trace.revision]
    return drawn_turn(
        trace,
        [message_of(one) for one in rows],
        mentioned=row["mentions"],
        changed=changed,
        is_whole=orjson.loads(row["figures"])["shown"] == len(trace.shown),
    )


def _newest_of_each(traces: Sequence[TurnTrace]) -> list[TurnTrace]:
    """Of one question, as the table would keep them one after another."""
    newest: dict[str, TurnTrace] = {}
    for trace in traces:
        known = newest.get(trace.question_id)
        if known is None or _order(known) < _order(trace):
            newest[trace.question_id] = trace
    return [*newest.values()]


def _order(trace: TurnTrace) -> tuple[int, datetime]:
    return trace.epoch or 0, trace.ended_at


def _still_valid(tombstones: Tombstones, traces: Iterable[TurnTrace]) -> Iterable[TurnTrace]:
    for trace in traces:
        asked_by_erased = trace.participant and tombstones.has_said(
            trace.participant, trace.asked_at
        )
        if asked_by_erased or tombstones.has_message(trace.question_id):
            continue
        yield without(trace, {one for one in mentioned(trace) if tombstones.has_message(one)})
