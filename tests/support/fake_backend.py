"""An in-memory backend that keeps the wire contract, with switches for what can go wrong."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import unquote
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel, ValidationError

from agent.backend_client import BackendClient
from retrieval.wire import (
    STALE_EPOCH,
    AgentJoined,
    AppendMessages,
    AppendOutcome,
    AppendResult,
    Conversation,
    ConversationEvent,
    CreateConversation,
    CreateRoom,
    EventList,
    EventsRecorded,
    FieldError,
    KeyedConversation,
    Message,
    MessagePage,
    Problem,
    RecordEvents,
    RetrievalHit,
    Room,
    SearchRequest,
    SearchResponse,
    SearchTimings,
    SessionSummary,
)

WORD = re.compile(r"[\w'-]{3,}")
COMMON = {"what", "the", "was", "you", "and", "did", "who", "when", "where", "for", "that", "said"}


class FakeBackend:
    """Finds messages that share a word with the query, most words first, newest first.

    `down` answers 503; `search_delay_s` makes searches slow, `append_s_per_message` writes, which
    are then lost with their caller; `refuse` may answer any request; `time_is_off` sets the clock
    that agents are told.
    """

    def __init__(self) -> None:
        self.rooms: dict[str, UUID] = {}
        self.epochs: dict[UUID, list[str]] = {}
        """Sessions of the agents that have joined; the last one's epoch is their number."""
        self.keys: dict[UUID, str] = {}
        self.shared_epochs: dict[tuple[UUID, str | None], list[str]] = {}
        """Of the rooms of keys' conversations."""
        self.messages: dict[UUID, list[Message]] = {}
        self.events: dict[UUID, dict[str, ConversationEvent]] = {}
        self.sessions: dict[str, SessionSummary] = {}
        self.searches: list[SearchRequest] = []
        self.appended_batches: list[list[str]] = []
        self.down = False
        self.search_delay_s = 0.0
        self.time_is_off = timedelta()
        self.append_s_per_message = 0.0
        self.refuse: Callable[[str, str, bytes], httpx.Response | None] = lambda *_: None

    def client(self, *, timeout_s: float = 5.0) -> BackendClient:
        """A real client whose requests come here."""
        transport = httpx.MockTransport(self._handle)
        return BackendClient("http://backend", timeout_s=timeout_s, transport=transport)

    @property
    def stored(self) -> list[Message]:
        """The messages of the only conversation."""
        return next(iter(self.messages.values()), [])

    @property
    def recorded(self) -> list[ConversationEvent]:
        """The events of the only conversation."""
        return list(next(iter(self.events.values()), {}).values())

    def room(self, name: str = "den") -> UUID:
        """The room's conversation, made if it is new."""
        conversation_id = self.rooms.setdefault(name, uuid4())
        self.messages.setdefault(conversation_id, [])
        self.events.setdefault(conversation_id, {})
        return conversation_id

    def of_key(self, key: str) -> UUID:
        """The key's conversation, made if it is new."""
        known = {name: id_ for id_, name in self.keys.items()}
        conversation_id = known.get(key) or uuid4()
        self.keys[conversation_id] = key
        self.messages.setdefault(conversation_id, [])
        self.events.setdefault(conversation_id, {})
        return conversation_id

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        return await self.answer(request.method, request.url.raw_path.decode(), request.content)

    async def answer(self, method: str, target: str, body: bytes) -> httpx.Response:
        """One request; also for a real HTTP server in front."""
        if self.down:
            return _problem(503, "switched off")
        if (refusal := self.refuse(method, target, body)) is not None:
            return refusal
        path = target.partition("?")[0].removeprefix("/api/v1/").split("/")
        try:
            return await self._route(method, path, target, body)
        except ValidationError as error:
            return _invalid(error)

    async def _route(
        self, method: str, path: list[str], target: str, body: bytes
    ) -> httpx.Response:
        match method, *path:
            case "POST", "conversations":
                key = CreateConversation.model_validate_json(body).key
                return _ok(
                    KeyedConversation(conversation_id=self.of_key(key), key=key, created=False)
                )
            case "POST", "rooms":
                return self._create_room(CreateRoom.model_validate_json(body))
            case "POST", "rooms", name, "agent-joined":
                return self._join(unquote(name), AgentJoined.model_validate_json(body))
            case "PUT", "sessions", session_id:
                self.sessions[unquote(session_id)] = SessionSummary.model_validate_json(body)
                return httpx.Response(204)
            case _, "conversations", id_, verb if UUID(id_) in self.messages:
                return await self._in_conversation(UUID(id_), f"{method} {verb}", target, body)
        return _problem(404, "no such path or conversation")

    async def _in_conversation(
        self, conversation_id: UUID, call: str, target: str, body: bytes
    ) -> httpx.Response:
        match call:
            case "POST messages":
                request = AppendMessages.model_validate_json(body)
                await asyncio.sleep(self.append_s_per_message * len(request.messages))
                return self._append(conversation_id, request)
            case "GET messages":
                return self._recent(conversation_id, httpx.URL(target).params)
            case "POST events":
                return self._record(conversation_id, RecordEvents.model_validate_json(body))
            case "GET events":
                return self._events(conversation_id, httpx.URL(target).params)
            case "POST search":
                return await self._search(conversation_id, SearchRequest.model_validate_json(body))
        return _problem(405, "no such verb")

    def _create_room(self, request: CreateRoom) -> httpx.Response:
        created = request.name not in self.rooms
        conversation_id = self.room(request.name)
        return _ok(Room(name=request.name, conversation_id=conversation_id, created=created))

    def _join(self, name: str, request: AgentJoined) -> httpx.Response:
        if request.conversation is not None:
            self.rooms[name] = self.of_key(request.conversation)
        conversation_id = self.room(name)
        key = self.keys.get(conversation_id)
        messages = _as_said(self.messages[conversation_id])
        joined = self.epochs.setdefault(conversation_id, [])
        if key is not None:
            joined = self.shared_epochs.setdefault((conversation_id, name), [])
        if joined[-1:] != [request.session_id]:
            joined.append(request.session_id)
        return _ok(
            Conversation(
                epoch=len(joined),
                now=datetime.now(UTC) + self.time_is_off,
                conversation_id=conversation_id,
                room=name,
                key=key,
                message_count=len(messages),
                window=messages[-request.window :] if request.window else [],
                last_message_at=messages[-1].created_at if messages else None,
            )
        )

    def _append(self, conversation_id: UUID, request: AppendMessages) -> httpx.Response:
        present = len(
            self.shared_epochs.get((conversation_id, request.room))
            or self.epochs.get(conversation_id, [])
        )
        if request.epoch is not None and request.epoch < present:
            return _problem(409, "another agent has this room", kind=STALE_EPOCH)
        messages = self.messages[conversation_id]
        asked = {new.id for new in request.messages}
        known = {message.id: message for message in messages if message.id in asked}
        taken = [
            new.id
            for new in request.messages
            if new.id in known and new.content != known[new.id].content
        ]
        if taken:
            return _problem(409, "ids are taken", ids=[str(id_) for id_ in taken])
        self.appended_batches.append([new.id for new in request.messages])
        outcomes = []
        for new in request.messages:
            if new.id not in known:
                known[new.id] = Message(seq=len(messages) + 1, **new.model_dump())
                messages.append(known[new.id])
                status = "stored"
            else:
                status = "duplicate"
            outcomes.append(AppendOutcome(id=new.id, seq=known[new.id].seq, status=status))
        return _ok(AppendResult(outcomes=outcomes))

    def _recent(self, conversation_id: UUID, params: httpx.QueryParams) -> httpx.Response:
        messages = self.messages[conversation_id]
        limit = int(params["limit"])
        if "after" in params:
            page = [m for m in messages if m.seq > int(params["after"])][:limit]
        else:
            arrival = params.get("order") == "arrival"
            ordered = messages if arrival else _as_said(messages)
            seqs = [m.seq for m in ordered]
            before = int(params.get("before", 0))
            page = ordered[: seqs.index(before)] if before in seqs else ordered
            page = page[-limit:]
        return _ok(MessagePage(messages=page, message_count=len(messages)))

    def _record(self, conversation_id: UUID, request: RecordEvents) -> httpx.Response:
        events = self.events[conversation_id]
        fresh = [event for event in request.events if event.id not in events]
        events.update({event.id: event for event in fresh})
        return _ok(EventsRecorded(recorded=len(fresh)))

    def _events(self, conversation_id: UUID, params: httpx.QueryParams) -> httpx.Response:
        since = datetime.fromisoformat(params["since"])
        events = [
            event
            for event in self.events[conversation_id].values()
            if event.kind == params["kind"] and event.created_at >= since
        ]
        return _ok(EventList(events=events[-int(params["limit"]) :]))

    async def _search(self, conversation_id: UUID, request: SearchRequest) -> httpx.Response:
        self.searches.append(request)
        await asyncio.sleep(self.search_delay_s)
        messages = self.messages[conversation_id]
        wanted, excluded = _telling(request.query), set(request.exclude_ids)
        scored = [
            (len(wanted & _telling(m.content)), m.seq, m)
            for m in messages
            if m.id not in excluded
            and (request.participants is None or m.participant in request.participants)
            and (request.since is None or m.created_at >= request.since)
            and (request.until is None or m.created_at < request.until)
        ]
        best = sorted((entry for entry in scored if entry[0]), reverse=True)[: request.limit]
        hits = [self._hit(messages, m, score, request.neighbours) for score, _, m in best]
        return _ok(
            SearchResponse(
                hits=hits,
                relevant=bool(hits),
                confidence=1.0 if hits else 0.0,
                message_count=len(messages),
                pending=0,
                model="words",
                timings=SearchTimings(embed_ms=0, candidates_ms=0, total_ms=0),
            )
        )

    def _hit(
        self, messages: list[Message], found: Message, score: float, neighbours: int
    ) -> RetrievalHit:
        at = found.seq - 1
        return RetrievalHit(
            message=found,
            score=score,
            found_by=["lexical"],
            before=messages[max(0, at - neighbours) : at],
            after=messages[at + 1 : at + 1 + neighbours],
        )


