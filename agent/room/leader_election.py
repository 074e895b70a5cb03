"""Two agents in one room: the later one waits, the earlier one finishes its turn and leaves.

A room gets a second agent when a worker drains and when a dispatch is repeated.
"""

import asyncio
import logging
import time
from collections.abc import Mapping

import aiohttp
from livekit import api, rtc

from longroom.client import BackendUnavailable

SINCE_ATTRIBUTE = "longroom.since"
"""When an agent joined by the LiveKit server's clock, in nanoseconds: the later one takes over.

Announced, since a reconnecting agent's time of joining may change while it serves the room.
"""

WAIT_FOR_EARLIER_S = 15.0

logger = logging.getLogger(__name__)


class LeaderElection:
    """Decides which of a room's agents serves it; sets `replaced` when a later one arrives."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._since = 0
        self._changed = asyncio.Event()
        self.replaced = asyncio.Event()

    async def announce(self, told: Mapping[str, str]) -> None:
        """Call once connected. Setting attributes makes us visible at once, not in 3 s; `told` are
        others to set with it.
        """
        joined_at = self._room.local_participant.joined_at
        self._since = time.time_ns() if joined_at is None else int(joined_at.timestamp() * 1e9)
        self._room.on("participant_connected", self._on_change)
        self._room.on("participant_disconnected", self._on_change)
        self._room.on("participant_attributes_changed", self._on_change)
        since = {SINCE_ATTRIBUTE: str(self._since)}
        await self._room.local_participant.set_attributes({**since, **told})
        self._on_change()

    async def wait_for_earlier(self, timeout_s: float = WAIT_FOR_EARLIER_S) -> None:
        """Return when no earlier agent is left, or at the timeout: it may be dead.

        Also if a later one has come meanwhile: what was asked before that may have arrived here
        alone.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while any(other < self._rank for other in self._others()):
                    await self._changed.wait()
        except TimeoutError:
            logger.warning("an earlier agent has not left", extra={"room": self._room.name})

    async def has_room(self, livekit: api.LiveKitAPI) -> bool:
        """By the server's list: this client's is old after a pause. Raises BackendUnavailable."""
        request = api.ListParticipantsRequest(room=self._room.name)
        try:
            listed = (await livekit.room.list_participants(request)).participants
        except api.TwirpError as error:
            if error.code == api.TwirpErrorCode.NOT_FOUND:
                return False
            raise BackendUnavailable(f"LiveKit: {error.code}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise BackendUnavailable(f"LiveKit: {type(error).__name__}") from error
        ranks = [
            rank
            for person in listed
            if person.kind == api.ParticipantInfo.AGENT
            if (rank := _rank(person)) is not None
        ]
        return self._rank == max(ranks, default=None)

    def _on_change(self, *_: object) -> None:
        if any(other > self._rank for other in self._others()):
            self.replaced.set()
        self._changed.set()
        self._changed.clear()

    @property
    def _rank(self) -> tuple[int, str]:
        return self._since, self._room.local_participant.identity

    def _others(self) -> list[tuple[int, str]]:
        """Two may join within the same millisecond: then their identities decide."""
        return [
            rank
            for person in self._room.remote_participants.values()
            if person.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
            if (rank := _rank(person)) is not None
        ]


def _rank(agent: rtc.RemoteParticipant | api.ParticipantInfo) -> tuple[int, str] | None:
    mark = agent.attributes.get(SINCE_ATTRIBUTE, "")
    return (int(mark), agent.identity) if mark.isdecimal() else None
