"""Turns of the linked participant, which the session answers by itself."""

from collections.abc import Awaitable, Callable

from agent.background_tasks import BackgroundTasks
from agent.conversation.session.reply import TurnResult
from agent.conversation.turn_metrics import TurnMetrics
from agent.room.turns.status import TurnStatus
from retrieval.wire import MessageId


class VoiceTurns:
    """Sends the statuses and logs the figures that other turns get from TurnIntake."""

    def __init__(self, audience: TurnStatus, metrics: TurnMetrics) -> None:
        self._audience = audience
        self._metrics = metrics
        self._tasks = BackgroundTasks()

    def accepted(self, question_id: MessageId, speaker: str) -> None:
        self._tasks.start(self._audience.accepted(question_id, speaker))

    def refused(self, question_id: MessageId, speaker: str, reason: str) -> None:
        self._tasks.start(self._audience.refused(question_id, speaker, reason))

    def replying(
        self, question_id: MessageId, speaker: str, ended: Callable[[], Awaitable[TurnResult]]
    ) -> None:
        self._tasks.start(self._follow(question_id, speaker, ended))

    async def finish(self) -> None:
        """Return when all replies begun are over and their statuses sent."""
        await self._tasks.finish()

    async def aclose(self) -> None:
        await self._tasks.aclose()

    async def _follow(
        self, question_id: MessageId, speaker: str, ended: Callable[[], Awaitable[TurnResult]]
    ) -> None:
        await self._audience.answering(question_id, speaker)
        result = await ended()
        self._metrics.ended(question_id, result)
        self._audience.explain(question_id, result.reason)
        await self._audience.ended(question_id, speaker, result.outcome)
