"""Rooms as operators see them; none is made by looking for it."""

from collections.abc import AsyncIterator
from uuid import UUID

from longroom.client import LongroomClient
from longroom.errors import CommandFailed
from retrieval.wire import MAX_OVERVIEW_ROOMS, MAX_PAGE_MESSAGES, Message, RoomOverview


async def newest_rooms(client: LongroomClient, *, limit: int) -> list[RoomOverview]:
    """Lately active ones first."""
    found: list[RoomOverview] = []
    async for room in _rooms(client):
        found.append(room)
        if len(found) == limit:
            break
    return found


async def find_room(client: LongroomClient, name: str) -> UUID:
    """Its conversation. Raises CommandFailed if there is no room of that name."""
    async for room in _rooms(client, name=name):
        if room.name == name:
            return room.conversation_id
    raise CommandFailed(f"there is no room {name!r}; `longroom rooms` lists those that there are")


async def newest_messages(client: LongroomClient, room: str, *, limit: int) -> list[Message]:
    """Oldest first. Raises CommandFailed if there is no such room."""
    conversation_id = await find_room(client, room)
    found: list[Message] = []
    while len(found) < limit:
        page = await client.get_recent_messages(
            conversation_id,
            limit=min(limit - len(found), MAX_PAGE_MESSAGES),
            before=found[0].seq if found else None,
        )
        if not page.messages:
            break
        found = page.messages + found
    return found


async def _rooms(client: LongroomClient, *, name: str | None = None) -> AsyncIterator[RoomOverview]:
    """Those whose names have this part, page by page; a page may be short, or empty."""
    after = None
    while True:
        page = await client.rooms(after=after, limit=MAX_OVERVIEW_ROOMS, name=name)
        for room in page.rooms:
            yield room
        if page.next is None:
            return
        after = page.next
