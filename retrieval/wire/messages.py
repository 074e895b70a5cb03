"""Rooms, conversations and their messages: create, join, append, read."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from retrieval.wire.base import WHOLE, Count, Flag, MessageId, Request, Response, Role, Timestamp
from retrieval.wire.json_objects import GivenMetadata
from retrieval.wire.languages import Language
from retrieval.wire.text import Content, GivenId, Name

MAX_BATCH_MESSAGES = 500
MAX_BATCH_WORDS = 50_000
"""As `counted_words` counts; of one message alone more are allowed. Backends may set less."""
SENT_WORDS = 10_000
"""What clients send at a time: stored within seconds, also by a busy backend."""
MAX_PAGE_MESSAGES = 200

WORKER_ATTRIBUTE = "longroom.worker"
"""LiveKit attribute of an agent: the id under which its worker reports."""
CONVERSATION_ATTRIBUTE = "longroom.conversation_id"
"""LiveKit attribute of an agent: the id of the conversation that it serves."""


def _is_none(value: object) -> bool:
    return value is None


class CreateRoom(Request):
    """Create a room, or return the one of that name."""

    name: Name
    identity: Name | None = None
    """Participant who will join; with it the response carries a join token."""
    language: Language | None = None
    """Text search language of a new conversation; an existing one keeps its own."""
    conversation: Name | None = Field(default=None, exclude_if=_is_none)
    """Key of the conversation that the room has from now on; without one it keeps the one it has,
    or has one of its own."""


class Room(Response):
    """A room, its conversation, and how to join it on LiveKit, if configured."""

    name: str
    conversation_id: UUID
    created: bool
    livekit_url: str | None = None
    token: str | None = None
    dispatched: bool = False


class CreateConversation(Request):
    """Create the conversation of a key, or return it."""

    key: Name
    """Of the caller's choice: a customer, a ticket, a phone number. It is no name of a room, and
    compared letter by letter."""
    language: Language | None = None
    """Text search language of a new conversation; an existing one keeps its own."""


class KeyedConversation(Response):
    """The conversation of a key, which any number of rooms may share."""

    conversation_id: UUID
    key: str
    created: bool


class MessageCreate(Request):
    """`id` is the sender's idempotency key within the conversation.

    `created_at` may be a number: seconds since 1970, or milliseconds if larger than 1e11.
    `metadata` is kept as it is, and searches can ask for its values.
    """

    id: GivenId
    role: Role
    participant: Name
    content: Content
    created_at: Timestamp
    interrupted: Flag = False
    metadata: GivenMetadata = {}
    epoch: Count | None = Field(default=None, exclude_if=_is_none)
    """Of the agent that accepted it, if that is not the one that sends it."""
    room: Name | None = Field(default=None, exclude_if=_is_none)
    """Where it was said, if several rooms share the conversation."""


class AppendMessages(Request):
    """An ordered batch, stored all or nothing.

    Of several messages together at most as many words as the backend's limit, 50,000 by default;
    text without spaces counts a word for each 8 characters.
    """

    messages: Annotated[list[MessageCreate], Field(min_length=1, max_length=MAX_BATCH_MESSAGES)]
    epoch: Count | None = Field(default=None, exclude_if=_is_none)
    """Of the agent that sends it; 409 if another agent has joined since. Others send none."""
    room: Name | None = Field(default=None, exclude_if=_is_none)
    """The room whose agent sends it, if several rooms share the conversation."""


class AppendOutcome(Response):
    """`duplicate`: stored by an earlier request."""

    id: MessageId
    seq: int
    status: Literal["stored", "duplicate"]


class AppendResult(Response):
    """One outcome per message, in the order of the batch."""

    outcomes: list[AppendOutcome]
    revision: int = 0
    """The conversation's: rises with each erasure and correction; see `Changes`."""


class Message(Response):
    """`seq` counts arrivals 1, 2, 3 … within its conversation; erased messages leave gaps.

    `created_at` says when it was said, which decides what comes before and after it.
    """

    id: MessageId
    seq: int
    role: Role
    participant: str
    content: str
    created_at: datetime
    interrupted: bool = False
    metadata: dict[str, JsonValue] = {}
    epoch: int | None = Field(default=None, exclude_if=_is_none)
    """Given if it is late: of the agent that accepted it, which had been replaced by then."""
    room: str | None = Field(default=None, exclude_if=_is_none)
    """Where it was said, if several rooms share the conversation."""
    edited_at: datetime | None = Field(default=None, exclude_if=_is_none)
    """Given if it was corrected: when, the last time."""


PageOrder = Literal["time", "arrival"]
"""`time`: as they were said, by `created_at` and then `seq`; `arrival`: as they were stored."""


class MessagePage(Response):
    """Messages oldest first, with the number of messages of the conversation."""

    messages: list[Message]
    message_count: int


class AgentJoined(Request):
    """An agent joins a room and asks for its newest messages.

    The same identity and session joining again is the same agent.
    """

    identity: Name
    session_id: Name
    window: Annotated[int, Field(strict=True, ge=0, le=MAX_PAGE_MESSAGES), WHOLE] = 12
    language: Language | None = None
    """Of the conversation, if it is created."""
    conversation: Name | None = Field(default=None, exclude_if=_is_none)
    """Key of the conversation that the room has from now on; without one it keeps the one it has,
    or has one of its own."""
    asked_for: UUID | None = Field(default=None, exclude_if=_is_none)
    """The conversation that metadata told the agent to serve. 409 if the room has had it, and has
    been given another one since, in the LiveKit room of `livekit_sid`."""
    livekit_sid: Name | None = Field(default=None, exclude_if=_is_none)


class Conversation(Response):
    """A room's conversation; `window` holds what was said last, oldest first."""

    conversation_id: UUID
    room: str
    key: str | None = Field(default=None, exclude_if=_is_none)
    """Given if the conversation belongs to a key: then other rooms may share it."""
    message_count: int
    window: list[Message]
    last_message_at: datetime | None = None
    epoch: int | None = Field(default=None, exclude_if=_is_none)
    """Rises with each agent that joins; what this one writes carries it."""
    now: datetime | None = Field(default=None, exclude_if=_is_none)
    """By the clock that all agents share."""
    revision: int = 0
    """Rises with each erasure and correction; see `Changes`."""
