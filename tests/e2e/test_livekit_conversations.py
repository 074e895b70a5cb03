"""Real rooms that share a conversation by its key, and rooms that must not."""

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest
from livekit import api

from retrieval.wire import Message, conversation_in, conversation_metadata
from testbed.livekit_stack import Stack, agent_pids, kill_agent
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


def new_key() -> str:
    return f"customer {secrets.token_hex(4)}"


LEFT_ALONE = "the room has another conversation by now"


def told(user: RoomUser, question: str) -> list[str]:
    return [s["outcome"] for s in user.statuses if s["question_id"] == question]


async def stored(stack: Stack, conversation_id: UUID, *, at_least: int) -> list[Message]:
    page = await stack.stored(conversation_id, once=lambda page: page.message_count >= at_least)
    return page.messages


async def under(stack: Stack, key: str, *, at_least: int) -> list[Message]:
    """What is stored in the conversation of a key."""
    known = await stack.backend.create_conversation(key)
    return await stored(stack, known.conversation_id, at_least=at_least)


async def agents(stack: Stack, room: str, *, besides: Sequence[str] = ()) -> list[str]:
    """Once there are some, and none of those."""
    async with asyncio.timeout(60):
        while True:
            found = await stack.agents(room)
            if found and not set(found) & set(besides):
                return found
            await asyncio.sleep(0.05)


async def join_elsewhere(
    stack: Stack,
    *,
    job: Mapping[str, object] | str = "",
    room_metadata: str = "",
    attributes: Mapping[str, str] | None = None,
) -> tuple[str, RoomUser]:
    """A room that the backend has not opened; the agent comes first, the person after it."""
    room = f"room-{secrets.token_hex(4)}"
    await stack.rooms.room.create_room(
        api.CreateRoomRequest(name=room, departure_timeout=1, metadata=room_metadata)
    )
    text = job if isinstance(job, str) else json.dumps(job)
    await stack.dispatch(room, "longroom", metadata=text)
    await agents(stack, room)
    user = await stack.join(room, "alice", attributes=attributes)
    await user.agent_is_there()
    return room, user


async def test_a_customers_next_room_remembers_what_was_said_in_the_last_one(stack: Stack) -> None:
    key = new_key()
    first = await stack.open_room("alice", conversation=key)
    assert (await first.users[0].ask("My badge number is 31337.")).outcome == "answered"
    await stack.close(first)
    second = await stack.open_room("alice", conversation=key)
    assert second.stored.conversation_id == first.stored.conversation_id
    assert (await second.users[0].ask("What is my badge number?")).outcome == "answered"
    assert "31337" in stack.model.prompt_of("What is my badge number?").text
    messages = await under(stack, key, at_least=4)
    assert [m.room for m in messages] == [first.name] * 2 + [second.name] * 2
    await stack.close(second)


async def test_of_two_rooms_at_once_each_answers_its_own_questions_also_after_a_kill(
    stack: Stack,
) -> None:
    key = new_key()
    phone = await stack.open_room("alice", conversation=key)
    web = await stack.open_room("bob", conversation=key)
    alice, bob = phone.users[0], web.users[0]
    assert (await alice.ask("Said on the phone: 4711.")).outcome == "answered"
    assert (await bob.ask("Said on the web: 1337.")).outcome == "answered"
    stack.model.flowing.clear()
    try:
        on_the_phone = await alice.say("Asked on the phone?")
        await until(lambda: "answering" in told(alice, on_the_phone))
        # Agents that join the web meanwhile find alice's question open, and leave it alone.
        kill_agent(stack.worker, web.name)
        await until(lambda: len(agent_pids(stack.worker, web.name)) == 2)
        on_the_web = await bob.say("Asked on the web?")
        await until(lambda: "answering" in told(bob, on_the_web))
        kill_agent(stack.worker, phone.name)
        await until(lambda: len(agent_pids(stack.worker, phone.name)) == 2)
    finally:
        stack.model.flowing.set()
    assert (await alice.outcome(on_the_phone))["outcome"] == "answered"
    assert (await bob.outcome(on_the_web))["outcome"] == "answered"
    messages = await under(stack, key, at_least=8)
    assert len(messages) == 8
    assert {m.epoch for m in messages} == {None}
    answers = {str(m.id): m.room for m in messages if m.role == "assistant"}
    assert answers[f"{on_the_phone}.answer1"] == phone.name
    assert answers[f"{on_the_web}.answer1"] == web.name
    assert not told(bob, on_the_phone)
    assert not told(alice, on_the_web)
    # What the other room said is in the window of who joined after it; what it asks just now not.
    prompt = stack.model.prompt_of("Asked on the web?")
    assert "4711" in prompt.text
    assert "Asked on the phone?" not in prompt.conversation
    # Both rooms go on, and neither agent has fenced off the other.
    assert (await alice.ask("And now, on the phone?")).outcome == "answered"
    assert (await bob.ask("And now, on the web?")).outcome == "answered"
    assert [m.epoch for m in await under(stack, key, at_least=12)] == [None] * 12
    await stack.close(phone)
    await stack.close(web)


