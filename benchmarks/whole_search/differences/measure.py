"""The same questions over HTTP of a backend with rooms in memory and of one without."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.bench_database import open_pool, temporary_database
from benchmarks.embedding_cache import CachedEmbedder
from benchmarks.whole_search.differences.asked import CHANNEL
from benchmarks.whole_search.differences.room import ChangingRoom
from benchmarks.whole_search.differences.rounds import Comparison
from benchmarks.whole_search.rooms import Room, fill_with
from benchmarks.whole_search.served import STORED, Served, served
from benchmarks.whole_search.texts import questions, room_texts
from retrieval.embedders import Embedder, open_embedder
from retrieval.settings import EmbeddingSettings
from retrieval.wire import MessageCreate

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

CHANGED = 2_000
"""Messages that are said while it is compared, or with which others are corrected, at most."""


async def measure_differences(
    sizes: Sequence[int], *, data: Path | None, asked: int, forked: bool = False
) -> dict[str, Any]:
    """`asked` questions after each change; JSON. Raises NeverFromMemory."""
    said = [_some_with_metadata(room_texts(size + CHANGED, data=data)) for size in sizes]
    rounds: dict[str, dict[str, int]] = {}
    async with temporary_database() as url, open_pool(url, size=2) as db:
        named = [
            (f"{size} messages", texts[:size]) for size, texts in zip(sizes, said, strict=True)
        ]
        rooms = await fill_with(db, named)
        embedder = CachedEmbedder(open_embedder(EmbeddingSettings()))
        try:
            stored = served(url, db, settings=STORED, forked=forked)
            async with served(url, db, forked=forked) as memory, stored as sql:
                people = questions(data)
                for room, texts in zip(rooms, said, strict=True):
                    changing = _changing(room, texts, [memory, sql], db, embedder)
                    comparison = Comparison(memory, sql, changing, people, asked)
                    rounds |= {
                        f"{room.size}, {name}": figures
                        for name, figures in (await comparison.run()).items()
                    }
        finally:
            await embedder.aclose()
    return {
        "differences": _sum(rounds, "differences"),
        "compared": _sum(rounds, "compared"),
        "compared_from_memory": _sum(rounds, "from_memory"),
        "compared answers": rounds,
    }


def _some_with_metadata(said: Sequence[MessageCreate]) -> list[MessageCreate]:
    return [
        one.model_copy(update={"metadata": CHANNEL}) if number % 3 == 0 else one
        for number, one in enumerate(said)
    ]


def _changing(
    room: Room,
    texts: Sequence[MessageCreate],
    backends: Sequence[Served],
    db: "asyncpg.Pool[Record]",
    embedder: Embedder,
) -> ChangingRoom:
    fresh: Iterator[MessageCreate] = islice(iter(texts), room.size, None)
    said = [*texts[: room.size]]
    return ChangingRoom(room, said, fresh, backends, db, embedder, Random(room.size))  # noqa: S311 - of a measurement


def _sum(rounds: dict[str, dict[str, int]], name: str) -> int:
    return sum(one[name] for one in rounds.values())
