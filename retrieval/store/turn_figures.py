"""How turns were over time: how many, how slow, how many without their memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database


@dataclass(frozen=True)
class TurnFiguresAt:
    """Of the turns asked from `at` on, for a step; without any, the times are None."""

    at: datetime
    turns: int
    degraded: int
    added_p95_ms: float | None
    search_p95_ms: float | None


OVER_TIME = """
select steps.at,
       coalesce(turns, 0) as turns,
       coalesce(degraded, 0) as degraded,
       added_p95_ms,
       search_p95_ms
  from generate_series(date_bin($2, $1, timestamptz '2001-01-01'), now(), $2) as steps(at)
  left join (
       select date_bin($2, asked_at, timestamptz '2001-01-01') as at,
              count(*) as turns,
              count(degraded) as degraded,
              percentile_disc(0.95) within group (order by added_ms) as added_p95_ms,
              percentile_disc(0.95) within group (order by search_ms) as search_p95_ms
         from turn_trace
        where asked_at >= $1
          and ($3::uuid is null or conversation_id = $3)
        group by 1) as found using (at)
 order by steps.at
"""


async def over_time(
    db: "Database",
    *,
    since: datetime,
    step: timedelta,
    conversation_id: ConversationId | None = None,
) -> Sequence[TurnFiguresAt]:
    """Oldest first, up to now; of all conversations that `db` sees, or of one."""
    rows = await db.fetch(OVER_TIME, since, step, conversation_id)
    return [TurnFiguresAt(**row) for row in rows]
