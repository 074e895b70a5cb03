import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from testbed.livekit_stack import Stack
from testbed.room_user import RoomUser, until
from tests.support.microphone import speak
from tests.support.speech_server import SpeechServer
from tests.support.speech_worker import speech_worker

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def speech(stack: Stack) -> AsyncIterator[SpeechServer]:
    """A worker with real speech models that transcribes everyone."""
    async with speech_worker(stack, "speech", agent="speech") as server:
        yield server


async def test_spoken_words_are_understood_remembered_from_and_answered_aloud(
    stack: Stack, speech: SpeechServer
) -> None:
    room, alice = await stack.join_with("speech")
    joined = await stack.backend.agent_joined(room, identity="test", session_id="s", window=0)
    fact = "The parcels for the museum must be left in the green garden shed."
    await stack.remember(joined.conversation_id, fact, later=1000)
    stack.model.reply = lambda prompt: (
        "In the green garden shed." if "green garden shed" in prompt.text else "I do not know."
    )
    try:
        await speak(alice, "Where must the parcels for the museum be left?", speech.models)
        await until(lambda: "green garden shed" in " ".join(speech.said[-1:]), timeout_s=40)
    finally:
        stack.model.reply = lambda prompt: f"You said: {prompt.question}"
    assert "museum" in " ".join(speech.heard).lower()
    assert any(p.track_publications for p in alice.room.remote_participants.values())
    await alice.leave()


async def test_two_who_speak_at_once_are_transcribed_apart_and_each_is_answered(
    stack: Stack, speech: SpeechServer
) -> None:
    room, alice = await stack.join_with("speech")
    bob = await stack.join(room, "bob")
    await until(lambda: "bob" in alice.room.remote_participants)
    joined = await stack.backend.agent_joined(room, identity="test", session_id="s", window=0)
    await asyncio.gather(
        speak(alice, "Where must the parcels for the museum be left?", speech.models),
        speak(bob, "Which train goes to the station in the evening?", speech.models),
    )
    await until(lambda: {"alice", "bob"} <= {s["speaker"] for s in ended(alice)})
    await until(lambda: len(ended(alice)) == len(accepted(alice)))
    assert {s["outcome"] for s in ended(alice)} == {"answered"}
    stored = await stack.backend.get_recent_messages(joined.conversation_id, limit=20)
    said = {
        identity: " ".join(m.content for m in stored.messages if m.participant == identity).lower()
        for identity in ("alice", "bob")
    }
    assert ("museum" in said["alice"], "museum" in said["bob"]) == (True, False)
    assert ("station" in said["bob"], "station" in said["alice"]) == (True, False)
    await alice.leave()
    await bob.leave()


def accepted(user: RoomUser) -> list[str]:
    return [s["question_id"] for s in user.statuses if s["outcome"] == "accepted"]


def ended(user: RoomUser) -> list[dict[str, Any]]:
    return [s for s in user.statuses if s["outcome"] not in {"accepted", "answering"}]
