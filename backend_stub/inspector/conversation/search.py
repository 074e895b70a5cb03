"""A search that explains: what an asker would find here now, and how each score comes about."""

from typing import Annotated, Any, Final

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from backend_stub.access.permissions import needs
from backend_stub.inspector.conversation.bars import score_bars
from backend_stub.inspector.conversation.fields import filled, lines, told_fields
from backend_stub.inspector.conversation.shown import Shown
from backend_stub.inspector.routing import inspector_router
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources
from backend_stub.routes.search import search as run_search
from retrieval.store.pages.conversation import messages_by_id, participants
from retrieval.wire import Role, SearchRequest

ROLES: Final = ("user", "assistant", "tool", "system")

router = inspector_router()


@router.get("/conversations/{conversation_id}/search", openapi_extra=needs("search"))
async def page(
    request: Request, shown: Shown, resources: AppResources, question: str = ""
) -> Response:
    """`question`: the id of a message whose text is searched, and whose answers are marked."""
    db = resources.pools.others.of(shown.conversation_id)
    asked = (await messages_by_id(db, shown.conversation_id, [question])).get(question)
    return render(
        request,
        "inspector/conversation/search.html",
        tab="search",
        shown=shown,
        asked=asked,
        participants=await participants(db, shown.conversation_id),
        roles=ROLES,
    )


@router.post("/conversations/{conversation_id}/search", openapi_extra=needs("search"))
async def results(
    request: Request,
    shown: Shown,
    resources: AppResources,
    query: Annotated[str, Form()] = "",
    asker: Annotated[str, Form()] = "",
    limit: Annotated[int, Form()] = 10,
    neighbours: Annotated[int, Form()] = 0,
    since: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
    time_zone: Annotated[str, Form()] = "",
    by: Annotated[str, Form()] = "",
    roles: Annotated[list[Role] | None, Form()] = None,
    question: Annotated[str, Form()] = "",
) -> Response:
    """By the form's body: what is searched stands in no address, and so in no log."""
    fields: dict[str, Any] = {
        "query": query,
        "asker": filled(asker),
        "limit": limit,
        "neighbours": neighbours,
        "since": filled(since),
        "until": filled(until),
        "time_zone": filled(time_zone) or "UTC",
        "participants": lines(by) or None,
        "roles": roles or None,
        "exclude_ids": [question] if question else [],
        "explain": True,
    }
    with told_fields():
        wanted = SearchRequest.model_validate(fields)
    response = await run_search(shown.conversation_id, wanted, resources)
    drawn = score_bars(hit.parts for hit in response.hits)
    return render(
        request,
        "inspector/conversation/results.html",
        shown=shown,
        wanted=wanted,
        response=response,
        hits=list(zip(response.hits, drawn, strict=True)),
        question=question,
        base=f"/inspect/conversations/{shown.conversation_id}",
    )
