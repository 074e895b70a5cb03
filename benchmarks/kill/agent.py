"""The process under attack: a room's real agent, without LiveKit, talking to the harness by lines.

Where a worker would ask LiveKit whose room it is, this asks the harness.
"""

import asyncio
import faulthandler
import json
import logging
import os
import re
import signal
import sys
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livekit.agents import Agent, AgentSession
from livekit.agents.llm import ChatContext, ChatMessage
from pydantic import HttpUrl

from agent.backend_client import BackendClient, open_client
from agent.background_tasks import BackgroundTasks
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.resume import Resumed, resume
from agent.conversation.unanswered import find_unanswered
from agent.conversation.wiring import People, build_conversation
from agent.errors import OutboxError
from agent.messages.question import Outcome, Question
from agent.recall.query import Asker
from agent.room.turns.queue import TurnQueue
from agent.settings import AgentSettings
from longroom.client import BackendError, BackendUnavailable
from retrieval.wire import MessageId
from testbed.scripted_llm import ScriptedLLM

ASK_TIMEOUT_S = 2.0
RETRY_S = 0.2
QUESTION = re.compile(r"r\d+ \w+ \d+:[^\n]*")


@dataclass(frozen=True)
class Spec:
    name: str
    room: str
    socket: str
    backend_url: str
    data_dir: str


def run(spec: Spec) -> None:
    """In a process of its own; SIGUSR1 writes its stacks."""
    logging.basicConfig(level=logging.INFO)
    logging.getLogger().handlers[0].setFormatter(_WithExtra())
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    asyncio.run(_Agent(spec).run())


class _WithExtra(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        extra = {k: v for k, v in vars(record).items() if k not in _USUAL}
        return f"{os.getpid()} {record.created:.3f} {super().format(record)} {extra}"


_USUAL = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}


class _Agent:
    """Of one room, and all that it tells the harness: also the audience of its turns."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._tasks = BackgroundTasks()
        self._ended = asyncio.Event()
        self._whose: asyncio.Future[bool] | None = None
        self._asked = 0
        self._agent: ConversationAgent | None = None

    async def run(self) -> None:
        self._reader, self._writer = await asyncio.open_unix_connection(self._spec.socket)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._ended.set)
        self._tell("hello")
        self._queue = TurnQueue(self, self, max_waiting_per_speaker=50, max_waiting=200)
        self._opened = asyncio.Event()
        self._tasks.start(self._listen())
        settings = AgentSettings(
            backend_url=HttpUrl(self._spec.backend_url),
            data_dir=Path(self._spec.data_dir),
            outbox_retry_s=0.05,
            outbox_retry_max_s=0.5,
            drain_timeout_s=5,
            greeting="",
            farewell="",
        )
        async with aclosing(open_client(settings)) as client:
            await self._serve(client, settings)

    async def _serve(self, client: BackendClient, settings: AgentSettings) -> None:
        resumed = await self._resume(client, settings)
        unanswered = await find_unanswered(
            client, resumed, window=settings.rolling_window_messages, now=resumed.clock.now()
        )
        session: AgentSession[Any] = AgentSession(
            llm=ScriptedLLM(self._answer),
            vad=None,
            turn_handling={"turn_detection": "manual"},
            user_away_timeout=None,
        )
        people = People("agent", lambda _: Asker("user", "UTC"))
        agent = build_conversation(
            settings, client=client, resumed=unanswered.resumed, session=session, people=people
        )
        self._agent = agent
        await agent.start(Agent(instructions=settings.instructions), capture_run=True)
        agent.expect(unanswered)
        self._queue.resume(waiting=unanswered.waiting, ended=unanswered.ended)
        self._opened.set()
        self._tell("ready", epoch=resumed.epoch.number)
        await self._until_ended(resumed)
        await self._tasks.aclose()
        left = not await agent.close()
        self._tell("closed", left=left)
        self._writer.close()

    async def _until_ended(self, resumed: Resumed) -> None:
        turns = asyncio.create_task(self._queue.run())
        self._tasks.start(resumed.epoch.watch())
        waits = [asyncio.create_task(e.wait()) for e in (self._ended, resumed.epoch.ended)]
        await asyncio.wait([turns, *waits], return_when=asyncio.FIRST_COMPLETED)
        for task in (turns, *waits):
            task.cancel()
        await asyncio.wait([turns, *waits])

    async def _resume(self, client: BackendClient, settings: AgentSettings) -> Resumed:
        while True:
            try:
                return await resume(
                    client,
                    settings,
                    room=self._spec.room,
                    identity=self._spec.name,
                    session_id=self._spec.name,
                    has_room=self._has_room,
                )
            except (BackendError, OutboxError):  # a room waits for space on its disk, too
                await asyncio.sleep(RETRY_S)

    async def _has_room(self) -> bool:
        """An answer that comes too late is none to the next question."""
        self._asked += 1
        self._whose = asyncio.get_running_loop().create_future()
        self._tell("whose?", asked=self._asked)
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                return await self._whose
        except TimeoutError:
            raise BackendUnavailable("the harness does not say whose room it is") from None

    async def _listen(self) -> None:
        while line := await self._reader.readline():
            said = json.loads(line)
            if "has_room" not in said:
                self._tasks.start(self._take(said))
            elif said["asked"] == self._asked and self._whose and not self._whose.done():
                self._whose.set_result(said["has_room"])
        os._exit(1)  # the harness is gone

    async def _take(self, said: dict[str, str]) -> None:
        await self._opened.wait()
        await self._queue.add(
            Question(
                id=MessageId(said["id"]),
                speaker=said["speaker"],
                text=said["text"],
                asked_at=datetime.now(UTC),
            )
        )

    def _answer(self, chat_ctx: ChatContext) -> str:
        shown = [
            (item.role, item.text_content or "")
            for item in chat_ctx.items
            if isinstance(item, ChatMessage)
        ]
        self._tell("shown", prompt=shown)
        asked = QUESTION.findall(next(text for role, text in reversed(shown) if role == "user"))
        return f"{self._spec.name} answers {asked[-1] if asked else 'nothing'}"

    async def accept(self, question: Question) -> bool:
        assert self._agent is not None
        return await self._agent.accept(question)

    async def answer(self, question: Question) -> Outcome | None:
        assert self._agent is not None
        if not await self._agent.resumed.epoch.holds():
            return None
        trace = await self._agent.ask(question)
        return trace.outcome

    async def accepted(self, question_id: str, speaker: str) -> None:
        self._tell("accepted", id=question_id)

    async def answering(self, question_id: str, speaker: str) -> None:
        """Not told."""

    async def ended(self, question_id: str, speaker: str, outcome: Outcome) -> None:
        self._tell("ended", id=question_id, outcome=outcome)

    async def refused(self, question_id: str, speaker: str, reason: str) -> None:
        self._tell("refused", id=question_id, reason=reason)

    def _tell(self, kind: str, **what: Any) -> None:
        line = {"kind": kind, "name": self._spec.name, **what}
        self._writer.write(json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    run(Spec(**json.loads(sys.argv[1])))
