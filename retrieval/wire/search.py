"""Search request and response."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from retrieval.wire.base import WHOLE, Flag, MessageId, Moment, Request, Response, Role, TimeZone
from retrieval.wire.json_objects import GivenMetadata
from retrieval.wire.messages import Message
from retrieval.wire.text import NOT_BLANK_PATTERN, GivenId, Name, not_blank, storable

MAX_QUERY_CHARS = 4_096
MAX_EXCLUDED_IDS = 500
MAX_WINDOW_MESSAGES = 20
MAX_WINDOW_MESSAGE_CHARS = 2_000

Arm = Literal["vector", "lexical"]


class WindowMessage(Request):
    """A recent message that the query may refer to, stored or not."""

    role: Role
    participant: Name
    content: Annotated[
        str,
        Field(
            min_length=1, max_length=MAX_WINDOW_MESSAGE_CHARS, json_schema_extra=NOT_BLANK_PATTERN
        ),
        AfterValidator(storable),
        AfterValidator(not_blank),
    ]


class SearchRequest(Request):
    """A search in one conversation.

    `asker` is the participant meant by "I". `since` is inclusive, `until` exclusive. `neighbours`
    counts the messages returned on each side of a hit. `token_budget` bounds hits and neighbours
    together. `window` holds the messages just before the query, oldest first; it is used only for
    follow-ups such as "and the second one?". `metadata` allows messages that have each of
    its keys with an equal value.
    """

    query: Annotated[
        str,
        Field(max_length=MAX_QUERY_CHARS, json_schema_extra=NOT_BLANK_PATTERN),
        AfterValidator(storable),
        AfterValidator(not_blank),
    ]
    limit: Annotated[int, Field(strict=True, ge=1, le=100), WHOLE] = 10
    token_budget: Annotated[int, Field(strict=True, ge=50, le=100_000), WHOLE] | None = None
    neighbours: Annotated[int, Field(strict=True, ge=0, le=10), WHOLE] = 0
    asker: Name | None = None
    time_zone: TimeZone = "UTC"
    since: Moment | None = None
    until: Moment | None = None
    participants: Annotated[list[Name], Field(min_length=1, max_length=100)] | None = None
    roles: Annotated[list[Role], Field(min_length=1, max_length=4)] | None = None
    metadata: Annotated[GivenMetadata | None, Field(exclude_if=lambda metadata: not metadata)] = (
        None
    )
    exclude_ids: Annotated[list[GivenId], Field(max_length=MAX_EXCLUDED_IDS)] = []
    window: Annotated[list[WindowMessage], Field(max_length=MAX_WINDOW_MESSAGES)] = []
    explain: Flag = False

    @model_validator(mode="after")
    def _since_before_until(self) -> "SearchRequest":
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("since must be earlier than until")
        return self


class AlsoSaid(Response):
    """Messages that repeat a hit and are not hits themselves, best first."""

    count: int = 0
    ids: list[MessageId] = []


class RetrievalHit(Response):
    """`excerpt` is the matching part of a message that exceeds the token budget."""

    message: Message
    score: float
    found_by: list[Arm]
    excerpt: str | None = None
    before: list[Message] = []
    after: list[Message] = []
    also_said: AlsoSaid = AlsoSaid()
    parts: dict[str, float] | None = None


class SearchTimings(Response):
    """Durations of one search in milliseconds."""

    embed_ms: float
    candidates_ms: float
    total_ms: float


class SearchResponse(Response):
    """Hits, best first.

    `relevant` is false when nothing in the conversation seems to answer the query. `degraded` names
    the arms that failed. `pending` counts messages of the conversation without embedding.
    `read_as` is the query that was searched instead of a follow-up. `revision` is the
    conversation's: it rises with each erasure and correction.
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
    revision: int = 0
