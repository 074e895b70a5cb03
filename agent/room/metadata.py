"""Keeps the conversation id in the metadata of a room that is open."""

import logging
from collections.abc import Callable

import aiohttp
from livekit import api, rtc

from retrieval.wire import ID_FIELD, ConversationId, parse_metadata, with_conversation

logger = logging.getLogger(__name__)


class RoomMetadata:
    """Writes the id again when a restarted server has lost the metadata."""

    def __init__(
        self,
        livekit: Callable[[], api.LiveKitAPI],
        room: rtc.Room,
        conversation_id: ConversationId,
        *,
        replace: bool = False,
    ) -> None:
        self._livekit = livekit
        self._room = room
        self._conversation_id = conversation_id
        self._replace = replace

    async def keep(self) -> None:
        """Write a missing id. LiveKit has no compare-and-set: read, change, write.

        With `replace` the first call puts it in the place of another one: later ones are written by
        who has given the room another conversation meanwhile.
        """
        replace, self._replace = self._replace, False
        if not replace and ID_FIELD in parse_metadata(self._room.metadata):
            return
        name = self._room.name
        try:
            found = await self._livekit().room.list_rooms(api.ListRoomsRequest(names=[name]))
            if not found.rooms:
                return
            metadata = with_conversation(
                found.rooms[0].metadata, self._conversation_id, replace=replace
            )
            if metadata is None:
                return
            await self._livekit().room.update_room_metadata(
                api.UpdateRoomMetadataRequest(room=name, metadata=metadata)
            )
        except (api.TwirpError, aiohttp.ClientError, TimeoutError):
            # The backend stores it too; the next change of metadata tries again.
            logger.warning("room metadata not written", extra={"room": name})
