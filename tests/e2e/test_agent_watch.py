"""The backend brings agents to rooms whose dispatch was lost or whose whole worker has died."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import pytest
import pytest_asyncio
from livekit import api

from agent.backend_client import BackendClient
from backend_stub.livekit.dispatches import FIRST_PATIENCE
from testbed.backend_process import BackendProcess
from testbed.livekit_server import API_KEY, API_SECRET
from testbed.livekit_stack import REGISTERED, Stack
from testbed.postgres import Server, create_database, drop_database
from testbed.program import Program
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Watched:
    """Two backends on one database, for an agent name of their own."""

    stack: Stack
    backend: BackendClient
    agent_name: str
    environment: dict[str, str]
    logs: list[BackendProcess]

    def worker(self, name: str) -> Program:
        env = {"LIVEKIT_AGENT_NAME": self.agent_name, "LLM_BASE_URL": self.stack.model.url}
        data = str(self.stack.directory / f"{self.agent_name}-{name}")
        env |= {"BACKEND_URL": self.environment["BACKEND_URL"], "LONGROOM_DATA_DIR": data}
        return self.stack.another_worker(f"{self.agent_name}-{name}", env)

    async def join(self, room: str, identity: str) -> RoomUser:
        return await self.stack.join(room, identity)

    async def dispatches(self, room: str) -> list[api.AgentDispatch]:
        found = await self.stack.rooms.agent_dispatch.list_dispatch(room)
        return [dispatch for dispatch in found if dispatch.agent_name == self.agent_name]


def replaced(person: RoomUser, ghost: str) -> bool:
    return bool(person.agents) and ghost not in person.agents


@pytest_asyncio.fixture(loop_scope="session")
async def watched(stack: Stack, postgres: Server) -> AsyncIterator[Watched]:
    database = await create_database(postgres)
    agent_name = f"watched-{secrets.token_hex(4)}"
    env = {
        "DATABASE_URL": postgres.database_url(database),
        "LIVEKIT_URL": stack.livekit.url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
        "LIVEKIT_AGENT_NAME": agent_name,
        "BACKEND_EMBEDDING_WORKER": "false",
    }
    with ExitStack() as processes:
        backends = [processes.enter_context(BackendProcess(env)) for _ in range(2)]
        urls = [backend.url() for backend in backends]
        client = BackendClient(urls[0], timeout_s=10)
        yield Watched(stack, client, agent_name, env | {"BACKEND_URL": urls[1]}, backends)
        await client.aclose()
        for backend in backends:
            assert backend.stop() == 0
            assert "Traceback" not in backend.log()
    await drop_database(postgres.url, database)


async def test_a_dispatch_lost_before_there_was_a_worker_is_repeated_when_one_comes(
    watched: Watched,
) -> None:
    room = f"room-{secrets.token_hex(4)}"
    assert (await watched.backend.create_room(room)).dispatched
    alice = await watched.join(room, "alice")
    async with asyncio.timeout(30):
        # Nobody took it: the backend has tried again, and goes on less and less often.
        while len(await watched.dispatches(room)) < 2:  # noqa: ASYNC110  # LiveKit is polled
            await asyncio.sleep(0.2)
    worker = watched.worker("late")
    await asyncio.to_thread(worker.start, until=REGISTERED)
    await alice.agent_is_there(timeout_s=15)
    assert (await alice.ask("Is somebody there now?")).outcome == "answered"
    assert len(await watched.stack.agents(room)) == 1
    # Both backends watch and one of them acts: two would have dispatched twice at once. Only the
    # worker's coming is not waited for.
    sent = await watched.dispatches(room)
    moments = sorted(dispatch.state.created_at / 1e9 for dispatch in sent)
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert all(wait > FIRST_PATIENCE.total_seconds() - 0.5 for wait in waits[:-1])
    # A served room is left alone, also when it is asked for again.
    assert (await watched.backend.create_room(room)).dispatched
    assert len(await watched.dispatches(room)) == len(sent)
    await alice.leave()
    worker.kill()


async def test_when_a_whole_worker_is_killed_its_rooms_get_agents_of_another(
    watched: Watched,
) -> None:
    first, second = watched.worker("first"), watched.worker("second")
    await asyncio.to_thread(first.start, until=REGISTERED)
    rooms = [f"room-{secrets.token_hex(4)}" for _ in range(3)]
    people = []
    for room in rooms:
        await watched.backend.create_room(room)
        people.append(await watched.join(room, "alice"))
        await people[-1].agent_is_there()
        assert (await people[-1].ask("My badge number is 31337.")).outcome == "answered"
    bob = await watched.join(rooms[0], "bob")
    stale = [person.agents[0] for person in people]
    await asyncio.to_thread(second.start, until=REGISTERED)
    first.kill()  # and its job processes with it
    for person, ghost in zip(people, stale, strict=True):
        # Long before LiveKit would notice: after 21 s, and then dispatch nobody.
        await until(partial(replaced, person, ghost), timeout_s=15)
        await person.agent_is_there()
    assert (await bob.ask("What is the badge number?")).outcome == "answered"
    assert "31337" in watched.stack.model.prompt_of("What is the badge number?").text
    for room, person in zip(rooms, people, strict=True):
        assert len(await watched.stack.agents(room)) == 1
        await person.leave()
    await bob.leave()
    second.kill()
