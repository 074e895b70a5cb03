"""Exports of a conversation and of a person, and the import of what they wrote."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, cast, get_args

from fastapi import Body, Path, Query
from fastapi import Request as HttpRequest
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, Field

from backend_stub.access.caller_limits import open_stream
from backend_stub.access.permissions import demand, needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import (
    CurrentBatchLimit,
    CurrentCaller,
    InConversation,
    guarded_router,
)
from backend_stub.resources import AppResources
from retrieval.store.exports import importing
from retrieval.store.exports.conversation import export_conversation, with_end
from retrieval.store.exports.participant import export_participant
from retrieval.wire import (
    ExportPart,
    ExportRecord,
    ImportConversation,
    ImportedConversation,
    ImportedRecords,
    ImportRecords,
    Name,
    Request,
    export_line,
)

router = guarded_router("exports")

PIECE_BYTES = 64 * 1024

_PARTS = get_args(ExportPart)
_LINES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
}


def _known_parts(text: str) -> str:
    if not text or not {*text.split(",")} <= {*_PARTS}:
        raise ValueError(f"must be some of {', '.join(_PARTS)}, with commas between")
    return text


class ExportQuery(Request):
    include: Annotated[
        str,
        Field(
            max_length=100,
            description=f"which of {', '.join(_PARTS)}, with commas between",
            json_schema_extra={"pattern": f"^({'|'.join(_PARTS)})(,({'|'.join(_PARTS)}))*$"},
        ),
        AfterValidator(_known_parts),
    ] = "messages"

    def parts(self) -> set[ExportPart]:
        return {cast("ExportPart", part) for part in self.include.split(",")}


@router.get(
    "/conversations/{conversation_id}/export",
    summary="A whole conversation, as JSON lines",
    response_class=StreamingResponse,
    responses=problem_responses(404) | _LINES,
    openapi_extra=needs("read"),
)
async def export_one(
    conversation_id: InConversation,
    query: Annotated[ExportQuery, Query()],
    caller: CurrentCaller,
    resources: AppResources,
    http_request: HttpRequest,
) -> StreamingResponse:
    """One message a line, as they arrived; `longroom import` reads it back. All that belongs to the
    conversation is in it with `include=conversation,messages,edits,events,sessions`: a first line
    `{"conversation": …}` names it, `{"room": …}` each room that shares it. Behind the messages are
    earlier versions of corrected ones, `{"edit": …}`, then `{"event": …}` and `{"session": …}`, and
    `{"end": …}` counts them all. Events and sessions need the permission `run` or
    `export` as well.

    What was stored when the export began is in it; what is stored meanwhile may be. A response that
    breaks off has no last chunk: an incomplete export never looks complete.
    """
    parts = query.parts()
    if parts & {"events", "sessions"} and "export" not in caller.permissions:
        demand("run", caller.permissions)
    open_stream(http_request)
    records = export_conversation(
        resources.pools.others.of(conversation_id), conversation_id=conversation_id, parts=parts
    )
    return await _streamed(with_end(records) if "conversation" in parts else records)


@router.get(
    "/participants/{identity:path}/export",
    summary="What all conversations have of a person, as JSON lines",
    response_class=StreamingResponse,
    responses=_LINES,
    openapi_extra=needs("export"),
)
async def export_person(
    identity: Annotated[Name, Path(description="the participant's identity, URL-encoded")],
    resources: AppResources,
    http_request: HttpRequest,
) -> StreamingResponse:
    """For each conversation a line `{"conversation": …}`, then what this participant said in it,
    and the events and sessions that name them, in the lines of a conversation's export. The other
    participants of a session are left out.
    """
    open_stream(http_request)
    pools = resources.pools
    records = export_participant(pools.background, identity=identity, seeing=pools.others.of)
    return await _streamed(with_end(records))


async def _streamed(records: AsyncIterator[ExportRecord]) -> StreamingResponse:
    # Read one record before the response begins: an unknown conversation must be a 404.
    first = await anext(records, None)
    return StreamingResponse(_lines(first, records), media_type="application/x-ndjson")


async def _lines(
    first: ExportRecord | None, rest: AsyncIterator[ExportRecord]
) -> AsyncIterator[bytes]:
    """Many at a time: each piece passes all of the middleware."""
    piece = bytearray()
    if first is not None:
        piece += export_line(first).encode()
    async for record in rest:
        piece += export_line(record).encode()
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


@router.post(
    "/conversations/import",
    summary="The conversation of an export's first line",
    responses=problem_responses(400, 413, 415),
    openapi_extra=needs("import"),
)
async def import_conversation(
    request: Annotated[
        ImportConversation,
        Body(
            openapi_examples={
                "customer": {
                    "value": {
                        "key": "customer-4711",
                        "language": "english",
                        "created_at": "2025-03-01T12:00:00Z",
                    }
                }
            }
        ),
    ],
    resources: AppResources,
) -> ImportedConversation:
    """Made if the room or key has none. No room is opened on LiveKit, and no agent is sent."""
    db = resources.pools.writes.of_names(room=request.room, key=request.key)
    return await importing.import_conversation(db, request, language=resources.room_language)


_RECORDS = {
    "messages": [
        {
            "id": "item_4f2d",
            "role": "user",
            "participant": "ada",
            "content": "My order number is 4711-B.",
            "created_at": "2025-03-01T12:00:00Z",
        }
    ],
    "events": [{"id": "ev_20", "kind": "speech", "created_at": "2025-03-01T12:00:03Z"}],
    "sessions": [
        {
            "id": "s_1",
            "agent_identity": "agent-7f3a",
            "started_at": "2025-03-01T12:00:00Z",
            "message_count": 1,
        }
    ],
}


@router.post(
    "/conversations/{conversation_id}/import",
    summary="Store parts of an export",
    responses=problem_responses(400, 404, 409, 413, 415),
    openapi_extra=needs("import"),
)
async def import_records(
    conversation_id: InConversation,
    request: Annotated[ImportRecords, Body(openapi_examples={"parts": {"value": _RECORDS}})],
    resources: AppResources,
    limit: CurrentBatchLimit,
) -> ImportedRecords:
    """What is stored already under its id stays as it is; the rest is stored with the ids, times
    and marks that it has. The messages are stored in their order, as a whole or not at all; if an
    id is taken by other content, they are refused with 409 and `ids` names the culprits.

    `rooms` are those that share the conversation of a key; a room that exists keeps its own.
    """
    limit.check([message.content for message in request.messages])
    return await importing.import_records(
        resources.pools.writes.of(conversation_id), conversation_id=conversation_id, records=request
    )
