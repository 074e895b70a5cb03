"""The client of the backend, for any program: needs httpx and pydantic, and nothing else of ours.

async with LongroomClient("http://127.0.0.1:8000", key="…") as longroom:
    conversation = await longroom.conversation("customer-4711")
    await conversation.append("Parcels for Hal go to the red boathouse.", participant="hal")
    found = await conversation.search("Where do Hal's parcels go?")
"""

from longroom.client.client import DEFAULT_URL, LongroomClient
from longroom.client.conversation import ConversationClient
from longroom.client.errors import (
    CREDENTIALS_REFUSED,
    AgentReplaced,
    BackendError,
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    RoomMoved,
)
from longroom.client.keys import is_sendable
from retrieval.wire import (
    AppendOutcome,
    AppendResult,
    Change,
    Changes,
    ConversationEvent,
    ConversationId,
    ErasureReceipt,
    EventKind,
    FieldError,
    Invitation,
    KeyedConversation,
    Message,
    MessageCreate,
    MessageEdit,
    MessageId,
    MessagePage,
    NewInvitation,
    PageOrder,
    Problem,
    RetrievalHit,
    Role,
    Room,
    SearchRequest,
    SearchResponse,
    SessionSummary,
    WindowMessage,
)

__all__ = [
    "CREDENTIALS_REFUSED",
    "DEFAULT_URL",
    "AgentReplaced",
    "AppendOutcome",
    "AppendResult",
    "BackendError",
    "BackendProtocolError",
    "BackendRejected",
    "BackendUnavailable",
    "Change",
    "Changes",
    "ConversationClient",
    "ConversationEvent",
    "ConversationId",
    "ErasureReceipt",
    "EventKind",
    "FieldError",
    "Invitation",
    "KeyedConversation",
    "LongroomClient",
    "Message",
    "MessageCreate",
    "MessageEdit",
    "MessageId",
    "MessagePage",
    "NewInvitation",
    "PageOrder",
    "Problem",
    "RetrievalHit",
    "Role",
    "Room",
    "RoomMoved",
    "SearchRequest",
    "SearchResponse",
    "SessionSummary",
    "WindowMessage",
    "is_sendable",
]
