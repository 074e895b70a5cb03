"""The same with a whole worker: real rooms on a LiveKit server, and people who join them."""

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from benchmarks.kill.ledger import QUESTION, Ledger
from benchmarks.kill.services import Services
from testbed.language_model_server import Prompt
from testbed.livekit_server import LiveKitServer
from testbed.livekit_stack import REGISTERED, OpenRoom, Stack, agent_pids, kill_agent, running_stack
from testbed.room_user import FINAL_OUTCOMES, RoomUser

ROOMS = 2
FIRST_ROOM = 100
SPEAKERS = ("ada", "ben")
RESEND_S = 3.0
ALIVE_AGAIN_S = 240.0
POLL_S = 0.05
ASKED = re.compile(r"r\d+ \w+ \d+:.*")


class TalkingRoom:
    """Two people, who go on once a message is accepted, and repeat it until then."""

    def __init__(self, number: int, room: OpenRoom, random: Random) -> None:
        self.ledger = Ledger(number)
        self.room = room
        self.random = random
        self._quiet = False
        self._read = [0] * len(room.users)
        self._tasks = [asyncio.create_task(self._talk(user)) for user in room.users]

    async def answers_again(self) -> bool:
        """False if no question is answered in time."""
        wanted = len(self.ledger.answered) + 1
        try:
            async with asyncio.timeout(ALIVE_AGAIN_S):
                while len(self.ledger.answered) < wanted:
                    await asyncio.sleep(POLL_S)
                    self._note_statuses()
        except TimeoutError:
            return False
        return True

    async def fall_silent(self) -> None:
        self._quiet = True
        await asyncio.gather(*self._tasks)

    async def _talk(self, user: RoomUser) -> None:
        number = 0
        while not self._quiet:
            number += 1
            text = f"r{self.ledger.room} {user.identity} {number}: the key, please?"
            id_ = f"r{self.ledger.room}.{user.identity}.{number}"
            self.ledger.sent[id_] = text
            while not self._is_settled(user, id_):
                await user.say(text, message_id=id_)
                await self._until_settled(user, id_)
            await asyncio.sleep(self.random.uniform(0.1, 1.0))

    async def _until_settled(self, user: RoomUser, id_: str) -> None:
        for _ in range(int(RESEND_S / POLL_S)):
            if self._is_settled(user, id_):
                return
            await asyncio.sleep(POLL_S)

    def _is_settled(self, user: RoomUser, id_: str) -> bool:
        self._note_statuses()
        ends = FINAL_OUTCOMES | {"accepted"}
        return any(s["question_id"] == id_ and s["outcome"] in ends for s in user.statuses)

    def _note_statuses(self) -> None:
        for n, user in enumerate(self.room.users):
            fresh, self._read[n] = user.statuses[self._read[n] :], len(user.statuses)
            for status in fresh:
                if status["outcome"] == "accepted":
                    self.ledger.accepted.add(status["question_id"])
                if status["outcome"] == "answered":
                    self.ledger.answered.add(status["question_id"])


Attack = Callable[[Stack, TalkingRoom, Services], Awaitable[None]]


async def _kill_agent(stack: Stack, room: TalkingRoom, _: Services) -> None:
    kill_agent(stack.worker, room.room.name)


async def _stop_agent(stack: Stack, room: TalkingRoom, _: Services) -> None:
    pid = agent_pids(stack.worker, room.room.name)[-1]
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(room.random.uniform(0.1, 3.0))
    os.kill(pid, signal.SIGCONT)


async def _kill_worker(stack: Stack, _: TalkingRoom, __: Services) -> None:
    stack.worker.kill()
    await asyncio.to_thread(stack.worker.start, until=REGISTERED)


async def _terminate_worker(stack: Stack, _: TalkingRoom, __: Services) -> None:
    stack.worker.terminate()
    await asyncio.to_thread(stack.worker.wait)
    await asyncio.to_thread(stack.worker.start, until=REGISTERED)


async def _cut_off(stack: Stack, room: TalkingRoom, _: Services) -> None:
    stack.proxy.cut()
    await asyncio.sleep(room.random.uniform(0.1, 2.0))
    stack.proxy.restore()


async def _kill_postgres(_: Stack, __: TalkingRoom, services: Services) -> None:
    await services.kill_postgres()


ATTACKS: dict[str, tuple[int, Attack]] = {
    "LiveKit agent killed": (10, _kill_agent),
    "LiveKit agent stopped": (3, _stop_agent),
    "LiveKit agents cut off": (3, _cut_off),
    "LiveKit worker killed": (2, _kill_worker),
    "LiveKit worker terminated": (1, _terminate_worker),
    "PostgreSQL killed under LiveKit agents": (1, _kill_postgres),
}


async def attack(
    stack: Stack,
    rooms: Sequence[TalkingRoom],
    services: Services,
    *,
    times: int,
    kinds: Counter[str],
    done: Callable[[int], object],
) -> list[str]:
    """One attack after the other: most befall all rooms. Returns what stayed stuck."""
    stuck: list[str] = []
    weights = [weight for weight, _ in ATTACKS.values()]
    for n in range(times):
        room = rooms[n % len(rooms)]
        (name,) = room.random.choices(list(ATTACKS), weights)
        await ATTACKS[name][1](stack, room, services)
        alive = await asyncio.gather(*(each.answers_again() for each in rooms))
        stuck += [f"{name}: a room without answers" for answers in alive if not answers]
        kinds[name] += 1
        done(1)
    await asyncio.gather(*(room.fall_silent() for room in rooms))
    await asyncio.to_thread(_end, stack)
    for prompt in stack.model.prompts:
        _show(rooms, prompt)
    return stuck


def _end(stack: Stack) -> None:
    """The worker hands in what its agents have."""
    stack.worker.terminate()
    stack.worker.wait()


def _show(rooms: Sequence[TalkingRoom], prompt: Prompt) -> None:
    asked = QUESTION.search(prompt.question)
    of = {room.ledger.room: room.ledger for room in rooms}
    if asked is not None:
        shown = [
            (message["role"], str(message.get("content") or "")) for message in prompt.messages
        ]
        of[int(asked["room"])].show(shown)


@asynccontextmanager
async def talking_rooms(
    binary: Path, services: Services, *, folder: Path, seed: int
) -> AsyncIterator[tuple[Stack, list[TalkingRoom]]]:
    server = LiveKitServer(binary, folder)
    server.start()
    try:
        async with running_stack(
            server, database_url=services.database_url, directory=folder
        ) as stack:
            stack.model.reply = lambda prompt: f"agent answers {_asked(prompt)}"
            rooms = []
            for number in range(FIRST_ROOM, FIRST_ROOM + ROOMS):
                room = await stack.open_room(*SPEAKERS)
                random = Random(f"{seed}/{number}")  # noqa: S311  # guards nothing
                rooms.append(TalkingRoom(number, room, random))
            yield stack, rooms
    finally:
        server.stop()


def _asked(prompt: Prompt) -> str:
    found = ASKED.search(prompt.question)
    return found[0] if found else "nothing"
