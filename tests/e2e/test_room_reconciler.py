"""The backend brings agents to rooms whose dispatch was lost or whose whole worker has died."""

import asyncio
import json
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
from testbed.livekit_stack import REGISTERED, Stack, agent_pids, kill_agent
from testbed.postgres import Server, create_database, drop_database
from testbed.program import Program
from testbed.room_user import RoomUser, join_token, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class TwoBackends:
    """Two backends on one database and an agent name that no other test uses."""

    stack: Stack
    client: BackendClient
    agent_name: str
    environment: dict[str, str]

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

    async def join_elsewhere(self, room: str, job: str) -> RoomUser:
        """Alice by a token of another program, which names the agent: we learn of it by LiveKit."""
        alice = RoomUser("alice")
        dispatch = api.RoomAgentDispatch(agent_name=self.agent_name, metadata=job)
        token = join_token("alice", room, attributes={}, dispatch=dispatch)
        await alice.connect_with(self.stack.livekit.url, token)
        self.stack.cleanup.push_async_callback(alice.leave)
        return alice


def replaced(person: RoomUser, stale: str) -> bool:
    return bool(person.agents) and stale not in person.agents


@pytest_asyncio.fixture(loop_scope="session")
async def backends(stack: Stack, postgres: Server) -> AsyncIterator[TwoBackends]:
    database = await create_database(postgres)
    agent_name = f"reconciled-{secrets.token_hex(4)}"
    env = {
        "DATABASE_URL": postgres.database_url(database),
        "LIVEKIT_URL": stack.livekit.url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
        "LIVEKIT_AGENT_NAME": agent_name,
        "BACKEND_EMBEDDING_WORKER": "false",
    }
    with ExitStack() as processes:
        started = [processes.enter_context(BackendProcess(env, forked=True)) for _ in range(2)]
        urls = [backend.url() for backend in started]
        client = BackendClient(urls[0], timeout_s=10)
        yield TwoBackends(stack, client, agent_name, env | {"BACKEND_URL": urls[1]})
        await client.aclose()
        for backend in started:
            assert backend.stop() == 0
            assert "Traceback" not in backend.log()
    await drop_database(postgres.url, database)


async def test_a_dispatch_lost_before_there_was_a_worker_is_repeated_when_one_comes(
    backends: TwoBackends,
) -> None:
    room = f"room-{secrets.token_hex(4)}"
    assert (await backends.client.create_room(room)).dispatched
    alice = await backends.join(room, "alice")
    async with asyncio.timeout(90):
        # No worker took it: the backend dispatches again, less and less often.
        while len(await backends.dispatches(room)) < 2:  # noqa: ASYNC110  # LiveKit is polled
            await asyncio.sleep(0.2)
    worker = backends.worker("late")
    await asyncio.to_thread(worker.start, until=REGISTERED)
    await alice.agent_is_there(timeout_s=60)
    assert (await alice.ask("Is somebody there now?")).outcome == "answered"
    assert len(await backends.stack.agents(room)) == 1
    # Two backends run and one of them acts: both acting would dispatch twice at once. Only the
    # worker's arrival cuts the last wait short.
    sent = await backends.dispatches(room)
    moments = sorted(dispatch.state.created_at / 1e9 for dispatch in sent)
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert all(wait > FIRST_PATIENCE.total_seconds() - 0.5 for wait in waits[:-1])
    # A served room is left alone, also when it is asked for again.
    assert (await backends.client.create_room(room)).dispatched
    assert len(await backends.dispatches(room)) == len(sent)
    await alice.leave()
    worker.kill()


