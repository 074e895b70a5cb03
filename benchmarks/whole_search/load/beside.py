"""Searches while their room is written to, and while its messages wait for their embeddings."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from benchmarks.whole_search.at_once import ask_at_once
from benchmarks.whole_search.kept import kept
from benchmarks.whole_search.rooms import Pool, Room, write_room
from benchmarks.whole_search.served import Served
from retrieval.embeddings.model_registry import pending_counts
from retrieval.wire import MessageCreate, MessageId

CLIENTS = 8
WRITTEN_AT_ONCE = 2
PAUSE_S = 0.2
BACKLOG = 4
"""Messages that wait, for each search."""


async def beside_ingest(
    backend: Served,
    room: Room,
    asked: Sequence[str],
    *,
    said: Sequence[MessageCreate],
    name: str,
) -> dict[str, Any]:
    """`said` is appended and embedded meanwhile, as far as it comes; JSON.

    The processor time is of all that the backend does.
    """
    ours = [one.model_copy(update={"id": MessageId(f"{name} {one.id}")}) for one in said]
    async with _written(backend, room, ours) as written:
        figures = await _asked(backend, room, asked)
    return {**figures, "appended": len(written)}


async def beside_backfill(
    backend: Served,
    db: Pool,
    asked: Sequence[str],
    *,
    said: Sequence[MessageCreate],
    name: str,
    model_id: int,
) -> dict[str, Any]:
    """Of a new room with `said`, which the backend's worker embeds meanwhile; JSON."""
    room = await write_room(db, name, said, model_id=model_id)
    figures = await _asked(backend, room, asked)
    left = (await pending_counts(db, model_id=model_id)).pending
    await backend.send("DELETE", f"/conversations/{room.conversation_id}")
    return {**figures, "embedded": len(said) - left, "left": left}


async def _asked(backend: Served, room: Room, asked: Sequence[str]) -> dict[str, Any]:
    before = (await kept(backend)).answered
    figures = await ask_at_once(backend, [(room, text) for text in asked], clients=CLIENTS)
    answered = (await kept(backend)).answered - before
    return {**figures, "from_memory": round(answered / len(asked), 3)}


@asynccontextmanager
async def _written(
    backend: Served, room: Room, said: Sequence[MessageCreate]
) -> AsyncIterator[list[MessageCreate]]:
    written: list[MessageCreate] = []
    path = f"/conversations/{room.conversation_id}/messages"

    async def write() -> None:
        for number in count():
            batch = said[number * WRITTEN_AT_ONCE :][:WRITTEN_AT_ONCE]
            if not batch:
                return
            body = {"messages": [one.model_dump(mode="json") for one in batch]}
            await backend.send("POST", path, body)
            written.extend(batch)
            await asyncio.sleep(PAUSE_S)

    writing = asyncio.create_task(write())
    try:
        yield written
    finally:
        writing.cancel()
        (outcome,) = await asyncio.gather(writing, return_exceptions=True)
    if isinstance(outcome, Exception):
        raise outcome
