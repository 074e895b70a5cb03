"""Keeps the conversation id in the metadata of a room that is open."""

import logging
from collections.abc import Callable

import aiohttp
from livekit import api, rtc

from retrieval.wire import (
    ID_FIELD,
    ConversationId,
    conversation_in,
    parse_metadata,
    with_conversation,
)

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
        self._is_first = True

    async def keep(self) -> None:
        """Write a missing id. LiveKit has no compare-and-set: read, change, write.

        The first call puts it in the place of another one: later ones are written by who has given
        the room another conversation meanwhile.
        """
        # The conversation that they name may have been erased.
        of_another = conversation_in(self._room.metadata) not in {None, self._conversation_id}
        replace, self._replace = self._replace or (self._is_first and of_another), False
        self._is_first = False
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
