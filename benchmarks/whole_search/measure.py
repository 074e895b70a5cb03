"""All that is measured of whole searches, in its order."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.bench_database import open_pool, temporary_database
from benchmarks.embedding_cache import CachedEmbedder
from benchmarks.whole_search.alone import WARM_UP, ask_alone
from benchmarks.whole_search.at_once import CLIENTS, ask_at_once
from benchmarks.whole_search.profile import profile
from benchmarks.whole_search.rooms import Room, fill_rooms
from benchmarks.whole_search.served import Served, served
from benchmarks.whole_search.texts import OFF_TOPIC, drawn, questions
from benchmarks.whole_search.vector_arm import compare_vector_arm
from retrieval.embedders import Embedder, open_embedder
from retrieval.settings import EmbeddingSettings

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

    Pool = asyncpg.Pool[Record]

COMPARED_CLIENTS = 8
"""At once, for the figure that stands for all rooms."""


async def measure_whole(
    sizes: list[int], *, data: Path | None, alone: int, at_once: int
) -> dict[str, Any]:
    """JSON; what stands at the top is of all rooms together, or of the worst of them."""
    asked = questions(data)
    embedder = open_embedder(EmbeddingSettings())
    try:
        async with temporary_database() as url, open_pool(url, size=2) as db:
            rooms = await _filled(db, sizes, data)
            async with served(url, db) as backend:
                load = {
                    str(room.size): await _load(backend, room, asked, at_once) for room in rooms
                }
                whole = {
                    str(room.size): await ask_alone(
                        backend, embedder, room, drawn(asked, WARM_UP + alone)
                    )
                    for room in rooms
                }
            steps = {
                str(room.size): await profile(url, db, room, drawn(asked, WARM_UP + alone))
                for room in rooms
            }
            vector = await _vector(url, rooms, embedder, drawn(asked, alone))
    finally:
        await embedder.aclose()
    return {
        "whole": whole,
        "at_once": load,
        "vector": vector,
        **{f"profile {size}": table for size, table in steps.items()},
        "off_topic_recall": min(one["off_topic_recall"] for one in vector.values()),
        "searches_per_core_s": _searches_per_core_s(load),
    }


async def _filled(db: "Pool", sizes: list[int], data: Path | None) -> list[Room]:
    embedder = CachedEmbedder(open_embedder(EmbeddingSettings()))
    try:
        return await fill_rooms(db, embedder, sizes, data=data)
    finally:
        await embedder.aclose()


async def _load(
    backend: Served, room: Room, asked: Iterator[str], searches: int
) -> dict[str, dict[str, float]]:
    most = max(CLIENTS)
    await ask_at_once(backend, room, drawn(asked, most), clients=most)  # opens connections
    await backend.count_connections()
    return {
        str(clients): await ask_at_once(backend, room, drawn(asked, searches), clients=clients)
        for clients in CLIENTS
    }


async def _vector(
    url: str, rooms: Sequence[Room], embedder: Embedder, asked: Sequence[str]
) -> dict[str, dict[str, float]]:
    vectors = await embedder.embed(asked, kind="query")
    off_topic = await embedder.embed(OFF_TOPIC, kind="query")
    async with open_pool(url, size=1) as db:
        return {
            str(room.size): await compare_vector_arm(db, room, asked=vectors, off_topic=off_topic)
            for room in rooms
        }


def _searches_per_core_s(load: dict[str, dict[str, dict[str, float]]]) -> float:
    """Of as many searches in each room."""
    each = [of_room[str(COMPARED_CLIENTS)]["cpu_ms"] for of_room in load.values()]
    return round(1000 * len(each) / sum(each), 1)
