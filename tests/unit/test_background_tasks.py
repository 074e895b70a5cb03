"""Tasks end with their owner."""

import asyncio

from agent.background_tasks import BackgroundTasks


async def test_closing_ends_also_a_task_that_loses_a_cancellation() -> None:
    started = asyncio.Event()

    async def lose_one() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    tasks = BackgroundTasks()
    tasks.start(lose_one())
    await started.wait()
    async with asyncio.timeout(10):
        await tasks.aclose()
