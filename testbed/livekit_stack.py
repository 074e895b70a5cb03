"""LiveKit, backend, language model and worker as real processes."""

import asyncio
import json
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from livekit import api

from agent.backend_client import BackendClient
from longroom.client import BackendUnavailable
from retrieval.database.connection import open_connection
from retrieval.private_logs import digest
from retrieval.wire import Message, MessageCreate, MessageId, MessagePage, Room
from testbed.language_model_server import LanguageModelServer, language_model_server
from testbed.livekit_server import API_KEY, API_SECRET, LiveKitServer
from testbed.program import Program
from testbed.room_user import RoomUser, join_token, until
from testbed.tcp_proxy import TcpProxy, tcp_proxy

WORKER = ("livekit.agents", "start", "agent/worker.py", "--log-format", "json")
REGISTERED = "registered worker"
TURN_RECORDS = """
select data from conversation_event
 where conversation_id = $1 and kind = 'metric' and data ? 'question_id'
 order by created_at
"""


@dataclass
class Stack:
    """`proxy` stands between the agents and the backend."""

    livekit: LiveKitServer
    rooms: api.LiveKitAPI
    model: LanguageModelServer
    proxy: TcpProxy
    backend_url: str
    backend: BackendClient
    worker: Program
    worker_env: dict[str, str]
    database_url: str
    directory: Path
    cleanup: AsyncExitStack

    async def open_room(
        self, *identities: str, name: str = "", conversation: str | None = None
    ) -> "OpenRoom":
        """Returns once the agent and the users are present; a new name if none is given."""
        name = name or f"room-{secrets.token_hex(4)}"
        # Created before the backend does: the rooms it creates outlive their participants by 20 s.
        await self.rooms.room.create_room(api.CreateRoomRequest(name=name, departure_timeout=1))
        room = await self.backend.create_room(name, conversation=conversation)
        users = [await self.join(name, identity) for identity in identities]
        for user in users:
            await user.agent_is_there()
        # Its log line may come later than the agent itself.
        await until(lambda: not users or agent_pids(self.worker, name))
        return OpenRoom(name, room, users)

    async def join(
        self,
        room: str,
        identity: str,
        *,
        metadata: str = "",
        attributes: Mapping[str, str] | None = None,
    ) -> RoomUser:
        """`attributes` are those of a token that lets nobody change their own."""
        user = RoomUser(identity)
        if attributes is None:
            user = await RoomUser.join(self.livekit.url, room, identity, metadata=metadata)
        else:
            token = join_token(identity, room, metadata=metadata, attributes=attributes)
            await user.connect_with(self.livekit.url, token)
        self.cleanup.push_async_callback(user.leave)
        return user

    async def close(self, room: "OpenRoom") -> None:
        for user in room.users:
            await user.leave()
        await self.rooms.room.delete_room(api.DeleteRoomRequest(room=room.name))

    async def messages(self, room: "OpenRoom", *, at_least: int) -> list[Message]:
        """The stored conversation, once it has `at_least` messages."""
        page = await self.stored(
            room.stored.conversation_id, once=lambda page: page.message_count >= at_least
        )
        return page.messages

    async def stored(
        self, conversation_id: UUID, *, once: Callable[[MessagePage], bool]
    ) -> MessagePage:
        """A conversation's newest messages, once they are as expected."""
        async with asyncio.timeout(60):
            while True:
                with suppress(BackendUnavailable):  # a busy machine's
                    page = await self.backend.get_recent_messages(conversation_id, limit=200)
                    if once(page):
                        return page
                await asyncio.sleep(0.05)

    async def turn_records(
        self, conversation_id: UUID, *, at_least: int
    ) -> dict[str, dict[str, Any]]:
        """The metric event of each turn by question id, once there are `at_least` turns."""
        connection = await open_connection(self.database_url)
        try:
            async with asyncio.timeout(60):
                while True:
                    rows = await connection.fetch(TURN_RECORDS, conversation_id)
                    if len(rows) >= at_least:
                        records = [json.loads(row["data"]) for row in rows]
                        return {record["question_id"]: record for record in records}
                    await asyncio.sleep(0.05)
        finally:
            await connection.close()

    async def remember(self, conversation_id: UUID, fact: str, *, later: int) -> None:
        """Store a fact dated a month ago, then `later` messages of small talk."""
        start = datetime.now(UTC) - timedelta(days=30)
        chatter = (f"Chatter number {n} about the weather and lunch." for n in range(later))
        messages = [
            MessageCreate(
                id=MessageId(f"past-{n}"),
                role="user",
                participant="alice",
                content=text,
                created_at=start + timedelta(minutes=n),
            )
            for n, text in enumerate([fact, *chatter])
        ]
        for first in range(0, len(messages), 500):
            await self.backend.append_messages(conversation_id, messages[first : first + 500])

    def another_worker(
        self,
        name: str,
        env: Mapping[str, str],
        *,
        arguments: Sequence[str] = WORKER,
        forked: bool = True,
    ) -> Program:
        """Not started yet; `env` overrides settings of the first one."""
        log = self.directory / f"{name}.log"
        worker = Program(arguments, env={**self.worker_env, **env}, log=log, forked=forked)
        self.cleanup.callback(worker.kill)
        return worker

    async def join_with(self, agent_name: str, *, metadata: str = "") -> tuple[str, RoomUser]:
        """Alice with an agent of that name, in a room that the backend has not opened."""
        room = f"room-{secrets.token_hex(4)}"
        await self.rooms.room.create_room(
            api.CreateRoomRequest(name=room, departure_timeout=1, metadata=metadata)
        )
        alice = await self.join(room, "alice")
        await self.dispatch(room, agent_name)
        await alice.agent_is_there()
        return room, alice

    async def dispatch(self, room: str, agent_name: str, *, metadata: str = "") -> None:
        request = api.CreateAgentDispatchRequest(
            agent_name=agent_name, room=room, metadata=metadata
        )
        await self.rooms.agent_dispatch.create_dispatch(request)

    async def agents(self, room: str) -> list[str]:
        """Identities of a room's agents, from the server: clients learn of them later."""
        found = await self.rooms.room.list_participants(api.ListParticipantsRequest(room=room))
        agents = [p for p in found.participants if p.kind == api.ParticipantInfo.AGENT]
        return [agent.identity for agent in agents]


