"""Erasures in a real backend reach agents that live in real rooms."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence

import httpx
import pytest
import pytest_asyncio

from retrieval.wire import CHANGED_TOPIC, Changed, conversation_in
from testbed.backend_process import running_backend
from testbed.livekit_stack import REGISTERED, Stack
from testbed.program import Program
from testbed.room_user import RoomUser, until
from tests.support.outboxes import holds

pytestmark = pytest.mark.asyncio(loop_scope="session")

AGENT = "forgetful"
FORGOTTEN = '"erased or corrected messages are forgotten"'


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker(stack: Stack) -> AsyncIterator[Program]:
    """Its agents do not ask by the clock."""
    env = {
        "LIVEKIT_AGENT_NAME": AGENT,
        "AGENT_CHANGES_INTERVAL_S": "3600",
        "AGENT_IDLE_PROCESSES": "2",
        "LONGROOM_DATA_DIR": str(stack.directory / AGENT),
    }
    worker = stack.another_worker(AGENT, env)
    await asyncio.to_thread(worker.start, until=REGISTERED)
    yield worker
    worker.kill()


@pytest.fixture(scope="module")
def silent_backend(stack: Stack) -> Iterator[str]:
    """Another one on the same database: it knows no LiveKit server, and pushes nothing."""
    with running_backend({"DATABASE_URL": stack.database_url}) as url:
        yield url


async def two_rooms(stack: Stack, worker: Program) -> tuple[RoomUser, RoomUser, str]:
    """Of one conversation, with an agent each; what alice said is in both windows."""
    metadata = json.dumps({"conversation": f"customer {secrets.token_hex(4)}"})
    _, alice = await stack.join_with(AGENT, metadata=metadata)
    canary = f"canary-{secrets.token_hex(4)}"
    assert (await alice.ask(f"My locker has the number {canary}.")).outcome == "answered"
    _, bob = await stack.join_with(AGENT, metadata=metadata)
    assert (await bob.ask("Okay, thanks!")).outcome == "answered"
    assert canary in stack.model.prompt_of("Okay, thanks!").text
    return alice, bob, canary


def conversation_of(user: RoomUser) -> str:
    people = user.room.remote_participants.values()
    return next(
        person.attributes["longroom.conversation_id"]
        for person in people
        if "longroom.conversation_id" in person.attributes
    )


async def erase(url: str, conversation_id: str, canary: str) -> None:
    """Each message that holds it: the question and the answer, which repeats it."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1/conversations/{conversation_id}") as http:
        page = await http.get("/messages", params={"limit": 100})
        erased = [m["id"] for m in page.json()["messages"] if canary in m["content"]]
        assert len(erased) == 2
        for message_id in erased:
            (await http.delete(f"/messages/{message_id}")).raise_for_status()


async def another_agent(user: RoomUser, earlier: Sequence[str]) -> None:
    await until(lambda: not set(user.agents) & set(earlier))
    await user.agent_is_there()


def forgotten(worker: Program, conversation_id: str, *, revision: int) -> set[int]:
    """Processes that know this revision of the conversation."""
    lines = [json.loads(line) for line in worker.output.splitlines() if FORGOTTEN in line]
    told = [line for line in lines if line["conversation_id"] == conversation_id]
    return {line["pid"] for line in told if line["revision"] >= revision}


async def test_the_next_turn_of_each_agent_is_clean_after_a_push(
    stack: Stack, worker: Program
) -> None:
    alice, bob, canary = await two_rooms(stack, worker)
    conversation_id = conversation_of(alice)
    await erase(stack.backend_url, conversation_id, canary)
    await until(lambda: len(forgotten(worker, conversation_id, revision=2)) == 2)
    for user in (alice, bob):
        # Nothing is searched for that: only the push has told.
        assert (await user.ask("Okay, thanks!")).outcome == "answered"
        assert canary not in stack.model.prompts[-1].text
    await until(lambda: not holds(stack.directory / AGENT, canary))
    await alice.leave()
    await bob.leave()


