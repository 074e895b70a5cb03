"""When a turn is over in which the session's agent changes."""

import asyncio
from contextlib import suppress

from livekit.agents import AgentSession
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.agent_activity import ActivityClosedError


class Handoffs:
    """Told of by the agents' hooks."""

    def __init__(self, session: AgentSession[object]) -> None:
        self._session = session
        self._count = 0
        self._next = asyncio.Event()
        self._settled = asyncio.Event()

    def entering(self) -> None:
        """A new agent has the conversation."""
        self._settled.clear()
        self._handed_over()

    def entered(self) -> None:
        """It has said what it says first."""
        self._settled.set()

    def resumed(self) -> None:
        """A task has given the conversation back to an agent that was there before."""
        self._settled.set()
        self._handed_over()

    async def until_over(self, speech: SpeechHandle) -> None:
        """What a new agent says first is part of the turn; if it asks back, the user's reply is the
        next turn, though `speech` may wait for it. Cancelling leaves `speech` as it is.
        """
        count, agent, handed_over = self._count, self._session.current_agent, self._next
        await _first_of(speech, handed_over)
        if self._count == count and self._session.current_agent is agent:
            return
        await handed_over.wait()  # LiveKit changes the agent first, and then tells of it
        while count != self._count:
            count = self._count
            await self._settled.wait()
            with suppress(ActivityClosedError):
                await self._session.wait_for_idle()

    def _handed_over(self) -> None:
        self._count += 1
        self._next.set()
        self._next = asyncio.Event()


async def _first_of(speech: SpeechHandle, event: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(speech.wait_for_playout()), asyncio.ensure_future(event.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
