"""What was said in a room, for its page: older pages, and what came meanwhile."""

from typing import Annotated, Final

from fastapi import Query
from pydantic import Field
from starlette.responses import JSONResponse, Response

from backend_stub.resources import AppResources
from backend_stub.room_page.routing import Joined, RoomName, inside_router
from retrieval.store import conversations
from retrieval.store.messages import recent_messages
from retrieval.wire import MAX_COUNT, Message, Request

MAX_MESSAGES: Final = 100

router = inside_router()


class Page(Request):
    limit: int = Field(default=50, ge=1, le=MAX_MESSAGES)
    before: int | None = Field(default=None, ge=1, le=MAX_COUNT)
    after: int | None = Field(default=None, ge=0, le=MAX_COUNT)


@router.get("/{name}/messages")
async def messages(
    name: RoomName, joined: Joined, page: Annotated[Page, Query()], resources: AppResources
) -> Response:
    """Oldest first. `before` reads back in the order of time, `after` on in that of arrival."""
    conversation_id = joined.stored.conversation_id  # it is the room's, else nobody is let in here
    if conversation_id is None:
        conversation_id = await conversations.conversation_of(
            resources.pools.others.of_names(room=name), room=name
        )
    if conversation_id is None:
        return JSONResponse({"messages": []})
    found = await recent_messages(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        limit=page.limit,
        before=page.before,
        after=page.after,
    )
    return JSONResponse({"messages": [_shown(one) for one in found.messages]})


def _shown(message: Message) -> dict[str, object]:
    """Without metadata, which applications keep for themselves."""
    return {
        "id": message.id,
        "seq": message.seq,
        "role": message.role,
        "participant": message.participant,
        "text": message.content,
        "said_at": message.created_at.isoformat(),
        "interrupted": message.interrupted,
    }
