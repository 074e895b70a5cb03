"""One `longroom chat`: the backend, the room, the agent, and the terminal in front of them."""

import getpass
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from anyio.from_thread import start_blocking_portal
from pydantic import HttpUrl, SecretStr

from agent.backend_client import BackendClient
from agent.chat import Chat, open_chat
from agent.settings import AgentSettings
from longroom import demo_room
from longroom.backend_process import running_backend
from longroom.chat.input_lines import PipedLines, TerminalLines
from longroom.chat.logs import configure_chat_logs
from longroom.chat.loop import ChatLoop
from longroom.chat.portal_talker import PortalTalker
from longroom.chat.terminal import Terminal
from longroom.demo_room.opening import open_demo_room
from longroom.errors import clear_errors

IMPORT_TIMEOUT_S = 60.0
# Nobody's voice is waiting: at a keyboard an answer without memory is worse than a second's pause.
PATIENT_RECALL_S = 2.0
ASKED_ALONE = 3
ENDING_SIGNALS = frozenset({signal.SIGTERM, signal.SIGHUP})


@dataclass(frozen=True)
class ChatSession:
    """Everything that the command line said."""

    room: str
    identity: str | None
    backend: str | None
    service_key: str | None
    data_dir: Path

    def run(self) -> None:
        """Talk until the lines end. Raises CommandError; whatever was said is kept either way."""
        terminal = Terminal()
        with (
            _terminated_like_quit(),
            clear_errors(),
            running_backend(self.backend, data_dir=self.data_dir, say=terminal.note) as url,
            start_blocking_portal() as portal,
        ):
            configure_chat_logs(self.data_dir, tell=terminal.complain)
            settings = self._settings(url)
            if _has_language_model(settings):
                # LiveKit insists on the main thread for the first import of a plugin.
                importlib.import_module("livekit.plugins.openai")
            if self._is_demo:
                portal.call(self._open_demo, url, terminal)
            opened = open_chat(settings, room=self.room, identity=self._who)
            with portal.wrap_async_context_manager(opened) as chat:
                self._talk(chat, PortalTalker(portal, chat), terminal, settings)

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
        return self.room == demo_room.ROOM

    @property
    def _who(self) -> str:
        try:
            return self.identity or getpass.getuser()
        except (KeyError, OSError):  # a container's user may have no name
            return "guest"

    async def _open_demo(self, url: str, terminal: Terminal) -> None:
        client = BackendClient(url, service_key=self.service_key, timeout_s=IMPORT_TIMEOUT_S)
        try:
            await open_demo_room(client, room=self.room, say=terminal.note)
        finally:
            await client.aclose()

    def _talk(
        self, chat: Chat, talker: PortalTalker, terminal: Terminal, settings: AgentSettings
    ) -> None:
        at_terminal = sys.stdin.isatty()
        suggested = demo_room.QUESTIONS if self._is_demo else ()
        talk = ChatLoop(
            talker,
            terminal,
            identity=self._who,
            echo=not at_terminal,
            suggested=suggested if at_terminal else (),
        )
        _introduce(terminal, room=self.room, suggested=suggested, settings=settings)
        if chat.opening:
            terminal.say(chat.opening)
        if at_terminal:
            history = self.data_dir / "chat_history"
            talk.run(TerminalLines(f"{self._who}> ", history=history))
            return
        piped = PipedLines()
        talk.run(piped)
        if piped.none:
            talk.run(suggested[:ASKED_ALONE])


def _has_language_model(settings: AgentSettings) -> bool:
    return settings.openai_api_key is not None or settings.llm_base_url is not None


def _introduce(
    terminal: Terminal, *, room: str, suggested: Sequence[str], settings: AgentSettings
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
        terminal.say(f"Room {room}. /help says what else there is.")


@contextmanager
def _terminated_like_quit() -> Iterator[None]:
    """SIGTERM and a closed terminal end the chat in order, with everything delivered."""
    leaving = threading.Event()

    def leave(number: int, _: FrameType | None) -> None:
        if not leaving.is_set():
            leaving.set()
            sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in ENDING_SIGNALS}
    arrived, arrives = os.pipe()
    os.set_blocking(arrives, False)
    fd_before = signal.set_wakeup_fd(arrives, warn_on_full_buffer=False)
    threading.Thread(
        target=_insist, args=(arrived, threading.get_ident(), leaving), daemon=True
    ).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(fd_before)
        os.close(arrives)
        for number, handler in before.items():
            signal.signal(number, handler)


def _insist(arrived: int, main_thread: int, leaving: threading.Event) -> None:
    """Send a signal again until it is heeded: readline misses one just before it waits."""
    while numbers := os.read(arrived, 64):
        for number in ENDING_SIGNALS.intersection(numbers):
            while not leaving.wait(0.2):
                signal.pthread_kill(main_thread, number)
    os.close(arrived)