@asynccontextmanager
async def served(backend: FakeBackend) -> AsyncIterator[str]:
    """The backend behind a real socket, for other processes; gives its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        length = re.search(r"content-length: *(\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1])) if length else b""
        response = await backend.answer(method, target, body)
        content = response.content
        writer.write(
            f"HTTP/1.1 {response.status_code} -\r\ncontent-length: {len(content)}\r\n"
            "connection: close\r\n\r\n".encode()
            + content
        )
        await writer.drain()
        writer.close()

    async def answer_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()  # the client was killed

    server = await asyncio.start_server(answer_connection, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"


def _as_said(messages: list[Message]) -> list[Message]:
    return sorted(messages, key=lambda message: (message.created_at, message.seq))


@lru_cache(10_000)  # each search reads every message
def _telling(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.lower())) - COMMON


def _ok(reply: BaseModel) -> httpx.Response:
    return httpx.Response(200, content=reply.model_dump_json())


def _problem(
    status: int,
    detail: str,
    *,
    kind: str = "about:blank",
    ids: list[str] | None = None,
    errors: list[FieldError] | None = None,
) -> httpx.Response:
    problem = Problem(
        type=kind, title="Refused", status=status, detail=detail, ids=ids or [], errors=errors or []
    )
    return httpx.Response(status, content=problem.model_dump_json())


def _invalid(error: ValidationError) -> httpx.Response:
    errors = [
        FieldError(field=".".join(str(part) for part in e["loc"]), message=e["msg"])
        for e in error.errors()
    ]
    return _problem(422, "the request is not valid", errors=errors)
