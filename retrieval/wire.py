"""What crosses HTTP between an agent and a backend: the contract, and nothing but pydantic.

Requests refuse unknown fields; responses ignore them, so that an old agent can talk to a newer
backend. All times are aware. The limits stand here so that both sides refuse the same things.
"""

import json
import math
import unicodedata
from datetime import datetime
from typing import Annotated, Literal, NewType
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)

ConversationId = NewType("ConversationId", UUID)
MessageId = NewType("MessageId", str)

MAX_CONTENT_CHARS = 65_536
MAX_BATCH_MESSAGES = 500
MAX_BATCH_EVENTS = 500
MAX_EVENT_DATA_BYTES = 16_384  # also of a session's usage
MAX_DATA_DEPTH = 32
MAX_PARTICIPANTS = 10_000
MAX_COUNT = 2**53 - 1  # what every JSON reader keeps exactly
MAX_DATA_NUMBER = 2**63 - 1
MAX_QUERY_CHARS = 65_536
MAX_NAME_CHARS = 256
MAX_EXCLUDED_IDS = 500
MAX_WINDOW_MESSAGES = 20
MAX_WINDOW_MESSAGE_CHARS = 2_000
MAX_PAGE_MESSAGES = 200

WORKER_ATTRIBUTE = "longroom.worker"
"""An agent joins with this LiveKit attribute: the id under which its worker reports."""

Role = Literal["user", "assistant"]
EventKind = Literal["transcription", "speech", "error", "action", "metric"]
Arm = Literal["vector", "lexical"]


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain NUL bytes; remove them")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("must not contain lone surrogates; send well-formed UTF-8")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty or only white space")
    return text


def _one_line(text: str) -> str:
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in text):
        raise ValueError("must be one line without control characters")
    return text


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("must be an IANA time zone such as Europe/Berlin") from error
    return name


# What PostgreSQL can stem, by its code, and languages that it keeps as they are written.
_STEMMED = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish",
    "nl": "dutch", "en": "english", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nb": "norwegian", "nn": "norwegian",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_UNSTEMMED = frozenset(
    "bg bn cs fa he hr ja km ko lo my pl sk th uk ur vi zh".split()  # noqa: SIM905 - one line
)
LANGUAGES = sorted({*_STEMMED.values(), "simple"})


def text_search_language(name: str) -> str | None:
    """The language's text search configuration, by name (german) or tag (de, de-AT), if any."""
    known = name.strip().lower()
    if known in LANGUAGES:
        return known
    code = known.replace("_", "-").partition("-")[0]
    return "simple" if code in _UNSTEMMED else _STEMMED.get(code)


def _known_language(name: str) -> str:
    language = text_search_language(name)
    if language is None:
        known = ", ".join(LANGUAGES)
        raise ValueError(f"must be one of {known} or a tag such as de-AT; simple suits any other")
    return language


def _written_moment(moment: object) -> object:
    if not isinstance(moment, str | datetime):  # of a number nobody can tell the unit
        raise ValueError("must be text such as 2025-03-01T12:00:00Z")
    return moment


def _storable_moment(moment: datetime) -> datetime:
    if not 2 <= moment.year <= 9998:  # beyond, another time zone may not be able to tell it
        raise ValueError("must be between the years 2 and 9998")
    return moment


def _storable_data(data: dict[str, JsonValue]) -> dict[str, JsonValue]:
    _check_data(data, MAX_DATA_DEPTH)
    size = len(json.dumps(data, ensure_ascii=False).encode())
    if size > MAX_EVENT_DATA_BYTES:
        raise ValueError(f"must have at most {MAX_EVENT_DATA_BYTES} bytes as JSON; send less")
    return data


def _check_data(value: JsonValue, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"must not be nested deeper than {MAX_DATA_DEPTH} levels; flatten it")
    if isinstance(value, dict):
        for key, item in value.items():
            _storable(key)
            _check_data(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check_data(item, depth - 1)
    else:
        _check_leaf(value)


def _check_leaf(value: JsonValue) -> None:
    if isinstance(value, str):
        _storable(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must not contain NaN or Infinity, which JSON does not know; send null")
    elif isinstance(value, int) and abs(value) > MAX_DATA_NUMBER:
        raise ValueError("must not contain whole numbers beyond 64 bits; send them as text")


# The patterns say in OpenAPI what the validators check, whose messages are better.
_TEXT = {"pattern": "^[^\\u0000]*$"}
_NOT_BLANK = {"pattern": "^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$"}
_ONE_LINE = {"pattern": "^(?=.*\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$"}

Text = Annotated[str, Field(json_schema_extra=_TEXT), AfterValidator(_storable)]
Moment = Annotated[
    AwareDatetime, BeforeValidator(_written_moment), AfterValidator(_storable_moment)
]
Data = Annotated[dict[str, JsonValue], AfterValidator(_storable_data)]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)]
Flag = Annotated[bool, Field(strict=True)]
Name = Annotated[
    str,
    Field(min_length=1, max_length=MAX_NAME_CHARS, json_schema_extra=_ONE_LINE),
    AfterValidator(_storable),
    AfterValidator(_not_blank),
    AfterValidator(_one_line),
]
Content = Annotated[
    str,
    Field(min_length=1, max_length=MAX_CONTENT_CHARS, json_schema_extra=_NOT_BLANK),
    AfterValidator(_storable),
    AfterValidator(_not_blank),
]
Language = Annotated[str, Field(max_length=64), AfterValidator(_known_language)]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known_time_zone)]


