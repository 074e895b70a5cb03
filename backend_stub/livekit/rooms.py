"""Rooms on the LiveKit server: created with their conversation's id and an agent dispatched."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import aiohttp
from livekit import api
from livekit.protocol import models as proto

from backend_stub.livekit.dispatches import AgentDispatches
from backend_stub.livekit.reconciler import RoomReconciler
from backend_stub.settings import LiveKitSettings
from retrieval.wire import (
    CHANGED_TOPIC,
    Changed,
    conversation_in,
    conversation_metadata,
    with_conversation,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Database

logger = logging.getLogger(__name__)


class LiveKitRooms:
    """Opens rooms and signs join tokens; both name the agent, so either of them dispatches it."""

    def __init__(self, server: api.LiveKitAPI, settings: LiveKitSettings) -> None:
        self._server = server
        self._settings = settings
        self._dispatches = AgentDispatches(server, settings.agent_name)

    def reconciler(self, db: "Database") -> RoomReconciler:
        return RoomReconciler(
            db, self._server, self._dispatches, interval_s=self._settings.watch_interval_s
        )

    @property
    def url(self) -> str | None:
        return self._settings.public_url or self._settings.url

    async def open_room(
        self,
        name: str,
        *,
        conversation_id: UUID,
        key: str | None,
        erased: Callable[[UUID], Awaitable[bool]],
    ) -> str | None:
        """LiveKit's id of the room; None, after a log line, if LiveKit did not answer or refused.
        Idempotent: a room with an agent, or with one on its way, gets no other.

        With a `key` the room's agents are of its conversation only; and where the one that the
        room's metadata name is `erased`.
        """
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                room = await self._server.room.create_room(
                    api.CreateRoomRequest(
                        name=name,
                        metadata=conversation_metadata(conversation_id),
                        agents=[self._dispatch(conversation_id, key)],
                    )
                )
                named = conversation_in(room.metadata)
                replace = key is not None or (named is not None and await erased(named))
                await self._restore_metadata(room, conversation_id, replace=replace)
                await self._dispatches.ensure(
                    name, metadata=conversation_metadata(conversation_id, key)
                )
        except (aiohttp.ClientError, TimeoutError, api.ServerError) as error:
            # The error's text may carry a token.
            logger.warning(
                "LiveKit did not open the room",
                extra={"error": type(error).__name__, "conversation_id": str(conversation_id)},
            )
            return None
        return room.sid

    async def announce(self, rooms: Sequence[str], changed: Changed) -> None:
        """Tell the participants of the rooms that are open, all within the timeout. What fails is
        logged: agents also ask by themselves.
        """
        tell = partial(self._tell, payload=changed.model_dump_json().encode())
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                told = await asyncio.gather(*map(tell, rooms))
        except TimeoutError:
            told = [False]
        if not all(told):
            logger.warning(
                "not all rooms were told of a change",
                extra={
                    "conversation_id": str(changed.conversation_id),
                    "revision": changed.revision,
                },
            )

    async def _tell(self, room: str, *, payload: bytes) -> bool:
        request = api.SendDataRequest(
            room=room,
            data=payload,
            kind=proto.DataPacket.Kind.RELIABLE,
            topic=CHANGED_TOPIC,
        )
        try:
            await self._server.room.send_data(request)
        except api.ServerError as error:
            return error.code == api.ServerErrorCode.NOT_FOUND  # it is not open
        except aiohttp.ClientError:
            return False
        return True

    def join_token(
        self,
        room: str,
        *,
        identity: str,
        conversation_id: UUID,
        key: str | None,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        """Lets `identity` join the room, speak, listen and type."""
        settings = self._settings
        return (
            api.AccessToken(settings.api_key, settings.secret())
            .with_identity(identity)
            .with_attributes(dict(attributes or {}))
            .with_ttl(timedelta(seconds=settings.token_ttl_s))
            .with_grants(api.VideoGrants(room_join=True, room=room))
            # Used if the join creates the room: LiveKit was down before, or has closed it since.
            .with_room_config(
                api.RoomConfiguration(
                    agents=[self._dispatch(conversation_id, key)],
                    metadata=conversation_metadata(conversation_id),
                )
            )
            .to_jwt()
        )

    async def has_participant(self, room: str, identity: str) -> bool:
        """False, too, if LiveKit does not answer."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                await self._server.room.get_participant(
                    api.RoomParticipantIdentity(room=room, identity=identity)
                )
        except (aiohttp.ClientError, TimeoutError, api.ServerError):
            return False
        return True

    async def _restore_metadata(
        self, room: api.Room, conversation_id: UUID, *, replace: bool
    ) -> None:
        # Creating a room that exists changes nothing, and a restarted server forgets metadata.
        metadata = with_conversation(room.metadata, conversation_id, replace=replace)
        if metadata is not None:
            await self._server.room.update_room_metadata(
                api.UpdateRoomMetadataRequest(room=room.name, metadata=metadata)
            )

    def _dispatch(self, conversation_id: UUID, key: str | None) -> api.RoomAgentDispatch:
        # The key is told to the agent alone: all participants can read the room's metadata.
        return api.RoomAgentDispatch(
            agent_name=self._settings.agent_name,
            metadata=conversation_metadata(conversation_id, key),
        )


@asynccontextmanager
async def open_livekit(url: str, settings: LiveKitSettings) -> AsyncIterator[LiveKitRooms]:
    """The server at `url` need not be up."""
    server = api.LiveKitAPI(
        url,
        settings.api_key,
        settings.secret(),
        timeout=aiohttp.ClientTimeout(total=settings.timeout_s),
    )
    try:
        yield LiveKitRooms(server, settings)
    finally:
        await server.aclose()
