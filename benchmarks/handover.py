"""Rooms handed over to a worker whose clock is wrong, while people ask; part of bench-failover."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from livekit import api

from agent.supervision.job_supervisor import READY_ATTRIBUTE
from testbed.livekit_stack import REGISTERED, Stack, agent_pids
from testbed.room_user import FINAL_OUTCOMES, RoomUser, until
from testbed.shifted_clock import shifted

ASK_EVERY_S = 0.5
LOOK_EVERY_S = 0.1
ANSWERED_WITHIN_S = 30.0
SENT_AGAIN_AFTER_S = 3.0


@dataclass
class Handovers:
    """`empty_s_max`: the longest time that a room was without an agent that takes questions."""

    clock_s: int
    rooms: int = 0
    asked: int = 0
    unanswered: int = 0
    answered_twice: int = 0
    ghosts: int = 0
    empty_s_max: float = 0.0


async def hand_over(
    stack: Stack, *, clock_s: int, library: Path, rooms: int, warm_up_s: float = 2.0
) -> Handovers:
    """The first worker is told to end while `rooms` people ask one question after the other."""
    figures = Handovers(clock_s)
    name = f"clock{clock_s:+}"
    first = stack.another_worker(f"{name}-first", {"LIVEKIT_AGENT_NAME": name})
    # Not forked: the clock is set where a process begins.
    wrong = _wrong_clock(name, clock_s, library)
    second = stack.another_worker(f"{name}-second", wrong, forked=False)
    await asyncio.to_thread(first.start, until=REGISTERED)
    people = [await _Person.join(stack, name) for _ in range(rooms)]
    await asyncio.to_thread(second.start, until=REGISTERED)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.talk()) for each in people]
        tasks += [group.create_task(each.watch()) for each in people]
        await asyncio.sleep(warm_up_s)
        first.terminate()
        await until(lambda: all(agent_pids(second, p.room) for p in people), timeout_s=60)
        await asyncio.to_thread(first.wait)
        await asyncio.sleep(warm_up_s)
        for task in tasks:
            task.cancel()
    for person in people:
        await person.count(figures)
    second.terminate()
    await asyncio.to_thread(second.wait)
    return figures


def _wrong_clock(name: str, clock_s: int, library: Path) -> Mapping[str, str]:
    return {"LIVEKIT_AGENT_NAME": name, **shifted(library, by_s=clock_s)}


@dataclass
class _Person:
    stack: Stack
    room: str
    user: RoomUser
    asked: int = 0
    unanswered: int = 0
    sent: dict[str, int] = field(default_factory=dict)
    """How often each question was sent: sent again, it is told its end again."""
    empty_s_max: float = 0.0

    @classmethod
    async def join(cls, stack: Stack, agent_name: str) -> "_Person":
        room, user = await stack.join_with(agent_name)
        return cls(stack, room, user)

    async def talk(self) -> None:
        """One question after the other, each sent again, under its id, as a client would."""
        with suppress(asyncio.CancelledError):
            while True:
                self.asked += 1
                self.unanswered += not await self._ask(f"Question {self.asked}?")
                await asyncio.sleep(ASK_EVERY_S)

    async def _ask(self, text: str) -> bool:
        question = await self.user.say(text)
        self.sent[question] = 1
        deadline = time.monotonic() + ANSWERED_WITHIN_S
        while time.monotonic() < deadline:
            with suppress(TimeoutError):
                status = await self.user.outcome(question, timeout_s=SENT_AGAIN_AFTER_S)
                return bool(status["outcome"] == "answered")
            await self.user.say(text, message_id=question)
            self.sent[question] += 1
        return False

    async def watch(self) -> None:
        """A look at the server each time: clients learn of agents later."""
        seen_at = time.monotonic()
        with suppress(asyncio.CancelledError):
            while True:
                present = await self._has_agent()
                now = time.monotonic()
                self.empty_s_max = max(self.empty_s_max, now - seen_at)
                seen_at = now if present else seen_at
                await asyncio.sleep(LOOK_EVERY_S)

    async def count(self, figures: Handovers) -> None:
        ends = Counter(
            status["question_id"]
            for status in self.user.statuses
            if status["outcome"] in FINAL_OUTCOMES
        )
        figures.rooms += 1
        figures.asked += self.asked
        figures.unanswered += self.unanswered
        figures.answered_twice += sum(max(0, ends[q] - sent) for q, sent in self.sent.items())
        figures.ghosts += max(0, len(await self.stack.agents(self.room)) - 1)
        figures.empty_s_max = round(max(figures.empty_s_max, self.empty_s_max), 2)
        await self.user.leave()

    async def _has_agent(self) -> bool:
        request = api.ListParticipantsRequest(room=self.room)
        found = await self.stack.rooms.room.list_participants(request)
        return any(READY_ATTRIBUTE in person.attributes for person in found.participants)
