"""Rooms and their messages: to create, to append, to read, to go on from."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from retrieval.wire.base import Flag, MessageId, Moment, Request, Response, Role
from retrieval.wire.languages import Language
from retrieval.wire.text import Content, GivenId, Name

MAX_BATCH_MESSAGES = 500
MAX_PAGE_MESSAGES = 200


class CreateRoom(Request):
    """Create a room, or get the one of that name."""

    name: Name
    identity: Name | None = None
    """Who will join; with it the response carries a join token."""
    language: Language | None = None
    """In which the words of a new room are found in all their forms; an existing one keeps its."""


class Room(Response):
    """A room, its conversation, and what is needed to join it on LiveKit (if configured)."""

    name: str
    conversation_id: UUID
    created: bool
    livekit_url: str | None = None
    token: str | None = None
    dispatched: bool = False


class MessageCreate(Request):
    """One utterance to store. `id` is the sender's idempotency key within the conversation."""

    id: GivenId
    role: Role
    participant: Name
    content: Content
    created_at: Moment
    interrupted: Flag = False


class AppendMessages(Request):
    """An ordered batch: stored as a whole, in this order, or not at all."""

    messages: Annotated[list[MessageCreate], Field(min_length=1, max_length=MAX_BATCH_MESSAGES)]


class AppendOutcome(Response):
    """Where a message of the batch stands; `duplicate` was stored by an earlier request."""

    id: MessageId
    seq: int
    status: Literal["stored", "duplicate"]


class AppendResult(Response):
    """One outcome per message of the batch, in its order."""

    outcomes: list[AppendOutcome]


class Message(Response):
    """A stored message. `seq` counts 1, 2, 3 … within its conversation, without gaps."""

    id: MessageId
    seq: int
    role: Role
    participant: str
    content: str
    created_at: datetime
    interrupted: bool = False


class MessagePage(Response):
    """Messages oldest first, with the total of the conversation."""

    messages: list[Message]
    message_count: int


class AgentJoined(Request):
    """An agent reports itself in a room and asks for what it must know to go on."""

    identity: Name
    session_id: Name
    window: int = Field(default=12, strict=True, ge=0, le=MAX_PAGE_MESSAGES)
    language: Language | None = None
    """Of the room, if it is new."""


class Conversation(Response):
    """A room's conversation as an agent needs it to go on: the newest messages, oldest first."""

    conversation_id: UUID
    room: str
    message_count: int
    window: list[Message]
    last_message_at: datetime | None = None
