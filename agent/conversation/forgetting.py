"""Takes what was erased or corrected out of all that a conversation's agent keeps."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import AgentSession

from agent.conversation.answering.turns import Turns
from agent.conversation.changes.follower import ChangesFollower
from agent.conversation.changes.known import KnownChanges
from agent.conversation.resume import Resumed, Said
from agent.conversation.session.agent_hooks import AgentHooks
from agent.conversation.session.events import SessionEvents
from agent.messages.erasures import Erasures
from agent.outbox.write_buffer import WriteBuffer
from agent.recall.recalled_context import RecalledContext

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Forgetting:
    """`also` are told before the disk is: what the room keeps of questions."""

    known: KnownChanges
    changes: ChangesFollower
    session: AgentSession[Any]
    hooks: AgentHooks
    events: SessionEvents
    recalled_context: RecalledContext
    write_buffer: WriteBuffer
    turns: Turns
    resumed: Resumed
    also: list[Callable[[Erasures], None]] = field(default_factory=list)

    def start(self) -> None:
        self.changes.start(self.apply)

    async def apply(self, erasures: Erasures, revision: int) -> None:
        """Memory first, then the disk: that may fail, and is repeated. Raises OutboxError.

        What has been spoken or sent to a model is not taken back.
        """
        if erasures.everything:
            with suppress(RuntimeError):  # the session has not begun, or is closing
                self.session.interrupt()
        self.recalled_context.forget(erasures, revision)
        if erasures:
            await self._from_memory(erasures)
            logger.info("erased or corrected messages are forgotten", extra=_told(revision))
        await self.resumed.outbox.erase(erasures, revision=revision)

    async def _from_memory(self, erasures: Erasures) -> None:
        # What does not wait comes first: nothing erased is used meanwhile.
        self.write_buffer.forget(erasures)
        self.turns.forget(erasures.covers_id)
        self.events.forget_people(erasures)
        self.resumed.window[:] = _left(self.resumed.window, erasures)
        for forget in self.also:
            forget(erasures)
        await self.hooks.forget()


def _left(said: list[Said], erasures: Erasures) -> list[Said]:
    return [
        erasures.corrected.get(message.id, message)
        for message in said
        if not erasures.covers_message(message)
    ]


def _told(revision: int) -> dict[str, int]:
    return {"revision": revision}
