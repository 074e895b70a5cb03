"""A room that is written to, corrected and erased through one backend or the other."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import quote

from benchmarks.whole_search.differences.asked import CHANNEL
from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import Served
from retrieval.embedders import Embedder
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.wire import MessageCreate, MessageId

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

BATCH = 100


@dataclass
class ChangingRoom:
    """`fresh` is what will be said; `said` what has been, and is neither corrected nor erased."""

    room: Room
    said: list[MessageCreate]
    fresh: Iterator[MessageCreate]
    backends: Sequence[Served]
    db: "asyncpg.Pool[Record]"
    embedder: Embedder
    random: Random
    written: int = 0
    _turns: Iterator[Served] = field(init=False)

    def __post_init__(self) -> None:
        self._turns = cycle(self.backends)

    async def append(self, number: int, *, late: bool = False) -> None:
        """At the end, or `late`: among what was said before."""
        for start in range(0, number, BATCH):
            batch = [self._next(late=late) for _ in range(min(BATCH, number - start))]
            body = {"messages": [one.model_dump(mode="json") for one in batch]}
            await next(self._turns).send("POST", f"{self._path}/messages", body)
            self.said += batch

    async def embed(self) -> None:
        """All that waits for it."""
        embedder = self.embedder
        model = await ensure_model(self.db, name=embedder.name, dimension=embedder.dimension)
        await EmbeddingWorker(self.db, embedder, model).drain()

    async def correct(self, number: int) -> None:
        for message in self._taken(number):
            body = {"content": f"{message.content} {next(self.fresh).content}"[:4000]}
            path = f"{self._path}/messages/{quote(message.id, safe='')}"
            await next(self._turns).send("PATCH", path, body)

    async def erase(self, number: int) -> None:
        for message in self._taken(number):
            path = f"{self._path}/messages/{quote(message.id, safe='')}"
            await next(self._turns).send("DELETE", path)

    async def erase_participant(self) -> None:
        """One who said little."""
        spoken = Counter(one.participant for one in self.said)
        name = min(spoken, key=lambda one: spoken[one])
        await next(self._turns).send("DELETE", f"{self._path}/participants/{quote(name, safe='')}")
        self.said = [one for one in self.said if one.participant != name]
        # What they said before it would be refused.
        self.fresh = (one for one in self.fresh if one.participant != name)

    @property
    def _path(self) -> str:
        return f"/conversations/{self.room.conversation_id}"

    def _next(self, *, late: bool) -> MessageCreate:
        self.written += 1
        before = self.random.choice(self.said) if late else self.said[-1]
        return next(self.fresh).model_copy(
            update={
                "id": MessageId(f"late{self.written}"),
                "created_at": before.created_at + timedelta(seconds=1),
                "metadata": CHANNEL if self.written % 3 == 0 else {},
            }
        )

    def _taken(self, number: int) -> Sequence[MessageCreate]:
        """Half of them the newest."""
        newest = self.said[-(number // 2) :]
        taken = [*newest, *self.random.sample(self.said[: -len(newest)], number - len(newest))]
        self.said = [one for one in self.said if one not in taken]
        return taken
