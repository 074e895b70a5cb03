"""Restarts the embedded PostgreSQL when it was killed."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from longroom.embedded_postgres.server import EmbeddedPostgres
from longroom.embedded_postgres.start_steps import Step, untold
from retrieval.errors import DatabaseUnfit

logger = logging.getLogger(__name__)

CHECK_INTERVAL_S = 1.0


@asynccontextmanager
async def running_postgres(
    data_dir: Path, *, check_interval_s: float = CHECK_INTERVAL_S, step: Step = untold
) -> AsyncIterator[str]:
    """Yields the URL, which a restart keeps. Raises DatabaseUnfit if the first start fails."""
    server = EmbeddedPostgres(data_dir)
    try:
        url = await asyncio.to_thread(server.start, step)
        stopping = asyncio.Event()
        supervisor = asyncio.create_task(
            _supervise(server, stopping, check_interval_s), name="embedded PostgreSQL"
        )
        try:
            yield url
        finally:
            # Not cancelled: a start that runs in its thread would outlive the stop.
            stopping.set()
            await supervisor
    finally:
        await asyncio.to_thread(server.stop)


async def _supervise(
    server: EmbeddedPostgres, stopping: asyncio.Event, check_interval_s: float
) -> None:
    while not stopping.is_set():
        await _restart_if_dead(server)
        with suppress(TimeoutError):
            async with asyncio.timeout(check_interval_s):
                await stopping.wait()


async def _restart_if_dead(server: EmbeddedPostgres) -> None:
    if await asyncio.to_thread(server.is_alive):
        return
    try:
        await asyncio.to_thread(server.start)
        logger.warning("embedded PostgreSQL had ended and was started again")
    except DatabaseUnfit:
        logger.exception("embedded PostgreSQL ended and does not start; trying again")