async def test_the_next_turn_is_clean_where_the_push_is_lost(
    stack: Stack, worker: Program, silent_backend: str
) -> None:
    alice, bob, canary = await two_rooms(stack, worker)
    conversation_id = conversation_of(alice)
    await erase(silent_backend, conversation_id, canary)
    assert not forgotten(worker, conversation_id, revision=1)
    for user in (alice, bob):
        assert (await user.ask("Which number has the locker?")).outcome == "answered"
        assert canary not in stack.model.prompt_of("Which number has the locker?").text
    await alice.leave()
    await bob.leave()


async def test_a_correction_stands_in_the_next_prompt(
    stack: Stack, worker: Program, silent_backend: str
) -> None:
    alice, bob, canary = await two_rooms(stack, worker)
    conversation_id = conversation_of(alice)
    url = f"{silent_backend}/api/v1/conversations/{conversation_id}"
    async with httpx.AsyncClient(base_url=url) as http:
        page = (await http.get("/messages", params={"limit": 100})).json()["messages"]
        said = next(m for m in page if m["role"] == "user" and canary in m["content"])
        body = {"content": "My locker has the number corrected-5."}
        (await http.patch(f"/messages/{said['id']}", json=body)).raise_for_status()
    assert (await bob.ask("Which number has the locker?")).outcome == "answered"
    prompt = stack.model.prompt_of("Which number has the locker?")
    assert "My locker has the number corrected-5." in prompt.text
    # The answer to it is a message of its own.
    with_old = [text for text in prompt.conversation if canary in text]
    assert [text.startswith("You said: ") for text in with_old] == [True]
    await alice.leave()
    await bob.leave()


async def test_forged_pushes_change_nothing(stack: Stack, worker: Program) -> None:
    alice, bob, canary = await two_rooms(stack, worker)
    conversation_id = conversation_of(alice)
    forged = Changed(conversation_id=conversation_id, revision=10**9).model_dump_json()
    for n in range(500):
        payload = forged if n % 2 else '{"conversation_id": "nobody\'s"' + "x" * 900
        await alice.room.local_participant.publish_data(payload, topic=CHANGED_TOPIC)
    assert (await bob.ask("And is it Tuesday?")).outcome == "answered"
    assert (await alice.ask("And is it Wednesday?")).outcome == "answered"
    assert canary in stack.model.prompt_of("And is it Wednesday?").text
    await alice.leave()
    await bob.leave()


async def test_an_erased_conversation_is_left_for_a_new_one(stack: Stack, worker: Program) -> None:
    alice, bob, canary = await two_rooms(stack, worker)
    conversation_id = conversation_of(alice)
    agents = [*alice.agents, *bob.agents]
    async with httpx.AsyncClient(base_url=f"{stack.backend_url}/api/v1") as http:
        (await http.delete(f"/conversations/{conversation_id}")).raise_for_status()
    for user in (alice, bob):
        await another_agent(user, agents)
        assert (await user.ask("Which number has the locker?")).outcome == "answered"
        assert canary not in stack.model.prompt_of("Which number has the locker?").text
        assert conversation_of(user) != conversation_id
    await until(lambda: not holds(stack.directory / AGENT, canary))
    left = await asyncio.to_thread((stack.directory / AGENT / "outbox").glob, f"{conversation_id}*")
    assert not list(left)
    await alice.leave()
    await bob.leave()


async def test_a_room_of_the_backend_gets_a_new_conversation_in_its_metadata(stack: Stack) -> None:
    """Its metadata name the erased one, until the next agent has joined."""
    room = await stack.open_room("alice")
    (alice,) = room.users
    canary = f"canary-{secrets.token_hex(4)}"
    assert (await alice.ask(f"My locker has the number {canary}.")).outcome == "answered"
    erased, agents = conversation_of(alice), alice.agents
    async with httpx.AsyncClient(base_url=f"{stack.backend_url}/api/v1") as http:
        (await http.delete(f"/conversations/{erased}")).raise_for_status()
    await another_agent(alice, agents)
    assert (await alice.ask("Which number has the locker?")).outcome == "answered"
    assert canary not in stack.model.prompt_of("Which number has the locker?").text
    anew = conversation_of(alice)
    assert anew != erased
    await until(lambda: str(conversation_in(alice.room.metadata)) == anew)
    await until(lambda: not holds(stack.directory / "agent", canary))
    await stack.close(room)
