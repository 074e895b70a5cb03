"""Finds which question a LiveKit message or reply belongs to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

from livekit.agents.llm import ChatMessage
from livekit.agents.voice import SpeechHandle

from agent.conversation.answering.turns import Turn, Turns
from agent.conversation.session.reply import Asked
from agent.messages.question import MAX_QUESTION_ID_CHARS, answer_id, apology_id
from agent.messages.rolling_window import APOLOGY, GOES_ON, MESSAGE_ID, message_id
from retrieval.wire import MessageId

_REMEMBERED_TURNS = 4


@dataclass
class Reply:
    """One reply in the making. The ids stay None for greetings and farewells.

    `prompted_as` is the question's id in the prompt: a reply may begin before the user has ended.
    `asked` is given for spoken turns.
    """

    speech: SpeechHandle
    question_id: MessageId | None = None
    prompted_as: MessageId | None = None
    asked: Asked | None = None


# LiveKit does not say which reply an item belongs to. It announces the reply in the very task that
# then starts the reply's own ones, and announces the items in those: they inherit this.
_REPLY: ContextVar[Reply | None] = ContextVar("reply", default=None)
_SAYING_FOR: ContextVar[MessageId | None] = ContextVar("saying for", default=None)


class ReplyCorrelation:
    """Tells replies apart by the task that makes them, spoken turns by their text.

    LiveKit may answer a spoken turn with another item of the same text, made before the turn ended
    (preemptive generation). That item gets the id under which the turn is stored.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._spoken: dict[str, Asked] = {}

    def turn_ended(self, message: ChatMessage, speaker: str) -> None:
        """Call when a spoken turn is stored as `message`."""
        self._spoken[message.text_content or ""] = Asked(
            message_id(message),
            speaker,
            datetime.fromtimestamp(message.created_at, UTC),
            time.monotonic(),
        )
        while len(self._spoken) > _REMEMBERED_TURNS:
            del self._spoken[next(iter(self._spoken))]

    def reply_created(self, speech: SpeechHandle) -> None:
        """Call in LiveKit's `speech_created`, in whose task the reply's tasks begin."""
        _REPLY.set(Reply(speech, _SAYING_FOR.get()))

    @contextmanager
    def saying_for(self, question_id: MessageId | None) -> Iterator[None]:
        """Replies created within belong to this question, though the session was not asked it."""
        before = _SAYING_FOR.set(question_id)
        try:
            yield
        finally:
            _SAYING_FOR.reset(before)

    def question_added(self, item: ChatMessage) -> Reply | None:
        """Give the item its stored id. Returns the reply if it answers a spoken turn."""
        prompted_as = message_id(item)
        asked = self._spoken.pop(item.text_content or "", None)
        if asked is not None:
            item.extra.setdefault(MESSAGE_ID, asked.id)
        reply = _REPLY.get()
        if reply is not None:
            reply.question_id, reply.prompted_as = message_id(item), prompted_as
            reply.asked = asked
        return reply if asked is not None else None

    def answer_added(self, item: ChatMessage) -> None:
        """Give the item the id of the answer's next part, if it answers a question.

        LiveKit does not notice that a stream broke, nor what stands in place of an answer.
        """
        question_id, turn = self._answered_by(_REPLY.get())
        if question_id is None or turn is None:
            return
        if turn.is_broken:
            item.interrupted = True
        if turn.apologised:
            item.extra[APOLOGY] = True
            turn.apology = item.text_content or ""
        else:
            turn.said.append(item.text_content or "")
            if turn.calls:
                item.extra[GOES_ON] = True
        if len(question_id) <= MAX_QUESTION_ID_CHARS:
            item.extra.setdefault(MESSAGE_ID, self._id(question_id, turn))

    def _answered_by(self, reply: Reply | None) -> tuple[MessageId | None, Turn | None]:
        """A reply that waited for a task goes on when the next question has ended the task."""
        if reply is None or reply.question_id is None:
            return None, None
        turn = self._turns.of(reply.prompted_as or reply.question_id)
        if turn.waits and self._turns.open is not None:
            return self._turns.open, self._turns.of(self._turns.open)
        return reply.question_id, turn

    def _id(self, question_id: MessageId, turn: Turn) -> MessageId:
        if turn.apologised:
            return apology_id(question_id)
        return answer_id(question_id, self._turns.next_part(question_id))
