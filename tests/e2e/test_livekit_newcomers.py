"""People whom the room's others learn of late: they publish no track and set no attribute."""

import asyncio

import pytest
from livekit import rtc

from testbed.livekit_stack import Stack
from testbed.room_user import join_token

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_question_typed_at_once_is_answered_aloud_by_an_agent_that_was_alone(
    stack: Stack,
) -> None:
    room = await stack.open_room()
    async with asyncio.timeout(20):
        while not await stack.agents(room.name):  # noqa: ASYNC110  # only the server can tell
            await asyncio.sleep(0.05)
    newcomer = rtc.Room()
    replies: asyncio.Queue[rtc.TextStreamReader] = asyncio.Queue()
    newcomer.register_text_stream_handler(
        "lk.transcription", lambda reader, _: replies.put_nowait(reader)
    )
    await newcomer.connect(stack.livekit.url, join_token("bob", room.name))
    try:
        await newcomer.local_participant.send_text("Does anybody hear me?", topic="lk.chat")
        async with asyncio.timeout(20):
            answer = await (await replies.get()).read_all()
    finally:
        await newcomer.disconnect()
    assert "Does anybody hear me?" in answer
    await stack.close(room)
