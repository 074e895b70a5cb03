"""Asks other workers for this worker's rooms when it shuts down."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import aiohttp
from livekit import api

from agent.supervision.dispatch import dispatch_again

logger = logging.getLogger(__name__)


async def move_rooms(
    livekit: api.LiveKitAPI, jobs: Sequence[api.Job], *, draining: Callable[[], bool]
) -> None:
    """Ask for new agents once `draining`, when this worker takes none itself.

    Without another worker LiveKit drops the request, and the room stays here until it ends.
    """
    while not draining():  # noqa: ASYNC110  # LiveKit's worker has no event for it
        await asyncio.sleep(0.05)
    for job in jobs:
        try:
            await dispatch_again(livekit, job)
        except (api.TwirpError, aiohttp.ClientError, TimeoutError):
            logger.warning("room not handed over", extra={"room": job.room.name})
