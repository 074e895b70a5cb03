"""What a worker checks once at its start, because no later retry would help."""

import asyncio
import logging
import os
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import aiohttp
from livekit import api

from agent.backend_client import open_client
from agent.errors import OutboxUnwritable
from agent.outbox.files import folder
from agent.outbox.storage.mark import marks_folder
from agent.settings import AgentSettings
from longroom.client import (
    CREDENTIALS_REFUSED,
    BackendError,
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
)

logger = logging.getLogger(__name__)


async def check_outbox(data_dir: Path) -> None:
    """Create the outbox folder and that of its marks. Raises SystemExit if one is not writable."""
    outbox = folder(data_dir)
    for needed in (outbox, marks_folder(outbox)):
        try:
            await asyncio.to_thread(needed.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise SystemExit(str(OutboxUnwritable(needed, str(error)))) from error
        if not os.access(needed, os.W_OK):
            raise SystemExit(str(OutboxUnwritable(needed, "not writable")))


async def check_service_key(settings: AgentSettings) -> None:
    """Raises SystemExit if the backend refuses the key; a backend that is down is only logged."""
    async with aclosing(open_client(settings)) as client:
        try:
            # The least that an agent's key is needed for: a conversation that does not exist.
            await client.newest_events(uuid4(), limit=1)
        except BackendRejected as error:
            if error.status in CREDENTIALS_REFUSED:
                raise SystemExit(
                    f"the backend at {error.url} refuses BACKEND_SERVICE_KEY"
                    f" ({error.status}); set it to a key of the scope agent, or to"
                    " the service key that the backend was started with"
                ) from error
            if error.gave_no_reason:
                raise _no_backend(error) from error
        except BackendProtocolError as error:
            raise _no_backend(error) from error
        except BackendUnavailable as error:
            logger.warning(
                "the backend does not answer yet, rooms wait for it", extra={"reason": str(error)}
            )


def _no_backend(error: BackendError) -> SystemExit:
    return SystemExit(
        f"what answers at {error.url} is no Longroom backend ({error}); correct BACKEND_URL"
    )


async def check_credentials(livekit: api.LiveKitAPI, *, url: str) -> None:
    """Raises SystemExit if LiveKit refuses the key; a server that is down is only logged."""
    try:
        await livekit.room.list_rooms(api.ListRoomsRequest(names=["-"]))
    except api.TwirpError as error:
        raise SystemExit(
            f"LiveKit at {url} refuses LIVEKIT_API_KEY and LIVEKIT_API_SECRET ({error.code}); "
            "use a key of LIVEKIT_URL and the secret that belongs to it"
        ) from error
    except (aiohttp.ClientError, TimeoutError):
        logger.warning("LiveKit does not answer yet, the worker goes on trying")
