"""Traces of turns: what a turn recalled and why, in ids and figures; they hold no texts."""

from typing import Annotated, Literal

from pydantic import Field

from retrieval.wire.base import (
    WHOLE,
    Count,
    Flag,
    MessageId,
    Request,
    Response,
    Role,
    Timestamp,
    TimeZone,
)
from retrieval.wire.messages import Message
from retrieval.wire.search import Arm
from retrieval.wire.text import GivenId, Name

MAX_BATCH_TURNS = 50
MAX_PAGE_TURNS = 200
MAX_TRACE_HITS = 100
MAX_SHOWN = 500
MAX_READ_AS_PARTS = 200

TurnOutcome = Literal["answered", "interrupted", "empty", "failed"]
"""How a turn ended: `empty` is a reply without text, `failed` is no reply."""
RecallSource = Literal["speculation", "fresh", "none"]
RecallDegraded = Literal["late", "failed", "resting"]
DegradedFilter = Literal["late", "failed", "resting", "any"]
Glue = Literal["I", "i", "My", "my", "'s", "…"]
"""All that a query may have which no message says; … stands for other words."""

Figure = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Milliseconds = Annotated[Figure, Field(ge=0, le=86_400_000)]
Ids = Annotated[list[GivenId], Field(max_length=MAX_SHOWN)]


class TextSpan(Request):
    """A part of a stored message's text, in characters; `end` is exclusive."""

    message_id: GivenId
    start: Count
    end: Count


class RepeatedBy(Request):
    """Messages that repeat a hit; `count` may be larger than what `ids` names."""

    count: Count = 0
    ids: Annotated[list[GivenId], Field(max_length=100)] = []


class TraceHit(Request):
    """A hit of the turn's search. `excerpt`: from where to where its quoted part reaches, None if
    it is the whole message. `parts` are those of its score.
    """

    message_id: GivenId
    score: Figure
    parts: Annotated[
        dict[Annotated[str, Field(max_length=64, pattern=r"^\w+$")], Figure],
        Field(max_length=32),
    ] = {}
    found_by: Annotated[list[Arm], Field(max_length=2)] = []
    excerpt: tuple[Count, Count] | None = None
    before: Annotated[list[GivenId], Field(max_length=10)] = []
    after: Annotated[list[GivenId], Field(max_length=10)] = []
    also_said: RepeatedBy = RepeatedBy()


class ShownMessage(Request):
    """What the model saw of a message: all of it without `start` and `end`. `times`: so many
    messages say it. `after_gap`: something was said before it, after the one shown before it.
    """

    message_id: GivenId
    start: Count | None = None
    end: Count | None = None
    times: Annotated[int, Field(strict=True, ge=1, le=1_000_000), WHOLE] = 1
    after_gap: Flag = False


class BlockFrame(Request):
    """What else it takes to draw the recalled block as the model saw it."""

    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")]
    now: Timestamp
    time_zone: TimeZone
    role: Role | Literal["developer"]


class TurnFigures(Request):
    """How a turn ended and what its recall cost; times in milliseconds.

    `question_id` is the id of the question's message, `participant` who asked. `added_ms` is what
    the turn waited for its search, `first_word_ms` and `reply_ms` count from the question's end to
    the model's first word and to the turn's end; `backend_ms`, `embed_ms` and `candidates_ms` are
    what the backend told of the search. `revision` is the conversation's when it was searched.
    """

    question_id: GivenId
    participant: Name | None = None
    room: Name | None = None
    epoch: Count | None = None
    """Of the agent that answered."""
    asked_at: Timestamp
    ended_at: Timestamp
    outcome: TurnOutcome
    reason: Annotated[str, Field(max_length=64, pattern=r"^\w+$")] | None = None
    """Why there is no whole answer, as a name such as model_timeout."""
    source: RecallSource = "none"
    degraded: RecallDegraded | None = None
    relevant: Flag | None = None
    confidence: Figure | None = None
    revision: Count = 0
    message_count: Count | None = None
    window_messages: Count = 0
    token_budget: Count = 0
    search_ms: Milliseconds | None = None
    added_ms: Milliseconds | None = None
    embed_ms: Milliseconds | None = None
    candidates_ms: Milliseconds | None = None
    backend_ms: Milliseconds | None = None
    first_word_ms: Milliseconds | None = None
    reply_ms: Milliseconds | None = None


class TurnTrace(TurnFigures):
    """One turn's figures, and what it recalled.

    `read_as` tells what was searched in place of a follow-up; None if the question was searched as
    it stands. `hits` are best first, `shown` in the block's order, `cut` is what the token budget
    left no place for. `block` is None if nothing was shown.
    """

    read_as: Annotated[list[TextSpan | Glue], Field(max_length=MAX_READ_AS_PARTS)] | None = None
    hits: Annotated[list[TraceHit], Field(max_length=MAX_TRACE_HITS)] = []
    shown: Annotated[list[ShownMessage], Field(max_length=MAX_SHOWN)] = []
    cut: Ids = []
    block: BlockFrame | None = None


class RecordTurns(Request):
    """A batch of traces. Of a question that was asked again the later one is kept."""

    turns: Annotated[list[TurnTrace], Field(min_length=1, max_length=MAX_BATCH_TURNS)]


class TurnsRecorded(Response):
    """`recorded` counts the traces that are new or replace an earlier one."""

    recorded: int


class TurnLine(TurnFigures):
    """A turn in a list; the counts are those of its trace as it was recorded."""

    model_config = Response.model_config

    hits: int = 0
    shown: int = 0
    cut: int = 0


class TurnPage(Response):
    """Newest first. `next`: give it as `after` for the page that follows; None on the last one."""

    turns: list[TurnLine]
    next: str | None = None


class KeptTrace(TurnTrace):
    """A trace as it is read; what was erased since is not in it."""

    model_config = Response.model_config


class Turn(Response):
    """A trace, with the texts of now.

    `messages` are all that it mentions and the question, by time. `gone` are ids of those that no
    longer exist, `changed` of those that were corrected since the turn. `read_as` and `block` are
    drawn again: `exact` says that the block is letter by letter what the model saw, and `read_as`
    has … for words that no message says.
    """

    trace: KeptTrace
    messages: list[Message]
    gone: list[MessageId] = []
    changed: list[MessageId] = []
    read_as: str | None = None
    block: str | None = None
    exact: bool = False
