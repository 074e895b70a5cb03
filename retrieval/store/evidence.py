"""Questions marked with the messages that answer them, for measuring the search."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import asyncpg

from retrieval.errors import ConversationNotFound
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

MAX_ANSWERS = 100


@dataclass(frozen=True)
class SaidQuestion:
    """A message that asks."""

    message_id: str


@dataclass(frozen=True)
class TypedQuestion:
    """Nobody has said it; `asker` is whom its "I" means."""

    text: str
    asker: str | None = None


@dataclass(frozen=True)
class Evidence:
    evidence_id: UUID
    question: SaidQuestion | TypedQuestion
    message_ids: Sequence[str]
    """That answer it; empty: nothing does."""
    marked_at: datetime


MARK = """
insert into evidence (conversation_id, evidence_id, question_id, typed, asker, message_ids,
                      marked_at)
values ($1, $2, $3, $4, $5, $6, now())
on conflict (conversation_id, evidence_id) do update
   set message_ids = excluded.message_ids, marked_at = excluded.marked_at
"""


async def mark(
    db: "Database",
    *,
    conversation_id: ConversationId,
    question: SaidQuestion | TypedQuestion,
    message_ids: Sequence[str],
) -> UUID:
    """Instead of what the question was marked with before. Raises ConversationNotFound."""
    said = question.message_id if isinstance(question, SaidQuestion) else None
    typed = None if isinstance(question, SaidQuestion) else question.text
    asker = None if isinstance(question, SaidQuestion) else question.asker
    evidence_id = _evidence_id(conversation_id, question)
    try:
        await db.execute(
            MARK, conversation_id, evidence_id, said, typed, asker, [*dict.fromkeys(message_ids)]
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ConversationNotFound(conversation_id) from error
    return evidence_id


def _evidence_id(conversation_id: UUID, question: SaidQuestion | TypedQuestion) -> UUID:
    if isinstance(question, SaidQuestion):
        return uuid5(conversation_id, f"said\n{question.message_id}")
    return uuid5(conversation_id, f"typed\n{question.asker or ''}\n{question.text}")


MARKED = """
select evidence_id, question_id, typed, asker, message_ids, marked_at
  from evidence
 where conversation_id = $1
 order by marked_at, evidence_id
"""


async def marked(db: "Database", *, conversation_id: ConversationId) -> list[Evidence]:
    """As they were marked, the first one first."""
    return [
        Evidence(
            row["evidence_id"],
            SaidQuestion(row["question_id"])
            if row["question_id"] is not None
            else TypedQuestion(row["typed"], row["asker"]),
            row["message_ids"],
            row["marked_at"],
        )
        for row in await db.fetch(MARKED, conversation_id)
    ]


UNMARK = """
delete from evidence where conversation_id = $1 and evidence_id = $2
"""


async def unmark(db: "Database", *, conversation_id: ConversationId, evidence_id: UUID) -> None:
    await db.execute(UNMARK, conversation_id, evidence_id)


CONVERSATIONS = """
select conversation_id, count(*) as questions
  from evidence
 group by conversation_id
 order by conversation_id
"""


async def conversations_with_evidence(db: "Database") -> dict[ConversationId, int]:
    """How many questions are marked in each; for a database that sees all conversations."""
    rows = await db.fetch(CONVERSATIONS)
    return {ConversationId(row["conversation_id"]): row["questions"] for row in rows}
