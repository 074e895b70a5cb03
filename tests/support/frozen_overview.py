"""One example of each wire type of what an operator sees, as JSON."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from retrieval import wire
from tests.support.frozen_traces import LINE, LINE_JSON, MESSAGE, MESSAGE_JSON, NOON

CONVERSATION = UUID("0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10")

RECENT = wire.RecentTurns(
    turns=4,
    failed=1,
    degraded=2,
    degraded_share=0.5,
    added_ms_p95=3.5,
    search_ms_p95=20.5,
    newest_at=NOON,
)
RECENT_JSON: dict[str, Any] = {
    "turns": 4,
    "failed": 1,
    "degraded": 2,
    "degraded_share": 0.5,
    "added_ms_p95": 3.5,
    "search_ms_p95": 20.5,
    "newest_at": "2025-03-01T12:00:00Z",
}
_FIGURES: dict[str, Any] = {
    "conversation_id": CONVERSATION,
    "key": "customer-4711",
    "created_at": NOON,
    "active_at": NOON,
    "last_message_at": NOON,
    "messages": 9,
    "pending": 1,
    "coverage": 0.5,
    "turns": 4,
    "recent": RECENT,
}
OF_CONVERSATION = wire.ConversationFigures.model_validate(_FIGURES)
OF_CONVERSATION_JSON: dict[str, Any] = {
    "conversation_id": "0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10",
    "room": None,
    "key": "customer-4711",
    "created_at": "2025-03-01T12:00:00Z",
    "active_at": "2025-03-01T12:00:00Z",
    "last_message_at": "2025-03-01T12:00:00Z",
    "messages": 9,
    "pending": 1,
    "pending_more": False,
    "coverage": 0.5,
    "turns": 4,
    "turns_more": False,
    "recent": RECENT_JSON,
}
OF_ROOM = wire.RoomOverview.model_validate(_FIGURES | {"name": "test-room", "opened_at": NOON})
OF_ROOM_JSON: dict[str, Any] = OF_CONVERSATION_JSON | {
    "name": "test-room",
    "opened_at": "2025-03-01T12:00:00Z",
}
ENTRY = wire.TimelineEntry(kind="turn", at=NOON, cursor="c1", turn=LINE)
ENTRY_JSON: dict[str, Any] = {
    "kind": "turn",
    "at": "2025-03-01T12:00:00Z",
    "cursor": "c1",
    "turn": LINE_JSON,
}
FAILURE = wire.EmbeddingFailure(seq=7, attempts=5, reason="EmbeddingError")
FAILURE_JSON: dict[str, Any] = {"seq": 7, "attempts": 5, "reason": "EmbeddingError"}
DATABASE = wire.DatabaseStatus(
    version="17.6",
    migration="0025_invited_sessions.sql",
    writable=True,
    size_bytes=8192,
    connections={"search": {"used": 1, "idle": 2}},
)
DATABASE_JSON: dict[str, Any] = {
    "version": "17.6",
    "migration": "0025_invited_sessions.sql",
    "writable": True,
    "size_bytes": 8192,
    "connections": {"search": {"used": 1, "idle": 2}},
}
EMBEDDING = wire.EmbeddingStatus(model="all-MiniLM-L6-v2", waiting=1, failed=0, lag_s=2.5)
EMBEDDING_JSON: dict[str, Any] = {
    "model": "all-MiniLM-L6-v2",
    "waiting": 1,
    "failed": 0,
    "lag_s": 2.5,
}
BACKGROUND = wire.BackgroundStatus(name="embedding worker", state="running")
BACKGROUND_JSON: dict[str, Any] = {"name": "embedding worker", "state": "running"}
WORKER = wire.WorkerStatus(
    worker_id="w1", agent_name="longroom", since=NOON, seen_at=NOON, alive=True
)
WORKER_JSON: dict[str, Any] = {
    "worker_id": "w1",
    "agent_name": "longroom",
    "since": "2025-03-01T12:00:00Z",
    "seen_at": "2025-03-01T12:00:00Z",
    "alive": True,
}
MEMORY = wire.RoomsInMemory(rooms=1, bytes=4096, answered=3, missed=1, fills=1, evictions=0)
MEMORY_JSON: dict[str, Any] = {
    "rooms": 1,
    "bytes": 4096,
    "answered": 3,
    "missed": 1,
    "fills": 1,
    "evictions": 0,
}

OVERVIEW: list[tuple[BaseModel, dict[str, Any]]] = [
    (RECENT, RECENT_JSON),
    (OF_CONVERSATION, OF_CONVERSATION_JSON),
    (OF_ROOM, OF_ROOM_JSON),
    (ENTRY, ENTRY_JSON),
    (FAILURE, FAILURE_JSON),
    (DATABASE, DATABASE_JSON),
    (EMBEDDING, EMBEDDING_JSON),
    (BACKGROUND, BACKGROUND_JSON),
    (WORKER, WORKER_JSON),
    (MEMORY, MEMORY_JSON),
    (wire.RoomsPage(rooms=[OF_ROOM], next="c2"), {"rooms": [OF_ROOM_JSON], "next": "c2"}),
    (
        wire.ConversationsPage(conversations=[OF_CONVERSATION]),
        {"conversations": [OF_CONVERSATION_JSON], "next": None},
    ),
    (
        wire.ConversationOverview.model_validate(
            _FIGURES
            | {
                "language": "english",
                "rooms": ["test-room"],
                "participants": 2,
                "sessions": 1,
                "events": 3,
                "first_message_at": NOON,
                "last_seq": 9,
                "revision": 4,
                "in_order": True,
            }
        ),
        OF_CONVERSATION_JSON
        | {
            "language": "english",
            "rooms": ["test-room"],
            "participants": 2,
            "sessions": 1,
            "events": 3,
            "first_message_at": "2025-03-01T12:00:00Z",
            "last_seq": 9,
            "revision": 4,
            "in_order": True,
        },
    ),
    (
        wire.Timeline(
            entries=[
                ENTRY,
                wire.TimelineEntry(kind="message", at=NOON, cursor="c2", message=MESSAGE),
            ],
            before="c1",
            after="c2",
            newest=True,
            message_count=9,
        ),
        {
            "entries": [
                ENTRY_JSON,
                {
                    "kind": "message",
                    "at": "2025-03-01T12:00:00Z",
                    "cursor": "c2",
                    "message": MESSAGE_JSON,
                },
            ],
            "before": "c1",
            "after": "c2",
            "newest": True,
            "message_count": 9,
        },
    ),
    (
        wire.SessionsPage(
            sessions=[
                wire.SavedSession(
                    id="s1", agent_identity="agent-7f3a", started_at=NOON, message_count=2
                )
            ],
            next="c3",
        ),
        {
            "sessions": [
                {
                    "agent_identity": "agent-7f3a",
                    "started_at": "2025-03-01T12:00:00Z",
                    "ended_at": None,
                    "message_count": 2,
                    "participants": [],
                    "usage": {},
                    "close_reason": None,
                    "id": "s1",
                }
            ],
            "next": "c3",
        },
    ),
    (
        wire.EmbeddingCoverage(
            model="all-MiniLM-L6-v2",
            messages=9,
            embedded=7,
            waiting=1,
            failed=1,
            coverage=0.78,
            failures=[FAILURE],
            coded_to=8,
            graph_to=0,
            in_memory=True,
        ),
        {
            "model": "all-MiniLM-L6-v2",
            "messages": 9,
            "embedded": 7,
            "waiting": 1,
            "failed": 1,
            "coverage": 0.78,
            "failures": [FAILURE_JSON],
            "coded_to": 8,
            "graph_to": 0,
            "in_memory": True,
        },
    ),
    (
        wire.BackendStatus(
            now=NOON,
            database=DATABASE,
            embedding=EMBEDDING,
            background=[BACKGROUND],
            workers=[WORKER],
            rooms_in_memory=MEMORY,
        ),
        {
            "now": "2025-03-01T12:00:00Z",
            "database": DATABASE_JSON,
            "embedding": EMBEDDING_JSON,
            "background": [BACKGROUND_JSON],
            "workers": [WORKER_JSON],
            "rooms_in_memory": MEMORY_JSON,
        },
    ),
]
