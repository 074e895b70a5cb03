import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from livekit import rtc

from retrieval.private_logs import digest
from retrieval.wire import MessageId
from testbed.livekit_stack import REGISTERED, Stack
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORKER = (
    "livekit.agents",
    "start",
    "tests/support/scripted_voice_worker.py",
    "--log-format",
    "json",
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def voices(stack: Stack) -> AsyncIterator[Stack]:
    """Two more workers: one that transcribes everyone, one the linked participant."""
    workers = [
        stack.another_worker(
            f"voice-{voice}",
            {"AGENT_VOICE": voice, "LIVEKIT_AGENT_NAME": f"voice-{voice}"},
            arguments=WORKER,
        )
        for voice in ("everyone", "linked")
    ]
    starting = (asyncio.to_thread(worker.start, until=REGISTERED) for worker in workers)
    await asyncio.gather(*starting)
    yield stack
    for worker in workers:
        worker.kill()


async def speak(user: RoomUser, text: str, *, by: str | None = None) -> None:
    """Be heard saying this, by the session that transcribes `by` (default: this user's own)."""
    said = json.dumps({"by": by or user.identity, "text": text})
    await user.room.local_participant.publish_data(said, topic="test.say")


async def heard_loudness(user: RoomUser) -> float:
    """The loudest sample of what the agent has said within a second of listening."""
    tracks = [
        publication.track
        for person in user.room.remote_participants.values()
        for publication in person.track_publications.values()
        if publication.track is not None
    ]
    stream = rtc.AudioStream(tracks[0])
    loudest = 0.0
    async for event in stream:
        samples = np.frombuffer(event.frame.data, dtype=np.int16)
        loudest = max(loudest, float(np.abs(samples).max(initial=0)))
        if loudest > 1_000:
            break
    await stream.aclose()
    return loudest


async def test_a_spoken_question_is_answered_aloud_with_what_was_said_before(
    voices: Stack,
) -> None:
    _, alice = await voices.join_with("voice-everyone")
    await alice.ask("The meeting room is called Aquarium.")
    await speak(alice, "What is the meeting room called?")
    await until(lambda: "meeting room called?" in voices.model.prompts[-1].question)
    await until(lambda: any("meeting room called" in a.text for a in alice.answers))
    assert ("alice", "What is the meeting room called?") in [
        (said.agent, said.text) for said in alice.transcripts
    ]
    assert await heard_loudness(alice) > 1_000
    prompt = voices.model.prompt_of("What is the meeting room called?")
    assert "Aquarium" in prompt.text
    await alice.leave()


async def test_two_people_who_speak_are_told_apart(voices: Stack) -> None:
    room, alice = await voices.join_with("voice-everyone")
    bob = await voices.join(room, "bob")
    await until(lambda: "bob" in alice.room.remote_participants)
    await speak(alice, "My name is spoken first.")
    await until(lambda: any("spoken first" in a.text for a in alice.answers))
    await speak(bob, "And mine is spoken second.")
    await until(lambda: "spoken second" in voices.model.prompts[-1].question)
    prompt = voices.model.prompt_of("spoken second")
    assert '[user "alice"] My name is spoken first.' in prompt.text
    assert '[user "bob"] And mine is spoken second.' in prompt.text
    await alice.leave()
    await bob.leave()


async def test_of_two_who_speak_at_once_each_is_answered_when_both_have_finished(
    voices: Stack,
) -> None:
    room, alice = await voices.join_with("voice-everyone")
    joined = await voices.backend.agent_joined(room, identity="test", session_id="s", window=0)
    bob = await voices.join(room, "bob")
    await until(lambda: "bob" in alice.room.remote_participants)
    await until(lambda: voices_heard(voices.directory / "voice-everyone.log", room) == 2)
    long_one = " ".join(f"and another {n}" for n in range(40))
    await asyncio.gather(speak(alice, "A short one?"), speak(bob, f"A long one {long_one}?"))
    await until(lambda: sum(s["outcome"] == "answered" for s in alice.statuses) == 2)
    ends = [(s["speaker"], s["outcome"]) for s in alice.statuses]
    assert sorted(end for end in ends if end[1] != "answering") == [
        ("alice", "accepted"),
        ("alice", "answered"),
        ("bob", "accepted"),
        ("bob", "answered"),
    ]
    async with asyncio.timeout(15):
        while True:
            page = await voices.backend.get_recent_messages(joined.conversation_id, limit=10)
            if len(page.messages) == 4:
                break
            await asyncio.sleep(0.05)
    said = {m.id: m for m in page.messages}
    asked = {m.participant: m for m in page.messages if m.role == "user"}
    assert (asked["alice"].content, asked["bob"].content[:10]) == ("A short one?", "A long one")
    for question in asked.values():
        answer = said[MessageId(f"{question.id}.answer1")]
        assert question.content in answer.content
        assert not answer.interrupted
    await alice.leave()
    await bob.leave()


def voices_heard(log: Path, room: str) -> int:
    """How many people an agent listens to."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if '"listening"' in line]
    return len([line for line in lines if line.get("room") == digest(room)])


async def test_an_interrupted_answer_is_stored_as_far_as_it_was_said(voices: Stack) -> None:
    room, alice = await voices.join_with("voice-everyone")
    stored = await voices.backend.agent_joined(room, identity="test", session_id="s", window=1)
    long_answer = " ".join(f"word{n}" for n in range(200))
    voices.model.reply = lambda prompt: long_answer
    try:
        question = await alice.say("Tell me everything.")
        await until(lambda: alice.answers and "word3" in alice.answers[-1].text)
        await speak(alice, "Stop it.")
        assert (await alice.outcome(question))["outcome"] == "interrupted"
    finally:
        voices.model.reply = lambda prompt: f"You said: {prompt.question}"
    async with asyncio.timeout(15):
        while True:
            page = await voices.backend.get_recent_messages(stored.conversation_id, limit=10)
            answers = [message for message in page.messages if message.role == "assistant"]
            if answers:
                break
            await asyncio.sleep(0.05)
    assert answers[0].interrupted
    assert "word0" in answers[0].content
    assert len(answers[0].content) < len(long_answer) / 2
    await alice.leave()


async def test_the_linked_mode_goes_on_with_the_next_person(voices: Stack) -> None:
    room, alice = await voices.join_with("voice-linked")
    await speak(alice, "Alice is the one who talks.", by="linked")
    await until(lambda: any("who talks" in a.text for a in alice.answers))
    bob = await voices.join(room, "bob")
    await alice.leave()
    await until(lambda: "alice" not in bob.room.remote_participants)
    await speak(bob, "And now it is Bob.", by="linked")
    await until(lambda: any("now it is Bob" in a.text for a in bob.answers))
    prompt = voices.model.prompt_of("now it is Bob")
    assert '[user "alice"] Alice is the one who talks.' in prompt.text
    assert '[user "bob"] And now it is Bob.' in prompt.text
    await bob.leave()


async def test_a_linked_participants_turns_are_told_and_recorded_like_the_others(
    voices: Stack,
) -> None:
    room, alice = await voices.join_with("voice-linked")
    joined = await voices.backend.agent_joined(room, identity="test", session_id="s", window=0)
    await speak(alice, "Do I get a status, too?", by="linked")
    await until(lambda: any(s["outcome"] == "answered" for s in alice.statuses))
    assert [s["outcome"] for s in alice.statuses] == ["accepted", "answering", "answered"]
    assert {s["speaker"] for s in alice.statuses} == {"alice"}
    long_answer = " ".join(f"word{n}" for n in range(200))
    voices.model.reply = lambda prompt: long_answer
    try:
        await speak(alice, "And tell me everything.", by="linked")
        await until(lambda: alice.answers and "word3" in alice.answers[-1].text)
        voices.model.reply = lambda prompt: f"You said: {prompt.question}"
        await speak(alice, "Stop it.", by="linked")
        await until(lambda: sum(s["outcome"] == "answered" for s in alice.statuses) == 2)
    finally:
        voices.model.reply = lambda prompt: f"You said: {prompt.question}"
    ended = [s for s in alice.statuses if s["outcome"] not in {"accepted", "answering"}]
    assert [s["outcome"] for s in ended] == ["answered", "interrupted", "answered"]
    records = await voices.turn_records(joined.conversation_id, at_least=3)
    assert [(id_, records[id_]["outcome"]) for id_ in records] == [
        (s["question_id"], s["outcome"]) for s in ended
    ]
    page = await voices.backend.get_recent_messages(joined.conversation_id, limit=10)
    questions = [m for m in page.messages if m.role == "user"]
    assert [m.id for m in questions] == list(records)
    await alice.leave()
