"""Messages of a conversation: append a batch, read a page."""

from typing import Annotated

from fastapi import Body, Query
from pydantic import Field

from backend_stub.access.permissions import needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import (
    CurrentBatchLimit,
    CurrentCaller,
    InConversation,
    guarded_router,
)
from backend_stub.resources import AppResources
from retrieval.store import messages
from retrieval.wire import (
    MAX_COUNT,
    MAX_PAGE_MESSAGES,
    AppendMessages,
    AppendResult,
    MessagePage,
    PageOrder,
    Request,
)

router = guarded_router("messages")

_BATCH = {
    "messages": [
        {
            "id": "item_4f2b",
            "role": "user",
            "participant": "ada",
            "content": "My order number is 4711-B.",
            "created_at": "2025-03-01T12:00:00Z",
            "metadata": {"channel": "web", "ticket": 17},
        },
        {
            "id": "item_4f2c",
            "role": "assistant",
            "participant": "agent",
            "content": "Thank you, I have noted it.",
            "created_at": "2025-03-01T12:00:02Z",
        },
    ]
}


class PageQuery(Request):
    limit: int = Field(default=50, ge=1, le=MAX_PAGE_MESSAGES, description="messages at most")
    before: int | None = Field(
        default=None,
        ge=1,
        le=MAX_COUNT,
        description="a message's seq: only what comes before it, the newest of that",
    )
    after: int | None = Field(
        default=None,
        ge=0,
        le=MAX_COUNT,
        description="a message's seq: only what comes after it, the oldest of that; 0 for all",
    )
    order: PageOrder | None = Field(
        default=None,
        description="`time`: as messages were said, whenever they arrived; `arrival`: by seq. "
        "Without it by arrival if `after` is given, else by time",
    )


@router.post(
    "/conversations/{conversation_id}/messages",
    summary="Append messages, in their order, as a whole or not at all",
    responses=problem_responses(400, 404, 409, 413, 415),
    openapi_extra=needs("append"),
)
async def append_messages(
    conversation_id: InConversation,
    request: Annotated[AppendMessages, Body(openapi_examples={"turn": {"value": _BATCH}})],
    resources: AppResources,
    limit: CurrentBatchLimit,
    caller: CurrentCaller,
) -> AppendResult:
    """Once this answers, the messages are stored and can be found by their words.

    Sending a message again under its id stores nothing and is reported as `duplicate`. If an id is
    taken by other content, the whole batch is refused with 409 and `ids` names the culprits.

    With an `epoch`, a batch is refused with 409 of the type `urn:longroom:stale-epoch` when another
    agent has joined the room since. What was accepted before is then sent without it, each message
    with the epoch that accepted it: it is stored, and keeps that epoch as the mark of a late one. A
    late answer gets an id of its own, so that it does not take that of the present agent's.

    Where several rooms share the conversation, each has an agent with an epoch of its own: the
    batch and its messages name their `room`.

    A token appends what its subject says: 403 for another participant, role or room, or an epoch.
    """
    caller.check_append(request)
    limit.check([message.content for message in request.messages])
    result = await messages.append_messages(
        resources.pools.writes.of(conversation_id),
        conversation_id=conversation_id,
        messages=request.messages,
        epoch=request.epoch,
        room=request.room,
    )
    resources.metrics.appended(result)
    return result


@router.get(
    "/conversations/{conversation_id}/messages",
    summary="The newest messages, or a page before or after a seq",
    responses=problem_responses(404),
    openapi_extra=needs("read"),
)
async def recent_messages(
    conversation_id: InConversation, page: Annotated[PageQuery, Query()], resources: AppResources
) -> MessagePage:
    """Always oldest first, by `created_at` and then `seq`, or by `seq` alone.

    What is read back from the end (`before`) is the conversation as it was said. Who follows it
    (`after`) gets each message once, also history that is imported later.
    """
    return await messages.recent_messages(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        limit=page.limit,
        before=page.before,
        after=page.after,
        order=page.order,
    )
