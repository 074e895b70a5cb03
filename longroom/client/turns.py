"""Routes for traces of turns: recorded by agents, read by operators."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from longroom.client.addresses import query_of, segment
from longroom.client.connection import Connection
from retrieval.wire import (
    DegradedFilter,
    RecallSource,
    RecordTurns,
    Turn,
    TurnOutcome,
    TurnPage,
    TurnsRecorded,
    TurnTrace,
)


class TurnRoutes(Connection):
    async def record_turns(
        self,
        conversation_id: UUID,
        turns: Sequence[TurnTrace],
        *,
        timeout_s: float | None = None,
    ) -> TurnsRecorded:
        """All or nothing; a question's newer trace replaces the older one."""
        body = RecordTurns(turns=list(turns))
        path = f"/conversations/{conversation_id}/turns"
        return await self._ask("POST", path, body, TurnsRecorded, timeout_s=timeout_s)

    async def turns(
        self,
        conversation_id: UUID,
        *,
        after: str | None = None,
        limit: int = 50,
        outcome: TurnOutcome | None = None,
        degraded: DegradedFilter | None = None,
        source: RecallSource | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> TurnPage:
        """Newest first. For keys of the scope operator or admin, as is `turn`."""
        given = {
            "limit": limit,
            "after": after,
            "outcome": outcome,
            "degraded": degraded,
            "source": source,
            "since": since,
            "until": until,
        }
        path = f"/conversations/{conversation_id}/turns?{query_of(given)}"
        return await self._ask("GET", path, None, TurnPage)

    async def turn(self, conversation_id: UUID, question_id: str) -> Turn:
        """The trace, with the texts of now; BackendRejected (404) if there is none."""
        path = f"/conversations/{conversation_id}/turns/{segment(question_id)}"
        return await self._ask("GET", path, None, Turn)
