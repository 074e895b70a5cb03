"""What is recalled is shown to those in the room whose token asks for it, and to nobody else."""

import json
from typing import Any

import pytest
from livekit import rtc

from testbed.livekit_stack import Stack
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

FACT = "The gate code of the warehouse in Lisbon is 7741."
QUESTION = "What is the gate code of the Lisbon warehouse?"


def _heard_by(user: RoomUser) -> list[dict[str, Any]]:
    """What arrives from now on."""
    heard: list[dict[str, Any]] = []

    def arrived(packet: rtc.DataPacket) -> None:
        if packet.topic == "longroom.recall":
            heard.append(json.loads(packet.data))

    user.room.on("data_received", arrived)
    return heard


async def test_notices_go_to_whom_they_are_for(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    await stack.remember(room.stored.conversation_id, FACT, later=100)
    bob = await stack.join(room.name, "bob", attributes={"longroom.shows": "recall"})
    alice = room.users[0]
    await until(lambda: "bob" in alice.room.remote_participants)
    for_bob, for_alice = _heard_by(bob), _heard_by(alice)

    turn = await alice.ask(QUESTION)
    await until(lambda: any(notice["final"] for notice in for_bob))

    last = next(notice for notice in for_bob if notice["final"])
    assert (last["speaker"], last["question_id"]) == ("alice", turn.question_id)
    assert (last["state"], last["hits"][0]["text"]) == ("found", FACT)
    assert set(last["hits"][0]) == {"message_id", "participant", "said_at", "text"}
    assert for_bob[0]["state"] == "searching"
    assert for_alice == []
    await stack.close(room)
