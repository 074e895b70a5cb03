"""All that is measured of whole searches, in its order."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.bench_database import open_pool, temporary_database
from benchmarks.whole_search.alone import WARM_UP, ask_alone, ask_first
from benchmarks.whole_search.at_once import CLIENTS, ask_at_once, beside, open_connections
from benchmarks.whole_search.kept import fill_memory
from benchmarks.whole_search.profile import profile
from benchmarks.whole_search.rooms import Room, fill_rooms
from benchmarks.whole_search.served import STORED, Served, served
from benchmarks.whole_search.texts import OFF_TOPIC, drawn, questions
from benchmarks.whole_search.vector_arm import compare_vector_arm
from retrieval.embedders import Embedder, open_embedder
from retrieval.settings import EmbeddingSettings

COMPARED_CLIENTS = 8
"""At once, for the figure that stands for all rooms."""
SPARE = 20
"""Messages of a room that is asked first: what a process does once is no room's price."""


async def measure_whole(
    sizes: list[int], *, data: Path | None, alone: int, at_once: int
) -> dict[str, Any]:
    """JSON; what stands at the top is of all rooms together, or of the worst of them."""
    asked = questions(data)
    embedder = open_embedder(EmbeddingSettings())
    figures: dict[str, Any] = {}
    try:
        async with temporary_database() as url, open_pool(url, size=2) as db:
            spare, *rooms = await fill_rooms(db, [SPARE, *sizes], data=data)
            async with served(url, db) as memory, served(url, db, settings=STORED) as sql:
                await fill_memory(memory, spare, "what was said?")
                await open_connections([memory, sql], spare, clients=1)
                first = {
                    room.size: await ask_first(memory, sql, room, *drawn(asked, 1))
                    for room in rooms
                }
                figures["at_once"] = {
                    str(room.size): await _load(memory, sql, room, asked, at_once) for room in rooms
                }
                figures["whole"] = {
                    str(room.size): {
                        **await ask_alone(
                            memory, sql, embedder, room, drawn(asked, WARM_UP + alone)
                        ),
                        **first[room.size],
                    }
                    for room in rooms
                }
                for room in rooms:
                    searches = drawn(asked, WARM_UP + alone)
                    figures[f"profile {room.size}"] = await profile(url, memory, room, searches)
            figures["vector"] = await _vector(url, rooms, embedder, drawn(asked, alone))
    finally:
        await embedder.aclose()
    return {
        **figures,
        **{
            name: min(of_room[name] for of_room in figures["vector"].values())
            for name in ("off_topic_recall", "sql_off_topic_recall")
        },
        "searches_per_core_s": _searches_per_core_s(figures["at_once"], "cpu_ms"),
        "sql_searches_per_core_s": _searches_per_core_s(figures["at_once"], "sql_cpu_ms"),
    }


async def _load(
    memory: Served, sql: Served, room: Room, asked: Iterator[str], searches: int
) -> dict[str, dict[str, float]]:
    await open_connections([memory, sql], room, clients=max(CLIENTS))
    figures = {}
    for clients in CLIENTS:
        each = [(room, text) for text in drawn(asked, searches)]
        figures[str(clients)] = beside(
            await ask_at_once(memory, each, clients=clients),
            await ask_at_once(sql, each, clients=clients),
        )
        print(f"{room.size:,} messages, {clients} at once: {figures[str(clients)]}", flush=True)
    return figures


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


def _searches_per_core_s(load: dict[str, dict[str, dict[str, float]]], name: str) -> float:
    """Of as many searches in each room."""
    each = [of_room[str(COMPARED_CLIENTS)][name] for of_room in load.values()]
    return round(1000 * len(each) / sum(each), 1)
