"""Keeps the embedded PostgreSQL running for as long as a program needs it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from longroom.embedded_postgres.server import EmbeddedPostgres
from retrieval.errors import DatabaseUnfit

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0


@asynccontextmanager
async def running_postgres(
    data_dir: Path, *, look_every_s: float = LOOK_EVERY_S
) -> AsyncIterator[str]:
    """The URL of the embedded server, which is started again whenever it was killed.

    The URL stays the same; what was committed is still there. Raises DatabaseUnfit if the first
    start fails.
    """
    server = EmbeddedPostgres(data_dir)
    try:
        url = await asyncio.to_thread(server.start)
        stopping = asyncio.Event()
        keeper = asyncio.create_task(
            _keep(server, stopping, look_every_s), name="embedded PostgreSQL"
        )
        try:
            yield url
        finally:
            # Asked, not cancelled: a start in its thread would outlive the stop.
            stopping.set()
            await keeper
    finally:
        await asyncio.to_thread(server.stop)


async def _keep(server: EmbeddedPostgres, stopping: asyncio.Event, look_every_s: float) -> None:
    while not await _is_set_within(stopping, look_every_s):
        if await asyncio.to_thread(server.is_alive):
            continue
        try:
            await asyncio.to_thread(server.start)
            logger.warning("embedded PostgreSQL had ended and was started again")
        except DatabaseUnfit:
            logger.exception("embedded PostgreSQL ended and does not start; trying again")


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
