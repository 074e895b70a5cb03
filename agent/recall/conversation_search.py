"""Searches one conversation through the backend."""

from collections.abc import Set
from uuid import UUID

from agent.backend_client import BackendClient
from agent.recall.search_task import hits_without
from retrieval.wire import MAX_EXCLUDED_IDS, MessageId, SearchRequest, SearchResponse


class ConversationSearch:
    """`queued`: ids of accepted questions whose turn has not begun."""

    def __init__(
        self,
        client: BackendClient,
        conversation_id: UUID,
        *,
        timeout_s: float,
        queued: Set[str],
    ) -> None:
        self._client = client
        self._conversation_id = conversation_id
        self._timeout_s = timeout_s
        self._queued = queued

    async def search(self, request: SearchRequest) -> SearchResponse:
        """Raises BackendError."""
        return await self._client.search_conversation(
            self._conversation_id, request, timeout_s=self._timeout_s
        )

    async def search_for_model(self, request: SearchRequest) -> SearchResponse:
        """Without queued questions, which the prompt lacks too. Raises BackendError."""
        queued = [MessageId(id_) for id_ in sorted(self._queued)[:MAX_EXCLUDED_IDS]]
        response = await self.search(request.model_copy(update={"exclude_ids": queued}))
        return response.model_copy(update={"hits": hits_without(response, self._queued)})
