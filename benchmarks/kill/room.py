"""A room that talks: its people, its present agent and those it has replaced."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.kill.agent import Spec
from benchmarks.kill.agent_process import AgentProcess, start_agent
from benchmarks.kill.ledger import Ledger
from benchmarks.kill.services import Services
from testbed.tcp_proxy import TcpProxy

SPEAKERS = ("ada", "ben")
SUBJECTS = ("lamp", "parcel", "invoice", "garden", "ladder", "key", "ferry", "violin")
MACHINES = 2
RESEND_S = 1.5
ALIVE_AGAIN_S = 180.0
"""On a crowded machine an interpreter of its own, for another clock, has taken 85 s to start."""
GONE_S = 90.0


@dataclass
class _Counts:
    answered: int = 0
    refused: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Room:
    """`agent` is the present one: people's messages go to it, and it is told that it has the room.

    Each machine has a data folder and a connection to the backend of its own.
    """

    def __init__(self, number: int, *, services: Services, random: Random, logs: Path) -> None:
        self.name = f"room {number}"
        self.ledger = Ledger(number)
        self.random = random
        self.services = services
        self.stuck: list[str] = []
        self.proxies: list[TcpProxy] = []
        self._logs = logs
        self._socket = logs / f"{number}.socket"
        self._links: dict[str, asyncio.StreamWriter] = {}
        self._accepted: dict[str, asyncio.Event] = {}
        self._counts = _Counts()
        self._started = 0
        self._quiet = False
        self._talking: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        self.proxies = [await self.services.proxy() for _ in range(MACHINES)]
        self._server = await asyncio.start_unix_server(self._connected, self._socket, limit=2**22)
        self.agent = self.start_agent()
        self._talking = [asyncio.create_task(self._talk(speaker)) for speaker in SPEAKERS]
        await self.answers_again("the first agent")

    def data_dir(self, machine: int) -> Path:
        return self.services.disk / str(self.ledger.room) / str(machine)

    def start_agent(self, *, clock_shift_h: float = 0.0) -> AgentProcess:
        """It has the room from now on, on a machine drawn at random."""
        machine = self.random.randrange(MACHINES)
        self._started += 1
        spec = Spec(
            name=f"agent-{self.ledger.room}-{self._started}",
            room=self.name,
            socket=str(self._socket),
            backend_url=self.proxies[machine].url,
            data_dir=str(self.data_dir(machine)),
        )
        self.agent = start_agent(
            spec,
            machine=machine,
            log=self._logs / f"{self.ledger.room}.log",
            clock_shift_h=clock_shift_h,
        )
        return self.agent

    async def answers_again(self, after: str) -> None:
        """Returns when a question has been answered since the call."""
        wanted = self._counts.answered + 1
        try:
            async with asyncio.timeout(ALIVE_AGAIN_S):
                while self._counts.answered < wanted:
                    self._counts.changed.clear()
                    await self._counts.changed.wait()
        except TimeoutError:
            self.stuck.append(f"{self.name} after {after}")
            self.agent.send(signal.SIGUSR1)
            self.agent.send(signal.SIGKILL)
            self.start_agent()

    async def gone(self, agent: AgentProcess, after: str) -> None:
        """Returns when the process has ended, which it must do by itself."""
        try:
            async with asyncio.timeout(GONE_S):
                while not agent.ended():  # noqa: ASYNC110  # a process has no event to wait for
                    await asyncio.sleep(0.02)
        except TimeoutError:
            self.stuck.append(f"{agent.spec.name} after {after}")
            agent.send(signal.SIGUSR1)
            await asyncio.sleep(0.5)
            agent.send(signal.SIGKILL)

    async def close(self) -> None:
        """People fall silent, the last agent hands in what it has and leaves."""
        self._quiet = True
        await asyncio.gather(*self._talking)
        self.agent.send(signal.SIGTERM)
        await self.gone(self.agent, "the end")
        self._server.close()

    async def _talk(self, speaker: str) -> None:
        number = 0
        while not self._quiet:
            number += 1
            text = (
                f"r{self.ledger.room} {speaker} {number}: {self.random.choice(SUBJECTS)}, please?"
            )
            await self._say(f"r{self.ledger.room}.{speaker}.{number}", speaker, text)
            await asyncio.sleep(self.random.uniform(0.05, 0.7))

    async def _say(self, message_id: str, speaker: str, text: str) -> None:
        """Repeats it under its id until an agent has accepted it, as a person's client would."""
        self.ledger.sent[message_id] = text
        accepted = self._accepted[message_id] = asyncio.Event()
        while not accepted.is_set():
            self._send(self.agent.spec.name, id=message_id, speaker=speaker, text=text)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESEND_S):
                    await accepted.wait()

    def _send(self, name: str, **said: Any) -> None:
        link = self._links.get(name)
        if link is not None and not link.is_closing():
            link.write(json.dumps(said).encode() + b"\n")

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                if line.endswith(b"\n"):  # a killed agent leaves half a line
                    self._hear(json.loads(line), writer)
        writer.close()

    def _hear(self, said: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        match said["kind"]:
            case "hello":
                self._links[said["name"]] = writer
            case "whose?":
                has_room = said["name"] == self.agent.spec.name
                self._send(said["name"], asked=said["asked"], has_room=has_room)
            case "accepted":
                self.ledger.accepted.add(said["id"])
                self._accepted[said["id"]].set()
            case "ended":
                self._accepted[said["id"]].set()  # another question is next, however this one ended
                if said["outcome"] == "answered":
                    self._answered(said["id"])
            case "shown":
                self.ledger.show([(role, text) for role, text in said["prompt"]])
            case "closed" if said["left"]:
                self.ledger.left_for_the_next += 1

    def _answered(self, question_id: str) -> None:
        # While the disk refuses, an answer may be in memory only, and nobody was promised more.
        if not self.services.disk_is_full:
            self.ledger.answered.add(question_id)
        self._counts.answered += 1
        self._counts.changed.set()


def stuck_of(rooms: Sequence[Room]) -> list[str]:
    return [what for room in rooms for what in room.stuck]
