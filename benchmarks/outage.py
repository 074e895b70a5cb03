"""Rooms whose LiveKit server is away for a while, as people ask; part of bench-failover.

The server comes back without its rooms. People's clients give up after some seconds, and join again
as frontends do, with a token that asks for no agent: the backend has to bring one.

Prints one JSON object as the last line of standard output.
"""

import argparse
import asyncio
import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from uuid import uuid4

from livekit import rtc

from benchmarks.rooms import whole_stack
from retrieval.wire import Room
from testbed.livekit_stack import Stack
from testbed.room_user import RoomUser

ANSWERED_WITHIN_S = 90.0
SENT_AGAIN_AFTER_S = 2.0
STORED_WITHIN_S = 20.0


@dataclass
class Outage:
    """`back_s_max`: the longest time from the server's return to a room's answer; `unanswered` and
    `answered_twice` are of the questions before, in and after the outage, by what is stored.
    """

    down_s: float
    rooms: int = 0
    asked: int = 0
    unanswered: int = 0
    answered_twice: int = 0
    ghosts: int = 0
    back_s_max: float = 0.0
    back_s: list[float] = field(default_factory=list)


async def outage(stack: Stack, *, rooms: int, down_s: float) -> Outage:
    """Each room has a question that is being answered when the server dies."""
    figures = Outage(down_s)
    opened = await asyncio.gather(*(_Person.join(stack, number) for number in range(rooms)))
    people = list(opened)
    stack.model.flowing.clear()
    await asyncio.gather(*(person.say("asked before") for person in people))
    await asyncio.gather(*(person.is_told("answering") for person in people))
    await asyncio.gather(*(person.say("typed last") for person in people))
    stack.livekit.stop()
    stack.model.flowing.set()
    await asyncio.sleep(down_s)
    await asyncio.to_thread(stack.livekit.start)
    up_at = time.monotonic()
    await asyncio.gather(*(person.come_back(up_at, figures) for person in people))
    for person in people:
        await person.count(figures)
    figures.back_s_max = round(max(figures.back_s), 2)
    figures.back_s = sorted(round(each, 2) for each in figures.back_s)
    return figures


@dataclass
class _Person:
    stack: Stack
    stored: Room
    user: RoomUser
    asked: list[str] = field(default_factory=list)

    @classmethod
    async def join(cls, stack: Stack, number: int) -> "_Person":
        room = await stack.open_room("alice", name=f"outage-{number}")
        return cls(stack, room.stored, room.users[0])

    async def say(self, text: str) -> str:
        question = await self._send(text, uuid4().hex)
        self.asked.append(question)
        return question

    async def _send(self, text: str, question: str) -> str:
        """A client that is about to reconnect says that it is connected, and cannot send."""
        while True:
            with suppress(rtc.StreamError):
                return await self.user.say(f"{self.stored.name} {text}", message_id=question)
            await asyncio.sleep(0.5)
            await self._rejoin()

    async def is_told(self, outcome: str) -> None:
        while outcome not in {status["outcome"] for status in self.user.statuses}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def come_back(self, up_at: float, figures: Outage) -> None:
        """Until a question is answered; each is sent again, under its id, as a client would."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                await self._rejoin()
                await self._ask_until_answered("asked after", await self.say("asked after"))
                figures.back_s.append(time.monotonic() - up_at)
                await self._ask_until_answered("typed last", self.asked[1])
                return
        figures.back_s.append(ANSWERED_WITHIN_S)

    async def _rejoin(self) -> None:
        while not self.user.room.isconnected():
            await self.user.leave()
            self.user = RoomUser("alice")
            with suppress(rtc.ConnectError):
                await self.user.connect(self.stack.livekit.url, self.stored.name)
                return
            await asyncio.sleep(0.5)

    async def _ask_until_answered(self, text: str, question: str) -> None:
        while True:
            with suppress(TimeoutError):
                await self.user.outcome(question, timeout_s=SENT_AGAIN_AFTER_S)
                return
            await self._rejoin()
            await self._send(text, question)

    async def count(self, figures: Outage) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(STORED_WITHIN_S):
                while not all(await self._answers()):  # noqa: ASYNC110  # the backend is polled
                    await asyncio.sleep(0.1)
        answers = await self._answers()
        figures.rooms += 1
        figures.asked += len(answers)
        figures.unanswered += answers.count(0)
        figures.answered_twice += sum(count - 1 for count in answers if count > 1)
        agents = await self.stack.agents(self.stored.name)
        figures.ghosts += abs(len(agents) - 1)
        await self.user.leave()

    async def _answers(self) -> list[int]:
        """How many are stored to each question."""
        found = await self.stack.backend.get_recent_messages(self.stored.conversation_id, limit=200)
        stored = [message.id for message in found.messages]
        return [sum(id_.startswith(f"{q}.") for id_ in stored) for q in self.asked]


async def main(rooms: int, down_s: float) -> None:
    async with whole_stack() as stack:
        print(json.dumps(asdict(await outage(stack, rooms=rooms, down_s=down_s))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--down-s", type=float, default=45.0, help="how long the server is away")
    given = parser.parse_args()
    asyncio.run(main(given.rooms, given.down_s))
