"""Greets, answers and says goodbye. Its memory comes from the conversation it is started in."""

from livekit.agents import Agent
from livekit.agents.voice import SpeechHandle

from agent.support.greeting import Greeting


class SupportAgent(Agent):
    def __init__(self, instructions: str, *, greeting: Greeting) -> None:
        super().__init__(instructions=instructions)
        self._greeting = greeting
        self._opening = greeting.opening

    async def on_enter(self) -> None:
        if self._greeting.at_once and (speech := self.greet()) is not None:
            await speech

    def greet(self) -> SpeechHandle | None:
        """Say the opening, if there is one; a second call says nothing."""
        opening, self._opening = self._opening, ""
        return self.session.say(opening) if opening else None

    async def on_exit(self) -> None:
        if self._greeting.farewell and self._greeting.has_listener():
            await self.session.say(self._greeting.farewell)
