"""Asks other workers for this worker's rooms when it shuts down."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import aiohttp
from livekit import api

logger = logging.getLogger(__name__)


async def dispatch_again(
    livekit: api.LiveKitAPI, rooms: Sequence[api.Job], *, when: Callable[[], bool]
) -> None:
    """Ask for a new agent in each room, once this worker no longer takes any itself.

    Without another worker LiveKit drops the request, and the room goes on here until the end.
    """
    while not when():  # noqa: ASYNC110  # LiveKit's worker has no event for it
        await asyncio.sleep(0.05)
    for job in rooms:
        request = api.CreateAgentDispatchRequest(
            agent_name=job.agent_name, room=job.room.name, metadata=job.metadata
        )
        try:
            await livekit.agent_dispatch.create_dispatch(request)
        except (api.TwirpError, aiohttp.ClientError, TimeoutError):
            logger.warning("room not handed over", extra={"room": job.room.name})
