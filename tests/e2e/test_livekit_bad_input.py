"""What clients should not do, and what becomes of the others in the room."""

import json
import secrets
import time

import jwt
import pytest
from livekit import api, rtc

from testbed.livekit_server import API_KEY, API_SECRET
from testbed.livekit_stack import Stack
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_binary_text_is_stored_without_what_no_database_takes(stack: Stack) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    turn = await alice.ask("Is \x00this\x01 \x1b[31mtext\x00?")
    assert turn.outcome == "answered"
    stored = await stack.messages(room, at_least=2)
    assert (stored[0].id, stored[0].content) == (turn.question_id, "Is this\x01 \x1b[31mtext?")
    assert (await alice.ask("\x00\x00")).outcome == "refused"
    await stack.close(room)


async def test_bytes_where_text_is_expected_do_no_harm(stack: Stack) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    writer = await alice.room.local_participant.stream_bytes("noise", topic="lk.chat")
    await writer.write(secrets.token_bytes(100_000))
    await writer.aclose()
    assert (await alice.ask("And now some text?")).outcome == "answered"
    await stack.close(room)


async def test_a_message_that_is_never_finished_keeps_only_its_sender_waiting(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice", "bob")
    alice, bob = room.users
    writer = await alice.room.local_participant.stream_text(topic="lk.chat", stream_id="unfinished")
    await writer.write("Wait, I am still typ")
    assert (await bob.ask("May I go on?")).outcome == "answered"
    status = await alice.outcome("unfinished", timeout_s=20)
    assert (status["outcome"], "not finished" in status["reason"]) == ("refused", True)
    assert (await alice.ask("Typed at last.")).outcome == "answered"
    await stack.close(room)


@pytest.mark.parametrize("stream_id", ["x" * 120, "mine.answer1"])
async def test_an_id_that_cannot_be_used_is_refused_with_the_reason(
    stack: Stack, stream_id: str
) -> None:
    room = await stack.open_room("alice")
    turn = await room.users[0].ask("Under a bad id.", message_id=stream_id)
    assert (turn.outcome, "stream id" in str(turn.reason)) == ("refused", True)
    assert (await room.users[0].ask("Under a good one.")).outcome == "answered"
    await stack.close(room)


@pytest.mark.parametrize("metadata", ["not JSON", "[1]", '{"conversation_id": "none"}', "{" * 999])
async def test_a_room_with_foreign_metadata_has_its_agent_and_its_conversation(
    stack: Stack, metadata: str
) -> None:
    room, alice = await stack.join_with("longroom", metadata=metadata)
    assert (await alice.ask("Are you there all the same?")).outcome == "answered"
    found = await stack.rooms.room.list_rooms(api.ListRoomsRequest(names=[room]))
    assert found.rooms[0].metadata == metadata
    joined = await stack.backend.agent_joined(room, identity="test", session_id="s", window=9)
    assert "Are you there all the same?" in [message.content for message in joined.window]
    await alice.leave()


async def test_who_joins_again_under_the_same_identity_goes_on_talking(stack: Stack) -> None:
    room = await stack.open_room("alice")
    earlier = room.users[0]
    await earlier.ask("The first of my two windows.")
    later = await stack.join(room.name, "alice")
    await until(lambda: not earlier.room.isconnected())
    await later.agent_is_there()
    assert (await later.ask("And the second?")).outcome == "answered"
    stored = await stack.messages(room, at_least=4)
    assert {m.participant for m in stored if m.role == "user"} == {"alice"}
    await later.leave()
    await stack.close(room)


async def test_who_is_hidden_is_told_why_nobody_answers(stack: Stack) -> None:
    room = await stack.open_room("alice")
    hidden = RoomUser("hidden")
    await hidden.connect(stack.livekit.url, room.name, hidden=True)
    turn = await hidden.ask("May a hidden one ask?")
    assert (turn.outcome, "hidden" in str(turn.reason)) == ("refused", True)
    await hidden.leave()
    await stack.close(room)


async def test_what_another_agent_types_is_refused_with_the_reason(stack: Stack) -> None:
    room = await stack.open_room("alice")
    bot = RoomUser("bot")
    await bot.connect(stack.livekit.url, room.name, agent=True)
    await until(lambda: "bot" in room.users[0].room.remote_participants)
    turn = await bot.ask("Am I a user?")
    assert (turn.outcome, "AGENT_ANSWER_AGENTS" in str(turn.reason)) == ("refused", True)
    await bot.leave()
    await stack.close(room)


async def test_an_older_chat_client_is_answered_in_its_own_packets(stack: Stack) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    packets: list[dict[str, str]] = []

    def heard(packet: rtc.DataPacket) -> None:
        if packet.topic == "lk-chat-topic":
            packets.append(json.loads(packet.data))

    alice.room.on("data_received", heard)
    asked = {"id": "old-1", "timestamp": 1_700_000_000_000, "message": "Do you hear old clients?"}
    both_ways = {**asked, "id": "new-1", "ignoreLegacy": True}
    sent: list[object] = [asked, both_ways, [], {"id": 5}, {"id": "x"}]
    for packet in sent:
        await alice.room.local_participant.publish_data(json.dumps(packet), topic="lk-chat-topic")

    assert (await alice.outcome("old-1"))["outcome"] == "answered"
    await until(lambda: packets)
    stored = await stack.messages(room, at_least=2)
    assert [(m.id, m.content) for m in stored] == [
        ("old-1", "Do you hear old clients?"),
        (packets[0]["id"], packets[0]["message"]),
    ]
    await stack.close(room)


async def test_joining_needs_an_identity_and_a_blank_one_is_refused(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    # The SDK would not sign it.
    claims = {
        "iss": API_KEY,
        "exp": int(time.time()) + 600,
        "video": {"roomJoin": True, "room": room.name},
    }
    nameless = RoomUser("")
    with pytest.raises(rtc.ConnectError):
        await nameless.room.connect(stack.livekit.url, jwt.encode(claims, API_SECRET))
    blank = await stack.join(room.name, "   ")
    turn = await blank.ask("Who am I?")
    assert (turn.outcome, "no identity" in str(turn.reason)) == ("refused", True)
    assert (await room.users[0].ask("Is anyone there?")).outcome == "answered"
    await blank.leave()
    await stack.close(room)
