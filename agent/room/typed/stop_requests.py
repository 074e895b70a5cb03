"""Requests not to go on with an answer: a text on `longroom.stop`, the question's id.

Whoever asked may stop it, whether it is being answered or still waits. What was said of the answer
is kept, as interrupted, and the status says `interrupted`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from livekit import rtc

from agent.background_tasks import BackgroundTasks
from agent.messages.question import MAX_QUESTION_ID_CHARS, Question
from agent.room.typed.text_input import MessageRefused, TextStream

TOPIC = "longroom.stop"
READ_WITHIN_S = 10.0
REMEMBERED = 200


class StopRequests:
    """`stop` is told of each; later questions of that id and speaker count as stopped."""

    def __init__(self, stop: Callable[[str, str], None]) -> None:
        self._stop = stop
        self._asked: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._tasks = BackgroundTasks()

    def listen(self, room: rtc.Room) -> None:
        """Call before connecting."""
        room.register_text_stream_handler(TOPIC, self._arrived)

    async def aclose(self) -> None:
        await self._tasks.aclose()

    def take(self, question: Question) -> bool:
        """Whether this question is to be stopped; a second call says no."""
        key = (question.id, question.speaker)
        stopped = key in self._asked
        self._asked.pop(key, None)
        return stopped

    def _arrived(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._tasks.start(self._read(TextStream(reader), sender))

    async def _read(self, text: TextStream, sender: str) -> None:
        with suppress(MessageRefused, TimeoutError):
            async with asyncio.timeout(READ_WITHIN_S):
                question_id = (await text.read(max_chars=MAX_QUESTION_ID_CHARS)).strip()
            self._asked[question_id, sender] = None
            if len(self._asked) > REMEMBERED:
                self._asked.popitem(last=False)
            self._stop(question_id, sender)
        text.close()
