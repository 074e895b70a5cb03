"""Events that tell of erased messages: by their ids, by when they were said, and by their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from retrieval.changes.erasure.transactions import Locked, Rows
from retrieval.text import passages
from retrieval.text.terms.stored import passage_terms

NEAR: Final = timedelta(hours=1)
"""An event that quotes a message lies this near to it."""
TURN: Final = timedelta(minutes=10)
"""Transcriptions of what became a message lie this near to it."""

DELETE_BY_ID = """
delete from conversation_event
 where conversation_id = $1
   and (event_id = any($2)
        or data ->> 'question_id' = any($2) or data ->> 'asked_again' = any($2)
        or data -> 'message_ids' ?| $2)
   and ($3::text is null or participant is distinct from $3)
returning event_id
"""

NEAR_BY = """
select event_id, kind, participant, created_at, data::text as data
  from conversation_event
 where conversation_id = $1 and created_at >= $2 and created_at <= $3 and kind <> 'metric'
   and ($4::text is null or participant is distinct from $4)
"""

SAID_BEFORE = """
select own.seq,
       (select max(other.created_at)
          from message other
         where other.conversation_id = $1 and other.created_at >= own.created_at - $3::interval
           and (other.created_at, other.seq) < (own.created_at, own.seq)
           and other.participant = own.participant) as said_before
  from message own
 where own.conversation_id = $1 and own.seq = any($2)
"""

DELETE = """
delete from conversation_event where conversation_id = $1 and event_id = any($2)
"""


@dataclass(frozen=True)
class Said:
    """A message that is erased. `before`: when its participant had said the one before it."""

    message_id: str
    participant: str
    content: str
    created_at: datetime
    before: datetime


async def said_before(locked: Locked, seqs: Sequence[int]) -> dict[int, datetime | None]:
    """By seq; None if it is longer ago than a turn takes."""
    rows = await locked.connection.fetch(SAID_BEFORE, locked.conversation_id, list(seqs), TURN)
    return {row["seq"]: row["said_before"] for row in rows}


async def delete_quotations(
    locked: Locked, said: Sequence[Said], *, gone: set[str], besides: str | None, rows: Rows
) -> list[str]:
    """Returns the ids of those events. `gone`: lexemes that no message has any more. An event with
    one of them quotes what is gone. `besides`: a participant whose events go anyway.

    Of transcriptions too many may be deleted, of the same participant in the same minutes.
    """
    connection, conversation_id = locked.connection, locked.conversation_id
    ids = [one.message_id for one in said]
    named = await connection.fetch(DELETE_BY_ID, conversation_id, ids, besides)
    first = min(one.created_at for one in said) - NEAR
    last = max(one.created_at for one in said) + NEAR
    quoting = [
        row["event_id"]
        for row in await connection.fetch(NEAR_BY, conversation_id, first, last, besides)
        if _quotes(_Event(**dict(row)), said, gone=gone, language=locked.language)
    ]
    if quoting:
        await connection.execute(DELETE, conversation_id, quoting)
    found = [row["event_id"] for row in named] + quoting
    rows["conversation_event"] += len(found)
    return found


@dataclass(frozen=True)
class _Event:
    event_id: str
    kind: str
    participant: str | None
    created_at: datetime
    data: str


def _quotes(event: _Event, said: Sequence[Said], *, gone: set[str], language: str) -> bool:
    texts = _texts(orjson.loads(event.data))
    if event.kind == "transcription" and any(_became(event, texts, one) for one in said):
        return True
    return any(
        not gone.isdisjoint(passage_terms(part, participant="", language=language).counts)
        for text in texts
        for part in passages.split(text)
        if text.strip()
    )


def _became(event: _Event, texts: Sequence[str], said: Said) -> bool:
    """Whether it is what was heard of this message."""
    if event.participant != said.participant:
        return False
    if said.before < event.created_at <= said.created_at:
        return True
    content = _plain(said.content)
    near = abs(event.created_at - said.created_at) <= TURN
    return near and any(_plain(text) in content for text in texts)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
