"""What a worker checks once at its start, because no later retry would help."""

import asyncio
import logging
import os
from pathlib import Path

import aiohttp
from livekit import api

from agent.errors import OutboxUnwritable
from agent.outbox.files import folder

logger = logging.getLogger(__name__)


async def check_outbox(data_dir: Path) -> None:
    """Create the outbox folder. Raises SystemExit if it is not writable."""
    outbox = folder(data_dir)
    try:
        await asyncio.to_thread(outbox.mkdir, parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(str(OutboxUnwritable(outbox, str(error)))) from error
    if not os.access(outbox, os.W_OK):
        raise SystemExit(str(OutboxUnwritable(outbox, "not writable")))


async def check_credentials(livekit: api.LiveKitAPI) -> None:
    """Raises SystemExit if LiveKit refuses the key; a server that is down is only logged."""
    try:
        await livekit.room.list_rooms(api.ListRoomsRequest(names=["-"]))
    except api.TwirpError as error:
        raise SystemExit(
            f"LiveKit refuses LIVEKIT_API_KEY and LIVEKIT_API_SECRET ({error.code}); "
            "use a key and the secret that belongs to it"
        ) from error
    except (aiohttp.ClientError, TimeoutError):
        logger.warning("LiveKit does not answer yet, the worker goes on trying")
