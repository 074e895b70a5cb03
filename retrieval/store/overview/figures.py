"""Figures of conversations: what waits for an embedding, and how the newest turns went."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from retrieval.wire import COUNTED, RecentTurns

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

# Limits bound what is read of each conversation, however much it has.
FIGURES = """
select c.conversation_id, waiting.pending, kept.turns as kept, recent.*
  from conversation c
 cross join lateral (
       select count(*) as pending
         from (select
                 from embedding_job
                where embedding_job.conversation_id = c.conversation_id
                  and embedding_job.model_id = $2
                limit $3) job) waiting
 cross join lateral (
       select count(*) as turns
         from (select
                 from turn_trace
                where turn_trace.conversation_id = c.conversation_id
                limit $3) turn) kept
 cross join lateral (
       select count(*) as turns,
              count(*) filter (where outcome = 'failed') as failed,
              count(degraded) as degraded,
              percentile_disc(0.95) within group (order by added_ms) as added_ms_p95,
              percentile_disc(0.95) within group (order by search_ms) as search_ms_p95,
              max(asked_at) as newest_turn_at
         from (select asked_at, outcome, degraded, added_ms, search_ms
                 from turn_trace
                where turn_trace.conversation_id = c.conversation_id
                order by asked_at desc, question_id desc
                limit 100) newest) recent
 where c.conversation_id = any($1)
"""
WITHOUT_END = 2**31 - 1


async def read_figures(
    db: "Database",
    conversations: "Sequence[Record]",
    *,
    model_id: int,
    counted: int | None = COUNTED,
) -> dict[UUID, dict[str, Any]]:
    """Fields of ConversationFigures by conversation; `counted` ends each count, None does not."""
    ids = [row["conversation_id"] for row in conversations]
    if not ids:
        return {}
    limit = WITHOUT_END if counted is None else counted + 1
    found = {row["conversation_id"]: row for row in await db.fetch(FIGURES, ids, model_id, limit)}
    most = limit if counted is None else counted
    return {
        row["conversation_id"]: _fields(row, found[row["conversation_id"]], most)
        for row in conversations
        if row["conversation_id"] in found
    }


def _fields(row: "Record", figures: "Record", most: int) -> dict[str, Any]:
    messages, pending = row["message_count"], figures["pending"]
    more = pending > most
    return {
        "conversation_id": row["conversation_id"],
        "room": row["room"],
        "key": row["key"],
        "created_at": row["created_at"],
        "active_at": row["active_at"],
        "last_message_at": row["newest_at"],
        "messages": messages,
        "pending": min(pending, most),
        "pending_more": more,
        "coverage": None if more or not messages else max(0.0, 1 - pending / messages),
        "turns": min(figures["kept"], most),
        "turns_more": figures["kept"] > most,
        "recent": _recent(figures),
    }


def _recent(figures: "Record") -> RecentTurns:
    turns = figures["turns"]
    return RecentTurns(
        turns=turns,
        failed=figures["failed"],
        degraded=figures["degraded"],
        degraded_share=figures["degraded"] / turns if turns else 0.0,
        added_ms_p95=figures["added_ms_p95"],
        search_ms_p95=figures["search_ms_p95"],
        newest_at=figures["newest_turn_at"],
    )
