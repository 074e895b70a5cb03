"""Records how turns ended, and what they recalled."""

import asyncio
import logging
import time

from pydantic import ValidationError

from agent.conversation.answering.turns import Turn
from agent.conversation.changes.known import KnownChanges
from agent.conversation.resume import Resumed
from agent.conversation.session.event_records import turn_record
from agent.conversation.session.events import SessionEvents
from agent.conversation.session.reply import Asked
from agent.conversation.session.window import SessionWindow
from agent.conversation.turn_trace import Circumstances, turn_trace
from agent.llm.failure import Reason
from agent.messages.question import Outcome
from agent.messages.rolling_window import message_ids
from agent.outbox.write_buffer import WriteBuffer
from agent.recall.placed import Placed
from agent.recall.recalled_context import RecalledContext
from retrieval.wire import MessageId

logger = logging.getLogger(__name__)

_DISK_TIMEOUT_S = 5.0


class TurnRecords:
    """`traces` False keeps no more of a turn than its end."""

    def __init__(
        self,
        write_buffer: WriteBuffer,
        recalled_context: RecalledContext,
        *,
        events: SessionEvents,
        window: SessionWindow,
        known: KnownChanges,
        resumed: Resumed,
        token_budget: int,
        traces: bool,
    ) -> None:
        self._write_buffer = write_buffer
        self._recalled_context = recalled_context
        self._events = events
        self._window = window
        self._known = known
        self._resumed = resumed
        self._token_budget = token_budget
        self._traces = traces

    async def ended(
        self,
        asked: Asked,
        turn: Turn,
        outcome: Outcome,
        reason: Reason | None = None,
        *,
        prompted_as: MessageId | None = None,
    ) -> None:
        """On disk before it is announced, unless an answer shows it: the next agent must not answer
        what was given up.
        """
        placed = self._recalled_context.placed(prompted_as or asked.id)
        self._write_buffer.put(turn_record(asked.id, placed.recalled, outcome, reason))
        self.trace(asked, turn, outcome, reason, placed=placed)
        if outcome != "answered":
            await self._write_buffer.flush(_DISK_TIMEOUT_S)

    def trace(
        self,
        asked: Asked,
        turn: Turn,
        outcome: Outcome,
        reason: Reason | None = None,
        *,
        placed: Placed | None = None,
    ) -> None:
        """Of a turn that is over for now; a later trace of the question replaces it."""
        if not self._traces:
            return
        placed = placed or self._recalled_context.placed(asked.id)
        over_at = time.monotonic()
        # Once the caller has nothing else to do: nobody waits for a trace.
        asyncio.get_running_loop().call_soon(
            self._write, asked, turn, placed, over_at, outcome, reason
        )

    @property
    def message_count(self) -> int:
        return self._resumed.message_count + self._events.message_count

    @property
    def window_messages(self) -> int:
        return len(message_ids(self._window.chat_ctx))

    def _write(
        self,
        asked: Asked,
        turn: Turn,
        placed: Placed,
        over_at: float,
        outcome: Outcome,
        reason: Reason | None,
    ) -> None:
        clock = self._resumed.clock
        around = Circumstances(
            asked_at=clock.corrected(asked.at),
            ended_at=clock.now(),
            over_at=over_at,
            room=self._resumed.room,
            epoch=self._resumed.epoch.number,
            window_messages=self.window_messages,
            message_count=self.message_count,
            token_budget=self._token_budget,
        )
        if self._known.erasures.covers(
            asked.id, participant=asked.speaker, said_at=around.asked_at
        ):
            return
        try:
            trace = turn_trace(asked, turn, placed, around, outcome=outcome, reason=reason)
        except ValidationError as error:
            wrong = [".".join(map(str, each["loc"])) for each in error.errors(include_input=False)]
            logger.error("turn not traced", extra={"question_id": asked.id, "fields": wrong[:10]})
            return
        self._write_buffer.put(trace)
