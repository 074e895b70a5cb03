"""Listens to a session and records what must be kept; its handlers only enqueue."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Protocol

from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    ErrorEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
)
from livekit.agents.llm import ChatMessage

from agent.conversation.event_records import (
    error_record,
    message_record,
    speech_record,
    transcription_record,
)
from agent.conversation.reply import REPLYING, Reply, TurnTrace
from agent.messages.rolling_window import MESSAGE_ID, SPEAKER, message_id
from agent.outbox.write_buffer import WriteBuffer
from agent.recall.transcript import Transcript
from retrieval.wire import MessageId

_REMEMBERED_IDS = 1_000
_MAX_PARTICIPANTS = 200
_UNANSWERED_TURNS = 4


class SpokenTurnListener(Protocol):
    """Told of turns that the session answers by itself; `ended` returns when the reply is over."""

    def accepted(self, question_id: MessageId, speaker: str) -> None: ...
    def replying(
        self, question_id: MessageId, speaker: str, ended: Callable[[], Awaitable[TurnTrace]]
    ) -> None: ...


class SessionEvents:
    """Every message of the session goes through here exactly once.

    `speaker` names whoever is being listened to; `on_speech` gets what they have said of their turn
    while it grows, with whether its last part is final; `on_message` is told after each item of the
    conversation; `follow` returns when a reply of the session is over.
    """

    def __init__(
        self,
        intake: WriteBuffer,
        *,
        agent_name: str,
        speaker: Callable[[], str],
        on_speech: Callable[[str, bool], None],
        on_message: Callable[[], None],
        follow: Callable[[MessageId, Reply], Awaitable[TurnTrace]],
        spoken_turns: SpokenTurnListener | None,
    ) -> None:
        self._intake = intake
        self._agent_name = agent_name
        self._speaker = speaker
        self._on_speech = on_speech
        self._on_message = on_message
        self._follow = follow
        self._spoken_turns = spoken_turns
        self._recorded: OrderedDict[str, None] = OrderedDict()
        self._spoken: dict[str, MessageId] = {}
        self._turn_text = Transcript()
        self.message_count = 0
        self.participants: list[str] = []
        self.last_message_at: datetime | None = None

    def attach(self, session: AgentSession[object]) -> None:
        """Begin to listen; call before the session starts."""
        session.on("user_input_transcribed", self._handle_transcription)
        session.on("conversation_item_added", self._handle_conversation_item)
        session.on("speech_created", self._handle_speech_created)
        session.on("error", self._handle_error)

    async def accept_question(self, message: ChatMessage, *, timeout_s: float = 2.0) -> bool:
        """Record a user's message before there is an answer; True once it is on disk.

        False if the disk took longer than `timeout_s`: the turn goes on, the message waits.
        """
        self._record(message)
        return await self._intake.settled(timeout_s)

    async def accept_spoken(self, message: ChatMessage) -> bool:
        """The same for a spoken turn.

        LiveKit may answer it with another item of the same text, made before the turn had ended
        (preemptive generation); that item then gets this message's id.
        """
        self._turn_text.end()
        self._spoken[message.text_content or ""] = message_id(message)
        while len(self._spoken) > _UNANSWERED_TURNS:
            del self._spoken[next(iter(self._spoken))]
        on_disk = await self.accept_question(message)
        if on_disk and self._spoken_turns is not None:
            self._spoken_turns.accepted(message_id(message), str(message.extra[SPEAKER]))
        return on_disk

    def already_recorded(self, stored: MessageId) -> None:
        """An earlier session has recorded this message; here it must not be doubled."""
        self._recorded[stored] = None

    def has_recorded(self, stored: MessageId) -> bool:
        """Whether this session has recorded the message, among its newest 1,000."""
        return stored in self._recorded

    def listened_to(self) -> str:
        """Who speaks when something is heard."""
        return self._speaker()

    def _handle_transcription(self, event: UserInputTranscribedEvent) -> None:
        text = self._turn_text.grown(event.transcript, final=event.is_final)
        self._on_speech(text, event.is_final)
        if event.is_final:
            self._intake.put(transcription_record(event, speaker=self._speaker()))

    def _handle_conversation_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if not isinstance(item, ChatMessage) or item.role not in {"user", "assistant"}:
            return
        reply = REPLYING.get()
        if item.role == "user":
            self._note_question(item, reply)
        elif reply is not None and (named := reply.next_id()) is not None:
            item.extra.setdefault(MESSAGE_ID, named)
        self._record(item)
        self._on_message()

    def _note_question(self, item: ChatMessage, reply: Reply | None) -> None:
        prompted_as = message_id(item)
        stored = self._spoken.pop(item.text_content or "", None)
        if stored is not None:
            item.extra.setdefault(MESSAGE_ID, stored)
        if reply is None:
            return
        reply.question_id, reply.prompted_as = message_id(item), prompted_as
        if stored is not None and self._spoken_turns is not None:
            ended = partial(self._follow, reply.question_id, reply)
            self._spoken_turns.replying(reply.question_id, self._speaker(), ended)

    def _handle_speech_created(self, event: SpeechCreatedEvent) -> None:
        REPLYING.set(Reply(event.speech_handle))
        # What was said is known only when the speech is over.
        event.speech_handle.add_done_callback(lambda _: self._intake.put(speech_record(event)))

    def _handle_error(self, event: ErrorEvent) -> None:
        self._intake.put(error_record(event))

    def _record(self, item: ChatMessage) -> None:
        # The window names its speakers by this too.
        speaker = self._agent_name if item.role == "assistant" else self._speaker()
        participant = str(item.extra.setdefault(SPEAKER, speaker))
        if message_id(item) in self._recorded:
            return
        self._recorded[message_id(item)] = None
        if len(self._recorded) > _REMEMBERED_IDS:
            self._recorded.popitem(last=False)
        record = message_record(item, participant=participant)
        self._intake.put(record)
        self.message_count += 1
        self.last_message_at = record.created_at
        if record.participant not in self.participants[:_MAX_PARTICIPANTS]:
            self.participants = [*self.participants, record.participant][:_MAX_PARTICIPANTS]
