"""What an operator sees: rooms and conversations with their figures, what happened in one, and how
the backend is doing."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from retrieval.wire.base import Response
from retrieval.wire.exports import SavedSession
from retrieval.wire.messages import Message
from retrieval.wire.records import ConversationEvent
from retrieval.wire.traces import TurnLine

MAX_OVERVIEW_ROOMS = 200
MAX_TIMELINE_ENTRIES = 200
MAX_OVERVIEW_SESSIONS = 200
RECENT_TURNS = 100
"""The newest turns of a conversation, which its figures are of."""
COUNTED = 1000
"""In lists nothing is counted further than this."""

TimelineKind = Literal["message", "turn", "event", "session"]


def _is_none(value: object) -> bool:
    return value is None


class RecentTurns(Response):
    """Of the newest turns, 100 at most. The share is of 1, times are in milliseconds."""

    turns: int = 0
    failed: int = 0
    degraded: int = 0
    degraded_share: float = 0.0
    added_ms_p95: float | None = None
    search_ms_p95: float | None = None
    newest_at: datetime | None = None


class ConversationFigures(Response):
    """`active_at` is when messages arrived last, up to a minute behind; `last_message_at` when the
    last one was said. In lists `pending` and `turns` end at 1,000: `…_more` tells that there are
    more. `pending` counts messages without embedding, `coverage` is the share of those with one,
    None where that is not known without counting on. Figures of turns are of those still kept.
    """

    conversation_id: UUID
    room: str | None = None
    """Of a conversation that one room has alone."""
    key: str | None = None
    created_at: datetime
    active_at: datetime
    last_message_at: datetime | None = None
    messages: int
    pending: int
    pending_more: bool = False
    coverage: float | None = None
    turns: int
    turns_more: bool = False
    recent: RecentTurns


class RoomOverview(ConversationFigures):
    """A room, with the figures of its conversation, which rooms of a key share."""

    name: str
    opened_at: datetime
    """When it was created here."""


class RoomsPage(Response):
    """Most lately active first. `next`: give it as `after` for what follows; None at the end.

    A page of a filter may be short, or empty, and have a `next` all the same: each request looks
    through 10,000 conversations at most.
    """

    rooms: list[RoomOverview]
    next: str | None = None


class ConversationsPage(Response):
    """As RoomsPage, of conversations."""

    conversations: list[ConversationFigures]
    next: str | None = None


class ConversationOverview(ConversationFigures):
    """All figures of one conversation, counted to the end.

    `rooms` are the first hundred by name. `in_order`: messages arrived as they were said.
    """

    language: str
    rooms: list[str]
    participants: int
    sessions: int
    events: int
    first_message_at: datetime | None = None
    last_seq: int
    revision: int
    in_order: bool


class TimelineEntry(Response):
    """What happened at `at`: the field of its `kind` has it. `cursor` names its place for `before`
    and `after`. Turns stand where their question was asked, sessions where they began.
    """

    kind: TimelineKind
    at: datetime
    cursor: str
    message: Message | None = Field(default=None, exclude_if=_is_none)
    turn: TurnLine | None = Field(default=None, exclude_if=_is_none)
    event: ConversationEvent | None = Field(default=None, exclude_if=_is_none)
    session: SavedSession | None = Field(default=None, exclude_if=_is_none)


class Timeline(Response):
    """A page, oldest first. `before` and `after` are cursors for the pages around it: `before` is
    None at the beginning; `after` is given also at the end, for what comes then. `newest`: nothing
    comes after this page yet.
    """

    entries: list[TimelineEntry]
    before: str | None = None
    after: str | None = None
    newest: bool
    message_count: int


class SessionsPage(Response):
    """Those begun last first. `next`: give it as `after` for what follows; None at the end."""

    sessions: list[SavedSession]
    next: str | None = None


class EmbeddingFailure(Response):
    """A message that gets no embedding, and why."""

    seq: int
    attempts: int
    reason: str


class EmbeddingCoverage(Response):
    """Of one conversation and the active model, counted exactly: `messages` are `embedded`,
    `waiting` or `failed`. `coded_to` and `graph_to` are how far a large conversation is prepared,
    as seq; 0 for others. `in_memory`: this backend process searches it in memory now.
    """

    model: str
    messages: int
    embedded: int
    waiting: int
    failed: int
    coverage: float
    failures: list[EmbeddingFailure] = []
    """The first of them."""
    coded_to: int = 0
    graph_to: int = 0
    in_memory: bool = False


class DatabaseStatus(Response):
    """`writable` is false for a standby. Connections of this process, used and
    idle, by pool."""

    version: str
    migration: str
    writable: bool
    size_bytes: int
    connections: dict[str, dict[str, int]]


class EmbeddingStatus(Response):
    """Of all conversations. `lag_s`: since when the oldest waiting message is stored; 0 if none
    waits.
    """

    model: str
    waiting: int
    failed: int
    lag_s: float


class BackgroundStatus(Response):
    name: str
    state: Literal["running", "restarting", "finished"]


class WorkerStatus(Response):
    """An agent worker that reported within the last hour."""

    worker_id: str
    agent_name: str
    since: datetime
    seen_at: datetime
    alive: bool


class RoomsInMemory(Response):
    """Of this process, since it began; None where none are kept."""

    rooms: int
    bytes: int
    answered: int
    missed: int
    fills: int
    evictions: int


class BackendStatus(Response):
    """How this backend process and what it stands on are doing."""

    now: datetime
    database: DatabaseStatus
    embedding: EmbeddingStatus
    background: list[BackgroundStatus]
    workers: list[WorkerStatus]
    rooms_in_memory: RoomsInMemory | None = None
