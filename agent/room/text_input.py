"""Typed messages of all participants, each sender's in the order sent.

Reads the `lk.chat` topic: LiveKit's text input takes only the linked participant's. Senders need
not be listed as participants yet: without a published track that can lag by seconds.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from livekit import rtc

from agent.background_tasks import BackgroundTasks
from agent.messages.question import MAX_QUESTION_ID_CHARS, Question, answered_question
from retrieval.wire import MessageId

TOPIC = "lk.chat"

logger = logging.getLogger(__name__)


class MessageRefused(Exception):
    """The text tells the sender why."""


class TextInput:
    def __init__(
        self,
        take: Callable[[Question], Coroutine[Any, Any, None]],
        refuse: Callable[[str, str, str], Coroutine[Any, Any, None]],
        *,
        max_chars: int,
        max_unread_per_sender: int = 50,
        read_timeout_s: float = 10.0,
    ) -> None:
        self._take = take
        self._refuse = refuse
        self._max_chars = max_chars
        self._max_unread = max_unread_per_sender
        self._read_timeout_s = read_timeout_s
        self._unread: dict[str, asyncio.Queue[rtc.TextStreamReader]] = {}
        self._tasks = BackgroundTasks()
        self._stopped = False

    def listen(self, room: rtc.Room) -> None:
        """Call before connecting: messages may arrive at once."""
        room.register_text_stream_handler(TOPIC, self.arrived)

    async def stop(self) -> None:
        """Take nothing new; return when all arrived messages are read."""
        self._stopped = True
        await self._tasks.finish()

    async def aclose(self) -> None:
        self._stopped = True
        await self._tasks.aclose()

    def arrived(self, reader: rtc.TextStreamReader, sender: str) -> None:
        """Queue for the sender's task: a task per stream would lose the order."""
        if self._stopped:
            reader.close()
            return
        unread = self._unread.get(sender)
        if unread is None:
            unread = self._unread[sender] = asyncio.Queue(self._max_unread)
            self._tasks.start(self._read_all(sender, unread))
        try:
            unread.put_nowait(reader)
        except asyncio.QueueFull:
            reader.close()
            reason = f"more than {self._max_unread} of your messages are unread; send fewer at once"
            self._tasks.start(self._refuse(reader.info.stream_id, sender, reason))

    async def _read_all(self, sender: str, unread: asyncio.Queue[rtc.TextStreamReader]) -> None:
        while not unread.empty():
            await self._read_one(sender, unread.get_nowait())
        # No await since `empty`: a stream that arrives now starts a new task.
        del self._unread[sender]

    async def _read_one(self, sender: str, reader: rtc.TextStreamReader) -> None:
        message_id = reader.info.stream_id
        try:
            text = await self._read(reader)
            question = _question(message_id, sender, text)
        except MessageRefused as refusal:
            logger.info("typed message refused", extra={"message_id": message_id})
            await self._refuse(message_id, sender, str(refusal))
        else:
            await self._take(question)
        finally:
            reader.close()

    async def _read(self, reader: rtc.TextStreamReader) -> str:
        chunks: list[str] = []
        size = 0
        try:
            async with asyncio.timeout(self._read_timeout_s):
                async for chunk in reader:
                    size += len(chunk)
                    if size > self._max_chars:
                        raise MessageRefused(
                            f"the message is longer than {self._max_chars} characters; "
                            "send it in parts"
                        )
                    chunks.append(chunk)
        except TimeoutError as error:
            raise MessageRefused(
                f"the message was not finished within {self._read_timeout_s:g} s; send it again"
            ) from error
        except rtc.StreamError as error:
            raise MessageRefused("the message broke off; send it again") from error
        return "".join(chunks)


def _question(message_id: str, sender: str, text: str) -> Question:
    # PostgreSQL cannot store NUL, and a backend would refuse the whole batch for it.
    text = text.replace("\x00", "").strip()
    if not text:
        raise MessageRefused("the message is empty; type something")
    if not sender.strip():
        raise MessageRefused("you have no identity in this room; join with one")
    return Question(_usable(message_id), speaker=sender, text=text, asked_at=datetime.now(UTC))


def _usable(message_id: str) -> MessageId:
    if not 0 < len(message_id) <= MAX_QUESTION_ID_CHARS or not message_id.isprintable():
        raise MessageRefused(
            f"the message's stream id must be 1 to {MAX_QUESTION_ID_CHARS} printable characters; "
            "send it under another one"
        )
    if answered_question(message_id) is not None:
        raise MessageRefused("the message's stream id is one of an answer; send it under another")
    return MessageId(message_id)
