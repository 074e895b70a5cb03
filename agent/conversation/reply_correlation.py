"""Finds which question a LiveKit message or reply belongs to."""

from contextvars import ContextVar
from dataclasses import dataclass

from livekit.agents.llm import ChatMessage
from livekit.agents.voice import SpeechHandle

from agent.messages.question import MAX_QUESTION_ID_CHARS, answer_id
from agent.messages.rolling_window import MESSAGE_ID, message_id
from retrieval.wire import MessageId

_REMEMBERED_TURNS = 4


@dataclass
class Reply:
    """One reply in the making. The ids stay None for greetings and farewells.

    `prompted_as` is the question's id in the prompt: a reply may begin before the user has ended.
    """

    speech: SpeechHandle
    question_id: MessageId | None = None
    prompted_as: MessageId | None = None
    parts: int = 0


# LiveKit does not say which reply an item belongs to. It announces the reply in the very task that
# then starts the reply's own ones, and announces the items in those: they inherit this.
_REPLY: ContextVar[Reply | None] = ContextVar("reply", default=None)


class ReplyCorrelation:
    """Tells replies apart by the task that makes them, spoken turns by their text.

    LiveKit may answer a spoken turn with another item of the same text, made before the turn ended
    (preemptive generation). That item gets the id under which the turn is stored.
    """

    def __init__(self) -> None:
        self._spoken: dict[str, MessageId] = {}

    def turn_ended(self, message: ChatMessage) -> None:
        """Call when a spoken turn is stored as `message`."""
        self._spoken[message.text_content or ""] = message_id(message)
        while len(self._spoken) > _REMEMBERED_TURNS:
            del self._spoken[next(iter(self._spoken))]

    def reply_created(self, speech: SpeechHandle) -> None:
        """Call in LiveKit's `speech_created`, in whose task the reply's tasks begin."""
        _REPLY.set(Reply(speech))

    def question_added(self, item: ChatMessage) -> Reply | None:
        """Give the item its stored id. Returns the reply if it answers a spoken turn."""
        prompted_as = message_id(item)
        stored = self._spoken.pop(item.text_content or "", None)
        if stored is not None:
            item.extra.setdefault(MESSAGE_ID, stored)
        reply = _REPLY.get()
        if reply is not None:
            reply.question_id, reply.prompted_as = message_id(item), prompted_as
        return reply if stored is not None else None

    def answer_added(self, item: ChatMessage) -> None:
        """Give the item the id of the answer's next part, if it answers a question."""
        reply = _REPLY.get()
        if reply is None or reply.question_id is None:
            return
        if len(reply.question_id) <= MAX_QUESTION_ID_CHARS:
            reply.parts += 1
            item.extra.setdefault(MESSAGE_ID, answer_id(reply.question_id, reply.parts))
