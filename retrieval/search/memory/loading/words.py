"""Reads the words of the vocabulary, sorted from either end."""

import asyncio
from typing import TYPE_CHECKING, Final

from retrieval.search.memory.words.vocabulary import Vocabulary
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

PAGE_WORDS: Final = 5000


async def read_vocabulary(connection: "Connection", conversation_id: ConversationId) -> Vocabulary:
    return Vocabulary.of(
        await _words(connection, conversation_id, WORDS),
        await _words(connection, conversation_id, BACKWARDS),
    )


WORDS: Final = """
select array_agg(word)
  from (select word
          from vocabulary
         where conversation_id = $1 and word > $2
         order by word
         limit $3) page
"""

BACKWARDS: Final = """
select array_agg(reversed)
  from (select reversed
          from vocabulary
         where conversation_id = $1 and reversed > $2
         order by reversed
         limit $3) page
"""


async def _words(
    connection: "Connection", conversation_id: ConversationId, statement: str
) -> list[str]:
    words: list[str] = []
    while True:
        last = words[-1] if words else ""
        page = await connection.fetchval(statement, conversation_id, last, PAGE_WORDS) or []
        words += page
        if len(page) < PAGE_WORDS:
            return words
        await asyncio.sleep(0)
