"""The ledger as lines of JSON: hashes and times, enough to erase the same again after a restore."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from retrieval.wire import ErasureKind

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

LINES_AT_ONCE = 1_000


@dataclass(frozen=True)
class LedgerLine:
    """Without a conversation: of a participant in all of them."""

    erasure_id: UUID
    kind: ErasureKind
    conversation_id: UUID | None
    target_sha256: str
    erased_at: datetime

    def to_json(self) -> bytes:
        return _LINE.dump_json(self) + b"\n"


_LINE: TypeAdapter[LedgerLine] = TypeAdapter(LedgerLine)


def read_line(text: str | bytes) -> LedgerLine:
    """Raises ValueError, which does not repeat the line."""
    try:
        return _LINE.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"{error.error_count()} fields are no ledger line's") from None


OF_ERASURE = """
select erasure_id, kind, conversation_id, target_sha256, erased_at
  from erasure
 where erasure_id = $1
"""

EVERYWHERE_OF = """
select erasure_id, 'participant' as kind, null::uuid as conversation_id,
       identity_sha256 as target_sha256, before as erased_at
  from erased_everywhere
 where erasure_id = $1
"""


async def lines_of(db: "Database", erasure_id: UUID) -> list[LedgerLine]:
    rows = [
        *await db.fetch(EVERYWHERE_OF, erasure_id),
        *await db.fetch(OF_ERASURE, erasure_id),
    ]
    return _lines(rows)


EVERYWHERE = """
select erasure_id, 'participant' as kind, null::uuid as conversation_id,
       identity_sha256 as target_sha256, before as erased_at
  from erased_everywhere
 order by before, erasure_id
"""

PAGE = """
select erasure_id, kind, conversation_id, target_sha256, erased_at
  from erasure
 where (conversation_id, erasure_id, kind, target_sha256) > ($1::uuid, $2::uuid, $3::text, $4::text)
 order by conversation_id, erasure_id, kind, target_sha256
 limit $5
"""


async def all_lines(db: "Database") -> AsyncIterator[LedgerLine]:
    for line in _lines(await db.fetch(EVERYWHERE)):
        yield line
    after: tuple[UUID | None, UUID, str, str] = (UUID(int=0), UUID(int=0), "", "")
    while rows := _lines(await db.fetch(PAGE, *after, LINES_AT_ONCE)):
        for line in rows:
            yield line
        last = rows[-1]
        after = (last.conversation_id, last.erasure_id, last.kind, last.target_sha256)


def _lines(rows: "Iterable[Record]") -> list[LedgerLine]:
    return [LedgerLine(**dict(row)) for row in rows]
