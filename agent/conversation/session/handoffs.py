"""When a turn is over in which the session's agent changes."""

import asyncio
from contextlib import suppress

from livekit.agents import Agent, AgentSession, AgentTask
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.agent_activity import ActivityClosedError


class Handoffs:
    """Told of by the agents' hooks."""

    def __init__(self, session: AgentSession[object]) -> None:
        self._session = session
        self._count = 0
        self._next = asyncio.Event()
        self._settled = asyncio.Event()
        self._waiting: list[SpeechHandle] = []

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
        if self._count == count and not self._is_leaving(agent):
            return
        if not speech.done():
            self._waiting.append(speech)
        await handed_over.wait()
        while count != self._count:
            count = self._count
            await self._settled.wait()
            with suppress(ActivityClosedError):
                await self._session.wait_for_idle()
            await self._finish_waiting()

    def _is_leaving(self, agent: Agent) -> bool:
        """LiveKit changes the agent some time before it tells of it."""
        has_ended = isinstance(agent, AgentTask) and agent.done()
        return has_ended or self._session.current_agent is not agent

    async def _finish_waiting(self) -> None:
        """What waited for a task goes on after it, until it waits for the next one."""
        while self._waiting and not isinstance(self._session.current_agent, AgentTask):
            speech = self._waiting[-1]
            await _first_of(speech, self._next)
            if not speech.done():
                return
            self._waiting.remove(speech)

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
