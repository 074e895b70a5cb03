"""Records what happens in a session; the handlers only enqueue."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    ErrorEvent,
    FunctionToolsExecutedEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
)
from livekit.agents.llm import ChatMessage
from livekit.agents.voice import SpeechHandle

from agent.conversation.answering.turns import Turns
from agent.conversation.session.event_records import (
    error_record,
    message_record,
    speech_record,
    tool_record,
    transcription_record,
)
from agent.conversation.session.reply import Asked, TurnResult
from agent.conversation.session.reply_correlation import Reply, ReplyCorrelation
from agent.epoch import Epoch
from agent.messages.erasures import Erasures
from agent.messages.rolling_window import SPEAKER, message_id
from agent.outbox.write_buffer import WriteBuffer
from retrieval.wire import MessageCreate, MessageId

_REMEMBERED_IDS = 1_000
_DISK_TIMEOUT_S = 2.0
_MAX_PARTICIPANTS = 200

ERASED = "this conversation was erased; send it again in a moment, to begin a new one"
NOT_STORED = (
    "it cannot be stored: the agent's disk takes nothing at the moment; "
    "send it again in a few minutes"
)


class SpokenTurnListener(Protocol):
    """Told of turns that the session answers by itself; `ended` returns when the reply is over."""

    def accepted(self, question_id: MessageId, speaker: str) -> None: ...
    def refused(self, question_id: MessageId, speaker: str, reason: str) -> None: ...
    def replying(
        self, question_id: MessageId, speaker: str, ended: Callable[[], Awaitable[TurnResult]]
    ) -> None: ...


Follow = Callable[[Asked, Reply], Awaitable[TurnResult]]


class SessionEvents:
    """Records each message once, and events; `listened_to` gives the transcribed participant.

    `remembers_tool` says of which tools calls are recorded, as messages.
    """

    def __init__(
        self,
        write_buffer: WriteBuffer,
        *,
        epoch: Epoch,
        agent_name: str,
        listened_to: Callable[[], str],
        turns: Turns,
        remembers_tool: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self._epoch = epoch
        self._write_buffer = write_buffer
        self._agent_name = agent_name
        self.listened_to = listened_to
        self._replies = ReplyCorrelation(turns)
        self._remembers_tool = remembers_tool
        self._recorded: OrderedDict[str, None] = OrderedDict()
        self.message_count = 0
        self.participants: list[str] = []

    def attach(
        self,
        session: AgentSession[object],
        *,
        follow: Follow,
        spoken_turns: SpokenTurnListener | None,
    ) -> None:
        """Call before the session starts. `follow` returns when a reply is over."""
        self._follow = follow
        self._spoken_turns = spoken_turns
        session.on("user_input_transcribed", self._handle_transcription)
        session.on("conversation_item_added", self._handle_conversation_item)
        session.on("speech_created", self._handle_speech_created)
        session.on("function_tools_executed", self._handle_tools)
        session.on("error", self._handle_error)

    async def accept_question(
        self, message: ChatMessage, *, timeout_s: float = _DISK_TIMEOUT_S
    ) -> bool:
        """Record before the answer; False if not on disk in `timeout_s`, while the turn goes on."""
        self._record(message)
        return await self._write_buffer.flush(timeout_s)

    async def accept_spoken(self, message: ChatMessage) -> None:
        speaker = str(message.extra.get(SPEAKER) or self.listened_to())
        self._replies.turn_ended(message, speaker)
        taken = self._record(message)
        on_disk = await self._write_buffer.flush(_DISK_TIMEOUT_S)
        if self._spoken_turns is None:
            return
        if not taken:
            self._spoken_turns.refused(message_id(message), speaker, NOT_STORED)
        elif on_disk:
            self._spoken_turns.accepted(message_id(message), speaker)

    def saying_for(self, question_id: MessageId | None) -> AbstractContextManager[None]:
        """What is said within stands in place of an answer."""
        return self._replies.saying_for(question_id)

    def already_recorded(self, stored: MessageId) -> None:
        self._recorded[stored] = None

    def has_recorded(self, stored: MessageId) -> bool:
        """Knows the newest 1,000."""
        return stored in self._recorded

    def forget_people(self, erasures: Erasures) -> None:
        """Who is erased is named in no summary of the session; who speaks again is."""
        self.participants = [
            name
            for name in self.participants
            if not (erasures.everything or erasures.covers_name(name))
        ]

    def _handle_transcription(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self._write_buffer.put(transcription_record(event, speaker=self.listened_to()))

    def _handle_conversation_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role not in {"user", "assistant"}:
            return
        if item.role == "user":
            self._question_added(item)
        else:
            self._replies.answer_added(item)
            if self._epoch.ended.is_set():
                return  # the agent that has the room answers it
        self._record(item)

    def _question_added(self, item: ChatMessage) -> None:
        spoken = self._replies.question_added(item)
        if spoken is not None and spoken.asked is not None and self._spoken_turns is not None:
            ended = partial(self._follow, spoken.asked, spoken)
            self._spoken_turns.replying(message_id(item), self.listened_to(), ended)

    def _handle_speech_created(self, event: SpeechCreatedEvent) -> None:
        self._replies.reply_created(event.speech_handle)

        # What was said is known only when the speech is over.
        def ended(_: SpeechHandle) -> None:
            self._write_buffer.put(speech_record(event))

        event.speech_handle.add_done_callback(ended)

    def _handle_tools(self, event: FunctionToolsExecutedEvent) -> None:
        for call, output in event.zipped():
            if self._remembers_tool(call.name) and not self._epoch.ended.is_set():
                self._put(tool_record(call, output))

    def _handle_error(self, event: ErrorEvent) -> None:
        self._write_buffer.put(error_record(event))

    def _record(self, item: ChatMessage) -> bool:
        """False if it cannot be stored."""
        # Prompts name their speakers by this, too.
        speaker = self._agent_name if item.role == "assistant" else self.listened_to()
        participant = str(item.extra.setdefault(SPEAKER, speaker))
        if message_id(item) in self._recorded:
            return True
        self._recorded[message_id(item)] = None
        if len(self._recorded) > _REMEMBERED_IDS:
            self._recorded.popitem(last=False)
        return self._put(message_record(item, participant=participant))

    def _put(self, record: MessageCreate) -> bool:
        if not self._write_buffer.put(record):
            return False
        self.message_count += 1
        if record.participant not in self.participants[:_MAX_PARTICIPANTS]:
            self.participants = [*self.participants, record.participant][:_MAX_PARTICIPANTS]
        return True
