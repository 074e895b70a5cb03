"""An in-memory backend that keeps the wire contract, with switches for what can go wrong."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel, ValidationError

from agent.backend_client import BackendClient
from retrieval.wire import (
    ERASED,
    STALE_EPOCH,
    AgentJoined,
    AppendMessages,
    AppendOutcome,
    AppendResult,
    Change,
    Changes,
    Conversation,
    ConversationEvent,
    CreateConversation,
    CreateRoom,
    EventList,
    EventsRecorded,
    FieldError,
    KeyedConversation,
    Message,
    MessageCreate,
    MessagePage,
    Problem,
    RecordEvents,
    RecordTurns,
    RetrievalHit,
    Room,
    SearchRequest,
    SearchResponse,
    SearchTimings,
    SessionSummary,
    TurnsRecorded,
    TurnTrace,
    erased_id,
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
        self.turns: dict[UUID, dict[str, TurnTrace]] = {}
        self.keeps_turns = True
        """False: a backend of an earlier version."""
        self.changes: dict[UUID, list[Change]] = {}
        self.erased: set[UUID] = set()
        """Conversations."""
        self.changes_asked = 0
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

    @property
    def traces(self) -> dict[str, TurnTrace]:
        """Of the turns of the only conversation, by their question's id."""
        return next(iter(self.turns.values()), {})

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

    def revision(self, conversation_id: UUID) -> int:
        return len(self.changes.get(conversation_id, []))

    def erase_message(self, conversation_id: UUID, message_id: str) -> None:
        messages = self.messages[conversation_id]
        seq = next((m.seq for m in messages if m.id == message_id), None)
        messages[:] = [m for m in messages if m.id != message_id]
        hashed = erased_id(conversation_id, message_id)
        self._change(conversation_id, kind="erased", seq=seq, id_sha256=hashed)

    def erase_participant(
        self, conversation_id: UUID, identity: str, *, before: datetime | None = None
    ) -> None:
        before = before or datetime.now(UTC) + self.time_is_off
        messages = self.messages[conversation_id]
        messages[:] = [m for m in messages if m.participant != identity or m.created_at > before]
        hashed = erased_id(conversation_id, identity)
        self._change(
            conversation_id, kind="participant_erased", identity_sha256=hashed, before=before
        )

    def correct(self, conversation_id: UUID, message_id: str, content: str) -> None:
        messages = self.messages[conversation_id]
        at = next(n for n, m in enumerate(messages) if m.id == message_id)
        messages[at] = messages[at].model_copy(update={"content": content})
        self._change(conversation_id, kind="corrected", message=messages[at])

    def expire(self, conversation_id: UUID, before: datetime) -> None:
        """As retention does."""
        messages = self.messages[conversation_id]
        messages[:] = [m for m in messages if m.created_at >= before]
        self._change(conversation_id, kind="expired", before=before)

    def erase_conversation(self, conversation_id: UUID) -> None:
        """A room that had it gets a new one."""
        self.erased.add(conversation_id)
        self.messages.pop(conversation_id, None)
        self.events.pop(conversation_id, None)
        self.rooms = {name: id_ for name, id_ in self.rooms.items() if id_ != conversation_id}

    def _change(self, conversation_id: UUID, **change: Any) -> None:
        changes = self.changes.setdefault(conversation_id, [])
        changes.append(Change(revision=len(changes) + 1, **change))

    def _is_erased(self, conversation_id: UUID, new: MessageCreate) -> bool:
        return any(
            change.id_sha256 == erased_id(conversation_id, new.id)
            or (
                change.identity_sha256 == erased_id(conversation_id, new.participant)
                and change.before is not None
                and new.created_at <= change.before
            )
            for change in self.changes.get(conversation_id, [])
        )

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
                summary = SessionSummary.model_validate_json(body)
                if summary.conversation_id in self.erased:
                    return _problem(410, "the conversation was erased", kind=ERASED)
                self.sessions[unquote(session_id)] = summary
                return httpx.Response(204)
            case _, "conversations", id_, _ if UUID(id_) in self.erased:
                return _problem(410, "the conversation was erased", kind=ERASED)
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
                if conversation_id in self.erased:  # meanwhile
                    return _problem(410, "the conversation was erased", kind=ERASED)
                return self._append(conversation_id, request)
            case "GET messages":
                return self._recent(conversation_id, httpx.URL(target).params)
            case "POST events":
                return self._record(conversation_id, RecordEvents.model_validate_json(body))
            case "GET changes":
                return self._changes(conversation_id, httpx.URL(target).params)
            case "GET events":
                return self._events(conversation_id, httpx.URL(target).params)
            case "POST search":
                return await self._search(conversation_id, SearchRequest.model_validate_json(body))
        return self._record_turns(conversation_id, call, body)

    def _record_turns(self, conversation_id: UUID, call: str, body: bytes) -> httpx.Response:
        if call != "POST turns" or not self.keeps_turns:
            return _problem(405, "no such verb")
        turns = RecordTurns.model_validate_json(body).turns
        kept = self.turns.setdefault(conversation_id, {})
        kept.update({trace.question_id: trace for trace in turns})
        return _ok(TurnsRecorded(recorded=len(turns)))

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
                revision=self.revision(conversation_id),
            )
        )

    def _append(self, conversation_id: UUID, request: AppendMessages) -> httpx.Response:
        present = len(
            self.shared_epochs.get((conversation_id, request.room))
            or self.epochs.get(conversation_id, [])
        )
        if request.epoch is not None and request.epoch < present:
            return _problem(409, "another agent has this room", kind=STALE_EPOCH)
        erased = [new.id for new in request.messages if self._is_erased(conversation_id, new)]
        if erased:
            return _problem(410, "some were erased", kind=ERASED, ids=[str(id_) for id_ in erased])
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
                seq = messages[-1].seq + 1 if messages else 1
                known[new.id] = Message(seq=seq, **new.model_dump())
                messages.append(known[new.id])
                status = "stored"
            else:
                status = "duplicate"
            outcomes.append(AppendOutcome(id=new.id, seq=known[new.id].seq, status=status))
        return _ok(AppendResult(outcomes=outcomes, revision=self.revision(conversation_id)))

    def _changes(self, conversation_id: UUID, params: httpx.QueryParams) -> httpx.Response:
        self.changes_asked += 1
        after, limit = int(params["after"]), int(params["limit"])
        changes = [c for c in self.changes.get(conversation_id, []) if c.revision > after]
        revision = self.revision(conversation_id)
        return _ok(Changes(revision=revision, changes=changes[:limit], more=len(changes) > limit))

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
        revision = self.revision(conversation_id)
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
        await asyncio.sleep(self.search_delay_s)  # what changes meanwhile is not in the answer
        return _ok(
            SearchResponse(
                hits=hits,
                relevant=bool(hits),
                confidence=1.0 if hits else 0.0,
                message_count=len(messages),
                pending=0,
                model="words",
                revision=revision,
                timings=SearchTimings(embed_ms=0, candidates_ms=0, total_ms=0),
            )
        )

    def _hit(
        self, messages: list[Message], found: Message, score: float, neighbours: int
    ) -> RetrievalHit:
        at = messages.index(found)
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
