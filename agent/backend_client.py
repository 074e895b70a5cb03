"""The backend's API over HTTP, in wire types."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ValidationError

from agent.acknowledgements import check_outcomes, check_recorded, check_saved
from agent.errors import AgentReplaced, BackendProtocolError, BackendRejected, BackendUnavailable
from agent.settings import AgentSettings
from agent.tracing import span, trace_headers
from retrieval.wire import (
    STALE_EPOCH,
    AgentJoined,
    AppendMessages,
    AppendResult,
    Conversation,
    ConversationEvent,
    CreateRoom,
    EventKind,
    EventList,
    EventsRecorded,
    MessageCreate,
    MessagePage,
    PageOrder,
    Problem,
    RecordEvents,
    Room,
    SearchRequest,
    SearchResponse,
    SessionSummary,
)

Reply = TypeVar("Reply", bound=BaseModel)

_RETRYABLE = {408, 425, 429}


class BackendClient:
    """Idempotent; raises only BackendError. `timeout_s` bounds a whole call, retry included."""

    def __init__(
        self,
        base_url: str,
        *,
        service_key: str | None = None,
        timeout_s: float = 5.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {service_key}"} if service_key else {}
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/api/v1",
            headers=headers | {"Content-Type": "application/json"},
            timeout=None,  # noqa: S113 - httpx bounds single steps; _call bounds their sum
            transport=transport,
        )

    async def create_room(
        self, name: str, *, identity: str | None = None, language: str | None = None
    ) -> Room:
        """Creates the room if there is none."""
        body = CreateRoom(name=name, identity=identity, language=language)
        return await self._ask("POST", "/rooms", body, Room)

    async def agent_joined(
        self,
        room: str,
        *,
        identity: str,
        session_id: str,
        window: int,
        language: str | None = None,
    ) -> Conversation:
        """Report this agent; the conversation has the `window` messages said last."""
        body = AgentJoined(
            identity=identity, session_id=session_id, window=window, language=language
        )
        return await self._ask("POST", f"/rooms/{_segment(room)}/agent-joined", body, Conversation)

    async def append_messages(
        self, conversation_id: UUID, messages: Sequence[MessageCreate], *, epoch: int | None = None
    ) -> AppendResult:
        """All or nothing, in this order. BackendProtocolError unless each is acknowledged.

        `epoch` is for the room's agent, which gets AgentReplaced if another one has joined since.
        """
        body = AppendMessages(messages=list(messages), epoch=epoch)
        result = await self._ask(
            "POST", f"/conversations/{conversation_id}/messages", body, AppendResult
        )
        check_outcomes([message.id for message in messages], result)
        return result

    async def save_conversation_turn(
        self, conversation_id: UUID, messages: Sequence[MessageCreate], *, epoch: int | None = None
    ) -> AppendResult:
        """Messages as they were said: of one or more turns, or a part of one."""
        return await self.append_messages(conversation_id, messages, epoch=epoch)

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
        self, conversation_id: UUID, events: Sequence[ConversationEvent]
    ) -> EventsRecorded:
        """All or nothing. BackendProtocolError if the count cannot be."""
        body = RecordEvents(events=list(events))
        result = await self._ask(
            "POST", f"/conversations/{conversation_id}/events", body, EventsRecorded
        )
        check_recorded(len(events), result)
        return result

    async def newest_events(
        self, conversation_id: UUID, *, kind: EventKind, since: datetime, limit: int
    ) -> list[ConversationEvent]:
        """Oldest first."""
        query = urlencode({"kind": kind, "since": since.isoformat(), "limit": limit})
        path = f"/conversations/{conversation_id}/events?{query}"
        return (await self._ask("GET", path, None, EventList)).events

    async def save_session(self, session_id: str, summary: SessionSummary) -> None:
        """Replaces an earlier summary. BackendProtocolError if anything else answers."""
        response = await self._call("PUT", f"/sessions/{_segment(session_id)}", summary)
        check_saved(response)

    async def report_worker(self, agent_name: str, worker_id: str) -> None:
        path = f"/workers/{_segment(agent_name)}/{_segment(worker_id)}"
        await self._call("PUT", path, None, timeout_s=2.0)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        body: BaseModel | None,
        reply: type[Reply],
        *,
        timeout_s: float | None = None,
    ) -> Reply:
        response = await self._call(method, path, body, timeout_s=timeout_s)
        try:
            return reply.model_validate_json(response.content)
        except ValidationError as error:
            raise BackendProtocolError(
                f"the answer to {method} {response.url.path} is not a {reply.__name__}: "
                f"{error.error_count()} fields differ"
            ) from None

    async def _call(
        self, method: str, path: str, body: BaseModel | None, *, timeout_s: float | None = None
    ) -> httpx.Response:
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        content = body.model_dump_json(exclude_none=True) if body is not None else None
        try:
            with span(f"backend {_verb(path)}", kind=SpanKind.CLIENT) as current:
                async with asyncio.timeout(limit_s):
                    response = await self._send(method, path, content)
                current.set_attribute("http.response.status_code", response.status_code)
        except TimeoutError:
            raise BackendUnavailable(f"no answer within {limit_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BackendUnavailable(type(error).__name__) from None
        if not response.is_success:
            raise _refusal(response)
        return response

    async def _send(self, method: str, path: str, content: str | None) -> httpx.Response:
        # A backend that restarts leaves dead connections in the pool; a second attempt is safe,
        # since every request is idempotent.
        try:
            return await self._http.request(method, path, content=content, headers=trace_headers())
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return await self._http.request(method, path, content=content, headers=trace_headers())


def open_client(settings: AgentSettings) -> BackendClient:
    """Connects with the first call."""
    key = settings.backend_service_key
    return BackendClient(
        str(settings.backend_url),
        service_key=key.get_secret_value() if key else None,
        timeout_s=settings.backend_timeout_s,
    )


def _verb(path: str) -> str:
    """The path's verb without ids and names, for a span's name."""
    parts = path.partition("?")[0].split("/")
    return parts[3] if len(parts) > 3 else parts[1]


def _segment(name: str) -> str:
    """Escaped: "." and ".." would change the path."""
    return quote(name, safe="").replace(".", "%2E")


def _refusal(
    response: httpx.Response,
) -> BackendUnavailable | BackendRejected | AgentReplaced:
    status = response.status_code
    if status >= 500 or status in _RETRYABLE or status < 400:
        return BackendUnavailable(f"HTTP {status}", retry_after_s=_retry_after_s(response))
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        problem = Problem(title="Refused", status=status, detail="no reason was given")
    return (
        AgentReplaced(problem) if problem.type == STALE_EPOCH else BackendRejected(status, problem)
    )


def _retry_after_s(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None
