import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from livekit import api
from livekit.agents import JobRequest
from livekit.protocol import models

from agent.supervision.admission import Admission


class Desk:
    """Remembers how each request was answered."""

    def __init__(self, launch: Callable[[], Awaitable[None]] | None = None) -> None:
        self.accepted: list[str] = []
        self.rejected: list[tuple[str, bool]] = []
        self._launch = launch

    def request(self, room: str) -> JobRequest:
        async def accept(_: Any) -> None:
            self.accepted.append(room)
            if self._launch is not None:
                await self._launch()

        async def reject(terminate: bool) -> None:
            self.rejected.append((room, terminate))

        job = api.Job(id=f"AJ_{room}", room=models.Room(name=room))
        return JobRequest(job=job, on_reject=reject, on_accept=accept)


def admission(*, active: int = 0, max_jobs: int = 5, free_mb: float = 10_000) -> Admission:
    return Admission(lambda: active, max_jobs=max_jobs, min_free_mb=256, free_mb=lambda: free_mb)


async def test_a_room_is_taken_while_there_is_space() -> None:
    desk = Desk()
    await admission().answer(desk.request("a"))
    assert desk.accepted == ["a"]


async def test_a_room_too_many_is_left_to_another_worker() -> None:
    desk = Desk()
    await admission(active=5).answer(desk.request("a"))
    assert (desk.accepted, desk.rejected) == ([], [("a", False)])


async def test_no_room_is_taken_when_memory_is_short() -> None:
    desk = Desk()
    await admission(free_mb=100).answer(desk.request("a"))
    assert desk.rejected == [("a", False)]


async def test_rooms_that_are_still_starting_count() -> None:
    launched = asyncio.Event()

    async def launch() -> None:
        await launched.wait()

    desk = Desk(launch)
    gate = admission(max_jobs=3)
    answers = [asyncio.create_task(gate.answer(desk.request(f"r{n}"))) for n in range(5)]
    await asyncio.sleep(0)
    launched.set()
    await asyncio.gather(*answers)
    assert len(desk.accepted) == 3
    assert len(desk.rejected) == 2
