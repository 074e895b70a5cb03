"""Reads messages."""

import asyncio
from typing import TYPE_CHECKING, Final

from retrieval.search.memory.messages import Messages
from retrieval.search.memory.news import MESSAGE_COLUMNS, message_columns
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

PAGE_MESSAGES: Final = 250

MESSAGES: Final = """
select {columns}
  from (select *
          from message
         where conversation_id = $1 and seq > $2
         order by seq
         limit $3) page
""".replace("{columns}", MESSAGE_COLUMNS.strip())


async def read_messages(connection: "Connection", conversation_id: ConversationId) -> Messages:
    messages = Messages.empty()
    while True:
        row = await connection.fetchrow(MESSAGES, conversation_id, messages.last_seq, PAGE_MESSAGES)
        assert row is not None  # noqa: S101 - an aggregate always has one row
        page = message_columns(row)
        messages = messages.extended(page)
        if len(page) < PAGE_MESSAGES:
            return messages
        await asyncio.sleep(0)
