"""The conversation id in a room's metadata, which others may write too."""

import json
import logging
from collections.abc import Callable
from uuid import UUID

import aiohttp
from livekit import api, rtc
from pydantic import JsonValue

from retrieval.wire import ConversationId

KEY = "conversation_id"

logger = logging.getLogger(__name__)


def parse_metadata(text: object) -> dict[str, JsonValue]:
    """The JSON object in a metadata string; empty for anything else: anyone may write it."""
    if not isinstance(text, str) or not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def conversation_in(text: object) -> ConversationId | None:
    try:
        return ConversationId(UUID(str(parse_metadata(text).get(KEY))))
    except ValueError:
        return None


def with_conversation(text: str, conversation_id: ConversationId) -> str | None:
    """The metadata with the id added and other keys kept.

    None leaves it alone: an id is there already, or it is another application's and no JSON object.
    """
    metadata = parse_metadata(text)
    if text.strip() and not metadata and text.strip() != "{}":
        return None
    if KEY in metadata:
        return None
    return json.dumps({**metadata, KEY: str(conversation_id)})


class RoomMetadata:
    """Keeps the conversation id in the room's metadata, also after a server restart emptied it."""

    def __init__(
        self,
        livekit: Callable[[], api.LiveKitAPI],
        room: rtc.Room,
        conversation_id: ConversationId,
    ) -> None:
        self._livekit = livekit
        self._room = room
        self._conversation_id = conversation_id

    async def keep(self) -> None:
        """Write the id if it is missing: LiveKit has no compare-and-set, only read and write."""
        if KEY in parse_metadata(self._room.metadata):
            return
        name = self._room.name
        try:
            found = await self._livekit().room.list_rooms(api.ListRoomsRequest(names=[name]))
            if not found.rooms:
                return
            metadata = with_conversation(found.rooms[0].metadata, self._conversation_id)
            if metadata is None:
                return
            await self._livekit().room.update_room_metadata(
                api.UpdateRoomMetadataRequest(room=name, metadata=metadata)
            )
        except (api.TwirpError, aiohttp.ClientError, TimeoutError):
            # The backend stores it too; the next change of metadata tries again.
            logger.warning("room metadata not written", extra={"room": name})
