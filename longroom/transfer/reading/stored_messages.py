"""What a room holds already: its messages, and those that an earlier version gave ids by line."""

from collections.abc import AsyncIterator
from uuid import UUID

from agent.backend_client import BackendClient
from longroom.transfer.reading.derived_ids import PREFIX_BY_LINE, DerivedIds
from retrieval.wire import MAX_PAGE_MESSAGES, Message, MessageId


async def ids_by_line(client: BackendClient, conversation_id: UUID) -> dict[str, MessageId]:
    """From the id that a message would be given now to the one it has.

    Reads all of the room if one of its first messages has such an id, otherwise one page. Raises
    BackendError.
    """
    page = await client.get_recent_messages(conversation_id, limit=MAX_PAGE_MESSAGES, after=0)
    if not any(map(_by_line, page.messages)):
        return {}
    ids = DerivedIds()
    found: dict[str, MessageId] = {}
    async for message in all_messages(client, conversation_id):
        if _by_line(message):
            found[ids.of(message)] = message.id
    return found


async def all_messages(client: BackendClient, conversation_id: UUID) -> AsyncIterator[Message]:
    """Oldest first, page by page. Raises BackendError."""
    last_seq = 0
    while True:
        page = await client.get_recent_messages(
            conversation_id, limit=MAX_PAGE_MESSAGES, after=last_seq
        )
        for message in page.messages:
            yield message
        if len(page.messages) < MAX_PAGE_MESSAGES:
            return
        last_seq = page.messages[-1].seq


def _by_line(message: Message) -> bool:
    return message.id.startswith(PREFIX_BY_LINE)
