"""Why an agent leaves while there are people: another one has the room, or it cannot go on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from agent.epoch import Epoch
from agent.room.turns.intake import TurnIntake
from agent.room.turns.voice import VoiceTurns

RETIRE_WITHIN_S = 30.0

logger = logging.getLogger(__name__)


class Departure:
    """`leave` ends the job, with a reason for the log."""

    def __init__(
        self, turns: TurnIntake, voice_turns: VoiceTurns, leave: Callable[[str], None]
    ) -> None:
        self._turns = turns
        self._voice_turns = voice_turns
        self._leave = leave

    async def when_replaced(self, replaced: asyncio.Event) -> None:
        """What was asked of this agent is answered first."""
        await replaced.wait()
        logger.info("another agent takes over")
        try:
            async with asyncio.timeout(RETIRE_WITHIN_S):
                await self._turns.finish()
                await self._voice_turns.finish()
        except TimeoutError:
            logger.warning("left with questions open")
        self._leave("handed over")

    async def when_erased(
        self, erased: asyncio.Event, begin_anew: Callable[[], Awaitable[None]]
    ) -> None:
        """Answers nothing from it. `begin_anew` asks for an agent that joins a new conversation."""
        await erased.wait()
        logger.warning("the conversation was erased: this agent leaves, and asks for another one")
        await begin_anew()
        self._leave("the conversation was erased")

    async def when_answering_ends(self, epoch: Epoch) -> None:
        """Answers until then. What is not answered yet, the agent that has the room answers.

        If answering fails, it would stay and hear nothing: the backend sends another one.
        """
        try:
            await self._turns.run(until=epoch.ended)
        finally:
            ended = epoch.ended.is_set()
            self._leave("another agent has the room" if ended else "no question is answered")
