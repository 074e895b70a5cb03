"""Marked evidence that names erased messages, quotes them, or tells who asked."""

from collections.abc import Sequence

from retrieval.changes.erasure.transactions import Locked, Rows
from retrieval.database.command_tag import affected_rows
from retrieval.text import passages
from retrieval.text.terms.stored import passage_terms

DELETE_NAMING = """
delete from evidence
 where conversation_id = $1 and (question_id = any($2) or message_ids && $2)
"""

TYPED = """
select evidence_id, typed from evidence where conversation_id = $1 and typed is not null
"""

DELETE = """
delete from evidence where conversation_id = $1 and evidence_id = any($2)
"""

DELETE_ASKED_BY = """
delete from evidence where conversation_id = $1 and asker = $2
"""


async def delete_evidence(
    locked: Locked, message_ids: Sequence[str], *, gone: set[str], rows: Rows
) -> None:
    """A question that lost an answer is no measure any more. `gone`: lexemes that no message has
    any more: a typed question with one of them tells what is gone.
    """
    connection, conversation_id = locked.connection, locked.conversation_id
    status = await connection.execute(DELETE_NAMING, conversation_id, list(message_ids))
    rows["evidence"] += affected_rows(status)
    telling = [
        row["evidence_id"]
        for row in await connection.fetch(TYPED, conversation_id)
        if not gone.isdisjoint(_lexemes(row["typed"], locked.language))
    ]
    if telling:
        status = await connection.execute(DELETE, conversation_id, telling)
        rows["evidence"] += affected_rows(status)


async def delete_asked_by(locked: Locked, identity: str, *, rows: Rows) -> None:
    status = await locked.connection.execute(DELETE_ASKED_BY, locked.conversation_id, identity)
    rows["evidence"] += affected_rows(status)


def _lexemes(text: str, language: str) -> set[str]:
    return {
        lexeme
        for part in passages.split(text)
        for lexeme in passage_terms(part, participant="", language=language).counts
    }
