"""What one more room costs a worker."""

import psutil
import pytest

from testbed.livekit_stack import Stack, agent_pids

pytestmark = pytest.mark.asyncio(loop_scope="session")

# 28 MB were measured; a library that builds its things in each room again shows at once.
MAX_PRIVATE_MB = 36


async def test_a_text_room_shares_with_others_what_was_made_before_its_process(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    for number in range(3):
        await room.users[0].ask(f"What about subject {number}?")
    process = psutil.Process(agent_pids(stack.worker, room.name)[-1])
    assert process.memory_full_info().uss / 2**20 < MAX_PRIVATE_MB
    assert "warm-up failed" not in stack.worker.output
    await stack.close(room)