@pytest.mark.parametrize("source", ["job", "room", "person"])
async def test_a_key_is_taken_from_the_job_the_room_or_the_first_person(
    stack: Stack, source: str
) -> None:
    key, other = new_key(), new_key()
    named = {"conversation": key, "plan": "gold"}
    match source:
        case "job":
            room, alice = await join_elsewhere(
                stack, job=named, room_metadata=json.dumps({"conversation": other})
            )
        case "room":
            room, alice = await join_elsewhere(
                stack,
                room_metadata=json.dumps(named),
                attributes={"longroom.conversation": other},
            )
        case _:
            room, alice = await join_elsewhere(stack, attributes={"longroom.conversation": key})
    assert (await alice.ask("Whose memory is this?")).outcome == "answered"
    known = await stack.backend.create_conversation(key)
    assert not known.created
    assert len(await under(stack, key, at_least=2)) == 2
    assert not (
        await stack.backend.get_recent_messages(
            (await stack.backend.create_conversation(other)).conversation_id, limit=1
        )
    ).messages
    # The room's metadata name it for every successor, whoever is there by then.
    await until(lambda: conversation_in(alice.room.metadata) == known.conversation_id)
    kill_agent(stack.worker, room)
    await until(lambda: len(agent_pids(stack.worker, room)) == 2)
    assert (await alice.ask("And whose is it now?")).outcome == "answered"
    assert len(await under(stack, key, at_least=4)) == 4
    await alice.leave()


async def test_a_participant_who_may_write_their_own_attributes_opens_nobodys_memory(
    stack: Stack,
) -> None:
    key = new_key()
    mine = await stack.backend.create_conversation(key)
    await stack.remember(mine.conversation_id, "The vault code is 90125.", later=0)
    room = f"room-{secrets.token_hex(4)}"
    await stack.rooms.room.create_room(api.CreateRoomRequest(name=room, departure_timeout=1))
    mallory = await stack.join(room, "mallory")
    await mallory.room.local_participant.set_attributes({"longroom.conversation": key})
    await stack.dispatch(room, "longroom")
    await mallory.agent_is_there()
    assert (await mallory.ask("What is the vault code?")).outcome == "answered"
    assert "90125" not in stack.model.prompt_of("What is the vault code?").text
    assert len(await stored(stack, mine.conversation_id, at_least=1)) == 1
    await mallory.leave()


async def test_a_room_and_a_key_of_one_name_share_nothing(stack: Stack) -> None:
    name = f"alice-{secrets.token_hex(4)}"
    room = await stack.open_room("alice", name=name)
    assert (await room.users[0].ask("The room's secret is 10001.")).outcome == "answered"
    other = await stack.open_room("bob", conversation=name)
    assert (await other.users[0].ask("Is there any secret?")).outcome == "answered"
    assert "10001" not in stack.model.prompt_of("Is there any secret?").text
    await stack.close(room)
    await stack.close(other)


