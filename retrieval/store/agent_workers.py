"""Heartbeats of agent workers, and the lease of the one backend process that reconciles rooms."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.database.connection import Database

LEASE = timedelta(seconds=3)
"""A worker without a report for this long is dead; workers report about once a second."""
FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class AgentWorker:
    """Times are the database's. `since` when LiveKit has known it, without a gap."""

    worker_id: str
    agent_name: str
    since: datetime
    seen_at: datetime
    alive: bool


REPORT = """
insert into agent_worker (worker_id, agent_name, since)
values ($1, $2, now() - coalesce($3::interval, interval '0'))
on conflict (worker_id) do update
   set seen_at = now(), since = coalesce(now() - $3::interval, agent_worker.since)
"""


async def report(
    db: "Database", *, worker_id: str, agent_name: str, registered_ago: timedelta | None = None
) -> None:
    """`registered_ago` of a worker that does not tell is the time of its first report."""
    await db.execute(REPORT, worker_id, agent_name, registered_ago)


WORKERS = """
select worker_id, agent_name, since, seen_at, seen_at > now() - $1::interval as alive
  from agent_worker
"""


async def workers(db: "Database") -> list[AgentWorker]:
    rows = await db.fetch(WORKERS, LEASE)
    return [AgentWorker(**row) for row in rows]


FORGET = """
delete from agent_worker where seen_at < now() - $1::interval
"""


async def forget(db: "Database") -> None:
    await db.execute(FORGET, FORGOTTEN_AFTER)


LEAD = """
insert into agent_watch (holder, until) values ($1, now() + $2::interval)
on conflict (only_row) do update
   set holder = excluded.holder, until = excluded.until
 where agent_watch.holder = excluded.holder or agent_watch.until < now()
returning holder
"""


async def lead(db: "Database", *, holder: str) -> bool:
    """False while another process holds the lease."""
    return await db.fetchval(LEAD, holder, LEASE) is not None


RESIGN = """
delete from agent_watch where holder = $1
"""


async def resign(db: "Database", *, holder: str) -> None:
    await db.execute(RESIGN, holder)
