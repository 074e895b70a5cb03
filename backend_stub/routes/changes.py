"""Corrections of messages, and what was changed in a conversation."""

from typing import Annotated

from fastapi import Body, Query
from pydantic import Field

from backend_stub.access.permissions import needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import InConversation, guarded_router
from backend_stub.resources import AppResources
from backend_stub.routes.erasures import MessageIdInPath, announce_change
from retrieval.changes.correction import correct_message, earlier_versions
from retrieval.store import changes
from retrieval.wire import (
    MAX_CHANGES,
    MAX_COUNT,
    Changes,
    CorrectMessage,
    Message,
    MessageEdits,
    Request,
)

router = guarded_router("changes")


class ChangesQuery(Request):
    after: int = Field(
        default=0, ge=0, le=MAX_COUNT, description="a revision: only changes that came after it"
    )
    limit: int = Field(default=100, ge=1, le=MAX_CHANGES, description="changes at most")


@router.get(
    "/conversations/{conversation_id}/changes",
    summary="What was erased and corrected after a revision",
    responses=problem_responses(404, 410),
    openapi_extra=needs("read"),
)
async def read_changes(
    conversation_id: InConversation,
    query: Annotated[ChangesQuery, Query()],
    resources: AppResources,
) -> Changes:
    """For whoever keeps messages elsewhere. Oldest first; a conversation's `revision`, which joins,
    appends and searches tell, rises with each change. Erased ids and identities are told as the
    SHA-256 of the conversation's id, a line feed, and the id.
    """
    return await changes.changes(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        after=query.after,
        limit=query.limit,
    )


@router.patch(
    "/conversations/{conversation_id}/messages/{message_id:path}",
    summary="Correct a message",
    responses=problem_responses(400, 404, 410, 413, 415),
    openapi_extra=needs("correct"),
)
async def correct(
    conversation_id: InConversation,
    message_id: MessageIdInPath,
    request: Annotated[
        CorrectMessage,
        Body(
            openapi_examples={
                "text": {"value": {"content": "My order number is 4711-C."}},
                "metadata, too": {
                    "value": {"content": "My order number is 4711-C.", "metadata": {"checked": 1}}
                },
            }
        ),
    ],
    resources: AppResources,
) -> Message:
    """It is found by what it says now, and no longer by what it said. Who sends the original again
    under its id is told `duplicate`. Repeating the request changes nothing.

    With BACKEND_KEEP_EDITS the earlier version is kept.
    """
    message = await correct_message(
        resources.pools.writes.of(conversation_id),
        conversation_id=conversation_id,
        message_id=message_id,
        content=request.content,
        metadata=request.metadata,
        keep_edits=resources.keep_edits,
    )
    await announce_change(resources, conversation_id)
    return message


@router.get(
    "/conversations/{conversation_id}/messages/{message_id:path}/edits",
    summary="Earlier versions of a corrected message",
    responses=problem_responses(404, 410),
    openapi_extra=needs("read"),
)
async def read_edits(
    conversation_id: InConversation, message_id: MessageIdInPath, resources: AppResources
) -> MessageEdits:
    """Oldest first; only those of corrections made with BACKEND_KEEP_EDITS."""
    return await earlier_versions(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        message_id=message_id,
    )
