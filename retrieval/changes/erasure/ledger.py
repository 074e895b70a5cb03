"""The ledger: a row for each erasure of a conversation, by hashes, with how far it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from retrieval.changes.erasure.transactions import Rows
from retrieval.wire import ConversationId, ErasureKind, ErasureReceipt

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record


@dataclass(frozen=True)
class Erasure:
    """In one conversation. `last_seq`: what arrives later is not of it."""

    conversation_id: ConversationId
    erasure_id: UUID
    kind: ErasureKind
    target_sha256: str
    erased_at: datetime
    last_seq: int


BEGIN = """
insert into erasure
       (conversation_id, erasure_id, kind, target_sha256, erased_at, last_seq)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""


async def begin(db: "Database", erasure: Erasure) -> None:
    await db.execute(
        BEGIN,
        erasure.conversation_id,
        erasure.erasure_id,
        erasure.kind,
        erasure.target_sha256,
        erasure.erased_at,
        erasure.last_seq,
    )


LATEST = """
select conversation_id, erasure_id, kind, target_sha256, erased_at, last_seq, completed_at, removed
  from erasure
 where conversation_id = $1 and kind = $2 and target_sha256 = $3
 order by erased_at desc
 limit 1
"""


@dataclass(frozen=True)
class Known:
    erasure: Erasure
    complete: bool
    removed: dict[str, int]

    def receipt(self) -> ErasureReceipt:
        return ErasureReceipt(
            erasure_id=self.erasure.erasure_id,
            kind=self.erasure.kind,
            erased_at=self.erasure.erased_at,
            complete=self.complete,
            conversations=[self.erasure.conversation_id],
            rows=self.removed,
        )


async def latest(
    db: "Database", conversation_id: UUID, kind: ErasureKind, target_sha256: str
) -> Known | None:
    """Of this target; None if none was begun."""
    row = await db.fetchrow(LATEST, conversation_id, kind, target_sha256)
    return None if row is None else _known(row)


READ = """
select conversation_id, erasure_id, kind, target_sha256, erased_at, last_seq, completed_at, removed
  from erasure
 where conversation_id = $1 and erasure_id = $2 and kind = $3 and target_sha256 = $4
"""


async def read(db: "Database", erasure: Erasure) -> Known:
    """One that was begun."""
    row = await db.fetchrow(
        READ,
        erasure.conversation_id,
        erasure.erasure_id,
        erasure.kind,
        erasure.target_sha256,
    )
    assert row is not None  # noqa: S101 - ledger rows are never deleted
    return _known(row)


def _known(row: "Record") -> Known:
    values = dict(row)
    complete = values.pop("completed_at") is not None
    removed = orjson.loads(values.pop("removed"))
    return Known(Erasure(**values), complete, removed)


ADD = """
update erasure
   set removed = (
       select coalesce(jsonb_object_agg(name, total), '{}')
         from (select name, sum(rows) as total
                 from (select key as name, value::bigint as rows
                         from jsonb_each_text(erasure.removed)
                       union all
                       select key, value::bigint from jsonb_each_text($5::text::jsonb)) both_rows
                group by name) summed)
 where conversation_id = $1 and erasure_id = $2 and kind = $3 and target_sha256 = $4
"""


async def add(db: "Database", erasure: Erasure, rows: Rows) -> None:
    """In the transaction that deleted them."""
    told = orjson.dumps({name: count for name, count in rows.items() if count}).decode()
    await db.execute(
        ADD,
        erasure.conversation_id,
        erasure.erasure_id,
        erasure.kind,
        erasure.target_sha256,
        told,
    )


COMPLETE = """
update erasure
   set completed_at = now()
 where conversation_id = $1 and erasure_id = $2 and kind = $3 and target_sha256 = $4
"""


async def complete(db: "Database", erasure: Erasure) -> None:
    await db.execute(
        COMPLETE,
        erasure.conversation_id,
        erasure.erasure_id,
        erasure.kind,
        erasure.target_sha256,
    )
