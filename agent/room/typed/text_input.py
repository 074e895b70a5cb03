"""Typed messages of all participants, each sender's in the order sent.

Reads the `lk.chat` topic: LiveKit's text input takes only the linked participant's. Senders need
not be listed as participants yet: without a published track that can lag by seconds.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Protocol

from livekit import rtc

from agent.background_tasks import BackgroundTasks
from agent.messages.question import (
    MAX_QUESTION_ID_CHARS,
    Question,
    answered_question,
    apologised_question,
)
from agent.messages.sanitize import is_visible
from retrieval.wire import MessageId

TOPIC = "lk.chat"

logger = logging.getLogger(__name__)


class MessageRefused(Exception):
    """The text tells the sender why."""


class Typed(Protocol):
    """A message that arrives; `read` may take its time, and raises MessageRefused."""

    @property
    def id(self) -> str: ...
    async def read(self, *, max_chars: int) -> str: ...
    def close(self) -> None: ...


class TextInput:
    """`refusal` says why nobody answers a sender, or None; `on_arrival` gets a message's id."""

    def __init__(
        self,
        take: Callable[[Question], Coroutine[Any, Any, None]],
        refuse: Callable[[str, str, str], Coroutine[Any, Any, None]],
        *,
        max_chars: int,
        refusal: Callable[[str], str | None] = lambda sender: None,
        on_arrival: Callable[[str], None] = lambda message_id: None,
        max_unread_per_sender: int = 50,
        read_timeout_s: float = 10.0,
    ) -> None:
        self._take = take
        self._refuse = refuse
        self._max_chars = max_chars
        self._refusal = refusal
        self._on_arrival = on_arrival
        self._max_unread = max_unread_per_sender
        self._read_timeout_s = read_timeout_s
        self._unread: dict[str, asyncio.Queue[Typed]] = {}
        self._tasks = BackgroundTasks()
        self._stopped = False

    def listen(self, room: rtc.Room) -> None:
        """Call before connecting: messages may arrive at once."""
        room.register_text_stream_handler(
            TOPIC, lambda reader, sender: self.arrived(TextStream(reader), sender)
        )

    async def stop(self) -> None:
        """Take nothing new; return when all arrived messages are read."""
        self._stopped = True
        await self._tasks.finish()

    async def aclose(self) -> None:
        self._stopped = True
        await self._tasks.aclose()

    def arrived(self, typed: Typed, sender: str) -> None:
        """Queue for the sender's task: a task per message would lose the order."""
        if self._stopped:
            typed.close()
            return
        if reason := self._refusal(sender):
            self._turn_away(typed, sender, reason)
            return
        self._on_arrival(typed.id)
        unread = self._unread.get(sender)
        if unread is None:
            unread = self._unread[sender] = asyncio.Queue(self._max_unread)
            self._tasks.start(self._read_all(sender, unread))
        try:
            unread.put_nowait(typed)
        except asyncio.QueueFull:
            reason = f"more than {self._max_unread} of your messages are unread; send fewer at once"
            self._turn_away(typed, sender, reason)

    def _turn_away(self, typed: Typed, sender: str, reason: str) -> None:
        typed.close()
        self._tasks.start(self._refuse(typed.id, sender, reason))

    async def _read_all(self, sender: str, unread: asyncio.Queue[Typed]) -> None:
        while not unread.empty():
            await self._read_one(sender, unread.get_nowait())
        # No await since `empty`: a stream that arrives now starts a new task.
        del self._unread[sender]

    async def _read_one(self, sender: str, typed: Typed) -> None:
        try:
            question = _question(typed.id, sender, await self._read(typed))
        except MessageRefused as refusal:
            logger.info("typed message refused", extra={"message_id": typed.id})
            await self._refuse(typed.id, sender, str(refusal))
        else:
            await self._take(question)
        finally:
            typed.close()

    async def _read(self, typed: Typed) -> str:
        try:
            async with asyncio.timeout(self._read_timeout_s):
                return await typed.read(max_chars=self._max_chars)
        except TimeoutError as error:
            raise MessageRefused(
                f"the message was not finished within {self._read_timeout_s:g} s; send it again"
            ) from error


class TextStream:
    def __init__(self, reader: rtc.TextStreamReader) -> None:
        self._reader = reader

    @property
    def id(self) -> str:
        return self._reader.info.stream_id

    async def read(self, *, max_chars: int) -> str:
        chunks: list[str] = []
        size = 0
        try:
            async for chunk in self._reader:
                size += len(chunk)
                if size > max_chars:
                    raise too_long(max_chars)
                chunks.append(chunk)
        except rtc.StreamError as error:
            raise MessageRefused("the message broke off; send it again") from error
        return "".join(chunks)

    def close(self) -> None:
        self._reader.close()


def too_long(max_chars: int) -> MessageRefused:
    return MessageRefused(f"the message is longer than {max_chars} characters; send it in parts")


def _question(message_id: str, sender: str, text: str) -> Question:
    # PostgreSQL cannot store NUL, and a backend would refuse the whole batch for it.
    text = text.replace("\x00", "").strip()
    if not is_visible(text):
        raise MessageRefused("the message is empty; type something")
    if not sender:
        raise MessageRefused("you are hidden in this room, so nobody can answer you; join visibly")
    if not sender.strip():
        raise MessageRefused("you have no identity in this room; join with one")
    return Question(_usable(message_id), speaker=sender, text=text, asked_at=datetime.now(UTC))


def _usable(message_id: str) -> MessageId:
    if not 0 < len(message_id) <= MAX_QUESTION_ID_CHARS or not message_id.isprintable():
        raise MessageRefused(
            f"the message's stream id must be 1 to {MAX_QUESTION_ID_CHARS} printable characters; "
            "send it under another one"
        )
    if answered_question(message_id) or apologised_question(message_id):
        raise MessageRefused("the message's stream id is one of an answer; send it under another")
    return MessageId(message_id)
