"""Which of a room's agents serves it: the last that joined by the LiveKit server's clock."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from livekit import rtc

from agent.room.leader_election import LeaderElection

JOINED = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Seen:
    """A participant as the server lists it."""

    identity: str
    joined_at: datetime | None
    changed: Callable[[], None]
    kind: int = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    attributes: dict[str, str] = field(default_factory=dict)

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        self.attributes |= attributes
        self.changed()


class Room:
    """One agent's view of a room that others are in, too."""

    name = "r"

    def __init__(self, everyone: dict[str, Seen], me: Seen, handlers: list[Callable[[], None]]):
        self._everyone = everyone
        self.local_participant = me
        self._handlers = handlers

    @property
    def remote_participants(self) -> dict[str, Seen]:
        me = self.local_participant.identity
        return {name: seen for name, seen in self._everyone.items() if name != me}

    def on(self, _event: str, handler: Callable[[], None]) -> None:
        self._handlers.append(handler)


class Server:
    def __init__(self) -> None:
        self._everyone: dict[str, Seen] = {}
        self._handlers: list[Callable[[], None]] = []

    async def join(self, identity: str, *, after_s: float = 0) -> LeaderElection:
        joined_at = JOINED + timedelta(seconds=after_s)
        me = self._everyone[identity] = Seen(identity, joined_at, self._changed)
        election = LeaderElection(cast("rtc.Room", Room(self._everyone, me, self._handlers)))
        await election.announce({})
        return election

    def leave(self, identity: str) -> None:
        del self._everyone[identity]
        self._changed()

    def _changed(self) -> None:
        for handler in self._handlers:
            handler()


async def is_over(waiting: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(0.05):
            await waiting
    except TimeoutError:
        return False
    return True


async def test_the_later_one_waits_and_takes_over_whatever_its_own_clock_says() -> None:
    server = Server()
    first = await server.join("first")
    assert await is_over(first.wait_for_earlier())
    later = await server.join("later", after_s=3)
    assert (first.replaced.is_set(), later.replaced.is_set()) == (True, False)
    waiting = asyncio.create_task(later.wait_for_earlier())
    assert not await is_over(asyncio.shield(waiting))
    server.leave("first")
    assert await is_over(waiting)


async def test_of_two_that_join_at_once_one_serves() -> None:
    server = Server()
    elections = [await server.join(name) for name in ("a", "b")]
    assert [election.replaced.is_set() for election in elections] == [True, False]


async def test_who_is_replaced_while_it_waits_still_has_its_turn() -> None:
    server = Server()
    await server.join("first")
    second = await server.join("second", after_s=1)
    third = await server.join("third", after_s=2)
    waiting = [asyncio.create_task(each.wait_for_earlier()) for each in (second, third)]
    server.leave("first")
    assert await is_over(waiting[0])
    assert second.replaced.is_set()
    assert not await is_over(asyncio.shield(waiting[1]))
    server.leave("second")
    assert await is_over(waiting[1])


@pytest.mark.parametrize("mark", ["", "soon", "-5"])
async def test_agents_of_other_programs_are_not_waited_for(mark: str) -> None:
    server = Server()
    await server.join("other")
    server._everyone["other"].attributes = {"longroom.since": mark}
    ours = await server.join("ours", after_s=1)
    assert await is_over(ours.wait_for_earlier())
