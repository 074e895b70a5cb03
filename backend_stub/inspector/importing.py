"""Import of an export: a script sends the file in pieces, the API's routes store each."""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend_stub.access.caller_limits import count_received
from backend_stub.access.permissions import needs
from backend_stub.http.body_values import MAX_VALUES, has_too_many_values
from backend_stub.http.limits import BatchLimit
from backend_stub.inspector.conversation.fields import told_fields
from backend_stub.inspector.import_lines import ReadLines, SeveralConversations, read_lines
from backend_stub.inspector.routing import inspector_router
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources, Resources
from backend_stub.routes import exports
from retrieval.wire import (
    ConversationId,
    ExportedConversation,
    ImportConversation,
    ImportedConversation,
    ImportedRecords,
)

TOLD_LINES: Final = 50

router = inspector_router()


@router.get("/import", openapi_extra=needs("import"))
async def page(request: Request) -> Response:
    return render(request, "inspector/import.html")


@router.post("/import", openapi_extra=needs("import"))
async def piece(
    request: Request,
    resources: AppResources,
    first: Annotated[int, Query(ge=1, le=10**12)] = 1,
    conversation: Annotated[UUID | None, Query()] = None,
    origin: Annotated[UUID | None, Query()] = None,
    room: Annotated[str, Query(max_length=255)] = "",
) -> Response:
    """Whole lines of one conversation. `conversation` and `origin` are what the answer to the piece
    with its first line had; `room`: it becomes the room's of that name, as a copy.
    """
    body = await request.body()
    count_received(request.state.shares, len(body))
    if has_too_many_values(body):
        raise HTTPException(413, f"a piece has at most {MAX_VALUES} values; send fewer lines")
    try:
        read = read_lines(body, first=first)
    except SeveralConversations:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, "a piece ends where the next conversation begins"
        ) from None
    created = False
    if read.conversation is not None or conversation is None:
        target = await _target(read.conversation, room.strip(), resources)
        conversation, created = target.conversation_id, target.created
        origin = read.conversation.conversation_id if read.conversation else None
    limit: BatchLimit = request.app.state.batch_limit
    imported = await _stored(read, ConversationId(conversation), origin, resources, limit)
    return JSONResponse(
        {
            "conversation": str(conversation),
            "origin": None if origin is None else str(origin),
            "created": created,
            "ended": read.ended,
            "messages": sum(1 for one in imported.outcomes if one.status == "stored"),
            "duplicates": sum(1 for one in imported.outcomes if one.status == "duplicate"),
            "edits": imported.edits,
            "events": imported.events,
            "sessions": imported.sessions,
            "rooms": imported.rooms,
            "refused": len(read.refused),
            "refused_lines": [
                {"line": one.line, "reason": one.reason} for one in read.refused[:TOLD_LINES]
            ],
        }
    )


async def _target(
    named: ExportedConversation | None, room: str, resources: Resources
) -> ImportedConversation:
    """Raises HTTPException 422 where neither the file nor the form names it."""
    if named is None and not room:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "the file does not say which conversation it is; name the room that it is for",
        )
    with told_fields():
        wanted = ImportConversation(
            conversation_id=named.conversation_id if named else None,
            as_copy=bool(room),
            room=room or (named.room if named else None),
            key=None if room or named is None else named.key,
            language=named.language if named else None,
            created_at=named.created_at if named else None,
        )
    return await exports.import_conversation(wanted, resources)


async def _stored(
    read: ReadLines,
    conversation_id: ConversationId,
    origin: UUID | None,
    resources: Resources,
    limit: BatchLimit,
) -> ImportedRecords:
    if not read.has_records:
        return ImportedRecords()
    with told_fields():
        records = read.records(None if origin == conversation_id else origin)
    return await exports.import_records(conversation_id, records, resources, limit)
