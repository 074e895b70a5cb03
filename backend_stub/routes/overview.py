"""Rooms and conversations as an operator sees them: lists with figures, one in all its figures."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from backend_stub.access.permissions import needs
from backend_stub.http.cursors import cursor
from backend_stub.http.routing import InConversation, guarded_router
from backend_stub.resources import AppResources
from retrieval.store.overview.activity import ActivityPlace, RoomFilter
from retrieval.store.overview.conversations import conversation_overview, conversations_page
from retrieval.store.overview.coverage import conversation_coverage
from retrieval.store.overview.rooms import rooms_page
from retrieval.store.overview.sessions import sessions_page
from retrieval.store.time_place import TimePlace
from retrieval.wire import (
    MAX_OVERVIEW_ROOMS,
    MAX_OVERVIEW_SESSIONS,
    ConversationOverview,
    ConversationsPage,
    EmbeddingCoverage,
    Name,
    Request,
    RoomsPage,
    SessionsPage,
    Timestamp,
)

router = guarded_router("overview")

_PLACE_CHARS = 400


class RoomsQuery(Request):
    after: str | None = Field(
        default=None,
        max_length=_PLACE_CHARS,
        description="a page's `next`: what follows it",
        examples=["2025-03-01T12:00:00+00:00 0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10 test-room"],
    )
    limit: int = Field(default=50, ge=1, le=MAX_OVERVIEW_ROOMS, description="so many at most")
    name: Name | None = Field(
        default=None,
        description="only those whose name has this in it, in whatever case",
        examples=["call-"],
    )
    active_since: Timestamp | None = Field(
        default=None, description="only those that messages arrived in since then"
    )
    degraded: bool = Field(
        default=False, description="only those with a degraded turn among their newest 100"
    )

    def place(self) -> ActivityPlace | None:
        return cursor(ActivityPlace.read, self.after, field="after")

    def only(self) -> RoomFilter:
        return RoomFilter(self.name, self.active_since, self.degraded)


@router.get("/rooms", summary="Rooms and how they are doing", openapi_extra=needs("inspect"))
async def rooms(query: Annotated[RoomsQuery, Query()], resources: AppResources) -> RoomsPage:
    """Those first whose conversation was active lately; rooms that share one stand together."""
    return await rooms_page(
        resources.pools.background,
        model_id=resources.model.model_id,
        limit=query.limit,
        after=query.place(),
        only=query.only(),
    )


@router.get(
    "/conversations",
    summary="Conversations and how they are doing",
    openapi_extra=needs("inspect"),
)
async def conversations(
    query: Annotated[RoomsQuery, Query()], resources: AppResources
) -> ConversationsPage:
    """Those first that were active lately; `name` looks at the room's name, or the key."""
    return await conversations_page(
        resources.pools.background,
        model_id=resources.model.model_id,
        limit=query.limit,
        after=query.place(),
        only=query.only(),
    )


@router.get(
    "/conversations/{conversation_id}",
    summary="A conversation in all its figures",
    openapi_extra=needs("inspect"),
)
async def conversation(
    conversation_id: InConversation, resources: AppResources
) -> ConversationOverview:
    """Nothing of what was said."""
    return await conversation_overview(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        model_id=resources.model.model_id,
    )


class SessionsQuery(Request):
    after: str | None = Field(
        default=None,
        max_length=_PLACE_CHARS,
        description="a page's `next`: what follows it",
        examples=["2025-03-01T12:00:00+00:00 AJ_x1"],
    )
    limit: int = Field(default=50, ge=1, le=MAX_OVERVIEW_SESSIONS, description="so many at most")


@router.get(
    "/conversations/{conversation_id}/sessions",
    summary="The sessions of a conversation",
    openapi_extra=needs("inspect"),
)
async def sessions(
    conversation_id: InConversation,
    query: Annotated[SessionsQuery, Query()],
    resources: AppResources,
) -> SessionsPage:
    """Those begun last first."""
    return await sessions_page(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        limit=query.limit,
        after=cursor(TimePlace.read, query.after, field="after"),
    )


@router.get(
    "/conversations/{conversation_id}/coverage",
    summary="Which messages of a conversation have embeddings",
    openapi_extra=needs("inspect"),
)
async def coverage(conversation_id: InConversation, resources: AppResources) -> EmbeddingCoverage:
    """Counted exactly, for the model that is searched with."""
    rooms = resources.rooms
    return await conversation_coverage(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        model_id=resources.model.model_id,
        model=resources.model.name,
        in_memory=rooms is not None and conversation_id in rooms.versions(),
    )