async def test_when_a_whole_worker_is_killed_its_rooms_get_agents_of_another(
    backends: TwoBackends,
) -> None:
    first, second = backends.worker("first"), backends.worker("second")
    await asyncio.to_thread(first.start, until=REGISTERED)
    rooms = [f"room-{secrets.token_hex(4)}" for _ in range(3)]
    people = []
    for room in rooms:
        await backends.client.create_room(room)
        people.append(await backends.join(room, "alice"))
        await people[-1].agent_is_there()
        assert (await people[-1].ask("My badge number is 31337.")).outcome == "answered"
    bob = await backends.join(rooms[0], "bob")
    stale_agents = [person.agents[0] for person in people]
    await asyncio.to_thread(second.start, until=REGISTERED)
    first.kill()  # and its job processes with it
    for person, stale in zip(people, stale_agents, strict=True):
        # LiveKit would notice after 21 s, and would not dispatch another agent.
        await until(partial(replaced, person, stale), timeout_s=60)
        await person.agent_is_there()
    assert (await bob.ask("What is the badge number?")).outcome == "answered"
    assert "31337" in backends.stack.model.prompt_of("What is the badge number?").text
    for room, person in zip(rooms, people, strict=True):
        assert len(await backends.stack.agents(room)) == 1
        await person.leave()
    await bob.leave()
    second.kill()


async def test_a_room_of_another_programs_tokens_gets_its_agent_back_with_the_same_job(
    backends: TwoBackends,
) -> None:
    key = f"customer {secrets.token_hex(4)}"
    job = json.dumps({"conversation": key, "plan": "gold"})
    room = f"room-{secrets.token_hex(4)}"
    # Before there is a worker: the token's dispatch is lost.
    alice = await backends.join_elsewhere(room, job)
    first = backends.worker("early")
    await asyncio.to_thread(first.start, until=REGISTERED)
    await alice.agent_is_there()
    assert (await alice.ask("My badge number is 31337.")).outcome == "answered"
    known = await backends.client.create_conversation(key)
    assert not known.created
    # And after a whole worker has died.
    second = backends.worker("after")
    await asyncio.to_thread(second.start, until=REGISTERED)
    (stale,) = await backends.stack.agents(room)
    first.kill()
    await until(partial(replaced, alice, stale), timeout_s=60)
    await alice.agent_is_there()
    assert (await alice.ask("What is the badge number?")).outcome == "answered"
    assert "31337" in backends.stack.model.prompt_of("What is the badge number?").text
    assert {d.metadata for d in await backends.dispatches(room)} == {job}
    page = await backends.client.get_recent_messages(known.conversation_id, limit=9)
    assert {m.room for m in page.messages} == {room}
    await alice.leave()
    second.kill()


async def test_a_room_whose_dispatches_livekit_has_forgotten_gets_its_agent_back(
    backends: TwoBackends,
) -> None:
    """As after a restart of the LiveKit server, which keeps the people and the agents."""
    key = f"customer {secrets.token_hex(4)}"
    room = f"room-{secrets.token_hex(4)}"
    first, second = backends.worker("first of two"), backends.worker("second of two")
    await asyncio.to_thread(first.start, until=REGISTERED)
    alice = await backends.join_elsewhere(room, json.dumps({"conversation": key}))
    await alice.agent_is_there()
    # LiveKit lists no successor under the dispatch: deleting it does not end that agent.
    (before,) = await backends.stack.agents(room)
    await until(lambda: agent_pids(first, room))
    kill_agent(first, room)
    await until(partial(replaced, alice, before))
    await alice.agent_is_there()
    (dispatch,) = await backends.dispatches(room)
    await backends.stack.rooms.agent_dispatch.delete_dispatch(dispatch.id, room)
    assert not await backends.dispatches(room)
    assert (await alice.ask("My badge number is 31337.")).outcome == "answered"
    (stale,) = await backends.stack.agents(room)
    await asyncio.to_thread(second.start, until=REGISTERED)
    first.kill()
    await until(partial(replaced, alice, stale), timeout_s=60)
    await alice.agent_is_there()
    assert (await alice.ask("What is the badge number?")).outcome == "answered"
    known = await backends.client.create_conversation(key)
    page = await backends.client.get_recent_messages(known.conversation_id, limit=9)
    assert (page.message_count, {m.room for m in page.messages}) == (4, {room})
    await alice.leave()
    second.kill()
