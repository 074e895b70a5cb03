"""The order in which messages were said: by `created_at`, of equal ones as they arrived.

Most conversations arrive in that order. In these, which `conversation.in_order` tells, a message's
neighbours are those of its `seq`; others read them from the index `message_by_time`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record


@dataclass(frozen=True)
class Around:
    """What was said just before and after a message, nearest first."""

    before: list[int]
    after: list[int]


# The arrays end their index scans at the limit, whatever the statistics say. Behind a policy, pairs
# are compared only after the rows are read (PostgreSQL does not know that this tells nothing), so
# that a time alone bounds the scan.
AROUND = """
select own.seq,
       array(select seq
               from message
              where conversation_id = $1 and created_at <= own.created_at
                and (created_at, seq) < (own.created_at, own.seq)
              order by created_at desc, seq desc
              limit $3) as before,
       array(select seq
               from message
              where conversation_id = $1 and created_at >= own.created_at
                and (created_at, seq) > (own.created_at, own.seq)
              order by created_at, seq
              limit $4) as after
  from message own
 where own.conversation_id = $1 and own.seq = any((select $2::bigint[])::bigint[])
"""


async def said_around(
    db: "Database",
    conversation_id: ConversationId,
    seqs: Iterable[int],
    *,
    before: int,
    after: int,
) -> dict[int, Around]:
    """By seq, at most so many messages on each side; deleted messages are missing."""
    rows = await db.fetch(AROUND, conversation_id, list(seqs), before, after)
    return {row["seq"]: Around(row["before"], row["after"]) for row in rows}


def around_in_order(seqs: Iterable[int], *, before: int, after: int) -> dict[int, Around]:
    """As `said_around` of a conversation in order; not all may exist."""
    return {
        seq: Around(
            before=list(range(seq - 1, seq - 1 - before, -1)),
            after=list(range(seq + 1, seq + 1 + after)),
        )
        for seq in seqs
    }


APART = 1000
"""Between the positions of stretches: further than anything looks for neighbours."""


def positions(around: Mapping[int, Around]) -> dict[int, int]:
    """Numbers of all messages in `around`: consecutive exactly where one was said after another."""
    following: dict[int, int] = {}
    for seq, near in around.items():
        following.update(pairwise([*reversed(near.before), seq, *near.after]))
    position: dict[int, int] = {}
    last = 0
    for first in sorted({*around, *following} - {*following.values()}):
        last += APART
        position[first] = last
        seq = first
        while (after := following.get(seq)) is not None:
            seq, last = after, last + 1
            position[seq] = last
    return position


# A bound is the place of the message that a cursor names, or of the last one before it if that was
# deleted. It is computed apart, coalesce and all: PostgreSQL does not know that coalesce tells
# nothing, and would compare with it only after the rows are read.
_SAID = """
select c.message_count, page.*
  from conversation c
 cross join lateral (
       select case when $2 > c.last_seq then 'infinity'
                   else (select coalesce((select created_at from message
                                           where conversation_id = $1 and seq <= $2
                                           order by seq desc limit 1), '-infinity'))
                   end as upper,
              (select coalesce((select created_at from message
                                 where conversation_id = $1 and seq <= $4
                                 order by seq desc limit 1), '-infinity')) as lower) bound
  left join lateral (
       select seq, message_id, role, participant, content, created_at, interrupted, metadata,
              late_epoch, room, edited_at
         from message
        where conversation_id = $1
          and created_at <= bound.upper and created_at >= bound.lower
          and (created_at, seq) < (bound.upper, $2) and (created_at, seq) > (bound.lower, $4)
        order by {order}
        limit $3) page on true
 where c.conversation_id = $1 and not c.erased
 order by page.created_at, page.seq
"""

SAID_BEFORE = _SAID.replace("{order}", "created_at desc, seq desc")
SAID_AFTER = _SAID.replace("{order}", "created_at, seq")


async def said_page(
    db: "Database", conversation_id: ConversationId, *, limit: int, before: int, after: int | None
) -> "list[Record]":
    """Rows of a page of the timeline; one row without a seq if it is empty, none without the room.

    With `after` the oldest said after that message, else the newest.
    """
    statement = SAID_BEFORE if after is None else SAID_AFTER
    return await db.fetch(statement, conversation_id, before, limit, after or 0)
