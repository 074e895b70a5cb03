"""All that happens to a room, and after each of it the same questions to both backends."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

from benchmarks.whole_search.differences.asked import Asker, Question
from benchmarks.whole_search.differences.compare import differing, equal
from benchmarks.whole_search.differences.room import ChangingRoom
from benchmarks.whole_search.kept import NeverFromMemory, fill_memory, kept
from benchmarks.whole_search.served import Served

PAUSE_S = 0.5
"""Between two writes beside the questions."""
TRIES = 5
"""To ask when nothing is being written."""
SHOWN = 3
"""Places, of each answer that differs."""


async def _nothing(_: ChangingRoom) -> None:
    return None


async def _said(room: ChangingRoom) -> None:
    await room.append(20)


async def _said_late(room: ChangingRoom) -> None:
    await room.append(30, late=True)


async def _corrected(room: ChangingRoom) -> None:
    await room.correct(6)


async def _erased(room: ChangingRoom) -> None:
    await room.erase(6)


async def _imported(room: ChangingRoom) -> None:
    """More than a search reads as news, unless the room is small itself."""
    await room.append(min(600, 2 * room.room.size))


CHANGES: Mapping[str, Callable[[ChangingRoom], Awaitable[None]]] = {
    "as it was": _nothing,
    "said": _said,
    "said, embedded": ChangingRoom.embed,
    "late": _said_late,
    "late, embedded": ChangingRoom.embed,
    "corrected": _corrected,
    "corrected, embedded": ChangingRoom.embed,
    "erased": _erased,
    "erased, embedded": ChangingRoom.embed,
    "participant erased": ChangingRoom.erase_participant,
    "imported": _imported,
    "imported, embedded": ChangingRoom.embed,
}
WHILE_WRITTEN = "while written"


@dataclass
class Round:
    compared: int = 0
    from_memory: int = 0
    differences: int = 0

    def figures(self) -> dict[str, int]:
        return {
            "compared": self.compared,
            "from_memory": self.from_memory,
            "differences": self.differences,
        }


@dataclass(frozen=True)
class Comparison:
    """Of one room; `memory` and `sql` serve the same database."""

    memory: Served
    sql: Served
    changing: ChangingRoom
    asked: Iterator[str]
    """Questions by people."""
    number: int
    """Of questions in each round."""
    numbers: Iterator[int] = field(default_factory=count)

    async def run(self) -> dict[str, dict[str, int]]:
        """By what happened before; JSON. Raises NeverFromMemory."""
        rounds = {}
        for name, change in CHANGES.items():
            await change(self.changing)
            rounds[name] = await self.ask(name)
        writing = asyncio.create_task(self._write())
        try:
            rounds[WHILE_WRITTEN] = await self.ask(WHILE_WRITTEN, beside_writes=True)
        finally:
            writing.cancel()
            written = await asyncio.gather(writing, return_exceptions=True)
        assert isinstance(written[0], asyncio.CancelledError), written
        return {name: one.figures() for name, one in rounds.items()}

    async def ask(self, name: str, *, beside_writes: bool = False) -> Round:
        """Raises NeverFromMemory, also where nothing could be compared."""
        told = Round()
        await fill_memory(self.memory, self.changing.room, next(self.asked))
        before = (await kept(self.memory)).answered
        for number in islice(self.numbers, self.number):
            question = self._asker().question(number)
            await (self._compare_still if beside_writes else self._compare)(question, told)
        told.from_memory = (await kept(self.memory)).answered - before
        size = self.changing.room.size
        print(f"{size:,} messages, {name}: {told.figures()}", flush=True)
        if not told.from_memory or not told.compared:
            raise NeverFromMemory(f"{size:,} messages, {name}: {told.figures()}")
        return told

    async def _compare(self, question: Question, told: Round) -> None:
        one, other = await asyncio.gather(
            self._ask(self.memory, question), self._ask(self.sql, question)
        )
        _count(told, question, one, other)

    async def _compare_still(self, question: Question, told: Round) -> None:
        """Beside writes only what the database answers the same before and after is compared."""
        for _ in range(TRIES):
            before = await self._ask(self.sql, question)
            one = await self._ask(self.memory, question)
            after = await self._ask(self.sql, question)
            if equal(before, after):
                _count(told, question, one, after)
                return

    async def _ask(self, backend: Served, question: Question) -> Mapping[str, Any]:
        return await backend.ask(self.changing.room.conversation_id, question.request)

    def _asker(self) -> Asker:
        return Asker(self.changing.said, self.asked, self.changing.random)

    async def _write(self) -> None:
        for number in count():
            await self.changing.append(1, late=number % 4 == 3)
            if number % 3 == 2:
                await self.changing.embed()
            await asyncio.sleep(PAUSE_S)


def _count(
    told: Round, question: Question, one: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    told.compared += 1
    places = differing(one, other)
    if places:
        told.differences += 1
        print(f"DIFFERENT, {question.kind}: {'; '.join(places[:SHOWN])}", flush=True)
