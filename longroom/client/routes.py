"""The backend's API over HTTP, in wire types: a method for each of its routes."""

from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from longroom.client.acknowledgements import check_outcomes, check_recorded, check_saved
from longroom.client.addresses import query_of, segment
from longroom.client.changes import ChangeRoutes
from longroom.client.invitations import InvitationRoutes
from longroom.client.overview import OverviewRoutes
from longroom.client.turns import TurnRoutes
from retrieval.wire import (
    AgentJoined,
    AppendMessages,
    AppendResult,
    Conversation,
    ConversationEvent,
    ConversationToken,
    CreateConversation,
    CreateRoom,
    CreateToken,
    EventKind,
    EventList,
    EventsRecorded,
    ExportPart,
    ImportConversation,
    ImportedConversation,
    ImportedRecords,
    ImportRecords,
    KeyedConversation,
    MessageCreate,
    MessagePage,
    PageOrder,
    RecordEvents,
    Room,
    SearchRequest,
    SearchResponse,
    SessionSummary,
)


class Routes(ChangeRoutes, InvitationRoutes, OverviewRoutes, TurnRoutes):
    """Idempotent but for `invite`: after an error, call again with the same ids."""

    async def create_conversation(
        self, key: str, *, language: str | None = None
    ) -> KeyedConversation:
        """Creates the conversation if the key has none."""
        body = CreateConversation(key=key, language=language)
        return await self._ask("POST", "/conversations", body, KeyedConversation)

    async def create_room(
        self,
        name: str,
        *,
        identity: str | None = None,
        language: str | None = None,
        conversation: str | None = None,
    ) -> Room:
        """Creates the room if there is none. `conversation`: key of what it has from now on."""
        body = CreateRoom(
            name=name, identity=identity, language=language, conversation=conversation
        )
        return await self._ask("POST", "/rooms", body, Room)

    async def agent_joined(
        self,
        room: str,
        *,
        identity: str,
        session_id: str,
        window: int,
        language: str | None = None,
        conversation: str | None = None,
        asked_for: UUID | None = None,
        livekit_sid: str | None = None,
    ) -> Conversation:
        """Report this agent; the conversation has the `window` messages said last.

        `conversation`: the key of the one that the room has from now on. `asked_for`: the one that
        metadata told this agent to serve; RoomMoved if the LiveKit room of `livekit_sid` has been
        given another since.
        """
        body = AgentJoined(
            identity=identity,
            session_id=session_id,
            window=window,
            language=language,
            conversation=conversation,
            asked_for=asked_for,
            livekit_sid=livekit_sid,
        )
        return await self._ask("POST", f"/rooms/{segment(room)}/agent-joined", body, Conversation)

    async def append_messages(
        self,
        conversation_id: UUID,
        messages: Sequence[MessageCreate],
        *,
        epoch: int | None = None,
        room: str | None = None,
        timeout_s: float | None = None,
    ) -> AppendResult:
        """All or nothing, in this order. BackendProtocolError unless each is acknowledged.

        `epoch` and, where rooms share the conversation, `room` are for a room's agent, which gets
        AgentReplaced if another one has joined since.
        """
        body = AppendMessages(messages=list(messages), epoch=epoch, room=room)
        path = f"/conversations/{conversation_id}/messages"
        result = await self._ask("POST", path, body, AppendResult, timeout_s=timeout_s)
        check_outcomes([message.id for message in messages], result)
        return result

    async def save_conversation_turn(
        self,
        conversation_id: UUID,
        messages: Sequence[MessageCreate],
        *,
        epoch: int | None = None,
        room: str | None = None,
        timeout_s: float | None = None,
    ) -> AppendResult:
        """Messages as they were said: of one or more turns, or a part of one."""
        return await self.append_messages(
            conversation_id, messages, epoch=epoch, room=room, timeout_s=timeout_s
        )

    async def get_recent_messages(
        self,
        conversation_id: UUID,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        order: PageOrder | None = None,
    ) -> MessagePage:
        """The newest said before the message of seq `before`; the first to arrive after `after`.

        `order` chooses the other one.
        """
        given = {"before": before, "after": after, "order": order}
        query = f"?limit={limit}"
        query += "".join(f"&{name}={value}" for name, value in given.items() if value is not None)
        return await self._ask(
            "GET", f"/conversations/{conversation_id}/messages{query}", None, MessagePage
        )

    async def search_conversation(
        self, conversation_id: UUID, request: SearchRequest, *, timeout_s: float | None = None
    ) -> SearchResponse:
        path = f"/conversations/{conversation_id}/search"
        return await self._ask("POST", path, request, SearchResponse, timeout_s=timeout_s)

    async def record_events(
        self,
        conversation_id: UUID,
        events: Sequence[ConversationEvent],
        *,
        timeout_s: float | None = None,
    ) -> EventsRecorded:
        """All or nothing. BackendProtocolError if the count cannot be."""
        body = RecordEvents(events=list(events))
        path = f"/conversations/{conversation_id}/events"
        result = await self._ask("POST", path, body, EventsRecorded, timeout_s=timeout_s)
        check_recorded(len(events), result)
        return result

    async def newest_events(
        self,
        conversation_id: UUID,
        *,
        kind: EventKind | None = None,
        since: datetime | None = None,
        limit: int,
    ) -> list[ConversationEvent]:
        """Oldest first."""
        query = query_of({"kind": kind, "since": since, "limit": limit})
        path = f"/conversations/{conversation_id}/events?{query}"
        return (await self._ask("GET", path, None, EventList)).events

    async def create_token(self, conversation_id: UUID, wanted: CreateToken) -> ConversationToken:
        """BackendRejected (409) if the backend has no secret to sign with."""
        path = f"/conversations/{conversation_id}/tokens"
        return await self._ask("POST", path, wanted, ConversationToken)

    async def revoke_tokens(self, conversation_id: UUID) -> None:
        """All of the conversation that were made up to now."""
        await self._call("DELETE", f"/conversations/{conversation_id}/tokens", None)

    async def save_session(self, session_id: str, summary: SessionSummary) -> None:
        """Replaces an earlier summary. BackendProtocolError if anything else answers."""
        response = await self._call("PUT", f"/sessions/{segment(session_id)}", summary)
        check_saved(response)

    def export_conversation(
        self, conversation_id: UUID, *, parts: Collection[ExportPart]
    ) -> AsyncGenerator[bytes]:
        """Pieces of JSON lines, cut anywhere. Not repeated after an error: ask again for all."""
        query = urlencode({"include": ",".join(parts)}, safe=",")
        return self._stream(f"/conversations/{conversation_id}/export?{query}")

    def export_participant(self, identity: str) -> AsyncGenerator[bytes]:
        """What all conversations have of that one; pieces of JSON lines, cut anywhere."""
        return self._stream(f"/participants/{segment(identity)}/export")

    async def import_conversation(self, conversation: ImportConversation) -> ImportedConversation:
        """Creates the conversation if its room or key has none; opens no room on LiveKit."""
        return await self._ask("POST", "/conversations/import", conversation, ImportedConversation)

    async def import_records(
        self, conversation_id: UUID, records: ImportRecords, *, timeout_s: float | None = None
    ) -> ImportedRecords:
        """What is stored already stays as it is. BackendProtocolError unless each message is
        acknowledged.
        """
        path = f"/conversations/{conversation_id}/import"
        result = await self._ask("POST", path, records, ImportedRecords, timeout_s=timeout_s)
        check_outcomes([message.id for message in records.messages], result)
        return result

    async def report_worker(
        self, agent_name: str, worker_id: str, *, registered_s_ago: float = 0.0
    ) -> None:
        """`registered_s_ago`: since when LiveKit has known the worker without a gap."""
        path = f"/workers/{segment(agent_name)}/{segment(worker_id)}"
        path += "?" + urlencode({"registered_s_ago": f"{registered_s_ago:.3f}"})
        await self._call("PUT", path, None, timeout_s=2.0)
