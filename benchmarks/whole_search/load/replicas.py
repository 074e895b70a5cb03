"""Two backends that serve one database, behind a client that asks them in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from typing import Any

from benchmarks.whole_search.at_once import Figures, ask_at_once, in_parts, mean, open_connections
from benchmarks.whole_search.kept import fill_memory, kept
from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import Served, Spent
from retrieval.wire import MessageCreate, MessageId

CLIENTS = 8


@dataclass
class InTurn:
    backends: Sequence[Served]

    def __post_init__(self) -> None:
        self._turns = cycle(self.backends)

    async def search(self, room: Room, text: str) -> Mapping[str, Any]:
        return await next(self._turns).search(room, text)

    def now(self) -> Spent:
        each = [backend.now() for backend in self.backends]
        backend = sum(one.backend for one in each)
        return Spent(each[0].wall, backend, each[0].database)  # the connections are of both

    def since(self, start: Spent) -> Spent:
        now = self.now()
        return Spent(
            now.wall - start.wall, now.backend - start.backend, now.database - start.database
        )


async def ask_replicas(
    backends: Sequence[Served], room: Room, asked: Sequence[str], *, said: Sequence[MessageCreate]
) -> dict[str, Any]:
    """Beside one of them alone; then `said` is appended through each and sought in the other.

    `unseen` counts what the other one did not find at once; JSON.
    """
    for backend in backends:
        await fill_memory(backend, room, "what was said?")
    await open_connections(backends, room, clients=CLIENTS)
    one: list[Figures] = []
    two: list[Figures] = []
    for number, part in enumerate(in_parts([(room, text) for text in asked])):
        if number % 2:
            two.append(await ask_at_once(InTurn(backends), part, clients=CLIENTS))
        else:
            one.append(await ask_at_once(backends[0], part, clients=CLIENTS))
    unseen, from_memory = await _unseen(backends, room, said)
    return {
        "one": mean(one),
        "two": {**mean(two), "appended": len(said), "unseen": unseen, "from_memory": from_memory},
    }


async def _unseen(
    backends: Sequence[Served], room: Room, said: Sequence[MessageCreate]
) -> tuple[int, float]:
    before = [(await kept(backend)).answered for backend in backends]
    unseen = 0
    for number, message in enumerate(said):
        writer, reader = backends[number % 2], backends[1 - number % 2]
        mark = f"zq{number}zq"
        fresh = message.model_copy(
            update={
                "id": MessageId(mark),
                "content": f"{message.content[:1000]} {mark}",
                "created_at": message.created_at + timedelta(days=1),
            }
        )
        body = {"messages": [fresh.model_dump(mode="json")]}
        await writer.send("POST", f"/conversations/{room.conversation_id}/messages", body)
        found = await reader.search(room, mark)
        unseen += mark not in {hit["message"]["id"] for hit in found["hits"]}
    after = [(await kept(backend)).answered for backend in backends]
    return unseen, round((sum(after) - sum(before)) / len(said), 3)
