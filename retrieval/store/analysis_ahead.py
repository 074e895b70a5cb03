"""The analysis of a long batch before its transaction begins."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from retrieval.errors import ConversationNotFound
from retrieval.text.analysis import Analysis, analysed
from retrieval.text.long_texts import LONG_CHARS
from retrieval.wire import ConversationId, Message, MessageCreate

if TYPE_CHECKING:
    from retrieval.database.connection import Database

NOT_STORED = """
select conversation.language, array(
       select id from unnest($2::text[]) as given (id)
       except
       select message_id from message where conversation_id = $1 and message_id = any($2)) as ids
  from conversation
 where conversation_id = $1
"""


async def analysed_before(
    db: "Database", conversation_id: ConversationId, messages: Sequence[MessageCreate]
) -> dict[str, Analysis]:
    """Of a long batch, by message id: the room is not locked, and no connection held, meanwhile.

    Raises ConversationNotFound.
    """
    if sum(len(message.content) for message in messages) <= LONG_CHARS["storing"]:
        return {}
    row = await db.fetchrow(NOT_STORED, conversation_id, [message.id for message in messages])
    if row is None:
        raise ConversationNotFound(conversation_id)
    ids = set(row["ids"])
    wanted = {message.id: message for message in messages if message.id in ids}
    made = await analysed(list(wanted.values()), language=row["language"])
    return dict(zip(wanted, made, strict=True))


async def all_analysed(
    messages: Sequence[Message], known: Mapping[str, Analysis], *, language: str
) -> list[Analysis]:
    missing = [message for message in messages if message.id not in known]
    made = iter(await analysed(missing, language=language))
    return [known[message.id] if message.id in known else next(made) for message in messages]
