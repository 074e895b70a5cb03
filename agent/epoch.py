"""The number by which the backend tells a room's agent from those before and after it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from longroom.client import BackendError, RoomMoved

logger = logging.getLogger(__name__)

TICK_S = 0.5
CONFIRM_S = 5.0
STOOD_STILL_S = 1.0
"""A worker is taken for dead after three seconds, an agent by LiveKit after about twenty. A person
sends again after seconds what no agent has accepted.
"""


class Epoch:
    """`ended` is set once another agent has the room: then nothing more is answered.

    `has_room` asks whether LiveKit still shows this agent as the room's; `join` asks the backend
    for a number. Both raise BackendError. Without them a refusal ends the epoch; so does RoomMoved.

    `room` is the room's name if other rooms may share its conversation: each has its own numbers.
    """

    def __init__(
        self,
        number: int | None = None,
        *,
        room: str | None = None,
        has_room: Callable[[], Awaitable[bool]] | None = None,
        join: Callable[[], Awaitable[int | None]] | None = None,
    ) -> None:
        self.number = number
        self.room = room
        self.ended = asyncio.Event()
        self._has_room = has_room
        self._join = join
        self._asking = asyncio.Lock()
        self._in_order = asyncio.Lock()
        self._ticked_at = asyncio.get_running_loop().time()

    @property
    def sender(self) -> int | None:
        """Of a batch; None if it is not sent as the room's agent."""
        return None if self.ended.is_set() else self.number

    async def confirm(self, *, refused: int | None = None) -> None:
        """Join again if the room is still this agent's, else end.

        Call after the backend has refused a number, and as long as there is none.
        """
        async with self._asking:
            if self.ended.is_set() or (refused is not None and refused != self.number):
                return
            if self._has_room is not None and self._join is not None:
                await self._ask(self._has_room, self._join)
            elif refused is not None:
                self._end()

    async def holds(self) -> bool:
        """Whether to accept and answer. Asks only if this process has stood still; doubt does not
        end it. Callers go on in the order in which they came.
        """
        async with self._in_order:
            if self._stood_still():
                await self._confirm_after_standstill()
        return not self.ended.is_set()

    async def watch(self) -> None:
        """Runs until cancelled: a process that was stopped must learn who has the room now."""
        while True:
            await self.holds()
            self._ticked_at = asyncio.get_running_loop().time()
            await asyncio.sleep(TICK_S)

    def _stood_still(self) -> bool:
        return asyncio.get_running_loop().time() - self._ticked_at > STOOD_STILL_S

    async def _confirm_after_standstill(self) -> None:
        try:
            async with asyncio.timeout(CONFIRM_S):
                await self.confirm()
        except (BackendError, TimeoutError) as error:
            logger.warning("not known whose room it is", extra={"reason": str(error)})
        self._ticked_at = asyncio.get_running_loop().time()

    async def _ask(
        self, has_room: Callable[[], Awaitable[bool]], join: Callable[[], Awaitable[int | None]]
    ) -> None:
        if not await has_room():
            self._end()
            return
        try:
            self.number = await join()
        except RoomMoved:
            self._end()
            return
        if self.number is None:  # this backend knows no epochs
            self._has_room = None

    def _end(self) -> None:
        logger.warning("another agent has the room", extra={"epoch": self.number})
        self.ended.set()
