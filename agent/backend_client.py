"""The agent's client of the backend: `longroom.client`, with a span around each request."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
from opentelemetry.trace import SpanKind

from agent.settings import AgentSettings
from agent.tracing import span, trace_headers
from longroom.client import BackendRejected, LongroomClient
from retrieval.wire import (
    AppendResult,
    Conversation,
    MessageCreate,
    SearchRequest,
    SearchResponse,
)

Listener = Callable[[UUID, int | None], None]


class BackendClient(LongroomClient):
    """Joins the backend's spans to the trace of the turn.

    Each of `listeners` is told the revision of a conversation that an answer gives, and None where
    one says that something of it was erased.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_s: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(url, key=key, timeout_s=timeout_s, transport=transport)
        self.listeners: list[Listener] = []

    async def send(self, request: httpx.Request) -> httpx.Response:
        with span(f"backend {_verb(request.url)}", kind=SpanKind.CLIENT) as current:
            request.headers.update(trace_headers())
            response = await super().send(request)
            current.set_attribute("http.response.status_code", response.status_code)
        return response

    async def search_conversation(
        self, conversation_id: UUID, request: SearchRequest, *, timeout_s: float | None = None
    ) -> SearchResponse:
        with self._noticing_erasure(conversation_id):
            found = await super().search_conversation(conversation_id, request, timeout_s=timeout_s)
        self._tell(conversation_id, found.revision)
        return found

    async def append_messages(
        self,
        conversation_id: UUID,
        messages: Sequence[MessageCreate],
        *,
        epoch: int | None = None,
        room: str | None = None,
        timeout_s: float | None = None,
    ) -> AppendResult:
        with self._noticing_erasure(conversation_id):
            result = await super().append_messages(
                conversation_id, messages, epoch=epoch, room=room, timeout_s=timeout_s
            )
        self._tell(conversation_id, result.revision)
        return result

    async def agent_joined(self, room: str, **options: Any) -> Conversation:
        joined = await super().agent_joined(room, **options)
        self._tell(joined.conversation_id, joined.revision)
        return joined

    def _tell(self, conversation_id: UUID, revision: int | None) -> None:
        for listener in list(self.listeners):
            listener(conversation_id, revision)

    @contextmanager
    def _noticing_erasure(self, conversation_id: UUID) -> Iterator[None]:
        try:
            yield
        except BackendRejected as rejection:
            if rejection.is_erased:
                self._tell(conversation_id, None)
            raise


def open_client(settings: AgentSettings) -> BackendClient:
    """Connects with the first call."""
    key = settings.backend_service_key
    return BackendClient(
        str(settings.backend_url),
        key=key.get_secret_value() if key else None,
        timeout_s=settings.backend_timeout_s,
    )


def _verb(url: httpx.URL) -> str:
    """The path's verb without ids and names, for a span's name."""
    path = url.raw_path.decode().partition("?")[0].partition("/api/v1/")[2]
    kind, *rest = path.split("/")
    return rest[1] if kind in {"conversations", "rooms"} and len(rest) > 1 else kind
