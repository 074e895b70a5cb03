"""One `longroom run`: LiveKit server, backend and agent, and a browser in front of them."""

import os
import signal
import sys
import time
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from agent.settings import AgentSettings
from longroom import demo_room
from longroom.backend_process import running_backend
from longroom.backend_session import with_running_backend
from longroom.demo_room.opening import open_demo_room
from longroom.errors import CommandFailed, ConfigurationError, clear_errors
from longroom.local_room.child_process import ChildProcess, child_process
from longroom.local_room.livekit_server import free_port, livekit_server
from longroom.log_file import log_file

PREFERRED_PORT = 8000
WORKER_START_S = 120.0
WORKER_GRACE_S = 20.0
REGISTERED = "registered worker"
LOOK_S = 0.3


@dataclass(frozen=True)
class LocalRoom:
    room: str
    port: int | None
    open_browser: bool
    service_key: str | None
    data_dir: Path

    def run(self) -> None:
        """Until Ctrl-C, SIGTERM or SIGHUP. Raises CommandError."""
        self._check()
        with clear_errors(), _ended_by_signals(), ExitStack() as stack:
            livekit = stack.enter_context(livekit_server(self.data_dir))
            port = self.port or free_port(preferred=PREFERRED_PORT)
            url = stack.enter_context(
                running_backend(
                    None, data_dir=self.data_dir, say=_say, port=port, env=livekit.environment
                )
            )
            self._open_demo(url)
            _say("starting the agent …")
            worker = stack.enter_context(self._worker(url, dict(livekit.environment)))
            self._introduce(url)
            _watch([worker, *([livekit.process] if livekit.process else [])])

    def _check(self) -> None:
        """Before anything starts. Raises CommandError."""
        with clear_errors():
            AgentSettings()  # the agent reads them again
        if self.port and free_port(preferred=self.port) != self.port:
            raise ConfigurationError(
                f"--port {self.port} is in use; name another, or leave it out for a free one"
            )

    @contextmanager
    def _worker(self, backend_url: str, environment: dict[str, str]) -> Iterator[ChildProcess]:
        defaults = {"AGENT_HEALTH_PORT": "0", "AGENT_SHUTDOWN_GRACE_S": "2"}
        unset = {name: value for name, value in defaults.items() if name not in os.environ}
        given = {
            "BACKEND_URL": backend_url,
            "LONGROOM_DATA_DIR": str(self.data_dir.resolve()),
            **({"BACKEND_SERVICE_KEY": self.service_key} if self.service_key else {}),
        }
        with child_process(
            "agent",
            [sys.executable, "-P", "-m", "longroom", "worker"],
            env=unset | environment | given,
            log=log_file(self.data_dir, "worker.log"),
            ready=REGISTERED,
            start_s=WORKER_START_S,
            grace_s=WORKER_GRACE_S,
        ) as process:
            yield process

    def _open_demo(self, url: str) -> None:
        if self.room == demo_room.ROOM:
            with_running_backend(
                lambda client: open_demo_room(client, room=self.room, say=_say),
                url=url,
                service_key=self.service_key,
            )

    def _introduce(self, url: str) -> None:
        link = self._link(url)
        _say(f"room:      {link}")
        _say(f"inspector: {url}/inspect")
        _say(f"logs:      {self.data_dir / 'logs'}")
        _say("Ctrl-C ends it; the conversation is kept.")
        if self.open_browser and not webbrowser.open(link):
            _say("No browser could be opened here: open the room's address in one.")

    def _link(self, url: str) -> str:
        if not self.service_key:
            return f"{url}/room/{quote(self.room, safe='')}"
        invitation = with_running_backend(
            lambda client: client.invite(self.room), url=url, service_key=self.service_key
        )
        return invitation.link


def _watch(children: Sequence[ChildProcess]) -> None:
    """Until one of them ends, which is an error, or a signal ends the block."""
    while True:
        for child in children:
            if child.has_ended:
                raise CommandFailed(f"the {child.name} has ended; its log is {child.log}")
        time.sleep(LOOK_S)


class _Ended(BaseException):
    """By a signal. No Exception: nobody on the way may take it for an error."""


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """The first one ends the block; further ones do not hurry the programs that are ending."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(number: int, frame: FrameType | None) -> None:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        raise _Ended

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    except _Ended:
        _say("ended; the conversation is kept")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
