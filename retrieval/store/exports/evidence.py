"""Marked questions with their conversation, as lines of a file that `longroom evaluate` reads."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from retrieval.errors import ConversationNotFound
from retrieval.store.evidence import Evidence, SaidQuestion, marked
from retrieval.store.exports import pages
from retrieval.store.exports.conversation import CONVERSATION
from retrieval.wire import MAX_QUERY_CHARS, ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

WINDOW_MESSAGES = 6
"""Before a question: what a follow-up refers to."""

# One that says nothing, or more than a query may have, can be no question.
ASKED = """
select message_id, participant, content, created_at,
       array(select other.message_id
               from message other
              where other.conversation_id = $1 and other.created_at <= own.created_at
                and (other.created_at, other.seq) < (own.created_at, own.seq)
              order by other.created_at desc, other.seq desc
              limit $3) as nearest_first
  from message own
 where conversation_id = $1 and message_id = any($2)
   and content ~ '\\S' and length(content) <= $4
"""


async def evidence_lines(
    db: "Database", *, conversation_id: ConversationId
) -> AsyncIterator[bytes]:
    """All messages of the conversation, then its marked questions; nothing if none is marked.

    Of a question that was said only what was said before it counts, as when it was asked. Raises
    ConversationNotFound, at the latest with the first line.
    """
    questions = await marked(db, conversation_id=conversation_id)
    name = await _name(db, conversation_id)
    if not questions:
        return
    known: set[str] = set()
    wanted = {one for question in questions for one in question.message_ids}
    async for message in pages.messages(db, conversation_id, None):
        if message.id in wanted:
            known.add(message.id)
        fields = message.model_dump(
            mode="json", include={"id", "participant", "role", "created_at", "content"}
        )
        yield _line({"conversation": name, "kind": "message", **fields})
    for fields in await _questions(db, conversation_id, questions, known):
        yield _line({"conversation": name, "kind": "question", **fields})


async def _name(db: "Database", conversation_id: UUID) -> str:
    """No other conversation's: a key may read like a room."""
    row = await db.fetchrow(CONVERSATION, conversation_id)
    if row is None:
        raise ConversationNotFound(conversation_id)
    if row["room"] is not None:
        return f"room {row['room']}"
    return f"key {row['key']}"


async def _questions(
    db: "Database", conversation_id: UUID, questions: Sequence[Evidence], known: set[str]
) -> list[dict[str, Any]]:
    said_ids = [
        one.question.message_id for one in questions if isinstance(one.question, SaidQuestion)
    ]
    rows = await db.fetch(ASKED, conversation_id, said_ids, WINDOW_MESSAGES, MAX_QUERY_CHARS)
    asked = {row["message_id"]: row for row in rows}
    lines = []
    for one in questions:
        answers = [message_id for message_id in one.message_ids if message_id in known]
        fields: dict[str, Any] = {
            "evidence": answers,
            "category": "marked",
            "answerable": bool(one.message_ids),
        }
        if isinstance(one.question, SaidQuestion):
            row = asked.get(one.question.message_id)
            if row is None:
                continue
            fields |= {
                "text": row["content"],
                "asker": row["participant"],
                "asked_at": row["created_at"],
                "window": row["nearest_first"][::-1],
            }
        else:
            fields |= {"text": one.question.text, "asker": one.question.asker}
        lines.append(fields)
    return lines


def _line(fields: dict[str, Any]) -> bytes:
    return orjson.dumps(fields) + b"\n"
