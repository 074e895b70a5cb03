"""What the backend keeps to bring an agent to a room that LiveKit has opened anew."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from retrieval.store import agent_workers, conversations, opened_rooms

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[asyncpg.Record]


@pytest.mark.parametrize("first", ["RM_1", ""])
async def test_a_room_that_livekit_opened_anew_is_told_until_its_agent_was_asked_for(
    db: "Pool", first: str
) -> None:
    conversation_id, _ = await conversations.create_room(db, name="den")
    await conversations.create_room(db, name="never opened")
    await opened_rooms.opened(db, "den", sid=first)
    assert await opened_rooms.opened_anew(db, "den", sid="RM_2") == conversation_id
    assert await opened_rooms.opened_anew(db, "never opened", sid="RM_2") is None
    assert await opened_rooms.opened_anew(db, "unknown", sid="RM_2") is None
    await opened_rooms.opened(db, "den", sid="RM_2")
    assert await opened_rooms.opened_anew(db, "den", sid="RM_2") is None


async def test_a_worker_that_livekit_registers_again_is_there_since_then(db: "Pool") -> None:
    async def since(ago: timedelta | None) -> datetime:
        await agent_workers.report(db, worker_id="w", agent_name="a", registered_ago=ago)
        (worker,) = await agent_workers.workers(db)
        return worker.since

    assert await since(timedelta(hours=1)) < datetime.now(UTC) - timedelta(minutes=59)
    again = await since(timedelta(seconds=1))
    assert again > datetime.now(UTC) - timedelta(minutes=1)
    assert await since(None) == again
