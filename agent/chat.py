"""The same agent without a LiveKit room: for a terminal, a pipe or a test."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

from livekit.agents.llm import ChatMessage
from livekit.agents.voice.io import TextOutput

from agent.backend_client import BackendClient
from agent.conversation.bounded_session import BoundedSession
from agent.conversation.conversation_agent import ConversationAgent, People
from agent.conversation.reply import TurnTrace
from agent.conversation.resume import resume
from agent.llm.factory import language_model
from agent.messages.question import Question
from agent.recall.query import Asker
from agent.settings import AgentSettings
from retrieval.wire import MessageId, SearchRequest, SearchResponse

AGENT_NAME = "longroom"


class Chat:
    """One person's talk with the agent of a room."""

    def __init__(
        self, room_agent: ConversationAgent, *, asker: Asker, deltas: "_Deltas", opening: str
    ) -> None:
        self._room_agent = room_agent
        self._asker = asker
        self._deltas = deltas
        self.opening = opening
        """What the agent said first; empty if the conversation just goes on."""

    async def ask(self, text: str, on_delta: Callable[[str], None] | None = None) -> TurnTrace:
        """One turn; `on_delta` gets the answer piece by piece. Never raises for a failed model."""
        question = Question(
            id=MessageId(uuid4().hex),
            speaker=self._asker.identity,
            text=text,
            asked_at=datetime.now(UTC),
        )
        self._deltas.listen(on_delta)
        return await self._room_agent.ask(question)

    async def search(self, query: str, *, limit: int = 10) -> SearchResponse:
        """Search the conversation as recall does. Raises BackendError."""
        return await self._room_agent.search(
            SearchRequest(
                query=query,
                limit=limit,
                asker=self._asker.identity,
                time_zone=self._asker.time_zone,
                explain=True,
            )
        )

    def window(self) -> list[ChatMessage]:
        """The messages that the agent remembers, oldest first."""
        messages = self._room_agent.agent.chat_ctx.messages()
        return [item for item in messages if item.role in {"user", "assistant"}]


@asynccontextmanager
async def open_chat(
    settings: AgentSettings, *, room: str, identity: str, client: BackendClient | None = None
) -> AsyncIterator[Chat]:
    """Talk in a room; what was said there before is known.

    Raises BackendError if the backend cannot be asked for the conversation, OutboxUnwritable if
    the data folder cannot be written. On leaving, everything said is delivered or kept on disk.
    """
    own_client = client or _client(settings)
    try:
        session_id = uuid4().hex
        resumed = await resume(
            own_client, settings, room=room, identity=AGENT_NAME, session_id=session_id
        )
        asker = Asker(identity, settings.time_zone)
        deltas = _Deltas()
        session = BoundedSession(
            llm=language_model(settings),
            # Explicit: by default LiveKit loads 250 MB of speech models.
            vad=None,
            turn_handling={"turn_detection": "manual"},
            user_away_timeout=None,
        )
        session.output.transcription = deltas
        people = People(AGENT_NAME, lambda _: asker, lambda: False)
        room_agent = ConversationAgent(
            settings, client=own_client, resumed=resumed, session=session, people=people
        )
        try:
            await session.start(room_agent.agent, capture_run=True)
            yield Chat(room_agent, asker=asker, deltas=deltas, opening=deltas.so_far)
        finally:
            await room_agent.close()
    finally:
        if client is None:
            await own_client.aclose()


def _client(settings: AgentSettings) -> BackendClient:
    key = settings.backend_service_key
    return BackendClient(
        str(settings.backend_url),
        service_key=key.get_secret_value() if key else None,
        timeout_s=settings.backend_timeout_s,
    )


class _Deltas(TextOutput):
    """Hands the pieces of an answer to whoever asked."""

    def __init__(self) -> None:
        super().__init__(label="chat", next_in_chain=None)
        self._listener: Callable[[str], None] | None = None
        self.so_far = ""

    def listen(self, listener: Callable[[str], None] | None) -> None:
        self._listener = listener
        self.so_far = ""

    async def capture_text(self, text: str) -> None:
        self.so_far += text
        if self._listener is not None:
            self._listener(text)

    def flush(self) -> None:
        """Nothing is held back."""
