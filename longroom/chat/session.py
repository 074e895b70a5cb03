"""One `longroom chat`: the backend, the room, the agent, and the terminal in front of them."""

import asyncio
import getpass
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prompt_toolkit.application import run_in_terminal
from pydantic import HttpUrl, SecretStr

from agent.background_tasks import BackgroundTasks
from agent.chat import open_chat
from agent.settings import AgentSettings
from longroom import demo_room
from longroom.backend_process import running_backend
from longroom.chat.input_lines import has_prompt, piped_lines, prompted_lines
from longroom.chat.logs import CHAT_LOG, configure_chat_logs
from longroom.chat.loop import ChatLoop
from longroom.chat.signals import ending_signals
from longroom.chat.terminal import Terminal
from longroom.client import DEFAULT_URL, LongroomClient
from longroom.conversation_name import ConversationName
from longroom.demo_room.opening import open_demo_room
from longroom.errors import clear_errors

IMPORT_TIMEOUT_S = 60.0
# At a keyboard an answer without memory is worse than a second's pause; a voice cannot wait.
PATIENT_RECALL_S = 2.0
ASKED_ALONE = 3
POLL_OTHERS_S = 2.0


@dataclass(frozen=True)
class ChatSession:
    name: ConversationName
    identity: str | None
    backend: str | None
    service_key: str | None
    data_dir: Path

    def run(self) -> None:
        """Talk until the lines end; messages are delivered or kept on disk. Raises CommandError."""
        terminal = Terminal()
        with clear_errors():
            self._settings(self.backend or DEFAULT_URL)  # mistakes are told before a backend starts
            with running_backend(self.backend, data_dir=self.data_dir, say=terminal.note) as url:
                exit_code = asyncio.run(self._run(url, terminal))
        if exit_code:
            sys.exit(exit_code)

    async def _run(self, url: str, terminal: Terminal) -> int:
        loop = asyncio.get_running_loop()

        def tell(text: str) -> None:
            # From any thread, and above the prompt.
            loop.call_soon_threadsafe(run_in_terminal, partial(terminal.complain, text))

        configure_chat_logs(self.data_dir, tell=tell)
        terminal.note(f"log: {self.data_dir / 'logs' / CHAT_LOG}")
        with ending_signals() as ending:
            await self._chat(self._settings(url), terminal)
        return ending.exit_code

    async def _chat(self, settings: AgentSettings, terminal: Terminal) -> None:
        if self._is_demo and await self._open_demo(str(settings.backend_url), terminal):
            # The room is old, but nobody was here before: it greets, and does not welcome back.
            settings = settings.model_copy(update={"welcome_back": settings.greeting})
        name = self.name
        async with open_chat(settings, room=name.room, key=name.key, identity=self._who) as chat:
            _introduce(terminal, name=name, suggested=self._suggested, settings=settings)
            if chat.opening:
                terminal.say(chat.opening)
            at_terminal = has_prompt()
            if at_terminal:
                if self._suggested:
                    terminal.quiet("A number asks. /help says what else there is; exit leaves.")
                terminal.note(f"what it recalls, and why: {settings.backend_url}inspect")
            loop = ChatLoop(
                chat,
                terminal,
                identity=self._who,
                prompt=at_terminal,
                suggested=self._suggested if at_terminal else (),
            )
            if at_terminal:
                await self._at_terminal(loop, chat.typed_lines())
            else:
                await loop.run(piped_lines(otherwise=self._suggested[:ASKED_ALONE]))

    async def _at_terminal(self, loop: ChatLoop, history: Path) -> None:
        tasks = BackgroundTasks()
        tasks.start(loop.show_others(every_s=POLL_OTHERS_S))
        try:
            with prompted_lines(f"{self._who}> ", history=history) as lines:
                await loop.run(lines)
        finally:
            await tasks.aclose()

    def _settings(self, url: str) -> AgentSettings:
        given: dict[str, Any] = {"backend_url": HttpUrl(url), "data_dir": self.data_dir}
        if self.service_key:
            given["backend_service_key"] = SecretStr(self.service_key)
        settings = AgentSettings(**given)
        if "recall_timeout_s" in settings.model_fields_set:
            return settings
        return settings.model_copy(update={"recall_timeout_s": PATIENT_RECALL_S})

    @property
    def _is_demo(self) -> bool:
        return self.name.room == demo_room.ROOM

    @property
    def _suggested(self) -> Sequence[str]:
        return demo_room.QUESTIONS if self._is_demo else ()

    @property
    def _who(self) -> str:
        try:
            return self.identity or getpass.getuser()
        except (KeyError, OSError):  # a container's user may have no name
            return "guest"

    async def _open_demo(self, url: str, terminal: Terminal) -> bool:
        """Whether this is its first start."""
        client = LongroomClient(url, key=self.service_key, timeout_s=IMPORT_TIMEOUT_S)
        async with aclosing(client):
            return await open_demo_room(client, room=demo_room.ROOM, say=terminal.note)


def _has_language_model(settings: AgentSettings) -> bool:
    return settings.openai_api_key is not None or settings.llm_base_url is not None


def _introduce(
    terminal: Terminal,
    *,
    name: ConversationName,
    suggested: Sequence[str],
    settings: AgentSettings,
) -> None:
    if not _has_language_model(settings):
        terminal.quiet(
            "No language model is configured (OPENAI_API_KEY or LLM_BASE_URL): the agent answers"
            " with quotations from the conversation."
        )
    if suggested:
        terminal.say(demo_room.ABOUT)
        terminal.questions(suggested)
    else:
        where = f"Room {name.room}" if name.key is None else f"Conversation {name.key}"
        terminal.say(f"{where}. /help says what else there is; /quit leaves.")
