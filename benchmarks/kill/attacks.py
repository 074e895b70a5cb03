"""What befalls a room; each returns when all that was disturbed has been mended."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks.kill.agent_process import AgentProcess
from benchmarks.kill.room import Room

Attack = Callable[[Room], Awaitable[None]]


@dataclass(frozen=True)
class Kind:
    name: str
    weight: int
    attack: Attack


async def kill_agent(room: Room) -> None:
    room.agent.send(signal.SIGKILL)
    room.start_agent()


async def terminate_agent(room: Room) -> None:
    """Its successor does not wait: both are in the room for a while."""
    old = room.agent
    old.send(signal.SIGTERM)
    room.start_agent()
    await room.gone(old, "SIGTERM")


async def stop_agent(room: Room) -> None:
    """Not long enough for anybody to replace it."""
    room.agent.send(signal.SIGSTOP)
    await asyncio.sleep(room.random.uniform(0.1, 3.0))
    room.agent.send(signal.SIGCONT)


async def stop_and_replace_agent(room: Room) -> None:
    old = room.agent
    old.send(signal.SIGSTOP)
    room.start_agent()
    await asyncio.sleep(room.random.uniform(0.1, 4.0))
    old.send(signal.SIGCONT)
    await _leaves(room, old, "being stopped and replaced")


async def cut_off(room: Room) -> None:
    proxy = room.proxies[room.agent.machine]
    proxy.cut()
    await asyncio.sleep(room.random.uniform(0.1, 2.0))
    proxy.restore()


async def cut_off_and_replace(room: Room) -> None:
    old = room.agent
    proxy = room.proxies[old.machine]
    proxy.cut()
    await asyncio.sleep(room.random.uniform(0.1, 1.0))
    room.start_agent()
    await asyncio.sleep(room.random.uniform(0.1, 1.0))
    proxy.restore()
    await _leaves(room, old, "being cut off and replaced")


async def shift_clock(room: Room) -> None:
    """An agent on a machine whose clock is off; without faketime, only killed."""
    room.agent.send(signal.SIGKILL)
    room.start_agent(clock_shift_h=room.random.choice((-30.0, -1.0, 0.5, 9.0)))


async def fill_disk(room: Room) -> None:
    """And kill who writes there, sometimes."""
    filled = asyncio.create_task(room.services.fill_disk(room.random.uniform(0.1, 2.0)))
    await asyncio.sleep(room.random.uniform(0.05, 1.0))
    if room.random.random() < 0.5:
        await kill_agent(room)
    await filled


async def kill_backend(room: Room) -> None:
    await room.services.kill_backend()


async def terminate_backend(room: Room) -> None:
    await room.services.terminate_backend()


async def stop_backend(room: Room) -> None:
    await room.services.stop_backend(room.random.uniform(0.1, 2.0))


async def kill_postgres(room: Room) -> None:
    await room.services.kill_postgres()


KINDS = (
    Kind("agent killed", 30, kill_agent),
    Kind("agent terminated", 10, terminate_agent),
    Kind("agent stopped", 6, stop_agent),
    Kind("agent stopped and replaced", 12, stop_and_replace_agent),
    Kind("agent cut off", 6, cut_off),
    Kind("agent cut off and replaced", 10, cut_off_and_replace),
    Kind("clock shifted", 5, shift_clock),
    Kind("disk filled", 6, fill_disk),
    Kind("backend killed", 6, kill_backend),
    Kind("backend terminated", 3, terminate_backend),
    Kind("backend stopped", 2, stop_backend),
    Kind("PostgreSQL killed", 4, kill_postgres),
)


async def _leaves(room: Room, old: AgentProcess, after: str) -> None:
    """By itself if it learns that it was replaced, else as LiveKit's election would have it."""
    await asyncio.sleep(room.random.uniform(0.0, 3.0))
    old.send(signal.SIGTERM)
    await room.gone(old, after)