GivenId = Annotated[
    MessageId,
    Field(min_length=1, max_length=128, json_schema_extra=_TEXT),
    AfterValidator(_storable),
]


class Request(BaseModel):
    """Sent to a backend; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Response(BaseModel):
    """Sent by a backend; unknown fields are ignored."""

    # Ids and texts hardly ever come twice: caching them would cost each process 1.4 MB.
    model_config = ConfigDict(frozen=True, extra="ignore", cache_strings="keys")


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


class WindowMessage(Request):
    """One of the newest messages, as far as the asker's words may refer to it; stored or not."""

    role: Role
    participant: Name
    content: Annotated[
        str,
        Field(min_length=1, max_length=MAX_WINDOW_MESSAGE_CHARS, json_schema_extra=_NOT_BLANK),
        AfterValidator(_storable),
        AfterValidator(_not_blank),
    ]


class SearchRequest(Request):
    """What to look for in one conversation.

    `asker` is who means "I" in the query. `since` is inclusive, `until` exclusive. `neighbours`
    messages are given on each side of a hit. `token_budget` bounds hits and neighbours together.
    `window` is what was said just before the query, oldest first; it is used only for a query that
    cannot be understood without it ("and the second one?").
    """

    query: Annotated[
        str,
        Field(max_length=MAX_QUERY_CHARS, json_schema_extra=_NOT_BLANK),
        AfterValidator(_storable),
        AfterValidator(_not_blank),
    ]
    limit: int = Field(default=10, strict=True, ge=1, le=100)
    token_budget: int | None = Field(default=None, strict=True, ge=50, le=100_000)
    neighbours: int = Field(default=0, strict=True, ge=0, le=10)
    asker: Name | None = None
    time_zone: TimeZone = "UTC"
    since: Moment | None = None
    until: Moment | None = None
    participants: Annotated[list[Name], Field(min_length=1, max_length=100)] | None = None
    roles: Annotated[list[Role], Field(min_length=1, max_length=2)] | None = None
    exclude_ids: Annotated[list[GivenId], Field(max_length=MAX_EXCLUDED_IDS)] = []
    window: Annotated[list[WindowMessage], Field(max_length=MAX_WINDOW_MESSAGES)] = []
    explain: Flag = False

    @model_validator(mode="after")
    def _since_before_until(self) -> "SearchRequest":
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("since must be earlier than until")
        return self


class RetrievalHit(Response):
    """A found message. `excerpt` is the part that matched when the whole would not fit."""

    message: Message
    score: float
    found_by: list[Arm]
    excerpt: str | None = None
    before: list[Message] = []
    after: list[Message] = []
    parts: dict[str, float] | None = None


class SearchTimings(Response):
    """Where the time of one search went, in milliseconds."""

    embed_ms: float
    candidates_ms: float
    total_ms: float


class SearchResponse(Response):
    """Hits, best first.

    `relevant` false means that nothing in the conversation seems to answer the query.
    `degraded` names the arms that could not take part. `message_count` is the conversation's size
    and `pending` how many of its messages have no embedding yet. `read_as` is what was searched
    instead of a query that refers to the request's window; absent if the window played no part.
    """

    hits: list[RetrievalHit]
    relevant: bool
    confidence: float
    message_count: int
    pending: int
    model: str | None
    timings: SearchTimings
    degraded: list[Arm] = []
    read_as: str | None = None


class ConversationEvent(Request):
    """Something worth keeping that is not a message. `data` never holds secrets."""

    id: Annotated[
        str,
        Field(min_length=1, max_length=128, json_schema_extra=_TEXT),
        AfterValidator(_storable),
    ]
    kind: EventKind
    created_at: Moment
    participant: Name | None = None
    data: Data = {}


class RecordEvents(Request):
    """A batch of events; one already recorded under its id is left as it is."""

    events: Annotated[list[ConversationEvent], Field(min_length=1, max_length=MAX_BATCH_EVENTS)]


class EventsRecorded(Response):
    """How many events of the batch were new."""

    recorded: int


class SessionSummary(Request):
    """One run of the agent in a room: figures, never the messages again."""

    conversation_id: UUID
    agent_identity: Name
    started_at: Moment
    ended_at: Moment | None = None
    message_count: Count
    participants: Annotated[list[Name], Field(max_length=MAX_PARTICIPANTS)] = []
    usage: Data = {}
    close_reason: Annotated[Text, Field(max_length=MAX_NAME_CHARS)] | None = None


class FieldError(Response):
    """One thing wrong with a request: where, what, and how to mend it."""

    field: str
    message: str


class Problem(Response):
    """An error as application/problem+json (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    ids: list[str] = []
    """The message ids that a 409 is about."""
