"""Routes for operators: rooms and conversations with figures, and what happened in one."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from longroom.client.addresses import query_of
from longroom.client.connection import Connection
from retrieval.wire import (
    BackendStatus,
    ConversationOverview,
    ConversationsPage,
    EmbeddingCoverage,
    RoomsPage,
    SessionsPage,
    Timeline,
    TimelineKind,
)


class OverviewRoutes(Connection):
    """For keys of the scope operator or admin. A page's `next` is the `after` of the following."""

    async def rooms(
        self,
        *,
        after: str | None = None,
        limit: int = 50,
        name: str | None = None,
        active_since: datetime | None = None,
        degraded: bool = False,
    ) -> RoomsPage:
        """Lately active ones first. `name` is a part of theirs, in whatever case."""
        query = _listed(after, limit, name, active_since, degraded=degraded)
        return await self._ask("GET", f"/rooms?{query}", None, RoomsPage)

    async def conversations(
        self,
        *,
        after: str | None = None,
        limit: int = 50,
        name: str | None = None,
        active_since: datetime | None = None,
        degraded: bool = False,
    ) -> ConversationsPage:
        """Lately active ones first. `name` is a part of the room's name or of the key."""
        query = _listed(after, limit, name, active_since, degraded=degraded)
        return await self._ask("GET", f"/conversations?{query}", None, ConversationsPage)

    async def conversation_overview(self, conversation_id: UUID) -> ConversationOverview:
        path = f"/conversations/{conversation_id}"
        return await self._ask("GET", path, None, ConversationOverview)

    async def timeline(
        self,
        conversation_id: UUID,
        *,
        limit: int = 50,
        before: str | None = None,
        after: str | None = None,
        at: datetime | int | None = None,
        kinds: Collection[TimelineKind] | None = None,
    ) -> Timeline:
        """The newest entries, those before or after a cursor, or those around a time or a seq."""
        query = query_of(
            {"limit": limit, "before": before, "after": after, "at": at, "kinds": kinds}
        )
        path = f"/conversations/{conversation_id}/timeline?{query}"
        return await self._ask("GET", path, None, Timeline)

    async def sessions(
        self, conversation_id: UUID, *, after: str | None = None, limit: int = 50
    ) -> SessionsPage:
        """Those begun last first."""
        query = query_of({"limit": limit, "after": after})
        path = f"/conversations/{conversation_id}/sessions?{query}"
        return await self._ask("GET", path, None, SessionsPage)

    async def coverage(self, conversation_id: UUID) -> EmbeddingCoverage:
        path = f"/conversations/{conversation_id}/coverage"
        return await self._ask("GET", path, None, EmbeddingCoverage)

    async def status(self) -> BackendStatus:
        return await self._ask("GET", "/status", None, BackendStatus)


def _listed(
    after: str | None,
    limit: int,
    name: str | None,
    active_since: datetime | None,
    *,
    degraded: bool,
) -> str:
    return query_of(
        {
            "limit": limit,
            "after": after,
            "name": name,
            "active_since": active_since,
            "degraded": "true" if degraded else None,
        }
    )
