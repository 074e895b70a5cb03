"""Lets a thread that reads lines talk to the agent, which lives in the thread of an event loop."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from anyio.from_thread import BlockingPortal
from livekit.agents.llm import ChatMessage

from agent.chat import AGENT_NAME, Chat
from agent.conversation.reply import TurnTrace
from agent.messages.rolling_window import SPEAKER
from longroom.chat.terminal import Remembered
from retrieval.wire import SearchResponse


class PortalTalker:
    """Lets this thread wait, so that Ctrl-C and line editing stay its own, while the agent runs.

    The agent's event loop runs in the portal's thread: it delivers what was said also while the
    prompt waits for a line.
    """

    def __init__(self, portal: BlockingPortal, chat: Chat) -> None:
        self._portal = portal
        self._chat = chat

    def ask(self, text: str, on_delta: Callable[[str], None]) -> TurnTrace:
        answer = self._portal.start_task_soon(self._chat.ask, text, on_delta)
        try:
            return answer.result()
        except KeyboardInterrupt:
            answer.cancel()
            raise

    def search(self, query: str) -> SearchResponse:
        return self._portal.call(self._chat.search, query)

    def window(self) -> Sequence[Remembered]:
        return [_remembered(message) for message in self._portal.call(self._chat.window)]


def _remembered(message: ChatMessage) -> Remembered:
    return Remembered(
        at=datetime.fromtimestamp(message.created_at, UTC),
        speaker=str(message.extra.get(SPEAKER, AGENT_NAME)),
        text=message.text_content or "",
    )
