"""The rooms on the LiveKit server: made with their conversation's id, an agent on its way."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import aiohttp
from livekit import api

from backend_stub.livekit.dispatches import AgentDispatches
from backend_stub.livekit.reconciler import RoomReconciler
from backend_stub.settings import LiveKitSettings

if TYPE_CHECKING:
    from retrieval.database.connection import Database

KEY = "conversation_id"  # in the metadata of rooms and dispatches

logger = logging.getLogger(__name__)


class LiveKitRooms:
    """Opens rooms and signs join tokens; the agent is named in both, so that either brings it."""

    def __init__(self, server: api.LiveKitAPI, settings: LiveKitSettings) -> None:
        self._server = server
        self._settings = settings
        self._dispatches = AgentDispatches(server, settings.agent_name)

    def watch(self, db: "Database") -> RoomReconciler:
        """A loop that brings agents to rooms that have none."""
        return RoomReconciler(
            db, self._server, self._dispatches, interval_s=self._settings.watch_interval_s
        )

    @property
    def url(self) -> str | None:
        """Where participants connect."""
        return self._settings.public_url or self._settings.url

    async def open_room(self, name: str, *, conversation_id: UUID) -> bool:
        """Make sure that the room exists, knows its conversation and has an agent dispatched.

        Returns whether all of that is so; False, and a log line, when the server did not answer
        or refused. Safe to repeat: a room that has its agent, or one on the way, gets no other.
        """
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                room = await self._server.room.create_room(
                    api.CreateRoomRequest(
                        name=name,
                        metadata=_naming(conversation_id),
                        agents=[self._dispatch(conversation_id)],
                    )
                )
                await self._mend_metadata(room, conversation_id)
                await self._dispatches.ensure(name, metadata=_naming(conversation_id))
        except (aiohttp.ClientError, TimeoutError, api.ServerError) as error:
            # The error's text may carry a token.
            logger.warning(
                "LiveKit did not open the room",
                extra={"error": type(error).__name__, "conversation_id": str(conversation_id)},
            )
            return False
        return True

    def join_token(self, room: str, *, identity: str, conversation_id: UUID) -> str:
        """A token with which `identity` may join the room, speak, listen and type."""
        settings = self._settings
        return (
            api.AccessToken(settings.api_key, settings.secret())
            .with_identity(identity)
            .with_ttl(timedelta(seconds=settings.token_ttl_s))
            .with_grants(api.VideoGrants(room_join=True, room=room))
            # Counts where the join creates the room: LiveKit was down, or has closed it since.
            .with_room_config(
                api.RoomConfiguration(
                    agents=[self._dispatch(conversation_id)],
                    metadata=_naming(conversation_id),
                )
            )
            .to_jwt()
        )

    async def _mend_metadata(self, room: api.Room, conversation_id: UUID) -> None:
        # Creating a room that exists changes nothing, and a restarted server forgets metadata.
        metadata = _with_conversation(room.metadata, conversation_id)
        if metadata is not None:
            await self._server.room.update_room_metadata(
                api.UpdateRoomMetadataRequest(room=room.name, metadata=metadata)
            )

    def _dispatch(self, conversation_id: UUID) -> api.RoomAgentDispatch:
        return api.RoomAgentDispatch(
            agent_name=self._settings.agent_name,
            metadata=_naming(conversation_id),
        )


@asynccontextmanager
async def open_livekit(settings: LiveKitSettings) -> AsyncIterator[LiveKitRooms | None]:
    """The rooms of the configured server, or None without one; the server need not be up."""
    if settings.url is None:
        yield None
        return
    server = api.LiveKitAPI(
        settings.url,
        settings.api_key,
        settings.secret(),
        timeout=aiohttp.ClientTimeout(total=settings.timeout_s),
    )
    try:
        yield LiveKitRooms(server, settings)
    finally:
        await server.aclose()


def _naming(conversation_id: UUID) -> str:
    return json.dumps({KEY: str(conversation_id)})


def _with_conversation(metadata: str, conversation_id: UUID) -> str | None:
    """The metadata with our key added; None where it is there, or where it is no JSON object.

    Metadata of another form belongs to somebody else.
    """
    try:
        found = json.loads(metadata or "{}")
    except ValueError:
        return None
    if not isinstance(found, dict) or KEY in found:
        return None
    return json.dumps({**found, KEY: str(conversation_id)})
