"""What happened in a conversation, by time."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from backend_stub.access.permissions import needs
from backend_stub.http.cursors import cursor
from backend_stub.http.routing import InConversation, guarded_router
from backend_stub.resources import AppResources
from retrieval.store.overview.places import TimelinePlace
from retrieval.store.overview.timeline import timeline_page
from retrieval.wire import (
    MAX_COUNT,
    MAX_TIMELINE_ENTRIES,
    Moment,
    Request,
    Timeline,
    TimelineKind,
)

router = guarded_router("overview")

_CURSOR_CHARS = 200
_SEQ = re.compile(r"\d{1,16}", re.ASCII)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


def _read_at(text: str) -> datetime | int:
    if _SEQ.fullmatch(text):
        return min(int(text), MAX_COUNT)
    try:
        return _MOMENT.validate_python(text)
    except ValidationError:
        raise ValueError(
            "must be a message's seq such as 42, or a time such as 2025-03-01T12:00:00Z"
        ) from None


def _checked_at(text: str) -> str:
    _read_at(text)
    return text


class TimelineQuery(Request):
    limit: int = Field(default=50, ge=1, le=MAX_TIMELINE_ENTRIES, description="entries at most")
    before: str | None = Field(
        default=None,
        max_length=_CURSOR_CHARS,
        description="a cursor: what happened before it, the newest of that",
        examples=["1740830400000000.1.42"],
    )
    after: str | None = Field(
        default=None,
        max_length=_CURSOR_CHARS,
        description="a cursor: what happened after it, the oldest of that",
        examples=["1740830400000000.1.42"],
    )
    at: Annotated[str, AfterValidator(_checked_at)] | None = Field(
        default=None,
        max_length=64,
        description="a time, or a message's seq: what happened around it",
        examples=["2025-03-01T12:00:00Z", "42"],
    )
    kinds: Annotated[list[TimelineKind], Field(min_length=1, max_length=4)] | None = Field(
        default=None, description="only these; may be repeated"
    )

    @model_validator(mode="after")
    def _one_place(self) -> "TimelineQuery":
        if sum(one is not None for one in (self.before, self.after, self.at)) > 1:
            raise ValueError("give one of before, after and at")
        return self


@router.get(
    "/conversations/{conversation_id}/timeline",
    summary="Messages, turns, events and sessions by time",
    openapi_extra=needs("inspect"),
)
async def timeline(
    conversation_id: InConversation,
    query: Annotated[TimelineQuery, Query()],
    resources: AppResources,
) -> Timeline:
    """Always oldest first; the newest page unless a place is given. A message that arrived late
    stands where it was said. Of one time, sessions come first, then messages, turns and events.
    """
    more = {} if query.kinds is None else {"kinds": query.kinds}
    return await timeline_page(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        limit=query.limit,
        before=cursor(TimelinePlace.read, query.before, field="before"),
        after=cursor(TimelinePlace.read, query.after, field="after"),
        at=None if query.at is None else _read_at(query.at),
        **more,
    )
