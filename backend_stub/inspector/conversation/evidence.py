"""Questions marked with their right messages, in a file that `longroom evaluate` reads."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import Form, Path
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from backend_stub.access.caller_limits import open_stream
from backend_stub.access.permissions import needs
from backend_stub.inspector.conversation.fields import filled, lines, told_fields
from backend_stub.inspector.conversation.shown import Shown
from backend_stub.inspector.routing import inspector_router
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources, Resources
from retrieval.errors import ConversationNotFound
from retrieval.store.evidence import (
    MAX_ANSWERS,
    Evidence,
    SaidQuestion,
    TypedQuestion,
    conversations_with_evidence,
    mark,
    marked,
    unmark,
)
from retrieval.store.exports.evidence import evidence_lines
from retrieval.store.pages.conversation import Heading, messages_by_id
from retrieval.wire import ConversationId, SearchRequest

PIECE_BYTES: Final = 64 * 1024

router = inspector_router()


@router.get("/conversations/{conversation_id}/evidence", openapi_extra=needs("read"))
async def page(request: Request, shown: Shown, resources: AppResources) -> Response:
    return await _page(request, shown, resources, "inspector/conversation/evidence.html")


@router.post("/conversations/{conversation_id}/evidence", openapi_extra=needs("read"))
async def mark_one(
    request: Request,
    shown: Shown,
    resources: AppResources,
    question: Annotated[str, Form()] = "",
    typed: Annotated[str, Form()] = "",
    asker: Annotated[str, Form()] = "",
    message_id: Annotated[list[str] | None, Form()] = None,
    others: Annotated[str, Form()] = "",
) -> Response:
    """`message_id` and the lines of `others` answer the question; none: nothing does."""
    db = resources.pools.others.of(shown.conversation_id)
    asked = _question(question, typed, asker)
    wanted = [*dict.fromkeys([*(message_id or ()), *lines(others)])]
    if len(wanted) > MAX_ANSWERS:
        raise HTTPException(422, f"a question has at most {MAX_ANSWERS} right messages")
    named = [*wanted, asked.message_id] if isinstance(asked, SaidQuestion) else wanted
    known = await messages_by_id(db, shown.conversation_id, named)
    if unknown := [one for one in named if one not in known]:
        raise HTTPException(422, f"{len(unknown)} of the ids are of no message here")
    await mark(db, conversation_id=shown.conversation_id, question=asked, message_ids=wanted)
    return render(request, "inspector/conversation/marked.html", count=len(wanted), shown=shown)


@router.delete(
    "/conversations/{conversation_id}/evidence/{evidence_id}", openapi_extra=needs("read")
)
async def unmark_one(
    request: Request,
    shown: Shown,
    resources: AppResources,
    evidence_id: Annotated[UUID, Path()],
) -> Response:
    db = resources.pools.others.of(shown.conversation_id)
    await unmark(db, conversation_id=shown.conversation_id, evidence_id=evidence_id)
    return await _page(request, shown, resources, "inspector/conversation/evidence_list.html")


@router.get("/conversations/{conversation_id}/evidence.jsonl", openapi_extra=needs("read"))
async def file(request: Request, shown: Shown, resources: AppResources) -> Response:
    open_stream(request)
    return _file([shown.conversation_id], resources)


@router.get("/evidence.jsonl", openapi_extra=needs("read"))
async def file_of_all(request: Request, resources: AppResources) -> Response:
    """Of all conversations in which something is marked."""
    open_stream(request)
    found = await conversations_with_evidence(resources.pools.background)
    return _file([*found], resources)


def _question(question: str, typed: str, asker: str) -> SaidQuestion | TypedQuestion:
    if question:
        return SaidQuestion(question)
    with told_fields():
        checked = SearchRequest.model_validate({"query": typed, "asker": filled(asker)})
    return TypedQuestion(checked.query, checked.asker)


async def _page(request: Request, shown: Heading, resources: Resources, template: str) -> Response:
    db = resources.pools.others.of(shown.conversation_id)
    found = await marked(db, conversation_id=shown.conversation_id)
    ids = {one for evidence in found for one in _named(evidence)}
    return render(
        request,
        template,
        tab="evidence",
        shown=shown,
        evidence=found,
        known=await messages_by_id(db, shown.conversation_id, ids),
    )


def _named(evidence: Evidence) -> list[str]:
    asked = evidence.question
    return [*evidence.message_ids, *([asked.message_id] if isinstance(asked, SaidQuestion) else [])]


def _file(conversations: Sequence[ConversationId], resources: Resources) -> Response:
    return StreamingResponse(
        _pieces(conversations, resources),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="evidence.jsonl"'},
    )


async def _pieces(
    conversations: Sequence[ConversationId], resources: Resources
) -> AsyncIterator[bytes]:
    """Many lines at a time. What was erased since the list was read is left out."""
    for conversation_id in conversations:
        piece = bytearray()
        try:
            db = resources.pools.others.of(conversation_id)
            async for line in evidence_lines(db, conversation_id=conversation_id):
                piece += line
                if len(piece) >= PIECE_BYTES:
                    yield bytes(piece)
                    piece.clear()
        except ConversationNotFound:
            continue
        yield bytes(piece)