async def test_an_open_room_that_is_given_another_key_leaks_nothing(stack: Stack) -> None:
    ada, bob = new_key(), new_key()
    room = await stack.open_room("ada", conversation=ada)
    person = room.users[0]
    assert (await person.ask("My secret is 55555.")).outcome == "answered"
    (before,) = await stack.agents(room.name)
    moved = await stack.backend.create_room(room.name, conversation=bob)
    assert moved.conversation_id != room.stored.conversation_id
    # Gone when the backend answers: who is let in next is not heard by it.
    assert before not in await stack.agents(room.name)
    await until(lambda: person.agents and before not in person.agents)
    await person.agent_is_there()
    assert (await person.ask("Which secret do you know?")).outcome == "answered"
    assert "55555" not in stack.model.prompt_of("Which secret do you know?").text
    assert conversation_in(person.room.metadata) == moved.conversation_id
    assert len(await stored(stack, room.stored.conversation_id, at_least=2)) == 2
    question, _ = await under(stack, bob, at_least=2)
    assert question.content == "Which secret do you know?"
    # Killed, it is followed by one of the same conversation; asked for again, nothing changes.
    kill_agent(stack.worker, room.name)
    await until(lambda: len(agent_pids(stack.worker, room.name)) == 3)
    await stack.backend.create_room(room.name, conversation=bob)
    assert (await person.ask("And which one now?")).outcome == "answered"
    assert len(await under(stack, bob, at_least=4)) == 4
    assert len(await stack.agents(room.name)) == 1
    await stack.close(room)


async def test_agents_that_were_asked_for_before_a_room_got_another_key_leave_it_alone(
    stack: Stack,
) -> None:
    ada, bob = new_key(), new_key()
    room = await stack.open_room("ada", conversation=ada)
    person = room.users[0]
    assert (await person.ask("My secret is 77777.")).outcome == "answered"
    (before,) = await stack.agents(room.name)
    earlier = conversation_metadata(room.stored.conversation_id, ada)
    # One is on its way when the room gets another key, one is asked for after it.
    await stack.dispatch(room.name, "longroom", metadata=earlier)
    moved = await stack.backend.create_room(room.name, conversation=bob)
    await stack.dispatch(room.name, "longroom", metadata=earlier)
    await agents(stack, room.name, besides=[before])
    await until(lambda: stack.worker.output.count(LEFT_ALONE) >= 1)
    await until(lambda: person.agents and before not in person.agents)

    for question in ("Which secret do you know?", "And which one now?"):
        await person.agent_is_there()
        assert (await person.ask(question)).outcome == "answered"
        assert "77777" not in stack.model.prompt_of(question).text
    assert len(await under(stack, bob, at_least=4)) == 4
    assert len(await stored(stack, room.stored.conversation_id, at_least=2)) == 2
    kept = await stack.backend.create_room(room.name)
    assert kept.conversation_id == moved.conversation_id
    async with asyncio.timeout(60):
        while len(await stack.agents(room.name)) != 1:  # noqa: ASYNC110  # LiveKit is polled
            await asyncio.sleep(0.2)
    await stack.close(room)


async def test_a_key_that_can_be_none_gives_the_room_a_memory_that_nobody_shares(
    stack: Stack,
) -> None:
    key = new_key()
    first = await stack.open_room("ada", conversation=key)
    assert (await first.users[0].ask("My secret is 66666.")).outcome == "answered"
    await stack.close(first)
    # Named again, now without a customer: the room's last conversation is somebody else's.
    await stack.rooms.room.create_room(api.CreateRoomRequest(name=first.name, departure_timeout=1))
    bob = await stack.join(first.name, "bob")
    await asyncio.sleep(1.5)  # the backend, which had opened the room, looks at it meanwhile
    await stack.dispatch(first.name, "longroom", metadata='{"conversation": ""}')
    await bob.agent_is_there()
    assert (await bob.ask("Do you know a secret?")).outcome == "answered"
    assert "66666" not in stack.model.prompt_of("Do you know a secret?").text
    assert len(await under(stack, key, at_least=2)) == 2
    assert "conversation in the job's metadata" in stack.worker.output
    await bob.leave()


async def test_an_agent_that_waits_in_an_empty_room_gives_way_and_ends_with_it(
    stack: Stack,
) -> None:
    room = f"room-{secrets.token_hex(4)}"
    await stack.rooms.room.create_room(
        api.CreateRoomRequest(name=room, departure_timeout=1, empty_timeout=60)
    )
    await stack.dispatch(room, "longroom")
    first = await agents(stack, room)
    await stack.dispatch(room, "longroom")
    # The later one takes over before anybody has come.
    await agents(stack, room, besides=first)
    assert not agent_pids(stack.worker, room)
    alice = await stack.join(room, "alice")
    await alice.agent_is_there()
    assert (await alice.ask("Is anybody there?")).outcome == "answered"
    await alice.leave()
