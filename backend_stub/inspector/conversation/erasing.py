"""Erasing from a page: first what it would take, then the name typed in, then the receipt."""

from typing import Annotated, Final, Literal

from fastapi import Form
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from backend_stub.access.permissions import needs
from backend_stub.inspector.conversation.fields import told_fields
from backend_stub.inspector.conversation.shown import Shown
from backend_stub.inspector.routing import inspector_router
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources, Resources
from backend_stub.routes import erasures
from retrieval.store.pages.conversation import Heading, participants
from retrieval.wire import ErasureReceipt, GivenId, MessageId, Name

What = Literal["message", "participant", "conversation"]

_MESSAGE_ID: Final[TypeAdapter[MessageId]] = TypeAdapter(GivenId)
_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)

router = inspector_router()


@router.get("/conversations/{conversation_id}/care", openapi_extra=needs("read"))
async def page(
    request: Request, shown: Shown, resources: AppResources, message: str = ""
) -> Response:
    """Export and erasure. `message`: the id of one that a link here is about."""
    db = resources.pools.others.of(shown.conversation_id)
    return render(
        request,
        "inspector/conversation/care.html",
        tab="care",
        shown=shown,
        message=message,
        participants=await participants(db, shown.conversation_id),
    )


@router.post("/conversations/{conversation_id}/erase", openapi_extra=needs("erase"))
async def erase(
    request: Request,
    shown: Shown,
    resources: AppResources,
    what: Annotated[What, Form()],
    target: Annotated[str, Form()] = "",
    confirmed: Annotated[str | None, Form()] = None,
) -> Response:
    """Without `confirmed` it only counts; with it, it must be what is erased, letter by letter."""
    wanted = shown.name if what == "conversation" else target
    if confirmed is not None and confirmed != wanted:
        raise HTTPException(422, "what was typed in is not the name of what is to be erased")
    response = Response()
    receipt = await _erased(shown, resources, response, what, wanted, dry_run=confirmed is None)
    return render(
        request,
        "inspector/conversation/receipt.html",
        status=response.status_code,
        shown=shown,
        what=what,
        target=wanted,
        receipt=receipt,
        base=f"/inspect/conversations/{shown.conversation_id}",
    )


async def _erased(
    shown: Heading,
    resources: Resources,
    response: Response,
    what: What,
    target: str,
    *,
    dry_run: bool,
) -> ErasureReceipt:
    """By the routes of the API."""
    conversation_id = shown.conversation_id
    if what == "conversation":
        return await erasures.erase_whole_conversation(
            conversation_id, resources, response, dry_run
        )
    if what == "message":
        with told_fields():
            message_id = _MESSAGE_ID.validate_python(target)
        return await erasures.erase_one_message(
            conversation_id, message_id, resources, response, dry_run
        )
    with told_fields():
        identity = _NAME.validate_python(target)
    return await erasures.erase_participant_here(
        conversation_id, identity, resources, response, dry_run
    )
