"""What a room holds already: its messages, and those that an earlier version gave ids by line."""

from http import HTTPStatus
from uuid import UUID

from longroom.client import BackendRejected, LongroomClient
from longroom.transfer.reading.derived_ids import PREFIX_BY_LINE, DerivedIds
from retrieval.wire import MAX_PAGE_MESSAGES, Message, MessageId


async def ids_by_line(client: LongroomClient, conversation_id: UUID) -> dict[str, MessageId]:
    """From the id that a message would be given now to the one it has.

    Reads all of the room if one of its first messages has such an id, otherwise one page. Raises
    BackendError.
    """
    try:
        page = await client.get_recent_messages(conversation_id, limit=MAX_PAGE_MESSAGES, after=0)
    except BackendRejected as refusal:
        if refusal.status == HTTPStatus.FORBIDDEN:  # a key that may import, and reads nothing
            return {}
        raise
    if not any(map(_by_line, page.messages)):
        return {}
    ids = DerivedIds()
    found: dict[str, MessageId] = {}
    async for message in client.open(conversation_id).messages():
        if _by_line(message):
            found[ids.of(message)] = message.id
    return found


def _by_line(message: Message) -> bool:
    return message.id.startswith(PREFIX_BY_LINE)
