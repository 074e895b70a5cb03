"""The same agent without a LiveKit room: for a terminal, a pipe or a test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from livekit.agents.llm import ChatMessage
from livekit.agents.voice.io import TextOutput

from agent.backend_client import BackendClient, open_client
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.resume import Resumed, resume
from agent.conversation.session.reply import TurnResult
from agent.conversation.taking_back import TakenBack, TakingBack
from agent.conversation.wiring import People, build_conversation
from agent.llm.factory import language_model
from agent.messages.question import Question
from agent.messages.rolling_window import SPEAKER
from agent.outbox.typed_lines import delete_typed_lines, sweep_typed_lines, typed_lines_file
from agent.recall.asked_part import asked_part
from agent.recall.query import Asker
from agent.settings import AgentSettings
from agent.support.greeting import greeting
from agent.support.session import text_session
from agent.support.support_agent import SupportAgent
from retrieval.wire import (
    Message,
    MessageId,
    SearchRequest,
    SearchResponse,
)

AGENT_NAME = "longroom"
_MAX_OTHERS_MESSAGES = 50


class ConversationErased(Exception):
    """Nothing is left of the conversation; one that is opened now is a new one."""


@dataclass(frozen=True)
class WindowMessage:
    at: datetime
    speaker: str
    text: str


class Chat:
    def __init__(
        self,
        conversation_agent: ConversationAgent,
        *,
        asker: Asker,
        deltas: "_Deltas",
        others: "_OthersMessages",
        taking_back: TakingBack,
        typed_lines: Path,
    ) -> None:
        self._taking_back = taking_back
        self._typed_lines = typed_lines
        self._agent = conversation_agent
        self._asker = asker
        self._deltas = deltas
        self._others = others
        self.opening = deltas.so_far
        """What the agent said first; empty if the conversation just goes on."""

    async def ask(self, text: str, on_delta: Callable[[str], None] | None = None) -> TurnResult:
        """One turn; never raises for a failed model. Cancelling stores what was said so far.

        Raises ConversationErased: then it is over.
        """
        question = Question(
            id=MessageId(uuid4().hex),
            speaker=self._asker.identity,
            text=text,
            asked_at=datetime.now(UTC),
        )
        self._deltas.listen(on_delta)
        self._taking_back.asked(question)
        result = await self._agent.ask(question)
        if self._agent.forgetting.known.erasures.everything:
            raise ConversationErased
        return result

    def typed_lines(self) -> Path:
        """Where what is typed in this conversation may be kept, until something is erased."""
        return self._typed_lines

    async def search(self, query: str, *, limit: int = 10) -> SearchResponse:
        """Raises BackendError."""
        return await self._agent.conversation_search.search(
            SearchRequest(
                query=asked_part(query),
                limit=limit,
                asker=self._asker.identity,
                time_zone=self._asker.time_zone,
                explain=True,
            )
        )

    async def take_back(self) -> TakenBack:
        """Erase what was asked last in this chat, with its answer.

        Raises NothingToTakeBack and BackendError.
        """
        return await self._taking_back.last()

    async def others_messages(self) -> list[Message]:
        """Since the last call, oldest first; of very many the newest. Raises BackendError."""
        return await self._others.next()

    def window(self) -> list[WindowMessage]:
        """Oldest first, without the instructions."""
        messages = self._agent.window.chat_ctx.messages()
        return [_window_message(item) for item in messages if item.role in {"user", "assistant"}]


@asynccontextmanager
async def open_chat(
    settings: AgentSettings,
    *,
    room: str | None = None,
    key: str | None = None,
    identity: str,
    client: BackendClient | None = None,
) -> AsyncIterator[Chat]:
    """Resume the conversation of a room, or of a key without one; on leaving, all that was said is
    delivered or on disk.

    Raises BackendError if the backend fails, OutboxUnwritable if the folder is not writable.
    """
    async with AsyncExitStack() as opened:
        if client is None:
            client = await opened.enter_async_context(aclosing(open_client(settings)))
        resumed = await resume(
            client, settings, room=room, key=key, identity=AGENT_NAME, session_id=uuid4().hex
        )
        asker = Asker(identity, settings.time_zone)
        deltas = _Deltas()
        session = text_session(language_model(settings))
        session.output.transcription = deltas
        conversation = build_conversation(
            settings,
            client=client,
            resumed=resumed,
            session=session,
            people=People(AGENT_NAME, lambda _: asker),
        )
        opened.push_async_callback(conversation.close)
        await conversation.start(_agent(settings, resumed), capture_run=True)
        others = _OthersMessages(client, resumed, is_ours=conversation.events.has_recorded)
        lines = await _typed_lines(settings.data_dir, client, resumed, conversation)
        yield Chat(
            conversation,
            asker=asker,
            deltas=deltas,
            others=others,
            taking_back=TakingBack(conversation, client),
            typed_lines=lines,
        )


async def _typed_lines(
    data_dir: Path, client: BackendClient, resumed: Resumed, conversation: ConversationAgent
) -> Path:
    await sweep_typed_lines(data_dir, client=client)
    conversation_id = resumed.conversation_id
    conversation.forgetting.also.append(lambda _: delete_typed_lines(data_dir, conversation_id))
    return typed_lines_file(data_dir, conversation_id, revision=resumed.revision)


def _agent(settings: AgentSettings, resumed: Resumed) -> SupportAgent:
    words = greeting(
        settings,
        last_message_at=resumed.last_message_at,
        has_listener=lambda: False,
        now=resumed.clock.now(),
    )
    return SupportAgent(settings.instructions, greeting=words)


def _window_message(message: ChatMessage) -> WindowMessage:
    return WindowMessage(
        at=datetime.fromtimestamp(message.created_at, UTC),
        speaker=str(message.extra.get(SPEAKER, AGENT_NAME)),
        text=message.text_content or "",
    )


class _OthersMessages:
    def __init__(
        self, client: BackendClient, resumed: Resumed, *, is_ours: Callable[[MessageId], bool]
    ) -> None:
        self._client = client
        self._conversation_id = resumed.conversation_id
        self._is_ours = is_ours
        self._known = {message.id for message in resumed.window}
        stored = [message.seq for message in resumed.window if isinstance(message, Message)]
        self._last_seq = max(stored, default=0)

    async def next(self) -> list[Message]:
        page = await self._client.get_recent_messages(
            self._conversation_id, limit=_MAX_OTHERS_MESSAGES, after=self._last_seq
        )
        if len(page.messages) == _MAX_OTHERS_MESSAGES:  # an import, perhaps: skip to its end
            page = await self._client.get_recent_messages(
                self._conversation_id, limit=_MAX_OTHERS_MESSAGES, order="arrival"
            )
        self._last_seq = page.messages[-1].seq if page.messages else self._last_seq
        return [
            message
            for message in page.messages
            if message.id not in self._known and not self._is_ours(message.id)
        ]


class _Deltas(TextOutput):
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
        """Nothing is buffered."""
