"""Imports the demo room at the first start and waits until it is embedded."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from longroom.client import LongroomClient
from longroom.demo_room import QUESTIONS, messages
from retrieval.wire import SearchRequest

EMBEDDING_S = 30.0
POLL_S = 0.2


async def open_demo_room(client: LongroomClient, *, room: str, say: Callable[[str], None]) -> bool:
    """False, and nothing done, if the room has messages. One batch: all or none are stored."""
    conversation_id = (await client.create_room(room)).conversation_id
    page = await client.get_recent_messages(conversation_id, limit=1)
    if page.message_count:
        return False
    history = messages()
    say(f"first start: importing the demo room, {len(history)} messages …")
    await client.append_messages(conversation_id, history)
    await _wait_for_embeddings(client, conversation_id)
    return True


async def _wait_for_embeddings(client: LongroomClient, conversation_id: UUID) -> None:
    # Searches by words work at once, by meaning a few seconds later.
    deadline = time.monotonic() + EMBEDDING_S
    while time.monotonic() < deadline:
        request = SearchRequest(query=QUESTIONS[0], limit=1)
        if not (await client.search_conversation(conversation_id, request)).pending:
            return
        await asyncio.sleep(POLL_S)
