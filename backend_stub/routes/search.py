"""Search of one conversation."""

from typing import Annotated

from fastapi import Body

from backend_stub.access.permissions import needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import InConversation, guarded_router
from backend_stub.resources import AppResources
from retrieval.search import search_conversation
from retrieval.wire import SearchRequest, SearchResponse

router = guarded_router("search")

_EXAMPLES = {
    "question": {"value": {"query": "What was my order number?", "asker": "ada"}},
    "follow-up": {
        "value": {
            "query": "and when was that?",
            "asker": "ada",
            "window": [
                {"role": "user", "participant": "ada", "content": "Who repaired the pump?"},
                {"role": "assistant", "participant": "support", "content": "Grace did."},
            ],
        }
    },
    "everything": {
        "value": {
            "query": "What did we decide about the invoice last week?",
            "limit": 5,
            "token_budget": 1000,
            "neighbours": 1,
            "asker": "ada",
            "time_zone": "Europe/Berlin",
            "since": "2025-01-01T00:00:00Z",
            "participants": ["ada", "grace"],
            "roles": ["user", "tool"],
            "metadata": {"channel": "web"},
            "exclude_ids": ["item_4f2b"],
            "explain": True,
        }
    },
}


@router.post(
    "/conversations/{conversation_id}/search",
    summary="Find the messages that answer a query",
    responses=problem_responses(400, 404, 413, 415),
    openapi_extra=needs("search"),
)
async def search(
    conversation_id: InConversation,
    request: Annotated[SearchRequest, Body(openapi_examples=_EXAMPLES)],
    resources: AppResources,
) -> SearchResponse:
    """Hits, best first, by meaning and by words. A message is found as soon as it is stored.

    `relevant` is false when nothing seems to answer the query. Without its embedding model the
    search goes on by words alone and names the missing arm in `degraded`. A query that only says
    something after what was said before it ("and the second one?") is searched in the light of
    `window`; `read_as` then tells as what.
    """
    response = await search_conversation(
        resources.pools.searches.of(conversation_id),
        resources.embedder,
        conversation_id=conversation_id,
        request=request,
        rooms=resources.rooms,
    )
    resources.metrics.search(response)
    return response