@dataclass
class OpenRoom:
    """`stored` is the backend's answer to its creation."""

    name: str
    stored: Room
    users: list[RoomUser]


def agent_pids(worker: Program, room: str) -> list[int]:
    """Job processes that have served a room, oldest first, from the worker's log."""
    written = worker.output.rpartition("\n")[0]  # whole lines
    lines = [json.loads(line) for line in written.splitlines() if '"agent ready"' in line]
    return [int(line["pid"]) for line in lines if line.get("room") == digest(room)]


def kill_agent(worker: Program, room: str) -> int:
    """SIGKILL the process that serves a room now; returns its pid."""
    pid = agent_pids(worker, room)[-1]
    os.kill(pid, signal.SIGKILL)
    return pid


@asynccontextmanager
async def running_stack(
    livekit: LiveKitServer,
    *,
    database_url: str,
    directory: Path,
    worker_env: Mapping[str, str] | None = None,
) -> AsyncIterator[Stack]:
    """`worker_env` adds to the worker's settings."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(language_model_server())
        backend = Program(
            ["backend_stub", "--port", "0"],
            env={**livekit.environment, "DATABASE_URL": database_url},
            log=directory / "backend.log",
        )
        stack.callback(backend.kill)
        backend_url = backend.start(until="ready http").split()[-1]
        proxy = await stack.enter_async_context(tcp_proxy(backend_url))
        client = BackendClient(backend_url, timeout_s=10)
        stack.push_async_callback(client.aclose)
        rooms = await stack.enter_async_context(
            api.LiveKitAPI(livekit.http_url, API_KEY, API_SECRET)
        )
        env = worker_environment(livekit, backend_url=proxy.url, model_url=model.url)
        env = {**env, "LONGROOM_DATA_DIR": str(directory / "agent"), **(worker_env or {})}
        worker = Program(WORKER, env=env, log=directory / "worker.log")
        stack.callback(worker.kill)
        worker.start(until=REGISTERED)
        yield Stack(
            livekit,
            rooms,
            model,
            proxy,
            backend_url,
            client,
            worker,
            env,
            database_url,
            directory,
            stack,
        )


def worker_environment(
    livekit: LiveKitServer, *, backend_url: str, model_url: str
) -> dict[str, str]:
    """Settings of a worker that ends quickly."""
    return {
        **livekit.environment,
        "BACKEND_URL": backend_url,
        "LLM_BASE_URL": model_url,
        "LLM_MODEL": "scripted",
        "OPENAI_API_KEY": "none",
        "AGENT_HEALTH_PORT": "0",
        "AGENT_SHUTDOWN_GRACE_S": "20",
        "AGENT_IDLE_PROCESSES": "1",
        # Generous: on a busy machine the recall must not time out.
        "AGENT_RECALL_TIMEOUT_S": "5",
        "AGENT_SEARCH_TIMEOUT_S": "5",
        "AGENT_GREETING": os.environ.get("AGENT_GREETING", ""),
        "AGENT_FAREWELL": "",
        "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE": "0",
    }
