"""The turns of the linked participant: the session answers them by itself, here they are told."""

from agent.background_tasks import BackgroundTasks
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.reply import Reply
from agent.conversation.turn_metrics import TurnMetrics
from agent.room.turn_queue import Audience
from retrieval.wire import MessageId


class VoiceTurns:
    """Gives them the statuses, the figures and the record that other turns get."""

    def __init__(self, agent: ConversationAgent, audience: Audience, report: TurnMetrics) -> None:
        self._agent = agent
        self._audience = audience
        self._report = report
        self._tasks = BackgroundTasks()

    def accepted(self, question_id: MessageId, speaker: str) -> None:
        """What was said is on disk."""
        self._tasks.start(self._audience.accepted(question_id, speaker))

    def replying(self, question_id: MessageId, speaker: str, reply: Reply) -> None:
        """The session has begun to answer it."""
        self._tasks.start(self._follow(question_id, speaker, reply))

    async def finish(self) -> None:
        """Return when every turn that has begun is told to its end."""
        await self._tasks.finish()

    async def aclose(self) -> None:
        await self._tasks.aclose()

    async def _follow(self, question_id: MessageId, speaker: str, reply: Reply) -> None:
        await self._audience.answering(question_id, speaker)
        trace = await self._agent.follow(question_id, reply)
        self._report.ended(question_id, trace)
        await self._audience.ended(question_id, speaker, trace.outcome)
